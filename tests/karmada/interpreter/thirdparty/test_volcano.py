"""Volcano jobs."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.volcano import KINDS
from tests.karmada.interpreter.thirdparty.samples import (
    EARLY,
    LATER,
    POD,
    POD_NEEDS,
    STATUSES,
    items,
    kind,
    observed,
    template,
)

GVK = kind("Job")
RULES = KINDS[GVK]
NOW = "2026-03-02T00:00:00Z"
RUNNING = STATUSES["Job"]
COMPLETED: Object = {"succeeded": 2, "state": {"phase": "Completed"}}
FAILED: Object = {
    "state": {"phase": "Failed"},
    "conditions": [
        {"status": "Running", "lastTransitionTime": EARLY},
        {"status": "Failed", "lastTransitionTime": LATER},
    ],
}


def aggregated(*statuses: Object | None, before: Object | None = None) -> Any:
    return RULES.aggregate(template(GVK, status=before or {}), items(*statuses), NOW)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {"tasks": [{"name": "map", "minAvailable": 2, "template": POD}, {"template": POD}]},
            [("map", 2, POD_NEEDS), ("task-1", 1, POD_NEEDS)],
            id="named-and-numbered",
        ),
        pytest.param({"tasks": [{"minAvailable": 0}]}, [("task-0", 0, None)], id="without-template"),
        pytest.param({}, [], id="no-tasks"),
        pytest.param(None, [], id="no-spec"),
    ],
)
def test_tasks_are_components(spec: Any, expected: list[Any]) -> None:
    found = [each.to_json() for each in RULES.components(template(GVK, spec=spec))]
    assert [(each["name"], each["replicas"], each.get("replicaRequirements")) for each in found] == expected


@pytest.mark.parametrize("phase", ["Running", "Completed", "Pending", "Aborting", "Aborted", "Restarting"])
def test_these_phases_are_healthy(phase: str) -> None:
    assert RULES.healthy(observed(GVK, status={"state": {"phase": phase}}))


@pytest.mark.parametrize("status", [None, {}, {"state": {}}, {"state": {"phase": "Failed"}}])
def test_others_are_not(status: Any) -> None:
    assert not RULES.healthy(observed(GVK, status=status))


def test_one_member_is_copied_and_none_changes_nothing() -> None:
    assert aggregated(RUNNING) == RUNNING
    assert aggregated() is None


def test_two_members_add_up() -> None:
    other = {
        **RUNNING,
        "version": 3,
        "runningDuration": "999.5ms",
        "taskStatusCount": {
            "map": {"phase": {"Running": 1, "Failed": 1}},
            "reduce": {"phase": {"Pending": 1}},
        },
        "controlledResources": {"plugin-env": "env"},
        "conditions": [{"status": "Running", "lastTransitionTime": LATER}],
    }
    assert aggregated(RUNNING, other, None) == {
        "minAvailable": 4,
        "running": 4,
        "version": 3,
        "runningDuration": "1m30s",
        "taskStatusCount": {
            "map": {"phase": {"Running": 3, "Failed": 1}},
            "reduce": {"phase": {"Pending": 1}},
        },
        "controlledResources": {"plugin-env": "env"},
        "conditions": [{"status": "Running", "lastTransitionTime": LATER}],
    }


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([COMPLETED, COMPLETED], ("Completed", "Job completed successfully"), id="all-completed"),
        pytest.param([COMPLETED, RUNNING], None, id="one-completed"),
        pytest.param([COMPLETED, None], None, id="one-says-nothing"),
        pytest.param(
            [FAILED, COMPLETED, {"state": {"phase": "Aborted"}}],
            ("Failed", "Job failed in clusters: member1,member3"),
            id="two-failed",
        ),
    ],
)
def test_the_state_of_several_members(statuses: list[Object | None], expected: Any) -> None:
    state = aggregated(*statuses).get("state")
    assert (state and (state["phase"], state["message"])) == expected
    assert state is None or state["lastTransitionTime"] == NOW


def test_the_time_of_a_state_stays_while_it_lasts() -> None:
    before = {"state": {"phase": "Failed", "lastTransitionTime": EARLY}}
    assert aggregated(FAILED, RUNNING, before=before)["state"]["lastTransitionTime"] == EARLY
    assert aggregated(COMPLETED, COMPLETED, before=before)["state"]["lastTransitionTime"] == NOW


def test_the_conditions_of_the_first_that_failed_are_shown() -> None:
    assert aggregated(RUNNING, FAILED)["conditions"] == FAILED["conditions"]


def test_members_send_what_is_in_the_list() -> None:
    said = RULES.reflect(observed(GVK, status={**RUNNING, "other": 1}))
    assert {name: value for name, value in said.items() if value is not None} == RUNNING
    assert not any(RULES.reflect(template(GVK)).values())
