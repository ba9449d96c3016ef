"""Replicas per cluster: Duplicated, static weights, dynamic weights, Aggregated, overflow tiers. Pure.

In: a request and the selected candidates (spread.py). Out: the new target list. What is placed already is
kept as far as the mode allows: only what is missing is placed, only what is too much is taken away.
"""

import heapq
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from karmada.api.groups.work import TargetCluster
from scheduler.framework import Candidate, Request, ScheduleError, Unschedulable
from scheduler.placement import CompiledPlacement, Strategy
from scheduler.snapshot import Traits


class Target(NamedTuple):
    """A cluster and its replicas; components only where complete sets are placed."""

    name: str
    replicas: int = 0
    components: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(cls, target: TargetCluster) -> "Target":
        parts = tuple((part.name, part.replicas) for part in target.components)
        return cls(target.name, target.replicas, parts)


def assign(request: Request, candidates: Sequence[Candidate]) -> list[Target]:
    """The new targets, without those that get nothing.

    Raises ScheduleError, Unschedulable when room is short.
    """
    if not candidates:
        raise ScheduleError("no clusters available to schedule")
    has_replicas = request.replicas > 0 or request.requirements is not None
    if not has_replicas or len(request.components) > 1:
        return _without_replicas(request, candidates)
    group = request.group
    if request.placement.affinity is None and group is not None and group.overflow:
        targets = _fill_tiers(request, candidates)
    else:
        targets = _divide(request, candidates, request.replicas)
    return [target for target in targets if target.replicas > 0]


def _without_replicas(request: Request, candidates: Sequence[Candidate]) -> list[Target]:
    components: tuple[tuple[str, int], ...] = ()
    if request.places_components and len(request.components) > 1:
        components = tuple((part.name, part.replicas) for part in request.components)
    return [Target(candidate.name, components=components) for candidate in candidates]


def _fill_tiers(request: Request, candidates: Sequence[Candidate]) -> list[Target]:
    """Tier after tier takes what it has room for; a later tier is thus the first to shrink."""
    tiers: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        tiers.setdefault(candidate.tier, []).append(candidate)
    remaining = request.replicas
    targets: list[Target] = []
    for tier in sorted(tiers):
        if remaining <= 0:
            break
        share = min(remaining, sum(candidate.available for candidate in tiers[tier]))
        targets += _divide(request, tiers[tier], share)
        remaining -= share
    if remaining > 0:
        raise Unschedulable("Clusters available replicas are not enough to schedule.")
    return targets


def _divide(request: Request, candidates: Sequence[Candidate], replicas: int) -> list[Target]:
    match request.placement.strategy:
        case Strategy.DUPLICATED:
            return [Target(candidate.name, replicas) for candidate in candidates]
        case Strategy.STATIC_WEIGHT:
            weights = static_weights(
                request.placement, [candidate.cluster.traits for candidate in candidates]
            )
            return _as_targets(dispense(replicas, weights, uid=request.workload_uid))
        case Strategy.DYNAMIC_WEIGHT | Strategy.AGGREGATED:
            return _divide_by_room(request, candidates, replicas)
        case _:
            scheduling_type, preference = request.placement.strategy_name
            raise ScheduleError(
                f"unsupported replica scheduling strategy, replicaSchedulingType: {scheduling_type}, "
                f"replicaDivisionPreference: {preference}, please try another scheduling strategy"
            )


def static_weights(placement: CompiledPlacement, clusters: Sequence[Traits]) -> dict[str, int]:
    """The largest weight of the rules that match each cluster; all weigh 1 where no rule says otherwise."""
    weights = {cluster.name: placement.weight_of(cluster) for cluster in clusters}
    listed = {name: weight for name, weight in weights.items() if weight > 0}
    return listed or dict.fromkeys(weights, 1)


# --- by room: dynamic weights and Aggregated ------------------------------------------------------


def _divide_by_room(request: Request, candidates: Sequence[Candidate], replicas: int) -> list[Target]:
    chosen = {candidate.name for candidate in candidates}
    kept = {name: count for name, count in request.targets.items() if name in chosen}
    assigned = sum(kept.values())
    if request.fresh:
        room = [(candidate.name, candidate.free + kept.get(candidate.name, 0)) for candidate in candidates]
        return _spread_over_room(request, room, replicas, phase="failed to do fresh scale: ")
    if assigned > replicas:
        return _spread_over_room(request, list(kept.items()), replicas, phase="failed to scale down: ")
    if assigned == replicas:
        return _as_targets(kept)
    room = [(candidate.name, candidate.free) for candidate in candidates]
    return _spread_over_room(request, room, replicas - assigned, kept=kept, phase="failed to scale up: ")


def _spread_over_room(
    request: Request,
    room: list[tuple[str, int]],
    replicas: int,
    *,
    phase: str,
    kept: Mapping[str, int] | None = None,
) -> list[Target]:
    """Place replicas in proportion to room, on top of what is kept. Nobody gets more than its room."""
    kept = kept or {}
    total = sum(free for _, free in room)
    if total < replicas:
        raise Unschedulable(f"{phase}Clusters available replicas {total} are not enough to schedule.")
    ordered = sorted(room, key=lambda entry: -entry[1])
    if request.placement.strategy is Strategy.AGGREGATED:
        ordered = _fewest(ordered, replicas, kept)
    placed = dispense(replicas, dict(ordered), uid=request.workload_uid)
    merged = {name: count + kept.get(name, 0) for name, count in placed.items()}
    merged.update((name, count) for name, count in kept.items() if name not in merged)
    return _as_targets(merged)


def _fewest(room: list[tuple[str, int]], replicas: int, kept: Mapping[str, int]) -> list[tuple[str, int]]:
    """Present targets first, then the roomiest, as many as it takes."""
    ordered = sorted(room, key=lambda entry: kept.get(entry[0], 0) <= 0)
    total = 0
    for length, (_, free) in enumerate(ordered, start=1):
        total += free
        if total >= replicas:
            return ordered[:length]
    return ordered


def _as_targets(replicas: Mapping[str, int]) -> list[Target]:
    return [Target(name, count) for name, count in replicas.items()]


# --- the dispenser: Webster (Sainte-Laguë) --------------------------------------------------------


def dispense(
    replicas: int, weights: Mapping[str, int], *, uid: str = "", initial: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Give replicas one by one to the largest weight / (2 * held + 1), in double precision.

    Equal quotients: who holds fewer, then by name; uid decides which way, so that not always the same
    cluster gets the odd replica. The result names every cluster, ascending, zeros included, on top of
    initial.
    """
    held = dict(initial or {})
    total = sum(weights.values())
    if total <= 0 or (replicas <= 0 and held):
        return held
    for name in weights:
        held.setdefault(name, 0)
    names = sorted(held)
    descending = has_odd_hash(uid)
    rank = {name: -place if descending else place for place, name in enumerate(names)}
    remaining = replicas
    if not initial:
        remaining -= _head_start(replicas, weights, held)
    heap = [
        (-(float(weights.get(name, 0)) / float(2 * held[name] + 1)), held[name], rank[name], name)
        for name in names
    ]
    heapq.heapify(heap)
    for _ in range(remaining):
        _, count, place, name = heap[0]
        count += 1
        quotient = float(weights.get(name, 0)) / float(2 * count + 1)
        heapq.heapreplace(heap, (-quotient, count, place, name))
    held.update((name, count) for _, count, _, name in heap)
    return {name: held[name] for name in names}


def _head_start(replicas: int, weights: Mapping[str, int], held: dict[str, int]) -> int:
    """Give at once what everyone gets anyway, so that large counts take no longer than small ones.

    With t = total / (2 * (replicas - n)) at most `replicas` quotients lie above t, so all of those win. A
    cluster of weight w has more than (w / t - 1) / 2 of them. Returns how many were given.
    """
    spare = replicas - len(weights)
    if spare <= 0:
        return 0
    total = sum(weights.values())
    for name, weight in weights.items():
        # w / t = 2 * spare * w / total, kept in whole numbers; one less leaves a margin for rounded quotients
        held[name] = max(0, (2 * spare * weight // total - 1) // 2 - 1)
    return sum(held.values())


_FNV_OFFSET_LOW_BIT = 1


def has_odd_hash(uid: str) -> bool:
    """Whether the FNV-1a hash of uid is odd. Its lowest bit only depends on the lowest bits of the bytes."""
    if not uid:
        return False
    return (_FNV_OFFSET_LOW_BIT + sum(byte & 1 for byte in uid.encode())) % 2 == 1
