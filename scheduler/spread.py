"""Choice of clusters under spread constraints: by cluster, or by region and then by cluster. Pure.

In: candidates with score and room. Out: the clusters that take part in the division (assign.py), in order.
Constraints on zone and provider only filter; that they fail when they stand alone is what Karmada does.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from scheduler.framework import Candidate, Request, ScheduleError
from scheduler.placement import CompiledPlacement, Strategy


def select(request: Request, candidates: Iterable[Candidate]) -> list[Candidate]:
    """The clusters to divide over. Raises ScheduleError when the constraints cannot be met."""
    ranked = sorted(candidates, key=lambda candidate: candidate.rank)
    placement = request.placement
    if not placement.constraints or placement.ignores_spread:
        return ranked
    if placement.constraint("region") is not None:
        return select_by_region(request, ranked)
    if placement.constraint("cluster") is not None:
        return select_by_cluster(request, ranked)
    raise ScheduleError("just support cluster and region spread constraint")


# --- by cluster -----------------------------------------------------------------------------------


def select_by_cluster(request: Request, ranked: Sequence[Candidate]) -> list[Candidate]:
    """The best maxGroups clusters, some of them exchanged for roomier ones if they lack room together."""
    constraint = request.placement.constraint("cluster")
    assert constraint is not None
    if len(ranked) < constraint.min_groups:
        raise ScheduleError("the number of feasible clusters is less than spreadConstraint.MinGroups")
    count = min(len(ranked), constraint.max_groups)
    if not request.placement.cares_about_room:
        return list(ranked[:count])
    needed = 1 if request.places_components else request.replicas
    chosen = _exchange_for_room(list(ranked[:count]), list(ranked[count:]), needed)
    if not chosen or sum(candidate.available for candidate in chosen) < needed:
        raise ScheduleError(f"no enough resource when selecting {count} clusters")
    return chosen


def _exchange_for_room(chosen: list[Candidate], spare: list[Candidate], needed: int) -> list[Candidate]:
    """From the worst upwards, swap a chosen cluster for the roomiest spare one until there is enough."""
    for position in range(len(chosen) - 1, -1, -1):
        if sum(candidate.available for candidate in chosen) >= needed or not spare:
            break
        roomiest = max(range(len(spare)), key=lambda index: spare[index].available)  # the first of equals
        if spare[roomiest].available > chosen[position].available:
            chosen[position], spare[roomiest] = spare[roomiest], chosen[position]
    return chosen


# --- by region ------------------------------------------------------------------------------------


class Group(NamedTuple):
    """A region as the choice of groups sees it: how many clusters it offers and how good it is."""

    name: str
    value: int
    weight: int


def select_by_region(request: Request, ranked: Sequence[Candidate]) -> list[Candidate]:
    """One cluster of each chosen region, then the best of the rest up to the cluster maxGroups."""
    by_region = request.placement.constraint("region")
    assert by_region is not None
    regions: dict[str, list[Candidate]] = {}
    for candidate in ranked:
        if region := candidate.cluster.traits.region:
            regions.setdefault(region, []).append(candidate)
    if len(regions) < by_region.min_groups:
        raise ScheduleError("the number of feasible region is less than spreadConstraint.MinGroups")
    scores = {
        name: group_score(request, members, min_groups=by_region.min_groups)
        for name, members in regions.items()
    }
    return pick_from_regions(request.placement, regions, scores)


def pick_from_regions(
    placement: CompiledPlacement, regions: Mapping[str, Sequence[Candidate]], scores: Mapping[str, int]
) -> list[Candidate]:
    """The clusters of the best regions, each region's members in rank order. Room is not looked at."""
    by_region, by_cluster = placement.constraint("region"), placement.constraint("cluster")
    assert by_region is not None
    chosen = choose_groups(
        [Group(name, len(members), scores[name]) for name, members in regions.items()],
        least=by_region.min_groups,
        most=by_region.max_groups,
        target=by_cluster.min_groups if by_cluster else 0,
    )
    if not chosen:
        raise ScheduleError("the number of clusters is less than the cluster spreadConstraint.MinGroups")
    members = [regions[group.name] for group in chosen]
    picked = [clusters[0] for clusters in members]
    rest = sorted((c for clusters in members for c in clusters[1:]), key=lambda candidate: candidate.rank)
    limit = by_cluster.max_groups if by_cluster else 0
    return picked + rest[: max(0, min(len(picked) + len(rest), limit) - len(picked))]


def group_score(request: Request, members: Sequence[Candidate], *, min_groups: int) -> int:
    """How good a region is. members in rank order; min_groups is that of the region constraint.

    Whole replicas count a thousandfold, so that the scores of the clusters only decide between equals.
    """
    if request.placement.strategy is Strategy.DUPLICATED:
        roomy = [member.score for member in members if member.available >= request.replicas]
        return 1000 * len(roomy) + sum(roomy) // len(roomy) if roomy else 0
    by_cluster = request.placement.constraint("cluster")
    share = -(-request.replicas // max(min_groups, 1))
    wanted_clusters = max(by_cluster.min_groups if by_cluster else 0, min_groups)
    room = score = walked = 0
    for member in members:
        room += member.available
        score += member.score
        walked += 1
        if walked >= wanted_clusters and room >= share:
            break
    if room < share:
        return 1000 * room + score // len(members)
    return 1000 * share + score // walked


def choose_groups(groups: Iterable[Group], *, least: int, most: int, target: int) -> list[Group]:
    """Between least and most groups with at least target clusters together, of the greatest weight.

    Only sets count in which no group is superfluous when they are built in order of size (value ascending,
    weight descending, name). Of equal weight the larger value wins, then the set that such a build reaches
    first. If a leading part of the winner (by weight) is such a set itself, it is preferred: fewer groups
    do.

    The best set for each number of groups and clusters is carried forward, so the effort stays polynomial
    where a search through all subsets would not end.
    """
    ordered = sorted(groups, key=lambda group: (group.value, -group.weight, group.name))
    partial: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {(0, 0): (0, ())}
    best: tuple[int, int, tuple[int, ...]] | None = None
    for index, group in enumerate(ordered):
        for (count, value), (weight, chosen) in list(partial.items()):
            count, value, weight = count + 1, value + group.value, weight + group.weight
            if count > most:
                continue
            extended = (*chosen, index)
            if count >= least and value >= target:
                best = _better(best, (weight, value, extended))
            else:
                known = partial.get((count, value))
                if known is None or (-weight, extended) < (-known[0], known[1]):
                    partial[count, value] = (weight, extended)
    if best is None:
        return []
    winner = sorted((ordered[index] for index in best[2]), key=lambda group: (-group.weight, group.name))
    for length in range(max(least, 1), len(winner)):
        if _is_tight(winner[:length], least=least, target=target):
            return winner[:length]
    return winner


def _better(
    known: tuple[int, int, tuple[int, ...]] | None, found: tuple[int, int, tuple[int, ...]]
) -> tuple[int, int, tuple[int, ...]]:
    """More weight, then more clusters, then reached first."""
    if known is None:
        return found
    return min(known, found, key=lambda record: (-record[0], -record[1], record[2]))


def _is_tight(groups: Sequence[Group], *, least: int, target: int) -> bool:
    """Enough clusters, and not enough (or too few groups) without the last one in order of size."""
    value = sum(group.value for group in groups)
    last = max(groups, key=lambda group: (group.value, -group.weight, group.name))
    return value >= target and (value - last.value < target or len(groups) - 1 < least)
