"""Which replicas are given back."""

from typing import Any

import orjson
import pytest

from karmada.api.groups.work import ResourceBinding
from scheduler.descheduler.reduce import (
    Removal,
    is_eligible,
    lagging,
    reduced_clusters,
    removals,
    success_text,
)
from tests.scheduler.build import AGGREGATED, DUPLICATED, DYNAMIC, binding, placed_by, static

APPLIED = "policy.karmada.io/applied-placement"


def running(desired: dict[str, int], ready: dict[str, Any]) -> ResourceBinding:
    items = [{"clusterName": name, "status": {"readyReplicas": count}} for name, count in ready.items()]
    return binding({}, targets=desired, status={"aggregatedStatus": items})


@pytest.mark.parametrize(
    ("desired", "ready", "unschedulable", "expected"),
    [
        pytest.param([5], [5], [0], [5], id="D1-all-well"),
        pytest.param([5], [4], [1], [4], id="D2-one-is-stuck"),
        pytest.param([5], [0], [5], [0], id="D3-all-are-stuck"),
        pytest.param([5], [4], [2], [4], id="D4-ready-is-the-floor"),
        pytest.param([5], [0], [2], [3], id="D5-some-may-still-come"),
        pytest.param([5], [6], [2], [5], id="D6-not-lagging"),
        pytest.param([5, 10], [2, 3], [3, 7], [2, 3], id="D7-two-clusters"),
        pytest.param([5, 10], [2, "unknown"], [3, 7], [2, 3], id="D8-nothing-reported"),
        pytest.param([5], [0], [-1], [5], id="nobody-can-tell"),
        pytest.param([5], [0], [9], [5], id="more-stuck-than-there-are"),
    ],
)
def test_what_cannot_run_is_given_back(
    desired: list[int], ready: list[Any], unschedulable: list[int], expected: list[int]
) -> None:
    names = [f"m{number}" for number in range(len(desired))]
    made = running(dict(zip(names, desired, strict=True)), dict(zip(names, ready, strict=True)))
    taken = removals(made, lagging(made), dict(zip(names, unschedulable, strict=True)))
    assert [cluster.get("replicas", 0) for cluster in reduced_clusters(made, taken)] == expected


@pytest.mark.parametrize(
    ("placement", "spec", "expected"),
    [
        pytest.param(placed_by(AGGREGATED), {}, True, id="aggregated"),
        pytest.param(placed_by(DYNAMIC), {}, True, id="dynamic-weights"),
        pytest.param(placed_by(static(("m1", 1))), {}, False, id="static-weights"),
        pytest.param(placed_by(DUPLICATED), {}, False, id="duplicated"),
        pytest.param({}, {}, False, id="no-strategy"),
        pytest.param("not json", {}, False, id="unreadable"),
        pytest.param(None, {}, False, id="never-placed"),
        pytest.param(
            placed_by(AGGREGATED),
            {"resource": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}},
            False,
            id="another-kind",
        ),
    ],
)
def test_only_deployments_that_were_divided_by_room_are_looked_at(
    placement: Any, spec: Any, expected: bool
) -> None:
    text = placement if isinstance(placement, str) else orjson.dumps(placement).decode()
    annotations = {} if placement is None else {APPLIED: text}
    assert is_eligible(binding({}, annotations=annotations, **spec)) is expected


def test_everything_else_in_a_target_stays() -> None:
    made = running({"m1": 3, "m2": 2}, {})
    assert reduced_clusters(made, [Removal("m1", 3)]) == [{"name": "m1"}, {"name": "m2", "replicas": 2}]


def test_the_event_names_clusters_and_the_sum() -> None:
    assert success_text([Removal("m1", 3), Removal("m2", 7)]) == (
        "Binding has been descheduled, 3 replica(s) in cluster(m1), 7 replica(s) in cluster(m2), "
        "10 total descheduled replica(s)"
    )
