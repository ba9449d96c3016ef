"""What would move in another world."""

from typing import Any

import orjson
import pytest

from karmada.api.groups.work import ResourceBinding
from scheduler.what_if import Hypothesis, Outcome, hypothesis, what_if
from tests.scheduler.build import (
    AGGREGATED,
    DUPLICATED,
    DYNAMIC,
    binding,
    cluster,
    placed_by,
    static,
)

APPLIED = "policy.karmada.io/applied-placement"
NO_EXECUTE = {"key": "gone", "effect": "NoExecute"}
CORDON = {"key": "cluster.karmada.io/unschedulable", "effect": "NoSchedule"}


def placed(scheduling: Any, targets: dict[str, int], **fields: Any) -> ResourceBinding:
    """A binding that was placed as its policy says."""
    placement = placed_by(scheduling)
    return binding(
        placement,
        targets=targets,
        annotations={APPLIED: orjson.dumps(placement).decode()},
        **{"replicas": sum(targets.values()), "request": {"cpu": "1"}, **fields},
    )


def after(outcome: Outcome) -> dict[str, int]:
    return dict(outcome.after)


@pytest.mark.parametrize(
    ("made", "clusters", "expected"),
    [
        pytest.param(
            placed(DYNAMIC, {"m1": 2, "m2": 2}),
            [cluster("m1", cpu=10), cluster("m2", cpu=10)],
            {"m1": 2, "m2": 2},
            id="nothing-changed",
        ),
        pytest.param(
            placed(DYNAMIC, {"m1": 2, "m2": 2}),
            [cluster("m1", cpu=10), cluster("m3", cpu=10)],
            {"m1": 3, "m3": 1},
            id="a-lost-cluster-loses-only-its-own",
        ),
        pytest.param(
            placed(DYNAMIC, {"m1": 2, "m2": 2}),
            [cluster("m1", cpu=10), cluster("m2", cpu=10, taints=[NO_EXECUTE])],
            {"m1": 4},
            id="a-taint-that-drives-away",
        ),
        pytest.param(
            placed(DYNAMIC, {"m1": 2, "m2": 2}),
            [cluster("m1", cpu=10), cluster("m2", cpu=10, taints=[CORDON])],
            {"m1": 2, "m2": 2},
            id="what-runs-on-a-cordoned-cluster-stays",
        ),
        pytest.param(
            placed(DUPLICATED, {"m1": 2}, replicas=2),
            [cluster("m1"), cluster("m2")],
            {"m1": 2, "m2": 2},
            id="duplicated-follows-a-new-cluster",
        ),
        pytest.param(
            placed(static(("m1", 1), ("m2", 1)), {"m1": 2, "m2": 2}, replicas=6),
            [cluster("m1"), cluster("m2")],
            {"m1": 3, "m2": 3},
            id="more-replicas",
        ),
        pytest.param(
            placed(DYNAMIC, {"m1": 2}, suspension={"scheduling": True}),
            [cluster("m2", cpu=10)],
            {"m1": 2},
            id="a-suspended-binding-stays",
        ),
    ],
)
def test_a_binding_in_another_world(
    made: ResourceBinding, clusters: list[Any], expected: dict[str, int]
) -> None:
    (outcome,) = what_if([hypothesis(made)], clusters)
    assert after(outcome) == expected
    assert outcome.moves is (expected != {target.name: target.replicas for target in made.spec.clusters})


def test_what_one_takes_is_gone_for_the_next_and_priority_goes_first() -> None:
    first = placed(AGGREGATED, {"gone": 3})
    second = placed(AGGREGATED, {"gone": 3}, schedulePriority={"priority": 9})
    low, high = what_if([hypothesis(first), hypothesis(second)], [cluster("m1", cpu=4)])
    assert (after(high), high.error) == ({"m1": 3}, "")
    assert after(low) == {}
    assert (low.reason, low.missing) == ("Unschedulable", 3)


def test_a_binding_that_is_new_comes_from_nowhere() -> None:
    made = binding(placed_by(DUPLICATED), replicas=2)
    (outcome,) = what_if([Hypothesis(made, {})], [cluster("m1")])
    assert (dict(outcome.before), after(outcome)) == ({}, {"m1": 2})


def test_where_nothing_fits_everything_leaves() -> None:
    made = placed(DUPLICATED, {"gone": 2}, replicas=2)
    (outcome,) = what_if([hypothesis(made)], [cluster("m1", taints=[NO_EXECUTE])])
    assert (after(outcome), outcome.reason, outcome.missing) == ({}, "NoClusterFit", 2)
