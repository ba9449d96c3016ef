"""Manifests: what never leaves the control plane, what an update keeps, what an object depends on."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.chain import Interpreter, Operation
from karmada.interpreter.native.prune import prune_manifest


def obj(kind: str, api_version: str = "v1", **fields: Any) -> Object:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        **fields,
    }


def test_server_metadata_and_status_never_leave() -> None:
    full = obj("ConfigMap", data={"a": "b"}, status={"x": 1})
    full["metadata"] |= {"uid": "u", "resourceVersion": "7", "generation": 2, "labels": {"team": "a"}}
    assert prune_manifest(full) == {
        **obj("ConfigMap", data={"a": "b"}),
        "metadata": {"name": "web", "namespace": "shop", "labels": {"team": "a"}},
    }
    assert full["status"] == {"x": 1}, "the original is left alone"


JOB_LABELS = {"controller-uid": "u", "job-name": "web", "batch.kubernetes.io/job-name": "web", "app": "web"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            obj("Service", spec={"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "type": "ClusterIP"}),
            obj("Service", spec={"type": "ClusterIP"}),
            id="service-address",
        ),
        pytest.param(
            obj("Service", spec={"clusterIP": "None"}),
            obj("Service", spec={"clusterIP": "None"}),
            id="headless-service-stays-headless",
        ),
        pytest.param(
            obj(
                "Job",
                "batch/v1",
                spec={
                    "ttlSecondsAfterFinished": 5,
                    "selector": {"matchLabels": {"controller-uid": "u"}},
                    "template": {"metadata": {"labels": JOB_LABELS}},
                },
            ),
            obj(
                "Job",
                "batch/v1",
                spec={
                    "selector": {"matchLabels": {}},
                    "template": {"metadata": {"labels": {"app": "web"}}},
                },
            ),
            id="job-generated-labels-and-time-to-live",
        ),
        pytest.param(
            obj("Secret", type="kubernetes.io/service-account-token", data={"token": "x"}),
            obj("Secret", type="kubernetes.io/service-account-token", data=None),
            id="token-secrets-lose-their-token",
        ),
        pytest.param(
            obj("ServiceAccount", secrets=[{"name": "web-token-abc"}, {"name": "mine"}]),
            obj("ServiceAccount", secrets=[{"name": "mine"}]),
            id="generated-token-references",
        ),
    ],
)
def test_each_kind_leaves_behind_what_only_one_cluster_knows(given: Object, expected: Object) -> None:
    assert prune_manifest(given) == expected


@pytest.mark.parametrize(
    ("desired", "observed", "kept"),
    [
        pytest.param(
            obj("Service", spec={"type": "ClusterIP"}),
            obj("Service", spec={"clusterIP": "10.0.0.9"}),
            {"type": "ClusterIP", "clusterIP": "10.0.0.9"},
            id="service-address",
        ),
        pytest.param(
            obj("PersistentVolumeClaim", spec={}),
            obj("PersistentVolumeClaim", spec={"volumeName": "pv-1"}),
            {"volumeName": "pv-1"},
            id="claim-volume",
        ),
        pytest.param(
            obj("Pod", spec={"containers": [{"name": "app"}]}),
            obj(
                "Pod",
                spec={"nodeName": "n", "containers": [{"name": "app", "volumeMounts": [{"name": "t"}]}]},
            ),
            {"nodeName": "n", "containers": [{"name": "app", "volumeMounts": [{"name": "t"}]}]},
            id="pod-placement-and-token-mounts",
        ),
    ],
)
async def test_an_update_keeps_what_the_member_decided(
    desired: Object, observed: Object, kept: Object
) -> None:
    assert (await Interpreter().retain(desired, observed))["spec"] == kept


async def test_replicas_are_the_members_own_where_the_label_says_so() -> None:
    desired = obj("Deployment", "apps/v1", spec={"replicas": 2})
    observed = obj("Deployment", "apps/v1", spec={"replicas": 7})
    assert (await Interpreter().retain(desired, observed))["spec"]["replicas"] == 2
    desired["metadata"]["labels"] = {"resourcetemplate.karmada.io/retain-replicas": "true"}
    assert (await Interpreter().retain(desired, observed))["spec"]["replicas"] == 7


async def test_dependencies_are_found_all_over_the_pod_template() -> None:
    spec = {
        "serviceAccountName": "builder",
        "imagePullSecrets": [{"name": "pull"}],
        "containers": [
            {
                "name": "app",
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "env-secret", "key": "k"}}}],
                "envFrom": [{"configMapRef": {"name": "env-config"}}],
            }
        ],
        "volumes": [
            {"name": "c", "configMap": {"name": "files"}},
            {"name": "p", "persistentVolumeClaim": {"claimName": "disk"}},
            {"name": "j", "projected": {"sources": [{"secret": {"name": "projected"}}]}},
        ],
    }
    deployment = obj("Deployment", "apps/v1", spec={"template": {"spec": spec}})
    found = await Interpreter().get_dependencies(deployment)
    assert [(each.kind, each.namespace, each.name) for each in found] == [
        ("ConfigMap", "shop", "env-config"),
        ("ConfigMap", "shop", "files"),
        ("Secret", "shop", "env-secret"),
        ("Secret", "shop", "projected"),
        ("Secret", "shop", "pull"),
        ("ServiceAccount", "shop", "builder"),
        ("PersistentVolumeClaim", "shop", "disk"),
    ]


def test_status_is_reflected_for_every_kind_and_replicas_only_for_workloads() -> None:
    from karmada.api.gvk import GroupVersionKind

    interpreter, widget = Interpreter(), GroupVersionKind("example.io", "v1", "Widget")
    assert interpreter.handles(widget, Operation.STATUS)
    assert not interpreter.handles(widget, Operation.REPLICA)
