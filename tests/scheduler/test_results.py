"""What a decision writes, and what is not written."""

from typing import Any

import orjson
import pytest

from karmada.api.errors import ApiError, Conflict, Forbidden
from scheduler.assign import Target
from scheduler.decide import Decision
from scheduler.framework import NoClusterFit, ScheduleError, Unschedulable
from scheduler.placement import compile_placement
from scheduler.results import (
    SUCCESS,
    Next,
    deleting_text,
    group_failure_text,
    outcome_of,
    resource_reference,
    spec_patch,
    status_changes,
    success_text,
)
from tests.scheduler.build import AGGREGATED, binding, placed_by

APPLIED = "policy.karmada.io/applied-placement"
PLACEMENT = placed_by(AGGREGATED)
RECORDED = {APPLIED: orjson.dumps(PLACEMENT).decode()}
NOW, THEN = "2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z"


def patch_for(decided: Any, **fields: Any) -> dict[str, Any]:
    made = binding(PLACEMENT, **fields)
    assert made.spec.placement is not None
    return spec_patch(made, compile_placement(made.spec.placement), Decision(decided))


@pytest.mark.parametrize(
    ("targets", "fields", "expected"),
    [
        pytest.param(None, {}, {}, id="undecided"),
        pytest.param((Target("m1", 2),), {"annotations": RECORDED, "targets": {"m1": 2}}, {}, id="unchanged"),
        pytest.param(
            (Target("m2", 1), Target("m1", 2)),
            {"annotations": RECORDED, "targets": {"m1": 2, "m2": 1}},
            {},
            id="order-means-nothing",
        ),
        pytest.param(
            (Target("m1", 2), Target("m2")),
            {"annotations": RECORDED, "targets": {"m1": 1}},
            {"spec": {"clusters": [{"name": "m1", "replicas": 2}, {"name": "m2"}]}},
            id="targets-only",
        ),
        pytest.param(
            (),
            {"annotations": RECORDED, "targets": {"m1": 1}},
            {"spec": {"clusters": None}},
            id="nothing-left",
        ),
        pytest.param(
            (Target("m1", components=(("job", 1),)),),
            {"annotations": RECORDED},
            {"spec": {"clusters": [{"name": "m1", "components": [{"name": "job", "replicas": 1}]}]}},
            id="components",
        ),
    ],
)
def test_only_differences_are_patched(targets: Any, fields: Any, expected: Any) -> None:
    assert patch_for(targets, **fields) == expected


@pytest.mark.parametrize(
    ("annotations", "written"),
    [
        pytest.param({}, True, id="missing"),
        pytest.param({APPLIED: "{"}, True, id="unreadable"),
        pytest.param(
            {APPLIED: orjson.dumps({**PLACEMENT, "spreadConstraints": []}).decode()}, False, id="same"
        ),
        pytest.param({APPLIED: "{}"}, True, id="another"),
    ],
)
def test_the_applied_placement_is_recorded(annotations: Any, written: bool) -> None:
    patch = patch_for((Target("m1", 2),), annotations=annotations, targets={"m1": 2})
    assert (orjson.loads(patch["metadata"]["annotations"][APPLIED]) == PLACEMENT) if written else patch == {}


def ending() -> ApiError:
    causes = [{"reason": "NamespaceTerminating", "message": "", "field": "metadata.namespace"}]
    return Forbidden("forbidden", details={"causes": causes})


@pytest.mark.parametrize(
    ("errors", "reason", "message", "after"),
    [
        pytest.param([Unschedulable("no room")], "Unschedulable", "no room", Next.PARK, id="no-room"),
        pytest.param([NoClusterFit("none")], "NoClusterFit", "none", Next.FORGET, id="none-fits"),
        pytest.param(
            [NoClusterFit("none"), Conflict("moved")],
            "NoClusterFit",
            "[none, moved]",
            Next.RETRY,
            id="none-fits-and-not-written",
        ),
        pytest.param([ScheduleError("odd")], "SchedulerError", "odd", Next.RETRY, id="other"),
        pytest.param([Conflict("moved")], "SchedulerError", "moved", Next.RETRY, id="not-written"),
        pytest.param([ending()], "SchedulerError", "forbidden", Next.FORGET, id="namespace-ends"),
    ],
)
def test_a_failure_becomes_a_condition(
    errors: list[Exception], reason: str, message: str, after: Next
) -> None:
    outcome = outcome_of(errors)
    assert (outcome.succeeded, outcome.reason, outcome.message, outcome.next) == (
        False,
        reason,
        message,
        after,
    )


def test_no_failure_is_success() -> None:
    assert outcome_of([]) is SUCCESS


SCHEDULED = {
    "type": "Scheduled",
    "status": "True",
    "reason": "Success",
    "message": "Binding has been scheduled successfully.",
    "lastTransitionTime": THEN,
}
FAILED = outcome_of([Unschedulable("no room")])


@pytest.mark.parametrize(
    ("status", "outcome", "options", "expected"),
    [
        pytest.param(
            {},
            SUCCESS,
            {"observed_generation": 2},
            {
                "conditions": [{**SCHEDULED, "lastTransitionTime": NOW}],
                "schedulerObservedGeneration": 2,
                "lastScheduledTime": NOW,
            },
            id="first-success",
        ),
        pytest.param(
            {"conditions": [SCHEDULED], "schedulerObservedGeneration": 1},
            SUCCESS,
            {"observed_generation": 1},
            {},
            id="nothing-new-not-even-the-time",
        ),
        pytest.param(
            {"conditions": [SCHEDULED], "schedulerObservedGeneration": 1},
            SUCCESS,
            {"observed_generation": 1, "decided_anew": True},
            {"lastScheduledTime": NOW},
            id="decided-anew-moves-the-time",
        ),
        pytest.param(
            {"conditions": [SCHEDULED], "schedulerObservedGeneration": 1},
            SUCCESS,
            {"observed_generation": 1, "group": "near"},
            {"schedulerObservingAffinityName": "near", "lastScheduledTime": NOW},
            id="group",
        ),
        pytest.param(
            {"conditions": [SCHEDULED], "schedulerObservedGeneration": 1},
            FAILED,
            {"observed_generation": 2, "group": "near"},
            {
                "conditions": [
                    {
                        "type": "Scheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "no room",
                        "lastTransitionTime": NOW,
                    }
                ]
            },
            id="failure-observes-nothing",
        ),
    ],
)
def test_the_status_says_only_what_is_new(status: Any, outcome: Any, options: Any, expected: Any) -> None:
    assert status_changes(binding(PLACEMENT, status=status), outcome, now=NOW, **options) == expected


def test_a_request_from_a_fast_clock_is_met() -> None:
    made = binding(PLACEMENT, rescheduleTriggeredAt="2099-01-01T00:00:00Z")
    changes = status_changes(made, SUCCESS, now=NOW, observed_generation=1)
    assert changes["lastScheduledTime"] == "2099-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("namespace", "success", "group", "deleting"),
    [
        pytest.param(
            "default",
            "Binding has been scheduled successfully. Result: {m1:2, m2:0}",
            "failed to schedule ResourceBinding(default/web-deployment) with clusterAffiliates index(1): no",
            "skip schedule deleting resourceBinding: default/web-deployment",
            id="namespaced",
        ),
        pytest.param(
            "",
            "Binding has been scheduled successfully. Result {m1:2, m2:0}",
            "failed to schedule ClusterResourceBinding(web-deployment) with clusterAffiliates index(1): no",
            "skip schedule deleting clusterResourceBinding: web-deployment",
            id="cluster-scoped",
        ),
    ],
)
def test_events_are_worded_as_tools_know_them(
    namespace: str, success: str, group: str, deleting: str
) -> None:
    made = binding(PLACEMENT, namespace=namespace)
    assert success_text(made, [Target("m1", 2), Target("m2")]) == success
    assert group_failure_text(made, 1, "no") == group
    assert deleting_text(made) == deleting


def test_the_template_is_referred_to_without_empty_parts() -> None:
    assert resource_reference(binding(PLACEMENT)) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "web",
    }
