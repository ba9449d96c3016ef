"""Choice of clusters and regions under spread constraints."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.framework import Candidate, ScheduleError
from scheduler.spread import Group, choose_groups, group_score, pick_from_regions, select, select_by_region
from tests.scheduler.build import (
    AGGREGATED,
    DUPLICATED,
    DYNAMIC,
    EQUAL_WEIGHTS,
    candidate,
    placed_by,
    request_for,
    spread,
)

FOUR = [
    candidate("m1", score=20, available=40),
    candidate("m2", score=40, available=60),
    candidate("m3", score=30, available=80),
    candidate("m4", score=60, available=50),
]


def names(candidates: list[Candidate]) -> list[str]:
    return [found.name for found in candidates]


@pytest.mark.parametrize(
    ("scheduling", "constraints", "needed", "expected"),
    [
        pytest.param(None, [], 10, "m4 m2 m3 m1", id="no-constraint-all-by-rank"),
        pytest.param(None, [spread("cluster", 1, 2)], 100, "m4 m2", id="no-strategy-ignores-room"),
        pytest.param(DUPLICATED, [spread("cluster", 1, 2)], 120, "m4 m2", id="duplicated-ignores-room"),
        pytest.param(
            EQUAL_WEIGHTS, [spread("cluster", 1, 2)], 120, "m4 m2 m3 m1", id="static-weights-ignore-spread"
        ),
        pytest.param(AGGREGATED, [spread("cluster", 1, 2)], 120, "m4 m3", id="divided-exchanges-for-room"),
        pytest.param(AGGREGATED, [spread("cluster", 1, 2)], 110, "m4 m2", id="divided-keeps-what-suffices"),
        pytest.param(None, [spread("cluster", 1, 0)], 1, "", id="no-groups-allowed-selects-nothing"),
    ],
)
def test_clusters_are_chosen_by_rank_and_room(
    scheduling: Any, constraints: Any, needed: int, expected: str
) -> None:
    request = request_for(placed_by(scheduling, spreadConstraints=constraints), replicas=needed)
    assert names(select(request, FOUR)) == expected.split()


@pytest.mark.parametrize(
    ("scheduling", "constraints", "needed", "message"),
    [
        pytest.param(
            AGGREGATED,
            [spread("cluster", 1, 2)],
            200,
            "no enough resource when selecting 2 clusters",
            id="too-little-room",
        ),
        pytest.param(
            None,
            [spread("cluster", 7, 7)],
            30,
            "the number of feasible clusters is less than spreadConstraint.MinGroups",
            id="too-few-clusters",
        ),
        pytest.param(
            None,
            [spread("region", 1, 1), spread("cluster", 1, 1)],
            30,
            "the number of feasible region is less than spreadConstraint.MinGroups",
            id="no-region-at-all",
        ),
        pytest.param(
            None,
            [spread("zone", 1, 1)],
            30,
            "just support cluster and region spread constraint",
            id="zone-alone-cannot-choose",
        ),
    ],
)
def test_constraints_that_cannot_be_met_say_why(
    scheduling: Any, constraints: Any, needed: int, message: str
) -> None:
    request = request_for(placed_by(scheduling, spreadConstraints=constraints), replicas=needed)
    with pytest.raises(ScheduleError) as caught:
        select(request, FOUR)
    assert str(caught.value) == message
    assert caught.value.reason == "SchedulerError"


def test_an_earlier_tier_ranks_before_a_better_score() -> None:
    ranked = select(
        request_for({}), [candidate("a", score=100, tier=1), candidate("b"), candidate("c", free=1)]
    )
    assert names(ranked) == ["c", "b", "a"]


def groups(text: str) -> list[Group]:
    """`R1(1,80) R2(4,40)`: name(value, weight)."""
    found = []
    for item in text.split():
        name, _, numbers = item.rstrip(")").partition("(")
        value, weight = numbers.split(",")
        found.append(Group(name, int(value), int(weight)))
    return found


@pytest.mark.parametrize(
    ("offered", "least", "most", "target", "expected"),
    [
        pytest.param(
            "R1(1,80) R3(1,80) R2(1,60) R5(2,60) R4(5,50) R6(3,50)", 1, 3, 10, "R5 R4 R6", id="target-rules"
        ),
        pytest.param(
            "R1(1,80) R2(4,40) R3(1,30) R4(3,30) R5(3,20) R6(5,10)", 2, 6, 5, "R1 R2", id="leading-part-does"
        ),
        pytest.param(
            "R1(1,60) R2(1,50) R3(1,40) R4(3,30) R5(3,20) R6(3,10)", 1, 3, 6, "R1 R4 R5", id="by-weight"
        ),
        pytest.param("R1(1,60) R2(2,50) R3(3,40) R4(4,30)", 1, 2, 5, "R1 R4", id="equal-found-first"),
        pytest.param("R4(1,60) R3(3,50) R1(3,40) R2(4,30)", 1, 2, 5, "R3 R1", id="equal-larger-value"),
        pytest.param("R1(1,80) R2(2,30)", 2, 3, 4, "", id="not-enough-clusters"),
        pytest.param("R1(1,80) R2(2,30)", 1, 0, 1, "", id="no-groups-allowed"),
        pytest.param("", 1, 2, 1, "", id="no-groups"),
    ],
)
def test_groups_are_chosen(offered: str, least: int, most: int, target: int, expected: str) -> None:
    chosen = choose_groups(groups(offered), least=least, most=most, target=target)
    assert [group.name for group in chosen] == expected.split()


def by_search(offered: list[Group], least: int, most: int, target: int) -> list[str]:
    """The rule spelled out: every set that a depth-first build records, in the order it finds them."""
    ordered = sorted(offered, key=lambda group: (group.value, -group.weight, group.name))
    records: list[list[Group]] = []

    def enter(chosen: list[Group], start: int) -> None:
        if sum(group.value for group in chosen) >= target and least <= len(chosen) <= most:
            records.append(list(chosen))
            return
        if len(chosen) >= most:
            return
        for index in range(start, len(ordered)):
            enter([*chosen, ordered[index]], index + 1)

    enter([], 0)
    if not records:
        return []
    ranked = sorted(
        enumerate(records),
        key=lambda entry: (
            -sum(group.weight for group in entry[1]),
            -sum(group.value for group in entry[1]),
            entry[0],
        ),
    )
    listed = [
        [group.name for group in sorted(record, key=lambda group: (-group.weight, group.name))]
        for _, record in ranked
    ]
    winner = listed[0]
    for record in listed[1:]:
        if len(record) < len(winner) and winner[: len(record)] == record:
            winner = record
    return winner


@given(
    sizes=st.lists(st.tuples(st.integers(1, 5), st.integers(0, 6)), min_size=1, max_size=7),
    least=st.integers(1, 4),
    most=st.integers(0, 6),
    target=st.integers(0, 14),
)
def test_choosing_groups_agrees_with_a_full_search(
    sizes: list[tuple[int, int]], least: int, most: int, target: int
) -> None:
    offered = [Group(f"R{number}", value, weight) for number, (value, weight) in enumerate(sizes)]
    chosen = choose_groups(offered, least=least, most=most, target=target)
    assert [group.name for group in chosen] == by_search(offered, least, most, target)
    backwards = choose_groups(reversed(offered), least=least, most=most, target=target)
    assert backwards == chosen


def test_many_regions_are_chosen_without_a_search() -> None:
    offered = [Group(f"R{number:02}", 1 + number % 3, number) for number in range(60)]
    chosen = choose_groups(offered, least=10, most=30, target=40)
    assert 10 <= len(chosen) <= 30
    assert sum(group.value for group in chosen) >= 40


def region(name: str, *clusters: tuple[str, int, int]) -> list[Candidate]:
    return [candidate(who, score=score, available=room, region=name) for who, score, room in clusters]


TWO = {
    "R1": region("R1", ("m1", 100, 40), ("m2", 80, 40)),
    "R2": region("R2", ("m3", 80, 40), ("m4", 80, 40), ("m5", 60, 40)),
}
TWO_REGIONS = [*TWO["R1"], *TWO["R2"]]
FOUR_REGIONS = {
    "R1": region("R1", ("m1", 90, 40)),
    "R2": region("R2", ("m2", 70, 40), ("m3", 60, 40), ("m4", 30, 40)),
    "R3": region("R3", ("m5", 80, 40), ("m6", 50, 60)),
    "R4": region("R4", ("m7", 50, 50), ("m8", 40, 50), ("m9", 10, 50), ("m10", 0, 50)),
}
FIVE_REGIONS = {
    "R1": region("R1", ("m1", 70, 40)),
    "R2": region("R2", ("m2", 40, 40), ("m3", 40, 40), ("m4", 40, 40)),
    "R3": region("R3", ("m5", 60, 40), ("m6", 50, 60)),
    "R4": region("R4", ("m7", 70, 100)),
    "R5": region("R5", ("m8", 50, 50)),
}


@pytest.mark.parametrize(
    ("regions", "scores", "by_region", "by_cluster", "expected"),
    [
        pytest.param(TWO, (100, 80), (1, 1), (2, 2), "m1 m2", id="best-region"),
        pytest.param(TWO, (100, 80), (1, 1), (3, 3), "m3 m4 m5", id="region-with-enough-clusters"),
        pytest.param(TWO, (100, 80), (2, 2), (2, 3), "m1 m3 m2", id="one-each-then-by-rank"),
        pytest.param(TWO, (100, 80), (2, 2), (1, 1), "m1 m3", id="one-each-even-beyond-the-limit"),
        pytest.param(FOUR_REGIONS, (90, 70, 80, 50), (2, 2), (4, 5), "m1 m2 m3 m4", id="two-of-four"),
        pytest.param(
            FIVE_REGIONS, (70, 40, 60, 70, 50), (1, 3), (6, 8), "m1 m5 m2 m6 m3 m4", id="three-of-five"
        ),
    ],
)
def test_regions_then_clusters(
    regions: Any, scores: Any, by_region: Any, by_cluster: Any, expected: str
) -> None:
    constraints = [spread("region", *by_region), spread("cluster", *by_cluster)]
    request = request_for(placed_by(DUPLICATED, spreadConstraints=constraints))
    weights = dict(zip(regions, scores, strict=True))
    assert names(pick_from_regions(request.placement, regions, weights)) == expected.split()


@pytest.mark.parametrize(
    ("candidates", "by_region", "by_cluster", "message"),
    [
        pytest.param(TWO_REGIONS, (3, 3), (3, 3), "the number of feasible region is less", id="few-regions"),
        pytest.param(
            TWO_REGIONS[:2],
            (1, 1),
            (3, 4),
            "the number of clusters is less than the cluster spreadConstraint.MinGroups",
            id="too-few-clusters",
        ),
    ],
)
def test_regions_that_do_not_suffice_say_why(
    candidates: Any, by_region: Any, by_cluster: Any, message: str
) -> None:
    constraints = [spread("region", *by_region), spread("cluster", *by_cluster)]
    request = request_for(placed_by(spreadConstraints=constraints), replicas=20)
    with pytest.raises(ScheduleError, match=message):
        select_by_region(request, candidates)


def row(scores: list[int], rooms: list[int]) -> list[Candidate]:
    return [
        candidate(f"m{number}", score=score, available=room)
        for number, (score, room) in enumerate(zip(scores, rooms, strict=True))
    ]


@pytest.mark.parametrize(
    ("scheduling", "replicas", "least", "members", "expected"),
    [
        pytest.param(DUPLICATED, 20, 1, row([100, 100, 0, 0, 0], [30] * 5), 5040, id="all-roomy"),
        pytest.param(DUPLICATED, 20, 1, row([100] * 5, [30, 30, 30, 10, 10]), 3100, id="some-roomy"),
        pytest.param(DUPLICATED, 20, 1, row([100], [10]), 0, id="none-roomy"),
        pytest.param(AGGREGATED, 100, 2, row([100, 100, 0, 0, 0], [30, 30, 30, 9, 9]), 50100, id="share-met"),
        pytest.param(AGGREGATED, 100, 2, row([100] * 5, [10, 10, 10, 5, 5]), 40100, id="share-missed"),
        pytest.param(DYNAMIC, 100, 2, row([100, 100, 0, 0, 0], [10, 10, 10, 10, 5]), 45040, id="dynamic"),
        pytest.param(AGGREGATED, 100, 2, row([0] * 5, [100] * 5), 50000, id="room-without-score"),
        pytest.param(AGGREGATED, 100, 2, row([100] * 5, [50] * 5), 50100, id="score-with-enough-room"),
    ],
)
def test_a_region_scores_by_whole_replicas_first(
    scheduling: Any, replicas: int, least: int, members: list[Candidate], expected: int
) -> None:
    request = request_for(placed_by(scheduling), replicas=replicas)
    assert group_score(request, members, min_groups=least) == expected


@given(order=st.permutations(TWO_REGIONS))
def test_the_order_of_candidates_does_not_matter(order: list[Candidate]) -> None:
    for constraints in combinations([spread("region", 1, 2), spread("cluster", 2, 3)], 2):
        request = request_for(placed_by(AGGREGATED, spreadConstraints=list(constraints)), replicas=60)
        assert select(request, order) == select(request, TWO_REGIONS)
