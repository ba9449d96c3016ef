"""The 70 worked examples of the scheduling rules, by number.

Where the rule is one of the whole decision, the whole decision is asked: scheduler.decide.schedule, with free
replicas as the example gives them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from scheduler.assign import dispense
from scheduler.decide import Decision, Settings, schedule
from scheduler.framework import Candidate, Gates, Request, ScheduleError
from scheduler.placement import compile_placement
from scheduler.results import outcome_of, spec_patch, status_changes
from scheduler.snapshot import ClusterFacts, Snapshot
from scheduler.spread import Group, choose_groups, group_score, pick_from_regions, select, select_by_region
from tests.scheduler.build import (
    AGGREGATED,
    DUPLICATED,
    DYNAMIC,
    EQUAL_WEIGHTS,
    binding,
    candidate,
    cluster,
    placed_by,
    request_for,
    spread,
    static,
)

ODD, EVEN = "d43fdeeb-d750-4e2b-bee3-64eb94534f4c", "4858ca61-3ff8-4095-8267-f3d059d8074c"


class Free:
    """An estimator that knows the free replicas of each cluster."""

    name = "example"

    def __init__(self, room: Mapping[str, int]) -> None:
        self.room = room

    def max_replicas(
        self, request: Request, clusters: Sequence[ClusterFacts], snapshot: Snapshot
    ) -> Sequence[int]:
        return [self.room[cluster.name] for cluster in clusters]

    max_sets = max_replicas


def counts(text: str) -> dict[str, int]:
    """`m1 6, m2 8` as a mapping."""
    return {name: int(number) for name, number in (part.split() for part in text.split(",") if part.strip())}


def decide(
    scheduling: Any, free: str, replicas: int, *, previous: str = "", uid: str = "", **placement: Any
) -> Decision:
    asked = binding(
        placed_by(scheduling, **placement),
        replicas=replicas,
        targets=counts(previous),
        uid=uid,
        request={"cpu": "1"},
    )
    room = counts(free)
    return schedule(asked, Snapshot.of(map(cluster, room)), estimators=[Free(room)])


def targets(decision: Decision) -> dict[str, int]:
    assert decision.error is None, decision.error
    return {target.name: target.replicas for target in decision.targets or ()}


def ratio(text: str) -> Any:
    """Static weights from `m1 3, m2 2`."""
    return static(*((name, int(number)) for name, number in (part.split() for part in text.split(","))))


# --- static weights -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheduling", "names", "replicas", "expected"),
    [
        pytest.param(ratio("m1 3, m2 2, m3 1"), "m1 m2 m3", 12, "m1 6, m2 4, m3 2", id="1"),
        pytest.param(ratio("m1 3, m2 2, m3 1"), "m1 m2 m3", 13, "m1 7, m2 4, m3 2", id="2"),
        pytest.param(ratio("m1 3, m2 2, m3 1"), "m1 m2 m3", 14, "m1 7, m2 5, m3 2", id="3"),
        pytest.param(EQUAL_WEIGHTS, "m1 m2 m3", 12, "m1 4, m2 4, m3 4", id="4"),
        pytest.param(ratio("m1 1"), "m1 m2", 2, "m1 2", id="5"),
        pytest.param(ratio("m1 1, m2 1, m1 2"), "m1 m2", 3, "m1 2, m2 1", id="6"),
        pytest.param(ratio("m1 1, m2 1"), "m1 m2", 3, "m1 2, m2 1", id="7"),
        pytest.param(ratio("m1 1, m2 1, m3 1"), "m1 m2 m3", 5, "m1 2, m2 2, m3 1", id="8"),
        pytest.param(
            ratio("m1 2, m2 1, m3 1, m4 1"), "m1 m2 m3 m4", 7, "m1 3, m2 2, m3 1, m4 1", id="9-seven"
        ),
        pytest.param(
            ratio("m1 2, m2 1, m3 1, m4 1"), "m1 m2 m3 m4", 8, "m1 3, m2 2, m3 2, m4 1", id="9-eight"
        ),
        pytest.param(
            ratio("m1 2, m2 1, m3 1, m4 1"), "m1 m2 m3 m4", 9, "m1 3, m2 2, m3 2, m4 2", id="9-nine"
        ),
        pytest.param(EQUAL_WEIGHTS, "m1 m2 m3 m4", 6, "m1 2, m2 2, m3 1, m4 1", id="10-equal"),
        pytest.param(
            ratio("m1 2, m2 1, m3 1, m4 1"), "m1 m2 m3 m4", 6, "m1 3, m2 1, m3 1, m4 1", id="10-then-weighted"
        ),
        pytest.param(ratio("A 170, B 110, C 60"), "A B C", 5, "A 2, B 2, C 1", id="13-five"),
        pytest.param(ratio("A 170, B 110, C 60"), "A B C", 6, "A 3, B 2, C 1", id="13-six"),
        pytest.param(ratio("m1 3, m2 1, m3 1"), "m1 m2 m3", 3, "m1 1, m2 1, m3 1", id="14"),
        pytest.param(ratio("m1 3, m2 1, m3 1"), "m1 m2 m3", 8, "m1 4, m2 2, m3 2", id="15"),
        pytest.param(ratio("m1 3, m2 2, m3 1"), "m1 m2 m3", 9, "m1 4, m2 3, m3 2", id="16"),
        pytest.param(ratio("m1 5, m2 2, m3 1"), "m1 m2 m3", 4, "m1 2, m2 1, m3 1", id="17"),
    ],
)
def test_static_weights(scheduling: Any, names: str, replicas: int, expected: str) -> None:
    free = ", ".join(f"{name} 0" for name in names.split())
    assert targets(decide(scheduling, free, replicas)) == counts(expected)


@pytest.mark.parametrize(
    ("uid", "expected"), [pytest.param(ODD, "A 2, B 3", id="11"), pytest.param(EVEN, "A 3, B 2", id="12")]
)
def test_the_uid_breaks_ties(uid: str, expected: str) -> None:
    assert targets(decide(ratio("A 1, B 1"), "A 0, B 0", 5, uid=uid)) == counts(expected)


@pytest.mark.parametrize(
    ("initial", "weights", "new", "expected"),
    [
        pytest.param("A 1, B 2, C 3", "A 1, B 2, C 3", 6, "A 2, B 4, C 6", id="18"),
        pytest.param("A 1, B 2, C 3", "A 1, B 2, C 3", 3, "A 2, B 3, C 4", id="19"),
        pytest.param("A 1, B 2, C 3", "A 1, B 2, C 3", 2, "A 1, B 3, C 4", id="20"),
        pytest.param("", "A 2, B 1", 1, "A 1, B 0", id="21-one"),
        pytest.param("", "A 2, B 1", 2, "A 1, B 1", id="21-two"),
        pytest.param("", "A 2, B 1", 3, "A 2, B 1", id="21-three"),
    ],
)
def test_the_dispenser(initial: str, weights: str, new: int, expected: str) -> None:
    assert dispense(new, counts(weights), initial=counts(initial)) == counts(expected)


# --- division by room -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheduling", "previous", "free", "replicas", "expected"),
    [
        pytest.param(DYNAMIC, "", "m1 6, m2 8, m3 10", 12, "m1 3, m2 4, m3 5", id="22"),
        pytest.param(DYNAMIC, "", "m1 8, m2 8, m3 10", 12, "m1 4, m2 4, m3 4", id="23"),
        pytest.param(DYNAMIC, "m1 2, m2 4, m3 6", "m1 1, m2 1, m3 1", 6, "m1 1, m2 2, m3 3", id="25"),
        pytest.param(DYNAMIC, "m1 2, m2 4, m3 6", "m1 10, m2 10, m3 10", 24, "m1 6, m2 8, m3 10", id="26"),
        pytest.param(DYNAMIC, "m1 6, m3 6", "m1 3, m2 3", 12, "m1 9, m2 3", id="28"),
        pytest.param(AGGREGATED, "", "m1 6, m2 8, m3 10", 12, "m2 5, m3 7", id="29"),
        pytest.param(AGGREGATED, "", "m1 12, m2 8, m3 10", 12, "m1 12", id="30"),
        pytest.param(AGGREGATED, "m1 4, m2 8", "m1 1, m2 1, m3 1", 6, "m2 6", id="31"),
        pytest.param(AGGREGATED, "m1 4, m2 8", "m1 100, m2 100", 8, "m2 8", id="32"),
        pytest.param(AGGREGATED, "m1 4, m2 8", "m1 4, m2 6, m3 8", 24, "m1 7, m2 12, m3 5", id="33"),
        pytest.param(AGGREGATED, "m1 4, m2 8", "m1 6, m2 6, m3 20", 24, "m1 10, m2 14", id="34"),
        pytest.param(AGGREGATED, "m1 4, m2 8", "m1 4, m3 8, m4 12", 24, "m1 7, m3 7, m4 10", id="35"),
    ],
)
def test_division_by_room(scheduling: Any, previous: str, free: str, replicas: int, expected: str) -> None:
    assert targets(decide(scheduling, free, replicas, previous=previous)) == counts(expected)


@pytest.mark.parametrize(
    ("previous", "free", "replicas", "total"),
    [
        pytest.param("", "m1 3, m2 3, m3 3", 12, 9, id="24"),
        pytest.param("m1 2, m2 4, m3 6", "m1 1, m2 1, m3 1", 24, 3, id="27"),
    ],
)
def test_too_little_room(previous: str, free: str, replicas: int, total: int) -> None:
    error = decide(DYNAMIC, free, replicas, previous=previous).error
    assert error is not None
    assert error.reason == "Unschedulable"
    assert f"Clusters available replicas {total} are not enough to schedule." in str(error)


TIERS = [
    {
        "affinityName": "main",
        "clusterNames": ["m1"],
        "overflowAffinities": [{"affinityName": "burst", "clusterNames": ["m2"]}],
    }
]


@pytest.mark.parametrize(
    ("free", "previous", "replicas", "expected"),
    [
        pytest.param("m1 10, m2 10", "", 5, "m1 5", id="36"),
        pytest.param("m1 2, m2 10", "", 5, "m1 2, m2 3", id="37"),
        pytest.param("m1 2, m2 2", "", 10, None, id="38"),
        pytest.param("m1 2, m2 10", "m1 3", 8, "m1 5, m2 3", id="39"),
    ],
)
def test_overflow_tiers(free: str, previous: str, replicas: int, expected: str | None) -> None:
    decision = decide(DYNAMIC, free, replicas, previous=previous, clusterAffinities=TIERS)
    if expected is None:
        assert decision.error is not None
        assert decision.error.reason == "Unschedulable"
    else:
        assert targets(decision) == counts(expected)


# --- spread ---------------------------------------------------------------------------------------

FOUR = [
    candidate(name, score=score, available=room)
    for name, score, room in (("m1", 20, 40), ("m2", 40, 60), ("m3", 30, 80), ("m4", 60, 50))
]


@pytest.mark.parametrize(
    ("scheduling", "bounds", "needed", "expected"),
    [
        pytest.param(None, (1, 2), 100, "m4 m2", id="40-absent-100"),
        pytest.param(None, (1, 2), 120, "m4 m2", id="40-absent-120"),
        pytest.param(DUPLICATED, (1, 2), 100, "m4 m2", id="40-duplicated-100"),
        pytest.param(DUPLICATED, (1, 2), 120, "m4 m2", id="40-duplicated-120"),
        pytest.param(ratio("m1 1, m2 2"), (1, 2), 120, "m4 m2 m3 m1", id="41"),
        pytest.param(AGGREGATED, (1, 2), 120, "m4 m3", id="42"),
        pytest.param(AGGREGATED, (1, 2), 200, "no enough resource when selecting 2 clusters", id="43"),
        pytest.param(
            None,
            (7, 7),
            30,
            "the number of feasible clusters is less than spreadConstraint.MinGroups",
            id="44",
        ),
    ],
)
def test_cluster_constraints(scheduling: Any, bounds: tuple[int, int], needed: int, expected: str) -> None:
    placement = placed_by(scheduling, spreadConstraints=[spread("cluster", *bounds)])
    try:
        found = " ".join(each.name for each in select(request_for(placement, replicas=needed), FOUR))
    except ScheduleError as error:
        found = str(error)
    assert found == expected


@pytest.mark.parametrize(
    ("offered", "bounds", "target", "expected"),
    [
        pytest.param(
            "R1(1,80) R3(1,80) R2(1,60) R5(2,60) R4(5,50) R6(3,50)", (1, 3), 10, "R5 R4 R6", id="45"
        ),
        pytest.param("R1(1,80) R2(4,40) R3(1,30) R4(3,30) R5(3,20) R6(5,10)", (2, 6), 5, "R1 R2", id="46"),
        pytest.param("R1(1,60) R2(1,50) R3(1,40) R4(3,30) R5(3,20) R6(3,10)", (1, 3), 6, "R1 R4 R5", id="47"),
        pytest.param("R1(1,60) R2(2,50) R3(3,40) R4(4,30)", (1, 2), 5, "R1 R4", id="48"),
        pytest.param("R4(1,60) R3(3,50) R1(3,40) R2(4,30)", (1, 2), 5, "R3 R1", id="49"),
        pytest.param("R1(1,80) R2(2,30)", (2, 3), 4, "", id="50"),
    ],
)
def test_choice_of_groups(offered: str, bounds: tuple[int, int], target: int, expected: str) -> None:
    found = re.findall(r"(\w+)\((\d+),(\d+)\)", offered)
    groups = [Group(name, int(value), int(weight)) for name, value, weight in found]
    chosen = choose_groups(groups, least=bounds[0], most=bounds[1], target=target)
    assert " ".join(group.name for group in chosen) == expected


def region(name: str, members: str) -> list[Candidate]:
    """`m1(100,40)`: cluster(score, available)."""
    return [
        candidate(who, score=int(score), available=int(room), region=name)
        for who, score, room in re.findall(r"(\w+)\((\d+),(\d+)\)", members)
    ]


TWO_REGIONS = {"R1": (100, "m1(100,40) m2(80,40)"), "R2": (80, "m3(80,40) m4(80,40) m5(60,40)")}
FOUR_REGIONS = {
    "R1": (90, "m1(90,40)"),
    "R2": (70, "m2(70,40) m3(60,40) m4(30,40)"),
    "R3": (80, "m5(80,40) m6(50,60)"),
    "R4": (50, "m7(50,50) m8(40,50) m9(10,50) m10(0,50)"),
}
FIVE_REGIONS = {
    "R1": (70, "m1(70,40)"),
    "R2": (40, "m2(40,40) m3(40,40) m4(40,40)"),
    "R3": (60, "m5(60,40) m6(50,60)"),
    "R4": (70, "m7(70,100)"),
    "R5": (50, "m8(50,50)"),
}


@pytest.mark.parametrize(
    ("regions", "by_region", "by_cluster", "expected"),
    [
        pytest.param(TWO_REGIONS, (1, 1), (2, 2), "m1 m2", id="51"),
        pytest.param(TWO_REGIONS, (1, 1), (3, 3), "m3 m4 m5", id="52"),
        pytest.param(FOUR_REGIONS, (2, 2), (4, 5), "m1 m2 m3 m4", id="53"),
        pytest.param(FIVE_REGIONS, (1, 3), (6, 8), "m1 m5 m2 m6 m3 m4", id="54"),
        pytest.param(
            {"R1": TWO_REGIONS["R1"]},
            (1, 1),
            (3, 4),
            "the number of clusters is less than the cluster spreadConstraint.MinGroups",
            id="56",
        ),
    ],
)
def test_region_constraints(
    regions: Mapping[str, tuple[int, str]],
    by_region: tuple[int, int],
    by_cluster: tuple[int, int],
    expected: str,
) -> None:
    constraints = [spread("region", *by_region), spread("cluster", *by_cluster)]
    request = request_for(placed_by(DUPLICATED, spreadConstraints=constraints), replicas=1)
    offered = {name: region(name, members) for name, (_, members) in regions.items()}
    scores = {name: score for name, (score, _) in regions.items()}
    try:
        chosen = pick_from_regions(request.placement, offered, scores)
        found = " ".join(each.name for each in chosen)
    except ScheduleError as error:
        found = str(error)
    assert found == expected


def test_too_few_regions() -> None:
    """Example 55."""
    constraints = [spread("region", 3, 3), spread("cluster", 3, 3)]
    request = request_for(placed_by(DUPLICATED, spreadConstraints=constraints), replicas=1)
    ranked = [each for name, (_, members) in TWO_REGIONS.items() for each in region(name, members)]
    with pytest.raises(ScheduleError, match="the number of feasible region is less than"):
        select_by_region(request, ranked)


@pytest.mark.parametrize(
    ("scheduling", "replicas", "least", "scores", "rooms", "expected"),
    [
        pytest.param(DUPLICATED, 20, 1, [100, 100, 0, 0, 0], [30] * 5, 5040, id="57"),
        pytest.param(DUPLICATED, 20, 1, [100] * 5, [30, 30, 30, 10, 10], 3100, id="58"),
        pytest.param(AGGREGATED, 100, 2, [100, 100, 0, 0, 0], [30, 30, 30, 10, 10], 50100, id="59"),
        pytest.param(AGGREGATED, 100, 2, [100] * 5, [10, 10, 10, 5, 5], 40100, id="60"),
        pytest.param(DYNAMIC, 100, 2, [100, 100, 0, 0, 0], [10, 10, 10, 10, 5], 45040, id="61"),
        pytest.param(AGGREGATED, 100, 2, [0] * 5, [100] * 5, 50000, id="62-first"),
        pytest.param(AGGREGATED, 100, 2, [100] * 5, [50] * 5, 50100, id="62-second"),
    ],
)
def test_group_scores(
    scheduling: Any, replicas: int, least: int, scores: list[int], rooms: list[int], expected: int
) -> None:
    request = request_for(placed_by(scheduling), replicas=replicas)
    members = [
        candidate(f"m{number}", score=score, available=room)
        for number, (score, room) in enumerate(zip(scores, rooms, strict=True))
    ]
    assert group_score(request, members, min_groups=least) == expected


# --- affinity groups and components ---------------------------------------------------------------

BY_GROUPS = {
    "clusterAffinities": [
        {"affinityName": "affinity1", "clusterNames": ["cluster1"]},
        {"affinityName": "affinity2", "clusterNames": ["cluster2"]},
    ]
}
ANNOTATION = (
    '{"clusterAffinities":[{"affinityName":"affinity1","clusterNames":["cluster1"]},'
    '{"affinityName":"affinity2","clusterNames":["cluster2"]}]}'
)


@pytest.mark.parametrize(
    ("observed", "triggered", "broken", "tried", "expected", "recorded"),
    [
        pytest.param("", False, (), [0], {"cluster1": 1}, "affinity1", id="63"),
        pytest.param("affinity2", True, (), [0], {"cluster1": 1}, "affinity1", id="64"),
        pytest.param("affinity2", False, (), [1], {"cluster2": 1}, None, id="65"),
        pytest.param("", False, ("cluster1",), [0, 1], {"cluster2": 1}, "affinity2", id="66"),
        pytest.param("", False, ("cluster1", "cluster2"), [0, 1], None, None, id="67"),
    ],
)
def test_affinity_groups(
    observed: str,
    triggered: bool,
    broken: Iterable[str],
    tried: list[int],
    expected: dict[str, int] | None,
    recorded: str | None,
) -> None:
    """broken clusters make their group fail with an error of the selection, not for want of a cluster."""
    placement = {**BY_GROUPS, "spreadConstraints": [spread("cluster", 1, 1)]} if broken else BY_GROUPS
    placement = placed_by(AGGREGATED, **placement) if broken else placement
    asked = binding(
        placement,
        replicas=1,
        status={
            "schedulerObservingAffinityName": observed,
            "lastScheduledTime": "2026-01-01T00:00:00Z",
        },
        rescheduleTriggeredAt="2026-01-01T00:00:01Z" if triggered else None,
    )
    room = {name: 0 if name in broken else 5 for name in ("cluster1", "cluster2")}
    decision = schedule(asked, Snapshot.of(map(cluster, room)), estimators=[Free(room)])
    assert [failure.index for failure in decision.failures] == tried[: len(decision.failures)]
    assert len(decision.failures) == (len(tried) if expected is None else len(tried) - 1)
    assert asked.spec.placement is not None
    patch = spec_patch(asked, compile_placement(asked.spec.placement), decision)
    if expected is None:
        assert patch == {}
        return
    assert targets(decision) == expected
    if not broken:
        assert patch["metadata"]["annotations"]["policy.karmada.io/applied-placement"] == ANNOTATION
    changes = status_changes(
        asked, outcome_of([]), now="2026-01-01T00:00:02Z", observed_generation=1, group=decision.group
    )
    assert changes.get("schedulerObservingAffinityName") == recorded


COMPONENTS = [{"name": "jobmanager", "replicas": 1}, {"name": "taskmanager", "replicas": 4}]


@pytest.mark.parametrize(
    ("gate", "constraints", "expected"),
    [
        pytest.param(True, [spread("cluster", 1, 1)], (("jobmanager", 1), ("taskmanager", 4)), id="68"),
        pytest.param(False, [spread("cluster", 1, 1)], (), id="69"),
        pytest.param(True, [], (), id="70"),
    ],
)
def test_components(gate: bool, constraints: Any, expected: Any) -> None:
    asked = binding(placed_by(None, spreadConstraints=constraints), components=COMPONENTS)
    settings = Settings(gates=Gates(multiple_pod_templates=gate))
    decision = schedule(asked, Snapshot.of([cluster("m1")]), settings=settings)
    assert [(each.name, each.components) for each in decision.targets or ()] == [("m1", expected)]


def test_every_example_is_here() -> None:
    """By number: in an id, or in a docstring."""
    text = Path(__file__).read_text()
    numbers = {int(found) for found in re.findall(r'id="(\d+)', text)}
    numbers |= {int(found) for found in re.findall(r'"""Example (\d+)', text)}
    assert numbers == set(range(1, 71))
