"""Ray clusters and jobs."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.ray import KINDS, worst
from tests.karmada.interpreter.thirdparty.samples import (
    EARLY,
    LATER,
    POD,
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
CLUSTER, JOB = KINDS[kind("RayCluster")], KINDS[kind("RayJob")]


@pytest.mark.parametrize("name", ["RayCluster", "RayJob"])
def test_head_and_worker_groups_are_components(name: str) -> None:
    found = [each.to_json() for each in KINDS[kind(name)].components(template(kind(name)))]
    assert [(each["name"], each["replicas"], each.get("replicaRequirements")) for each in found] == [
        ("ray-head", 1, POD_NEEDS),
        ("small", 2, POD_NEEDS),
        ("worker-2", 1, {"resourceRequest": {"cpu": "2"}}),
    ]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"workerGroupSpecs": [{"groupName": "idle"}]}, [("idle", 0)], id="no-head"),
        pytest.param({"headGroupSpec": {"template": POD}}, [("ray-head", 1)], id="no-workers"),
        pytest.param({}, [], id="nothing"),
        pytest.param(None, [], id="no-spec"),
    ],
)
def test_parts_that_are_not_there(spec: Any, expected: list[tuple[str, int]]) -> None:
    for rules, gvk, whole in ((CLUSTER, "RayCluster", spec), (JOB, "RayJob", {"rayClusterSpec": spec})):
        found = rules.components(template(kind(gvk), spec=whole))
        assert [(each.name, each.replicas) for each in found] == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param(["b", "c", "a"], "c", id="the-last-in-order"),
        pytest.param(["x", "y"], "x", id="of-unknown-ones-the-first"),
        pytest.param(["x", "b"], "b", id="known-before-unknown"),
    ],
)
def test_the_worst_state(states: list[str], expected: str | None) -> None:
    assert worst(["", "a", "b", "c"], states) == expected


# --- RayCluster -------------------------------------------------------------------------------------

UP = [condition("HeadPodReady"), condition("RayClusterProvisioned")]


@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        pytest.param({"conditions": UP}, True, id="provisioned"),
        pytest.param({"conditions": UP[:1]}, False, id="head-only"),
        pytest.param({"conditions": [*UP, condition("RayClusterReplicaFailure")]}, False, id="a-pod-fails"),
        pytest.param(
            {"conditions": [*UP, condition("RayClusterReplicaFailure", "False")]}, True, id="it-did"
        ),
        pytest.param({}, False, id="says-nothing"),
        pytest.param(None, False, id="no-status"),
    ],
)
def test_health_of_a_cluster(status: Any, healthy: bool) -> None:
    assert CLUSTER.healthy(observed(kind("RayCluster"), status=status)) is healthy


def cluster(*statuses: Object | None) -> Any:
    return CLUSTER.aggregate(template(kind("RayCluster")), items(*statuses), NOW)


def test_one_cluster_is_copied_and_none_changes_nothing() -> None:
    assert cluster(STATUSES["RayCluster"]) == STATUSES["RayCluster"]
    assert cluster() is None


def test_clusters_add_up() -> None:
    other = {
        "readyWorkerReplicas": 1,
        "desiredWorkerReplicas": 2,
        "desiredCPU": "1",
        "desiredGPU": "2",
        "desiredMemory": "512Mi",
        "desiredTPU": "",
        "state": "suspended",
        "stateTransitionTimes": {"suspended": LATER},
        "endpoints": {"dashboard": "8265"},
        "head": {"podIP": "10.0.0.8"},
        "lastUpdateTime": EARLY,
        "conditions": UP[:1],
    }
    assert cluster(STATUSES["RayCluster"], None, other, {"lastUpdateTime": LATER}) == {
        "readyWorkerReplicas": 4,
        "availableWorkerReplicas": 0,
        "maxWorkerReplicas": 0,
        "minWorkerReplicas": 0,
        "desiredWorkerReplicas": 2,
        "desiredCPU": "3500m",
        "desiredGPU": "2",
        "desiredMemory": "1536Mi",
        "desiredTPU": "0",
        "conditions": [*UP, *UP[:1]],
        "lastUpdateTime": LATER,
        "endpoints": {"dashboard": "8265"},
        "head": {"podIP": "10.0.0.7"},
        "state": "ready",
        "stateTransitionTimes": None,
    }


# --- RayJob -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        pytest.param({"jobDeploymentStatus": "Running"}, True, id="runs"),
        pytest.param({"jobDeploymentStatus": "Complete", "jobStatus": "SUCCEEDED"}, True, id="succeeded"),
        pytest.param({"jobDeploymentStatus": "Complete", "jobStatus": "FAILED"}, False, id="failed"),
        pytest.param({"jobDeploymentStatus": "Failed"}, False, id="never-ran"),
        pytest.param({"jobDeploymentStatus": "Initializing"}, False, id="starts"),
        pytest.param(None, False, id="no-status"),
    ],
)
def test_health_of_a_job(status: Any, healthy: bool) -> None:
    assert JOB.healthy(observed(kind("RayJob"), status=status)) is healthy


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([], None, id="nobody"),
        pytest.param(
            [{"jobStatus": "RUNNING", "a": 1}], {"jobStatus": "RUNNING", "a": 1}, id="one-is-copied"
        ),
        pytest.param([None, None], {}, id="nothing-said"),
        pytest.param(
            [
                {"jobDeploymentStatus": "Running", "jobStatus": "RUNNING", "reason": "a"},
                {"jobDeploymentStatus": "Failed", "jobStatus": "SUCCEEDED", "reason": "b", "message": "c"},
                {"jobDeploymentStatus": "Complete", "jobStatus": "STOPPED"},
            ],
            {"jobDeploymentStatus": "Failed", "jobStatus": "STOPPED", "reason": "b", "message": "c"},
            id="the-worst-of-each",
        ),
    ],
)
def test_jobs_show_the_worst(statuses: list[Object | None], expected: Object | None) -> None:
    found = JOB.aggregate(template(kind("RayJob")), items(*statuses), NOW)
    assert (found if found is None else {name: each for name, each in found.items() if each}) == expected


def test_a_job_depends_on_what_all_its_pods_name() -> None:
    submitter = {"spec": {"imagePullSecrets": [{"name": "pull"}]}}
    spec = {**template(kind("RayJob"))["spec"], "submitterPodTemplate": submitter}
    found = JOB.dependencies(template(kind("RayJob"), spec=spec))
    assert [f"{each.kind}/{each.name}" for each in found] == sorted([*POD_REFERENCES, "Secret/pull"])
    assert JOB.dependencies(template(kind("RayJob"), spec=None)) == []
