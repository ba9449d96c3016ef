"""When a binding is scheduled again, and which bindings a changed cluster concerns."""

from typing import Any

import orjson
import pytest

from scheduler.framework import Gates
from scheduler.placement import compile_placement
from scheduler.snapshot import Snapshot
from scheduler.triggers import Cause, cause_to_schedule, concerns
from tests.scheduler.build import AGGREGATED, DUPLICATED, binding, cluster, facts, placed_by

APPLIED = "policy.karmada.io/applied-placement"
EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"
WEIGHED = placed_by(AGGREGATED)
TWO_GROUPS = [
    {"affinityName": "near", "clusterNames": ["m1"]},
    {"affinityName": "far", "clusterNames": ["m2"]},
]


def cause(made: Any, *members: Any, gates: Gates | None = None) -> Cause | None:
    compiled = compile_placement(made.spec.placement)
    return cause_to_schedule(made, compiled, Snapshot.of(members), gates or Gates())


def recorded(placement: Any) -> dict[str, str]:
    return {APPLIED: orjson.dumps(placement).decode()}


@pytest.mark.parametrize(
    ("placement", "annotations", "fields", "expected"),
    [
        pytest.param(WEIGHED, {}, {}, Cause.RECONCILE, id="never-applied"),
        pytest.param(WEIGHED, {APPLIED: ""}, {}, Cause.RECONCILE, id="empty-record"),
        pytest.param(WEIGHED, {APPLIED: "{"}, {"targets": {"m1": 2}}, None, id="unreadable-record"),
        pytest.param(WEIGHED, recorded(WEIGHED), {"targets": {"m1": 2}}, None, id="all-stands"),
        pytest.param(
            WEIGHED,
            recorded({**WEIGHED, "spreadConstraints": []}),
            {"targets": {"m1": 2}},
            None,
            id="an-empty-list-is-no-change",
        ),
        pytest.param(
            WEIGHED,
            recorded({**WEIGHED, "clusterAffinity": {"clusterNames": ["m1"]}}),
            {"targets": {"m1": 2}},
            Cause.RECONCILE,
            id="affinity-changed",
        ),
        pytest.param(WEIGHED, recorded(WEIGHED), {"targets": {"m1": 1}}, Cause.SCALE, id="sum-differs"),
        pytest.param(
            placed_by(DUPLICATED),
            recorded(placed_by(DUPLICATED)),
            {"targets": {"m1": 2, "m2": 1}},
            Cause.SCALE,
            id="one-copy-differs",
        ),
        pytest.param(
            placed_by(DUPLICATED),
            recorded(placed_by(DUPLICATED)),
            {"targets": {"m1": 2}},
            Cause.RECONCILE,
            id="duplicated-is-always-looked-at",
        ),
        pytest.param(
            WEIGHED,
            recorded(WEIGHED),
            {"targets": {"m1": 2}, "rescheduleTriggeredAt": LATE, "status": {"lastScheduledTime": EARLY}},
            Cause.RECONCILE,
            id="reschedule-asked-for",
        ),
        pytest.param(
            WEIGHED,
            recorded(WEIGHED),
            {"targets": {"m1": 2}, "rescheduleTriggeredAt": LATE, "status": {"lastScheduledTime": LATE}},
            None,
            id="reschedule-done",
        ),
        pytest.param(
            WEIGHED,
            recorded(WEIGHED),
            {"targets": {"m1": 2}, "rescheduleTriggeredAt": LATE},
            None,
            id="reschedule-of-what-never-was",
        ),
        pytest.param(
            WEIGHED, recorded(WEIGHED), {"targets": {"leaving": 2}}, Cause.RECONCILE, id="target-is-deleted"
        ),
    ],
)
def test_scheduling_is_due(placement: Any, annotations: Any, fields: Any, expected: Cause | None) -> None:
    made = binding(placement, replicas=2, annotations=annotations, **fields)
    assert cause(made, cluster("m1"), cluster("leaving", deleting=True)) == expected


def test_what_has_no_replicas_is_always_looked_at() -> None:
    assert cause(binding(WEIGHED, annotations=recorded(WEIGHED))) is Cause.RECONCILE


def test_components_without_a_target_are_scheduled() -> None:
    made = binding(WEIGHED, annotations=recorded(WEIGHED), components=[{"name": "a", "replicas": 1}])
    assert cause(made, gates=Gates(multiple_pod_templates=True)) is Cause.SCALE
    assert cause(made) is None


@pytest.mark.parametrize(
    ("observed", "applied", "expected"),
    [
        pytest.param(
            "far", [{**TWO_GROUPS[0], "clusterNames": ["m9"]}, TWO_GROUPS[1]], None, id="other-group"
        ),
        pytest.param(
            "far", [TWO_GROUPS[0], {**TWO_GROUPS[1], "clusterNames": ["m9"]}], Cause.RECONCILE, id="this"
        ),
        pytest.param("far", [TWO_GROUPS[0]], Cause.RECONCILE, id="group-is-new"),
        pytest.param("", [TWO_GROUPS[0]], Cause.RECONCILE, id="no-group-in-use"),
    ],
)
def test_of_the_groups_only_the_one_in_use_counts(
    observed: str, applied: Any, expected: Cause | None
) -> None:
    made = binding(
        {**WEIGHED, "clusterAffinities": TWO_GROUPS},
        replicas=2,
        targets={"m2": 2},
        annotations=recorded({**WEIGHED, "clusterAffinities": applied}),
        status={"schedulerObservingAffinityName": observed},
    )
    assert cause(made) == expected


@pytest.mark.parametrize(
    ("placement", "status", "expected"),
    [
        pytest.param({}, {}, True, id="no-affinity"),
        pytest.param({"clusterAffinity": {"clusterNames": ["m1"]}}, {}, True, id="named"),
        pytest.param({"clusterAffinity": {"clusterNames": ["m2"]}}, {}, False, id="others-are-named"),
        pytest.param({"clusterAffinities": TWO_GROUPS}, {}, True, id="generation-not-looked-at-yet"),
        pytest.param(
            {"clusterAffinities": TWO_GROUPS}, {"schedulerObservedGeneration": 1}, True, id="first-group"
        ),
        pytest.param(
            {"clusterAffinities": TWO_GROUPS},
            {"schedulerObservedGeneration": 1, "schedulerObservingAffinityName": "far"},
            False,
            id="group-in-use-names-others",
        ),
    ],
)
def test_a_changed_cluster_concerns(placement: Any, status: Any, expected: bool) -> None:
    made = binding(placement, status=status)
    assert made.spec.placement is not None
    compiled = compile_placement(made.spec.placement)
    assert concerns(made, compiled, [facts(cluster("m1")).traits]) is expected
