"""The Karmada kinds: what users and the original write is read and written back unchanged."""

import re
from typing import Any, get_args

import pytest
from pydantic.alias_generators import to_camel

from karmada.api.groups import work_v1alpha1
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.policy import CLUSTER_PROPAGATION_POLICIES, OVERRIDE_POLICIES, PROPAGATION_POLICIES
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, WORKS
from karmada.api.gvk import Resource
from karmada.api.karmada_kinds import control_plane_resources, operator_resources
from karmada.api.model import Model, schema_facts

CLUSTER = {
    "apiVersion": "cluster.karmada.io/v1alpha1",
    "kind": "Cluster",
    "metadata": {"name": "member1", "labels": {"a": "b"}},
    "spec": {
        "syncMode": "Push",
        "proxyURL": "http://p",
        "insecureSkipTLSVerification": True,
        "secretRef": {"namespace": "karmada-cluster", "name": "member1"},
        "taints": [{"key": "k", "effect": "NoExecute", "timeAdded": "2026-01-02T03:04:05Z"}],
        "resourceModels": [{"grade": 0, "ranges": [{"name": "cpu", "min": "0", "max": 1}]}],
    },
    "status": {
        "conditions": [{"type": "Ready", "status": "True", "reason": "ClusterReady", "message": ""}],
        "resourceSummary": {"allocatable": {"cpu": "4"}, "allocatableModelings": [{"grade": 2, "count": 1}]},
        "remedyActions": ["TrafficControl"],
    },
}
POLICY = {
    "apiVersion": "policy.karmada.io/v1alpha1",
    "kind": "PropagationPolicy",
    "metadata": {"name": "nginx", "namespace": "default"},
    "spec": {
        "resourceSelectors": [
            {"apiVersion": "apps/v1", "kind": "Deployment", "labelSelector": {"matchLabels": {"a": "b"}}}
        ],
        "priority": 0,
        "placement": {
            "clusterAffinities": [
                {
                    "affinityName": "a",
                    "clusterNames": ["m1"],
                    "overflowAffinities": [{"affinityName": "b", "exclude": ["m2"]}],
                }
            ],
            "replicaScheduling": {
                "replicaSchedulingType": "Divided",
                "weightPreference": {
                    "staticWeightList": [{"targetCluster": {"clusterNames": ["m1"]}, "weight": 2}]
                },
            },
            "spreadConstraints": [{"spreadByField": "cluster", "maxGroups": 2, "minGroups": 1}],
        },
        "failover": {"application": {"decisionConditions": {"tolerationSeconds": 0}, "purgeMode": "Never"}},
    },
}
OVERRIDE = {
    "apiVersion": "policy.karmada.io/v1alpha1",
    "kind": "OverridePolicy",
    "metadata": {"name": "o", "namespace": "default"},
    "spec": {
        "overrideRules": [
            {
                "targetCluster": {"clusterNames": ["m1"]},
                "overriders": {
                    "plaintext": [{"path": "/spec/x", "operator": "add", "value": [1, {"y": None}]}],
                    "fieldOverrider": [
                        {
                            "fieldPath": "/data/a",
                            "json": [{"subPath": "/b", "operator": "replace", "value": 1}],
                            "yaml": [{"subPath": "/c", "operator": "remove"}],
                        }
                    ],
                },
            }
        ]
    },
}
BINDING = {
    "apiVersion": "work.karmada.io/v1alpha2",
    "kind": "ResourceBinding",
    "metadata": {"name": "nginx-deployment", "namespace": "default", "uid": "u"},
    "spec": {
        "resource": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": "nginx",
            "namespace": "default",
            "uid": "t",
        },
        "replicas": 2,
        "replicaRequirements": {"resourceRequest": {"cpu": "100m"}},
        "clusters": [{"name": "m1", "replicas": 2}],
        "gracefulEvictionTasks": [{"fromCluster": "m2", "reason": "R", "producer": "P", "replicas": 0}],
        "suspension": {"dispatching": False},
    },
    "status": {
        "schedulerObservingAffinityName": "a",
        "conditions": [{"type": "Scheduled", "status": "True", "reason": "Success", "message": ""}],
        "aggregatedStatus": [
            {"clusterName": "m1", "applied": True, "health": "Healthy", "status": {"readyReplicas": 2}}
        ],
    },
}
WORK = {
    "apiVersion": "work.karmada.io/v1alpha1",
    "kind": "Work",
    "metadata": {"name": "nginx-687f7fb96f", "namespace": "karmada-es-m1"},
    "spec": {"workload": {"manifests": [{"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": None}}]}},
    "status": {
        "manifestStatuses": [{"identifier": {"ordinal": 0, "kind": "ConfigMap"}, "status": {"x": [1]}}]
    },
}


@pytest.mark.parametrize(
    ("resource", "obj"),
    [
        pytest.param(CLUSTERS, CLUSTER, id="cluster"),
        pytest.param(PROPAGATION_POLICIES, POLICY, id="policy"),
        pytest.param(
            CLUSTER_PROPAGATION_POLICIES, {**POLICY, "kind": "ClusterPropagationPolicy"}, id="cluster-policy"
        ),
        pytest.param(OVERRIDE_POLICIES, OVERRIDE, id="override"),
        pytest.param(RESOURCE_BINDINGS, BINDING, id="binding"),
        pytest.param(
            CLUSTER_RESOURCE_BINDINGS, {**BINDING, "kind": "ClusterResourceBinding"}, id="cluster-binding"
        ),
        pytest.param(WORKS, WORK, id="work"),
    ],
)
def test_an_object_is_read_and_written_back_unchanged(resource: Resource[Any], obj: dict[str, Any]) -> None:
    assert resource.encode(resource.decode(obj)) == obj


def test_attributes_are_the_snake_case_of_the_wire_names() -> None:
    binding = RESOURCE_BINDINGS.decode(BINDING)
    assert binding.spec.clusters[0].name == "m1"
    assert binding.spec.graceful_eviction_tasks[0].from_cluster == "m2"
    assert binding.status.scheduler_observing_affinity_name == "a"
    assert CLUSTERS.decode(CLUSTER).spec.proxy_url == "http://p"
    override = OVERRIDE_POLICIES.decode(OVERRIDE).spec.override_rules[0].overriders
    assert override.field_overrider[0].json_[0].sub_path == "/b"


def all_models(model: type[Model], seen: set[type[Model]]) -> set[type[Model]]:
    """model and every model its fields are made of."""
    if model in seen:
        return seen
    seen.add(model)
    pending = [info.annotation for info in model.model_fields.values()]
    while pending:
        annotation = pending.pop()
        if isinstance(annotation, type) and issubclass(annotation, Model):
            all_models(annotation, seen)
        pending.extend(get_args(annotation))
    return seen


SERVED = [*control_plane_resources(), *operator_resources()]
MODELS = sorted(
    {part for served in SERVED if served.model for part in all_models(served.model, set())},
    key=lambda model: (model.__module__, model.__name__),
)


@pytest.mark.parametrize(
    "model", MODELS, ids=lambda model: f"{model.__module__.rsplit('.', 1)[-1]}.{model.__name__}"
)
def test_every_part_is_described_and_reads_when_empty(model: type[Model]) -> None:
    assert model.__doc__
    assert model.from_json({}).to_json() == {}
    for name, info in model.model_fields.items():
        assert info.description or name in ("api_version", "kind"), f"{name} has no description"
        wire = info.alias or to_camel(name)
        assert re.fullmatch(r"[a-z][A-Za-z0-9]*", wire)
        facts = schema_facts(info)
        assert "default" not in facts or not facts.get("required"), f"{name} is required and has a default"


def test_required_fields_and_defaults_follow_the_declaration() -> None:
    spec = PROPAGATION_POLICIES.decode(POLICY).spec
    fields = type(spec).model_fields
    assert schema_facts(fields["resource_selectors"]) == {"required": True, "minItems": 1}
    assert schema_facts(fields["preemption"]) == {"default": "Never", "enum": ["Always", "Never"]}
    assert schema_facts(fields["scheduler_name"]) == {"default": "default-scheduler"}
    assert (spec.preemption, spec.priority) == ("", 0)


def test_bindings_convert_to_their_older_form_and_back() -> None:
    older = work_v1alpha1.to_v1alpha1(BINDING)
    assert older == {
        "apiVersion": "work.karmada.io/v1alpha1",
        "kind": "ResourceBinding",
        "metadata": BINDING["metadata"],
        "spec": {
            "resource": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "namespace": "default",
                "name": "nginx",
                "resourcePerReplicas": {"cpu": "100m"},
                "replicas": 2,
            },
            "clusters": [{"name": "m1", "replicas": 2}],
        },
        "status": {
            "conditions": BINDING["status"]["conditions"],  # type: ignore[index]
            "aggregatedStatus": [{"clusterName": "m1", "status": {"readyReplicas": 2}, "applied": True}],
        },
    }
    newer = work_v1alpha1.to_v1alpha2(older)
    assert newer["apiVersion"] == "work.karmada.io/v1alpha2"
    assert newer["spec"] == {
        "resource": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "default", "name": "nginx"},
        "replicaRequirements": {"resourceRequest": {"cpu": "100m"}},
        "replicas": 2,
        "clusters": [{"name": "m1", "replicas": 2}],
    }
