"""What a binding should say, new and on top of a stored one."""

from typing import Any

import pytest

from controllers.detector.claim import NAMESPACED
from controllers.detector.desired import (
    Interpreted,
    OwnerMismatch,
    desired_binding,
    is_older,
    merged,
    released,
)
from karmada.api.groups.work import RESOURCE_BINDINGS, Component, ReplicaRequirements, ResourceBinding
from karmada.api.objects import Object
from tests.controllers.detector.builders import CLUSTER_POLICY_ID, POLICY_ID, deployment, policy

PLACEMENT = {"clusterAffinity": {"clusterNames": ["member1", "member2"]}}
POLICY = policy(
    "web", placement=PLACEMENT, conflictResolution="Abort", schedulerName="default-scheduler", priority=0
)
DESIRED = desired_binding(POLICY, deployment(), Interpreted(replicas=2))


def stored(spec: Object | None = None, **metadata: Any) -> ResourceBinding:
    """DESIRED as the server keeps it, with more in its spec and metadata (wire names)."""
    plain = RESOURCE_BINDINGS.encode(DESIRED)
    plain["metadata"] = {**plain["metadata"], "resourceVersion": "9", "generation": 1, **metadata}
    plain["spec"] = {**plain["spec"], **(spec or {})}
    return ResourceBinding.from_json(plain)


def test_a_binding_is_written_as_karmada_writes_it() -> None:
    assert RESOURCE_BINDINGS.encode(DESIRED) == {
        "apiVersion": "work.karmada.io/v1alpha2",
        "kind": "ResourceBinding",
        "metadata": {
            "name": "web-deployment",
            "namespace": "shop",
            "labels": {"propagationpolicy.karmada.io/permanent-id": POLICY_ID},
            "annotations": {
                "propagationpolicy.karmada.io/name": "web",
                "propagationpolicy.karmada.io/namespace": "shop",
            },
            "finalizers": ["karmada.io/binding-controller"],
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "name": "web",
                    "uid": "uid-1",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "resource": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "namespace": "shop",
                "name": "web",
                "uid": "uid-1",
                "resourceVersion": "7",
            },
            "replicas": 2,
            "placement": PLACEMENT,
            "conflictResolution": "Abort",
            "schedulerName": "default-scheduler",
        },
    }


def test_a_cluster_scoped_template_gets_a_cluster_binding() -> None:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "system:reader", "uid": "u", "resourceVersion": "3"},
    }
    made = desired_binding(policy("p", namespace="", id=CLUSTER_POLICY_ID), role, Interpreted()).to_json()
    assert made["metadata"]["name"] == "system.reader-clusterrole"
    assert "namespace" not in made["metadata"]
    assert made["metadata"]["finalizers"] == ["karmada.io/cluster-resource-binding-controller"]
    assert made["metadata"]["labels"] == {
        "clusterpropagationpolicy.karmada.io/permanent-id": CLUSTER_POLICY_ID
    }
    assert made["spec"]["resource"] == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "name": "system:reader",
        "uid": "u",
        "resourceVersion": "3",
    }
    assert made["spec"]["placement"] == {}


@pytest.mark.parametrize(
    ("spec", "interpreted", "expected"),
    [
        pytest.param({}, Interpreted(), {"placement": {}}, id="no-placement-is-an-empty-one"),
        pytest.param(
            {"propagateDeps": True},
            Interpreted(),
            {"placement": {}, "propagateDeps": True},
            id="dependencies",
        ),
        pytest.param(
            {"propagateDeps": False}, Interpreted(), {"placement": {}}, id="false-dependencies-are-absent"
        ),
        pytest.param(
            {"preserveResourcesOnDeletion": False},
            Interpreted(),
            {"placement": {}, "preserveResourcesOnDeletion": False},
            id="an-explicit-false-stays",
        ),
        pytest.param(
            {"suspension": {"dispatching": True}},
            Interpreted(),
            {"placement": {}, "suspension": {"dispatching": True}},
            id="suspension",
        ),
        pytest.param(
            {},
            Interpreted(0, ReplicaRequirements.from_json({"resourceRequest": {"cpu": "100m"}})),
            {"placement": {}, "replicaRequirements": {"resourceRequest": {"cpu": "100m"}}},
            id="zero-replicas-are-absent-their-requirements-are-not",
        ),
        pytest.param(
            {},
            Interpreted(components=(Component(name="head", replicas=1),)),
            {"placement": {}, "components": [{"name": "head", "replicas": 1}]},
            id="components-instead-of-replicas",
        ),
        pytest.param(
            {
                "placement": {
                    "workloadAffinity": {
                        "affinity": {"groupByLabelKey": "app"},
                        "antiAffinity": {"groupByLabelKey": "no"},
                    }
                }
            },
            Interpreted(),
            {
                "placement": {
                    "workloadAffinity": {
                        "affinity": {"groupByLabelKey": "app"},
                        "antiAffinity": {"groupByLabelKey": "no"},
                    }
                },
                "workloadAffinityGroups": {"affinityGroup": "app=web"},
            },
            id="affinity-groups-of-labels-the-template-has",
        ),
    ],
)
def test_the_spec_follows_the_policy(spec: Object, interpreted: Interpreted, expected: Object) -> None:
    template = deployment(labels={"app": "web"})
    made = desired_binding(policy("p", **spec), template, interpreted, affinity_groups=True).spec.to_json()
    del made["resource"]
    assert made == expected


def test_a_resolved_priority_is_written_even_when_zero() -> None:
    made = desired_binding(POLICY, deployment(), Interpreted(), priority=0)
    assert made.spec.to_json()["schedulePriority"] == {"priority": 0}


def test_nothing_changes_when_nothing_changed() -> None:
    found = stored()
    assert merged(found, DESIRED) == found


def test_what_others_own_is_kept() -> None:
    others = {
        "clusters": [{"name": "member1", "replicas": 2}],
        "requiredBy": [{"name": "other"}],
        "gracefulEvictionTasks": [{"fromCluster": "member2", "reason": "A", "producer": "B"}],
        "rescheduleTriggeredAt": "2026-01-01T00:00:00Z",
    }
    found = stored(others, labels={"mine": "1"}, annotations={"policy.karmada.io/applied-placement": "{}"})
    spec = merged(found, DESIRED).to_json()["spec"]
    assert {name: spec[name] for name in others} == others


def test_what_the_policy_dropped_goes() -> None:
    found = stored(
        {"propagateDeps": True, "failover": {}, "schedulePriority": {"priority": 5}, "replicas": 9}
    )
    assert merged(found, DESIRED).spec.to_json() == DESIRED.spec.to_json()


def test_labels_annotations_and_finalizers_are_added_to() -> None:
    found = stored(labels={"mine": "1"}, annotations={"note": "2"}, finalizers=["other"])
    metadata = merged(found, DESIRED).metadata
    assert metadata.labels == {"mine": "1", **DESIRED.metadata.labels}
    assert metadata.annotations == {"note": "2", **DESIRED.metadata.annotations}
    assert metadata.finalizers == ["other", "karmada.io/binding-controller"]


def test_a_policy_takes_the_marks_of_a_cluster_policy_off() -> None:
    found = stored(
        labels={"clusterpropagationpolicy.karmada.io/permanent-id": CLUSTER_POLICY_ID},
        annotations={"clusterpropagationpolicy.karmada.io/name": "everything"},
    )
    metadata = merged(found, DESIRED).metadata
    assert (metadata.labels, metadata.annotations) == (DESIRED.metadata.labels, DESIRED.metadata.annotations)


@pytest.mark.parametrize(
    ("held", "asked", "expected"),
    [
        pytest.param(None, None, None, id="none"),
        pytest.param(None, {"dispatching": True}, {"dispatching": True}, id="policy-suspends"),
        pytest.param({"dispatching": True}, None, None, id="policy-lifts"),
        pytest.param({"scheduling": True}, None, {"scheduling": True}, id="scheduling-stays"),
        pytest.param(
            {"scheduling": True, "dispatching": True},
            {"dispatching": False},
            {"scheduling": True, "dispatching": False},
            id="each-its-own-part",
        ),
    ],
)
def test_suspension_has_two_owners(
    held: Object | None, asked: Object | None, expected: Object | None
) -> None:
    wanted = desired_binding(policy("web", suspension=asked), deployment(), Interpreted())
    result = merged(stored({"suspension": held}), wanted).to_json()["spec"]
    assert result.get("suspension") == expected


@pytest.mark.parametrize(
    ("edited_at", "expected"),
    [
        pytest.param("", "7", id="not-seen-to-change-since-the-start"),
        pytest.param("7", "7", id="change-already-recorded"),
        pytest.param("6", "7", id="older-change"),
        pytest.param("8", "9", id="content-changed-after-what-is-recorded"),
    ],
)
def test_the_recorded_version_moves_only_with_the_content(edited_at: str, expected: str) -> None:
    newer = desired_binding(POLICY, deployment(resourceVersion="9"), Interpreted(replicas=2))
    assert merged(stored(), newer, edited_at=edited_at).spec.resource.resource_version == expected


def test_the_binding_of_another_object_is_not_touched() -> None:
    other = desired_binding(POLICY, deployment(uid="uid-2"), Interpreted(replicas=2))
    with pytest.raises(OwnerMismatch, match="different owner reference UID"):
        merged(stored(), other)


@pytest.mark.parametrize(
    ("held_by", "left"), [pytest.param(POLICY_ID, False, id="holder"), pytest.param("x", True, id="another")]
)
def test_a_release_takes_the_claim_off_the_binding(held_by: str, left: bool) -> None:
    metadata = released(stored(), NAMESPACED, held_by=held_by).metadata
    assert bool(metadata.labels) is left
    assert bool(metadata.annotations) is left


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [
        ("9", "10", True),
        ("10", "9", False),
        ("10", "10", False),
        ("", "1", True),
        ("1", "", False),
        ("a", "b", True),
    ],
)
def test_versions_are_ordered_as_numbers_where_they_are_numbers(
    version: str, than: str, expected: bool
) -> None:
    assert is_older(version, than) is expected
