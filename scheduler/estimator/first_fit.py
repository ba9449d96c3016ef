"""How many complete sets of components fit on a row of nodes, placed first-fit. Pure.

In: what is free on each node, components with their demand. Out: a count. The estimators use it where a sum
over nodes would promise more than any node can hold.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(slots=True)
class Node:
    """What is left on one node. Amounts are whole numbers of one unit per resource; placing changes them."""

    pods: int
    free: dict[str, int]

    def room_for(self, demand: Mapping[str, int]) -> int:
        """Replicas that fit; a demanded resource the node does not know leaves no room."""
        room = self.pods
        for resource, amount in demand.items():
            if amount > 0:
                room = min(room, self.free.get(resource, 0) // amount)
        return max(0, room)

    def take(self, demand: Mapping[str, int], replicas: int) -> None:
        self.pods -= replicas
        for resource, amount in demand.items():
            if resource in self.free:
                self.free[resource] -= amount * replicas


class Part(NamedTuple):
    """One component: so many replicas, each with this demand."""

    replicas: int
    demand: Mapping[str, int]


def place_assumed(nodes: Sequence[Node], workloads: Iterable[Sequence[Part]]) -> None:
    """Take what is in flight off the nodes. Of a workload that does not fit, what fitted stays taken."""
    for parts in workloads:
        _place_set(nodes, parts)


def count_sets(nodes: Sequence[Node], parts: Sequence[Part], *, limit: int) -> int:
    """Complete sets until one does not fit, at most limit. The nodes are changed."""
    for placed in range(limit):
        if not _place_set(nodes, parts):
            return placed
    return max(limit, 0)


def _place_set(nodes: Sequence[Node], parts: Sequence[Part]) -> bool:
    return all(_place_part(nodes, part) for part in parts)


def _place_part(nodes: Sequence[Node], part: Part) -> bool:
    remaining = part.replicas
    for node in nodes:
        if remaining <= 0:
            break
        placed = min(remaining, node.room_for(part.demand))
        if placed > 0:
            node.take(part.demand, placed)
            remaining -= placed
    return remaining <= 0
