"""Replicas per cluster, case by case, and what holds for every case."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karmada.api.groups.policy import Placement
from scheduler.assign import assign, dispense, has_odd_hash, static_weights
from scheduler.framework import Gates, ScheduleError, Unschedulable
from scheduler.placement import compile_placement
from tests.scheduler.build import (
    AGGREGATED,
    DUPLICATED,
    DYNAMIC,
    EQUAL_WEIGHTS,
    candidate,
    cluster,
    facts,
    placed_by,
    request_for,
    spread,
    static,
)

ODD_UID = "d43fdeeb-d750-4e2b-bee3-64eb94534f4c"
EVEN_UID = "4858ca61-3ff8-4095-8267-f3d059d8074c"


def replicas_of(targets: Any) -> dict[str, int]:
    return {target.name: target.replicas for target in targets}


def by_weight(*weights: int) -> dict[str, int]:
    return {f"m{number}": weight for number, weight in enumerate(weights, start=1)}


@pytest.mark.parametrize(
    ("scheduling", "names", "replicas", "expected"),
    [
        pytest.param(static(("m1", 3), ("m2", 2), ("m3", 1)), "m1 m2 m3", 12, [6, 4, 2], id="exact-ratio"),
        pytest.param(static(("m1", 3), ("m2", 2), ("m3", 1)), "m1 m2 m3", 13, [7, 4, 2], id="one-over"),
        pytest.param(static(("m1", 3), ("m2", 2), ("m3", 1)), "m1 m2 m3", 14, [7, 5, 2], id="two-over"),
        pytest.param(EQUAL_WEIGHTS, "m1 m2 m3", 12, [4, 4, 4], id="no-preference-is-equal"),
        pytest.param(static(("m1", 1)), "m1 m2", 2, [2, 0], id="unlisted-gets-nothing"),
        pytest.param(static(("m9", 5)), "m1 m2", 2, [1, 1], id="nobody-listed-is-equal"),
        pytest.param(static(("m1", 1), ("m2", 1), ("m1", 2)), "m1 m2", 3, [2, 1], id="largest-rule-counts"),
        pytest.param(DUPLICATED, "m1 m2", 3, [3, 3], id="duplicated-gives-all-to-each"),
        pytest.param(None, "m1 m2", 3, [3, 3], id="no-strategy-is-duplicated"),
    ],
)
def test_replicas_follow_the_placement(
    scheduling: Any, names: str, replicas: int, expected: list[int]
) -> None:
    request = request_for(placed_by(scheduling), replicas=replicas)
    targets = assign(request, [candidate(name) for name in names.split()])
    assert replicas_of(targets) == {
        name: count for name, count in zip(names.split(), expected, strict=True) if count
    }


@pytest.mark.parametrize(
    ("weights", "replicas", "expected"),
    [
        pytest.param((1, 1), 3, [2, 1], id="1:1-of-3"),
        pytest.param((1, 1, 1), 5, [2, 2, 1], id="1:1:1-of-5"),
        pytest.param((2, 1, 1, 1), 7, [3, 2, 1, 1], id="2:1:1:1-of-7"),
        pytest.param((2, 1, 1, 1), 8, [3, 2, 2, 1], id="2:1:1:1-of-8"),
        pytest.param((2, 1, 1, 1), 9, [3, 2, 2, 2], id="2:1:1:1-of-9"),
        pytest.param((1, 1, 1, 1), 6, [2, 2, 1, 1], id="1:1:1:1-of-6"),
        pytest.param((2, 1, 1, 1), 6, [3, 1, 1, 1], id="2:1:1:1-of-6"),
        pytest.param((170, 110, 60), 5, [2, 2, 1], id="170:110:60-of-5"),
        pytest.param((170, 110, 60), 6, [3, 2, 1], id="170:110:60-of-6"),
        pytest.param((3, 1, 1), 3, [1, 1, 1], id="3:1:1-of-3-not-largest-remainder"),
        pytest.param((3, 1, 1), 8, [4, 2, 2], id="3:1:1-of-8-not-largest-remainder"),
        pytest.param((3, 2, 1), 9, [4, 3, 2], id="3:2:1-of-9-not-largest-remainder"),
        pytest.param((5, 2, 1), 4, [2, 1, 1], id="5:2:1-of-4-not-largest-remainder"),
        pytest.param((2, 1), 1, [1, 0], id="2:1-of-1"),
        pytest.param((2, 1), 2, [1, 1], id="2:1-of-2"),
        pytest.param((2, 1), 3, [2, 1], id="2:1-of-3"),
    ],
)
def test_the_dispenser_divides_as_webster_did(
    weights: tuple[int, ...], replicas: int, expected: list[int]
) -> None:
    assert list(dispense(replicas, by_weight(*weights)).values()) == expected


@pytest.mark.parametrize(
    ("uid", "expected"),
    [
        pytest.param("", {"A": 3, "B": 2}, id="no-uid-goes-up-the-alphabet"),
        pytest.param(ODD_UID, {"A": 2, "B": 3}, id="odd-hash-goes-down"),
        pytest.param(EVEN_UID, {"A": 3, "B": 2}, id="even-hash-goes-up"),
    ],
)
def test_the_uid_decides_who_gets_the_odd_replica(uid: str, expected: dict[str, int]) -> None:
    assert dispense(5, {"A": 1, "B": 1}, uid=uid) == expected


@pytest.mark.parametrize("uid", [ODD_UID, EVEN_UID, "a", "web", "ü"])
def test_the_hash_shortcut_agrees_with_the_hash(uid: str) -> None:
    value = 2166136261
    for byte in uid.encode():
        value = ((value ^ byte) * 16777619) % 2**32
    assert has_odd_hash(uid) == (value % 2 == 1)


@pytest.mark.parametrize(
    ("replicas", "expected"),
    [
        pytest.param(6, {"A": 2, "B": 4, "C": 6}, id="six-more"),
        pytest.param(3, {"A": 2, "B": 3, "C": 4}, id="three-more"),
        pytest.param(2, {"A": 1, "B": 3, "C": 4}, id="two-more"),
        pytest.param(0, {"A": 1, "B": 2, "C": 3}, id="nothing-more"),
    ],
)
def test_the_dispenser_adds_to_what_is_held(replicas: int, expected: dict[str, int]) -> None:
    held = {"A": 1, "B": 2, "C": 3}
    assert dispense(replicas, {"A": 1, "B": 2, "C": 3}, initial=held) == expected


def test_without_weights_the_dispenser_gives_nothing() -> None:
    assert dispense(5, {"A": 0}, initial={"B": 2}) == {"B": 2}


def one_by_one(replicas: int, weights: dict[str, int], *, uid: str) -> dict[str, int]:
    """The dispenser's rule spelled out."""
    held = dict.fromkeys(weights, 0)
    names = sorted(weights, reverse=has_odd_hash(uid))
    for _ in range(replicas):
        winner = min(
            names,
            key=lambda name: (
                -(float(weights[name]) / float(2 * held[name] + 1)),
                held[name],
                names.index(name),
            ),
        )
        held[winner] += 1
    return {name: held[name] for name in sorted(held)}


@given(
    replicas=st.integers(0, 400),
    weights=st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(any),
    uid=st.sampled_from(["", ODD_UID, EVEN_UID]),
)
def test_the_head_start_changes_nothing(replicas: int, weights: list[int], uid: str) -> None:
    named = by_weight(*weights)
    assert dispense(replicas, named, uid=uid) == one_by_one(replicas, named, uid=uid)


def test_a_huge_count_is_divided_at_once() -> None:
    shares = dispense(2_000_000_000, by_weight(3, 2, 1))
    assert list(shares.values()) == [1_000_000_000, 666_666_667, 333_333_333]


@pytest.mark.parametrize(
    ("previous", "free", "replicas", "expected"),
    [
        pytest.param({}, (6, 8, 10), 12, (3, 4, 5), id="first-in-proportion"),
        pytest.param({}, (8, 8, 10), 12, (4, 4, 4), id="first-rounded"),
        pytest.param(by_weight(2, 4, 6), (1, 1, 1), 6, (1, 2, 3), id="scale-down-by-what-is-held"),
        pytest.param(by_weight(2, 4, 6), (10, 10, 10), 24, (6, 8, 10), id="scale-up-by-what-is-free"),
        pytest.param(by_weight(2, 4, 6), (0, 0, 0), 12, (2, 4, 6), id="unchanged-needs-no-room"),
    ],
)
def test_dynamic_weights_divide_by_room(
    previous: dict[str, int], free: tuple[int, ...], replicas: int, expected: tuple[int, ...]
) -> None:
    request = request_for(placed_by(DYNAMIC), replicas=replicas, targets=previous)
    candidates = [candidate(name, free=room) for name, room in by_weight(*free).items()]
    assert replicas_of(assign(request, candidates)) == by_weight(*expected)


@pytest.mark.parametrize(
    ("previous", "free", "replicas", "message"),
    [
        pytest.param({}, (3, 3, 3), 12, "failed to scale up: Clusters available replicas 9 are", id="first"),
        pytest.param(
            by_weight(2, 4, 6),
            (1, 1, 1),
            24,
            "failed to scale up: Clusters available replicas 3 are not enough to schedule.",
            id="scale-up",
        ),
    ],
)
def test_too_little_room_is_unschedulable(
    previous: dict[str, int], free: tuple[int, ...], replicas: int, message: str
) -> None:
    request = request_for(placed_by(DYNAMIC), replicas=replicas, targets=previous)
    candidates = [candidate(name, free=room) for name, room in by_weight(*free).items()]
    with pytest.raises(Unschedulable, match=message):
        assign(request, candidates)


def test_a_lost_cluster_only_moves_its_own_replicas() -> None:
    request = request_for(placed_by(DYNAMIC), replicas=12, targets={"m1": 6, "m3": 6})
    targets = assign(request, [candidate("m1", free=3), candidate("m2", free=3)])
    assert replicas_of(targets) == {"m1": 9, "m2": 3}


@pytest.mark.parametrize(
    ("previous", "free", "replicas", "expected"),
    [
        pytest.param({}, {"m1": 6, "m2": 8, "m3": 10}, 12, {"m2": 5, "m3": 7}, id="fewest-clusters"),
        pytest.param({}, {"m1": 12, "m2": 8, "m3": 10}, 12, {"m1": 12}, id="one-is-enough"),
        pytest.param({"m1": 4, "m2": 8}, {"m1": 1, "m2": 1, "m3": 1}, 6, {"m2": 6}, id="scale-down"),
        pytest.param(
            {"m1": 4, "m2": 8}, {"m1": 100, "m2": 100}, 8, {"m2": 8}, id="scale-down-to-the-largest"
        ),
        pytest.param(
            {"m1": 4, "m2": 8},
            {"m1": 4, "m2": 6, "m3": 8},
            24,
            {"m1": 7, "m2": 12, "m3": 5},
            id="scale-up-needs-a-new-cluster",
        ),
        pytest.param(
            {"m1": 4, "m2": 8},
            {"m1": 6, "m2": 6, "m3": 20},
            24,
            {"m1": 10, "m2": 14},
            id="scale-up-prefers-present-clusters",
        ),
        pytest.param(
            {"m1": 4, "m2": 8},
            {"m1": 4, "m3": 8, "m4": 12},
            24,
            {"m1": 7, "m3": 7, "m4": 10},
            id="a-target-is-no-candidate-any-more",
        ),
    ],
)
def test_aggregated_uses_few_clusters(
    previous: dict[str, int], free: dict[str, int], replicas: int, expected: dict[str, int]
) -> None:
    request = request_for(placed_by(AGGREGATED), replicas=replicas, targets=previous)
    candidates = [candidate(name, free=room) for name, room in free.items()]
    assert replicas_of(assign(request, candidates)) == expected


def test_a_fresh_start_counts_what_is_held_as_free() -> None:
    request = request_for(placed_by(DYNAMIC), replicas=8, targets={"m1": 8}, fresh=True)
    targets = assign(request, [candidate("m1", free=0), candidate("m2", free=8)])
    assert replicas_of(targets) == {"m1": 4, "m2": 4}


OVERFLOW = placed_by(
    DYNAMIC,
    clusterAffinities=[
        {
            "affinityName": "main",
            "clusterNames": ["m1"],
            "overflowAffinities": [{"affinityName": "burst", "clusterNames": ["m2"]}],
        }
    ],
)


@pytest.mark.parametrize(
    ("rooms", "previous", "replicas", "expected"),
    [
        pytest.param(((10, 10), (10, 10)), {}, 5, {"m1": 5}, id="first-tier-is-enough"),
        pytest.param(((2, 2), (10, 10)), {}, 5, {"m1": 2, "m2": 3}, id="rest-overflows"),
        pytest.param(((5, 2), (10, 10)), {"m1": 3}, 8, {"m1": 5, "m2": 3}, id="held-replicas-are-room"),
        pytest.param(((2, 0), (13, 10)), {"m1": 2, "m2": 3}, 2, {"m1": 2}, id="later-tier-empties-first"),
    ],
)
def test_tiers_fill_in_order(
    rooms: tuple[tuple[int, int], ...], previous: dict[str, int], replicas: int, expected: dict[str, int]
) -> None:
    request = request_for(OVERFLOW, group="main", replicas=replicas, targets=previous)
    candidates = [
        candidate(f"m{tier + 1}", available=available, free=free, tier=tier)
        for tier, (available, free) in enumerate(rooms)
    ]
    assert replicas_of(assign(request, candidates)) == expected


def test_all_tiers_together_may_be_too_small() -> None:
    request = request_for(OVERFLOW, group="main", replicas=10)
    candidates = [candidate("m1", free=2), candidate("m2", free=2, tier=1)]
    with pytest.raises(Unschedulable, match=r"^Clusters available replicas are not enough to schedule\.$"):
        assign(request, candidates)


COMPONENTS = [{"name": "jobmanager", "replicas": 1}, {"name": "taskmanager", "replicas": 4}]


@pytest.mark.parametrize(
    ("gate", "constraints", "expected"),
    [
        pytest.param(
            True, [spread("cluster", 1, 1)], (("jobmanager", 1), ("taskmanager", 4)), id="one-cluster"
        ),
        pytest.param(False, [spread("cluster", 1, 1)], (), id="gate-off"),
        pytest.param(True, [], (), id="any-number-of-clusters"),
    ],
)
def test_components_are_named_where_sets_are_placed(gate: bool, constraints: Any, expected: Any) -> None:
    placement = placed_by(spreadConstraints=constraints)
    gates = Gates(multiple_pod_templates=gate)
    request = request_for(placement, components=COMPONENTS, gates=gates)
    (target,) = assign(request, [candidate("m1")])
    assert (target.name, target.replicas, target.components) == ("m1", 0, expected)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(None, {"m1": 0, "m2": 0}, id="without-requests-everywhere"),
        pytest.param({"cpu": "1"}, {}, id="with-requests-nowhere"),
    ],
)
def test_zero_replicas_go(request_: dict[str, str] | None, expected: dict[str, int]) -> None:
    request = request_for(placed_by(DUPLICATED), replicas=0, request=request_)
    assert replicas_of(assign(request, [candidate("m1"), candidate("m2")])) == expected


def test_a_division_without_preference_is_not_supported() -> None:
    request = request_for(placed_by({"replicaSchedulingType": "Divided"}), replicas=1)
    with pytest.raises(
        ScheduleError, match="unsupported replica scheduling strategy, replicaSchedulingType: Divided, "
    ):
        assign(request, [candidate("m1")])


def test_no_candidates_is_an_error() -> None:
    with pytest.raises(ScheduleError, match="no clusters available to schedule"):
        assign(request_for({}, replicas=1), [])


def test_weights_match_clusters_by_any_affinity() -> None:
    rules = [
        {"targetCluster": {"labelSelector": {"matchLabels": {"ring": "a"}}}, "weight": 2},
        {"targetCluster": {}, "weight": 1},
    ]
    scheduling = {**EQUAL_WEIGHTS, "weightPreference": {"staticWeightList": rules}}
    compiled = compile_placement(Placement.from_json(placed_by(scheduling)))
    clusters = [facts(cluster("m1", labels={"ring": "a"})).traits, facts(cluster("m2")).traits]
    assert static_weights(compiled, clusters) == {"m1": 2, "m2": 1}


ROOMS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 40), min_size=1)


@given(
    scheduling=st.sampled_from([AGGREGATED, DYNAMIC, EQUAL_WEIGHTS]),
    free=ROOMS,
    previous=ROOMS,
    replicas=st.integers(0, 120),
    fresh=st.booleans(),
    uid=st.sampled_from(["", ODD_UID]),
)
def test_dividing_conserves_replicas_and_a_second_pass_changes_nothing(
    scheduling: Any, free: dict[str, int], previous: dict[str, int], replicas: int, fresh: bool, uid: str
) -> None:
    request = request_for(
        placed_by(scheduling), replicas=replicas, targets=previous, fresh=fresh, uid=uid, request={"cpu": "1"}
    )
    candidates = [candidate(name, free=room) for name, room in free.items()]
    try:
        first = replicas_of(assign(request, candidates))
    except Unschedulable:
        return
    assert sum(first.values()) == replicas
    assert first.keys() <= free.keys()
    if scheduling is not EQUAL_WEIGHTS:
        held = {name: count for name, count in previous.items() if name in free}
        assert all(count <= free[name] + held.get(name, 0) for name, count in first.items())
        after = [
            candidate(name, free=room + held.get(name, 0) - first.get(name, 0)) for name, room in free.items()
        ]
    else:
        after = candidates
    again = request_for(
        placed_by(scheduling), replicas=replicas, targets=first, uid=uid, request={"cpu": "1"}
    )
    assert replicas_of(assign(again, after)) == first


def moved(before: dict[str, int], after: dict[str, int]) -> int:
    """Replicas that come or go, cluster by cluster."""
    return sum(abs(after.get(name, 0) - before.get(name, 0)) for name in before.keys() | after.keys())


@given(
    scheduling=st.sampled_from([AGGREGATED, DYNAMIC, EQUAL_WEIGHTS, static(("a", 3), ("b", 1), ("c", 7))]),
    free=ROOMS,
    replicas=st.integers(2, 60),
    step=st.sampled_from([-1, 1]),
    uid=st.sampled_from(["", ODD_UID]),
)
def test_one_replica_more_or_less_moves_one_replica(
    scheduling: Any, free: dict[str, int], replicas: int, step: int, uid: str
) -> None:
    def place(count: int, held: dict[str, int], room: dict[str, int]) -> dict[str, int]:
        request = request_for(placed_by(scheduling), replicas=count, targets=held, uid=uid)
        return replicas_of(assign(request, [candidate(name, free=left) for name, left in room.items()]))

    try:
        first = place(replicas, {}, free)
        left = {name: max(0, room - first.get(name, 0)) for name, room in free.items()}
        after = place(replicas + step, first, left)
    except Unschedulable:
        return
    assert min(after.values()) > 0
    assert sum(after.values()) == replicas + step
    assert moved(first, after) == 1


@given(order=st.permutations("abcdef"), scheduling=st.sampled_from([AGGREGATED, DYNAMIC]), data=st.data())
def test_who_is_listed_first_makes_no_difference_where_room_differs(
    order: list[str], scheduling: Any, data: st.DataObject
) -> None:
    rooms = data.draw(st.lists(st.integers(0, 30), min_size=6, max_size=6, unique=True))
    replicas = data.draw(st.integers(1, sum(rooms)))
    room = dict(zip("abcdef", rooms, strict=True))
    request = request_for(placed_by(scheduling), replicas=replicas)

    def place(names: Iterable[str]) -> dict[str, int]:
        return replicas_of(assign(request, [candidate(name, free=room[name]) for name in names]))

    assert place(order) == place("abcdef")
