"""OpenKruise jobs."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.kruise_jobs import KINDS
from tests.karmada.interpreter.thirdparty.samples import (
    EARLY,
    LATER,
    POD,
    POD_REFERENCES,
    STATUSES,
    condition,
    items,
    kind,
    observed,
    template,
)

NOW = "2026-03-02T00:00:00Z"
BROADCAST = KINDS[kind("BroadcastJob")]
CRON = KINDS[kind("AdvancedCronJob")]
COMPLETE: Object = {"succeeded": 2, "desired": 2, "phase": "completed", "conditions": [condition("Complete")]}
FAILED: Object = {"failed": 1, "desired": 2, "phase": "failed", "conditions": [condition("Failed")]}
RUNNING: Object = {"active": 1, "desired": 2, "phase": "running"}


def broadcast(*statuses: Object | None) -> Any:
    return BROADCAST.aggregate(template(kind("BroadcastJob")), items(*statuses), NOW)


def test_a_broadcast_job_counts_its_parallelism() -> None:
    gvk = kind("BroadcastJob")
    assert BROADCAST.replicas(template(gvk))[0] == 3
    assert BROADCAST.replicas(template(gvk, spec={"template": POD}))[0] == 1
    assert BROADCAST.revise(template(gvk), 6)["spec"]["parallelism"] == 6


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([COMPLETE, COMPLETE], ["Completed: Job completed"], id="complete-everywhere"),
        pytest.param([COMPLETE, RUNNING], [], id="complete-in-one"),
        pytest.param([COMPLETE, None], [], id="complete-in-one-the-other-says-nothing"),
        pytest.param(
            [FAILED, COMPLETE, FAILED],
            ["Failed: Job executed failed in member clusters: member1, member3"],
            id="failed-in-two",
        ),
        pytest.param([RUNNING], [], id="running"),
    ],
)
def test_the_end_of_a_broadcast_job(statuses: list[Object | None], expected: list[str]) -> None:
    assert [f"{each['type']}: {each['message']}" for each in broadcast(*statuses)["conditions"]] == expected


def test_broadcast_jobs_add_up() -> None:
    status = broadcast(COMPLETE, FAILED, RUNNING)
    counters = {name: status[name] for name in ("active", "succeeded", "failed", "desired", "phase")}
    assert counters == {"active": 1, "succeeded": 2, "failed": 1, "desired": 6, "phase": "running"}
    assert broadcast() is None


@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        pytest.param({"desired": 2, "active": 1}, True, id="runs"),
        pytest.param({"desired": 2, "succeeded": 2}, True, id="ran"),
        pytest.param({"desired": 2, "active": 1, "failed": 1}, False, id="one-failed"),
        pytest.param({"desired": 2}, False, id="nothing-runs"),
        pytest.param({"active": 1}, False, id="no-node-wants-it"),
        pytest.param(None, False, id="no-status"),
    ],
)
def test_health_of_a_broadcast_job(status: Object | None, healthy: bool) -> None:
    assert BROADCAST.healthy(observed(kind("BroadcastJob"), status=status)) is healthy


def test_a_broadcast_job_sends_its_counters_and_its_end() -> None:
    said = BROADCAST.reflect(observed(kind("BroadcastJob"), status={**COMPLETE, "secret": 1}))
    assert {name: value for name, value in said.items() if value is not None} == COMPLETE


def test_labels_that_a_member_gave_the_pods_are_kept() -> None:
    gvk, labels = kind("BroadcastJob"), {"controller-uid": "7"}
    present = {"spec": {"template": {"metadata": {"labels": labels}}}}
    kept = BROADCAST.retain(template(gvk), {**template(gvk), **present})
    assert kept["spec"]["template"] == {**POD, "metadata": {"labels": labels}}
    assert BROADCAST.retain(template(gvk), {"spec": {}}) == template(gvk)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"jobTemplate": {"spec": {"template": POD}}}, id="job"),
        pytest.param({"broadcastJobTemplate": {"spec": {"template": POD}}}, id="broadcast-job"),
    ],
)
def test_a_cron_job_depends_on_what_its_pods_name(spec: Object) -> None:
    found = CRON.dependencies(template(kind("AdvancedCronJob"), spec={"template": spec}))
    assert [f"{each.kind}/{each.name}" for each in found] == POD_REFERENCES
    assert CRON.dependencies(template(kind("AdvancedCronJob"), spec={})) == []


def test_cron_jobs_list_all_that_run() -> None:
    gvk = kind("AdvancedCronJob")
    said = STATUSES["AdvancedCronJob"]
    status = CRON.aggregate(template(gvk), items(said, None, {**said, "lastScheduleTime": LATER}), NOW)
    assert status == {"active": [{"name": "run"}, {"name": "run"}], "type": "Job", "lastScheduleTime": LATER}
    one = CRON.aggregate(template(gvk), items({"lastScheduleTime": EARLY}), NOW)
    assert one == {"active": [], "type": "", "lastScheduleTime": EARLY}
    assert CRON.aggregate(template(gvk), [], NOW) is None
