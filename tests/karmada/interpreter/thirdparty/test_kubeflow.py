"""Kubeflow training jobs."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.kubeflow import KINDS
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
SUCCEEDED: Object = {
    "startTime": EARLY,
    "completionTime": LATER,
    "replicaStatuses": {"Worker": {"succeeded": 2}},
    "conditions": [condition("Created"), condition("Running", "False"), condition("Succeeded")],
}
FAILED: Object = {"completionTime": EARLY, "conditions": [condition("Failed")]}


def aggregated(name: str, *statuses: Object | None, before: Object | None = None) -> Any:
    obj = template(kind(name), status=before or {})
    return KINDS[kind(name)].aggregate(obj, items(*statuses), NOW)


@pytest.mark.parametrize(
    ("name", "spec", "expected"),
    [
        pytest.param(
            "PyTorchJob",
            {"pytorchReplicaSpecs": {"Worker": {"replicas": 2, "template": POD}, "Master": {}}},
            [("master", 1, None), ("worker", 2, POD_NEEDS)],
            id="pytorch",
        ),
        pytest.param(
            "TFJob",
            {
                "tfReplicaSpecs": {
                    "Evaluator": {},
                    "Chief": {"replicas": 1},
                    "PS": {"template": POD},
                    "Other": {},
                }
            },
            [("ps", 1, POD_NEEDS), ("chief", 1, None), ("evaluator", 1, None)],
            id="tensorflow",
        ),
        pytest.param(
            "MPIJob",
            {"mpiReplicaSpecs": {"Worker": {"template": POD}, "Launcher": {"template": POD}, "Idle": {}}},
            [("Launcher", 1, POD_NEEDS), ("Worker", 0, POD_NEEDS)],
            id="mpi-workers-are-none-unless-stated",
        ),
        *(
            pytest.param(name, None, [], id=f"{name.lower()}-no-spec")
            for name in ("PyTorchJob", "TFJob", "MPIJob")
        ),
    ],
)
def test_replica_types_are_components(name: str, spec: Any, expected: list[Any]) -> None:
    found = [each.to_json() for each in KINDS[kind(name)].components(template(kind(name), spec=spec))]
    assert [(each["name"], each["replicas"], each.get("replicaRequirements")) for each in found] == expected


@pytest.mark.parametrize("name", ["PyTorchJob", "TFJob"])
def test_dependencies_are_those_of_all_pods_each_once(name: str) -> None:
    found = KINDS[kind(name)].dependencies(template(kind(name)))
    assert [f"{each.kind}/{each.name}" for each in found] == POD_REFERENCES
    assert KINDS[kind(name)].dependencies(template(kind(name), spec=None)) == []


@pytest.mark.parametrize("name", ["PyTorchJob", "TFJob", "MPIJob"])
@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        pytest.param({"conditions": [condition("Running")]}, True, id="runs"),
        pytest.param({"conditions": [condition("Failed", "False")]}, True, id="failed-once"),
        pytest.param({"conditions": [condition("Running"), condition("Failed")]}, False, id="failed"),
        pytest.param({}, False, id="says-nothing"),
        pytest.param(None, False, id="no-status"),
    ],
)
def test_health(name: str, status: Any, healthy: bool) -> None:
    assert KINDS[kind(name)].healthy(observed(kind(name), status=status)) is healthy


# --- PyTorchJob and TFJob ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([None], [], id="no-status"),
        pytest.param([STATUSES["PyTorchJob"]], ["Created True", "Running True"], id="running"),
        pytest.param(
            [SUCCEEDED, SUCCEEDED], ["Created True", "Running False", "Succeeded True"], id="succeeded"
        ),
        pytest.param([SUCCEEDED, None], ["Created True", "Running True"], id="succeeded-in-one"),
        pytest.param(
            [SUCCEEDED, FAILED], ["Created True", "Running False", "Failed True"], id="failed-in-one"
        ),
    ],
)
def test_pytorch_tells_its_story_in_order(statuses: list[Object | None], expected: list[str]) -> None:
    conditions = aggregated("PyTorchJob", *statuses).get("conditions") or []
    assert [f"{each['type']} {each['status']}" for each in conditions] == expected


def test_pytorch_says_where_it_failed_and_when() -> None:
    failed = aggregated("PyTorchJob", FAILED, SUCCEEDED, FAILED)["conditions"][-1]
    assert failed["message"] == "PyTorchJob executed failed in member clusters: member1, member3"
    assert (failed["reason"], failed["lastTransitionTime"]) == ("PyTorchJobFailed", LATER)


@pytest.mark.parametrize("name", ["PyTorchJob", "TFJob"])
def test_pods_and_times_of_all_members(name: str) -> None:
    running = {"startTime": LATER, "lastReconcileTime": NOW, "replicaStatuses": {"Worker": {"active": 2}}}
    status = aggregated(name, running, SUCCEEDED, before={"old": 1, "completionTime": EARLY})
    assert {field: value for field, value in status.items() if field != "conditions"} == {
        "old": 1,
        "startTime": EARLY,
        "lastReconcileTime": NOW,
        "replicaStatuses": {"Worker": {"active": 2, "succeeded": 2}},
    }
    assert aggregated(name, SUCCEEDED, SUCCEEDED)["completionTime"] == LATER


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([SUCCEEDED, SUCCEEDED], "Succeeded: TFJob completed successfully", id="succeeded"),
        pytest.param([SUCCEEDED, STATUSES["TFJob"]], None, id="succeeded-in-one"),
        pytest.param(
            [FAILED, SUCCEEDED], "Failed: TFJob executed failed in member clusters: member1", id="failed"
        ),
        pytest.param([], None, id="nobody"),
    ],
)
def test_tensorflow_tells_its_end(statuses: list[Object | None], expected: str | None) -> None:
    conditions = aggregated("TFJob", *statuses).get("conditions") or []
    assert [f"{each['type']}: {each['message']}" for each in conditions] == ([expected] if expected else [])


def test_the_times_of_an_end_stay() -> None:
    first = aggregated("TFJob", FAILED, FAILED)
    again = KINDS[kind("TFJob")].aggregate(
        template(kind("TFJob"), status=first), items(FAILED, FAILED), "later"
    )
    assert again == first
    assert first["conditions"][0]["lastTransitionTime"] == NOW


# --- MPIJob -----------------------------------------------------------------------------------------


def test_mpi_copies_one_member_and_leaves_things_alone_without() -> None:
    assert aggregated("MPIJob", FAILED) == FAILED
    assert aggregated("MPIJob") is None


def test_mpi_adds_up_members() -> None:
    ended = {
        "completionTime": LATER,
        "replicaStatuses": {"Launcher": {"succeeded": 1}, "Worker": {"active": 1}},
        "conditions": [condition("Running", "False", lastTransitionTime=LATER), condition("Created")],
    }
    assert aggregated("MPIJob", STATUSES["MPIJob"], ended, None) == {
        "startTime": EARLY,
        "completionTime": LATER,
        "lastReconcileTime": None,
        "replicaStatuses": {
            "Worker": {"active": 5, "failed": 0, "succeeded": 0},
            "Launcher": {"active": 0, "failed": 0, "succeeded": 1},
        },
        "conditions": [condition("Created"), condition("Running", "False", lastTransitionTime=LATER)],
    }


def test_mpi_members_send_what_is_in_the_list() -> None:
    rules, gvk = KINDS[kind("MPIJob")], kind("MPIJob")
    sent = {"replicaStatuses": {"Worker": {"active": 1, "selector": "a=b"}}, "startTime": EARLY}
    full = {**sent, "replicaStatuses": {"Worker": {"active": 1, "selector": "a=b", "labelSelector": {}}}}
    said = rules.reflect(observed(gvk, status={**full, "other": 1}))
    assert {name: value for name, value in said.items() if value is not None} == sent
    assert not any(rules.reflect(template(gvk)).values())
