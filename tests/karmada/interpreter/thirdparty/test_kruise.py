"""OpenKruise workloads."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.kruise import KINDS
from tests.karmada.interpreter.thirdparty.samples import (
    GENERATION,
    MEMBER_GENERATION,
    POD_NEEDS,
    POD_REFERENCES,
    STATUSES,
    condition,
    items,
    kind,
    observed,
    template,
)

NOW = "2026-03-02T00:00:00Z"


def aggregated(name: str, before: Object | None, *statuses: Object | None) -> Any:
    gvk = kind(name)
    obj = template(gvk) if before is None else template(gvk, status=before)
    return KINDS[gvk].aggregate(obj, items(*statuses), NOW)


@pytest.mark.parametrize("name", ["CloneSet", "StatefulSet", "UnitedDeployment"])
def test_replicas_are_those_of_the_spec(name: str) -> None:
    rules = KINDS[kind(name)]
    replicas, needs = rules.replicas(template(kind(name)))
    assert replicas == 3
    assert needs is not None
    assert needs.to_json() == POD_NEEDS
    assert rules.revise(template(kind(name)), 8)["spec"]["replicas"] == 8


@pytest.mark.parametrize("name", ["CloneSet", "StatefulSet", "UnitedDeployment", "DaemonSet"])
def test_pods_depend_on_what_they_name(name: str) -> None:
    found = KINDS[kind(name)].dependencies(template(kind(name)))
    assert [f"{each.kind}/{each.name}" for each in found] == POD_REFERENCES
    assert {each.namespace for each in found} == {"shop"}


@pytest.mark.parametrize(
    ("name", "before", "statuses", "expected"),
    [
        pytest.param(
            "CloneSet",
            {"observedGeneration": 1, "collisionCount": 2},
            [STATUSES["CloneSet"], {"replicas": 5, "updateRevision": "b"}],
            {
                "collisionCount": 2,
                "replicas": 7,
                "readyReplicas": 1,
                "updatedReplicas": 3,
                "availableReplicas": 0,
                "updatedReadyReplicas": 0,
                "expectedUpdatedReplicas": 0,
                "updateRevision": "b",
                "currentRevision": "",
                "labelSelector": "app=demo",
                "observedGeneration": 1,
            },
            id="cloneset-sums-and-last-words-while-one-is-behind",
        ),
        pytest.param(
            "StatefulSet",
            {"replicas": 9, "currentRevision": "old"},
            [],
            {
                "replicas": 0,
                "readyReplicas": 0,
                "currentReplicas": 0,
                "updatedReplicas": 0,
                "availableReplicas": 0,
                "updatedReadyReplicas": 0,
                "updateRevision": "",
                "currentRevision": "",
                "observedGeneration": GENERATION,
            },
            id="statefulset-in-no-cluster-is-zero",
        ),
        pytest.param(
            "DaemonSet",
            None,
            [STATUSES["DaemonSet"]],
            {
                "currentNumberScheduled": 0,
                "desiredNumberScheduled": 2,
                "numberAvailable": 0,
                "numberMisscheduled": 0,
                "numberReady": 1,
                "updatedNumberScheduled": 0,
                "numberUnavailable": 0,
                "daemonSetHash": "5d8",
                "observedGeneration": GENERATION,
            },
            id="daemonset-of-one-member-that-caught-up",
        ),
        pytest.param(
            "UnitedDeployment",
            None,
            [
                STATUSES["UnitedDeployment"],
                {**STATUSES["UnitedDeployment"], "conditions": [condition("SubsetProvisioned", "False")]},
                None,
            ],
            {
                "replicas": 4,
                "updatedReplicas": 0,
                "readyReplicas": 2,
                "availableReplicas": 0,
                "unavailableReplicas": 0,
                "conditions": [condition("SubsetProvisioned", "False")],
                "observedGeneration": 0,
            },
            id="uniteddeployment-the-last-condition-of-a-type-wins",
        ),
        pytest.param(
            "SidecarSet",
            {"observedGeneration": 3},
            [STATUSES["SidecarSet"], None, STATUSES["SidecarSet"]],
            {"matchedPods": 6, "updatedPods": 4, "readyPods": 2},
            id="sidecarset-has-only-counters",
        ),
    ],
)
def test_statuses_add_up(
    name: str, before: Object | None, statuses: list[Object | None], expected: Object
) -> None:
    assert aggregated(name, before, *statuses) == expected


@pytest.mark.parametrize("name", ["CloneSet", "StatefulSet", "UnitedDeployment", "DaemonSet"])
def test_members_send_counters_and_generations(name: str) -> None:
    rules, gvk = KINDS[kind(name)], kind(name)
    found = rules.reflect(observed(gvk, status={**STATUSES[name], "collisionCount": 3}))
    said = {field: value for field, value in found.items() if value is not None}
    assert said == STATUSES[name]
    assert (said["generation"], said["resourceTemplateGeneration"]) == (MEMBER_GENERATION, GENERATION)
    assert rules.reflect(template(gvk)) == {}


def test_a_sidecar_set_sends_its_zeros() -> None:
    rules, gvk = KINDS[kind("SidecarSet")], kind("SidecarSet")
    assert rules.reflect(observed(gvk, status={"matchedPods": 1, "collisionCount": 3})) == {
        "matchedPods": 1,
        "updatedPods": 0,
        "readyPods": 0,
    }
    assert rules.reflect(template(gvk)) == {}


@pytest.mark.parametrize(
    ("name", "status", "healthy"),
    [
        pytest.param("CloneSet", {"updatedReplicas": 3, "availableReplicas": 3}, True, id="all-there"),
        pytest.param("CloneSet", {"updatedReplicas": 2, "availableReplicas": 3}, False, id="not-all-updated"),
        pytest.param(
            "StatefulSet", {"updatedReplicas": 3, "availableReplicas": 2}, False, id="not-all-ready"
        ),
        pytest.param("CloneSet", {"observedGeneration": 1}, False, id="not-seen-yet"),
        pytest.param(
            "DaemonSet",
            {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2},
            True,
            id="on-every-node",
        ),
        pytest.param("DaemonSet", {"desiredNumberScheduled": 2}, False, id="on-no-node"),
        pytest.param("SidecarSet", {"matchedPods": 2, "updatedPods": 2}, True, id="every-pod-has-it"),
        pytest.param("SidecarSet", {"matchedPods": 2, "updatedPods": 1}, False, id="one-pod-has-not"),
        pytest.param("SidecarSet", {}, True, id="no-pod-matches"),
    ],
)
def test_health(name: str, status: Object, healthy: bool) -> None:
    said = {"observedGeneration": MEMBER_GENERATION, **status}
    assert KINDS[kind(name)].healthy(observed(kind(name), status=said)) is healthy


@pytest.mark.parametrize("name", ["CloneSet", "StatefulSet", "UnitedDeployment", "DaemonSet", "SidecarSet"])
def test_what_has_no_status_is_not_healthy(name: str) -> None:
    assert not KINDS[kind(name)].healthy(template(kind(name)))


def test_a_sidecar_set_has_no_replicas_of_its_own_and_keeps_nothing_of_members() -> None:
    rules, gvk = KINDS[kind("SidecarSet")], kind("SidecarSet")
    assert rules.replicas(template(gvk)) == (0, None)
    assert rules.retain(template(gvk), observed(gvk)) == template(gvk)


@pytest.mark.parametrize(
    ("metadata", "namespace"),
    [
        pytest.param({"name": "demo"}, "shop", id="cluster-scoped-in-the-namespace-it-matches"),
        pytest.param({"name": "demo", "namespace": "own"}, "own", id="or-in-its-own"),
    ],
)
def test_a_sidecar_set_depends_on_what_its_containers_name(metadata: Object, namespace: str) -> None:
    gvk = kind("SidecarSet")
    found = KINDS[gvk].dependencies(template(gvk, metadata=metadata))
    assert [(each.kind, each.name, each.namespace) for each in found] == [
        ("ConfigMap", "settings", namespace),
        ("Secret", "password", namespace),
    ]
