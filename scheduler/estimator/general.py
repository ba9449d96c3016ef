"""GeneralEstimator: how many more fit, judged by what each Cluster reports of itself. Pure.

In: status.resourceSummary and node grades. Out: replicas or complete sets per cluster. Needs nothing but the
snapshot; sums over a cluster are optimistic, grades bound them by what single nodes hold.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from karmada.api.groups.cluster import Cluster, ResourceSummary
from karmada.api.quantity import ZERO, Quantity, parse_resources
from scheduler.estimator.first_fit import Node, Part, count_sets, place_assumed
from scheduler.framework import Request
from scheduler.snapshot import AssumedWorkload, ClusterFacts, Snapshot

PODS = "pods"
CPU = "cpu"
PODS_PER_GRADED_NODE = 110
UNKNOWN = -1

Demand = tuple[tuple[str, str], ...]
"""Resource names with quantities as written, sorted: what one replica asks for."""


class GeneralEstimator:
    name = "general-estimator"

    def max_replicas(
        self, request: Request, clusters: Sequence[ClusterFacts], snapshot: Snapshot
    ) -> Sequence[int]:
        demand = demand_of(request.requirements.resource_request) if request.requirements else None
        try:
            needed = _positive(demand) if demand is not None else None
        except ValueError:
            return [UNKNOWN] * len(clusters)
        graded = request.gates.resource_modeling
        protected = request.gates.overcommit_protection
        key = ("replicas", demand, graded)
        answers: list[int] = []
        for cluster in clusters:
            assumed = snapshot.assumed.get(cluster.name, ()) if protected else ()
            answer = None if assumed else cluster.memo.get(key)
            if answer is None:
                answer = _replicas(capacity_of(cluster), needed, graded=graded, assumed=assumed)
                if not assumed:
                    cluster.remember(key, answer)
            answers.append(answer)
        return answers

    def max_sets(
        self, request: Request, clusters: Sequence[ClusterFacts], snapshot: Snapshot
    ) -> Sequence[int]:
        parts = tuple(
            (
                part.replicas,
                demand_of(part.replica_requirements.resource_request if part.replica_requirements else {}),
            )
            for part in request.components
        )
        protected = request.gates.overcommit_protection
        return [
            _sets(
                capacity_of(cluster),
                parts,
                graded=request.gates.resource_modeling,
                assumed=snapshot.assumed.get(cluster.name, ()) if protected else (),
            )
            for cluster in clusters
        ]


def demand_of(request: Mapping[str, str | int]) -> Demand:
    return tuple(sorted((name, str(amount)) for name, amount in request.items()))


# --- what a cluster reports, read once per version ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Capacity:
    """The resource summary as exact amounts; None where a cluster reports nothing readable."""

    pods: int
    """Pod slots that are neither taken nor waited for."""
    free: Mapping[str, int]
    """allocatable - allocated - allocating, for what is allocatable, in the units of _units."""
    grades: tuple[tuple[int, Mapping[str, Quantity]], ...] | None = field(default=None)
    """(nodes, least size of a node) per grade, ascending; None: no usable model."""


def capacity_of(cluster: ClusterFacts) -> Capacity | None:
    if "capacity" not in cluster.memo:
        cluster.remember("capacity", _read_capacity(cluster.cluster))
    found: Capacity | None = cluster.memo["capacity"]
    return found


def _read_capacity(cluster: Cluster) -> Capacity | None:
    summary = cluster.status.resource_summary
    if summary is None:
        return None
    try:
        allocated, allocating = parse_resources(summary.allocated), parse_resources(summary.allocating)
        free = {
            name: amount - allocated.get(name, ZERO) - allocating.get(name, ZERO)
            for name, amount in parse_resources(summary.allocatable).items()
        }
        grades = _read_grades(cluster, summary)
    except ValueError:
        return None  # figures nobody can read are no figures
    units = {name: _units(name, amount) for name, amount in free.items()}
    return Capacity(units.get(PODS, 0), units, grades)


def _read_grades(
    cluster: Cluster, summary: ResourceSummary
) -> tuple[tuple[int, Mapping[str, Quantity]], ...] | None:
    counts = {modeling.grade: modeling.count for modeling in summary.allocatable_modelings}
    models = cluster.spec.resource_models
    if not counts or not models or any(count < 0 for count in counts.values()):
        return None
    return tuple(
        (counts[model.grade], parse_resources({part.name: part.min for part in model.ranges}))
        for model in sorted(models, key=lambda model: model.grade)
        if counts.get(model.grade)
    )


def _units(resource: str, amount: Quantity) -> int:
    """CPU in thousandths, everything else in whole units; rounded up."""
    return amount.milli_value() if resource == CPU else amount.value()


# --- replicas -------------------------------------------------------------------------------------


def _replicas(
    capacity: Capacity | None,
    needed: Mapping[str, int] | None,
    *,
    graded: bool,
    assumed: Sequence[AssumedWorkload],
) -> int:
    """needed: what one replica asks for, without what it asks nothing of; None: nothing was said."""
    if capacity is None:
        return 0
    taken = _taken(assumed) if assumed else {}
    pods = capacity.pods - taken.get(PODS, 0)
    if pods <= 0:
        return 0
    if needed is None:
        return pods
    if graded and capacity.grades is not None:
        return min(pods, _replicas_by_grade(capacity.grades, needed, assumed))
    for resource, amount in needed.items():
        if resource not in capacity.free:
            return 0
        free = capacity.free[resource] - taken.get(resource, 0)
        if free <= 0:
            return 0
        pods = min(pods, free // amount)
    return pods


@lru_cache(maxsize=4096)
def _needed(demand: Demand) -> Mapping[str, int]:
    """Amounts in the units of _units. Raises ValueError for what is no quantity."""
    return {name: _units(name, Quantity.parse(text)) for name, text in demand}


def _positive(demand: Demand) -> Mapping[str, int]:
    """What is asked for at all. Raises ValueError for what is no quantity."""
    return {name: amount for name, amount in _needed(demand).items() if amount > 0}


def _replicas_by_grade(
    grades: Iterable[tuple[int, Mapping[str, Quantity]]],
    needed: Mapping[str, int],
    assumed: Sequence[AssumedWorkload],
) -> int:
    if not assumed:
        return sum(count * _graded_node(size).room_for(needed) for count, size in grades)
    nodes = [_graded_node(size) for count, size in grades for _ in range(count)]
    place_assumed(nodes, map(_parts, assumed))
    return sum(node.room_for(needed) for node in nodes)


def _graded_node(size: Mapping[str, Quantity]) -> Node:
    """The smallest node of a grade, empty."""
    return Node(PODS_PER_GRADED_NODE, {name: _units(name, amount) for name, amount in size.items()})


def _parts(workload: AssumedWorkload) -> list[Part]:
    return [Part(part.replicas, _needed(demand_of(part.request))) for part in workload.components]


def _taken(assumed: Iterable[AssumedWorkload]) -> dict[str, int]:
    """What is in flight, in the units of _units."""
    taken: dict[str, int] = {}
    for workload in assumed:
        for part in _parts(workload):
            if part.replicas <= 0:
                continue
            taken[PODS] = taken.get(PODS, 0) + part.replicas
            for resource, amount in part.demand.items():
                taken[resource] = taken.get(resource, 0) + amount * part.replicas
    return taken


# --- complete sets --------------------------------------------------------------------------------


def _sets(
    capacity: Capacity | None,
    components: Sequence[tuple[int, Demand]],
    *,
    graded: bool,
    assumed: Sequence[AssumedWorkload],
) -> int:
    """Sets that fit. Amounts are compared in one unit whatever suffixes they were written with."""
    if capacity is None:
        return 0
    taken = _taken(assumed)
    pods = capacity.pods - taken.get(PODS, 0)
    if pods <= 0:
        return 0
    try:
        parts = [Part(replicas, _needed(demand)) for replicas, demand in components]
    except ValueError:
        return UNKNOWN
    pods_per_set = sum(part.replicas for part in parts)
    if pods_per_set <= 0:
        return pods
    bound = pods // pods_per_set
    demand_per_set: dict[str, int] = {}
    for part in parts:
        for resource, amount in part.demand.items():
            demand_per_set[resource] = demand_per_set.get(resource, 0) + amount * part.replicas
    for resource, amount in demand_per_set.items():
        if amount <= 0:
            continue
        free = capacity.free.get(resource, 0) - taken.get(resource, 0)
        bound = 0 if free <= 0 else min(bound, free // amount)
    if graded and capacity.grades is not None:
        nodes = [_graded_node(size) for count, size in capacity.grades for _ in range(count)]
        place_assumed(nodes, map(_parts, assumed))
        bound = min(bound, count_sets(nodes, parts, limit=bound))
    return bound
