"""How many complete sets of components fit on a row of nodes, placed first-fit. Pure.

In: what is free on each node, components with their demand. Out: a count. The estimators use it where a sum
over nodes would promise more than any node can hold.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(slots=True)
class Node:
    """What is left on one node. Amounts are whole numbers of one unit per resource; placing changes them."""

    pods: int
    free: dict[str, int]
    facts: Any = None
    """What a component may ask of its node; None where only sizes are known."""

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


def on_any_node(facts: Any) -> bool:
    """What a component without wishes says to a node."""
    return True


class Part(NamedTuple):
    """One component: so many replicas, each with this demand, on nodes whose facts suit it."""

    replicas: int
    demand: Mapping[str, int]
    suits: Callable[[Any], bool] = on_any_node


def place_assumed(nodes: Sequence[Node], workloads: Iterable[Sequence[Part]]) -> None:
    """Take what is in flight off the nodes. Of a workload that does not fit, what fitted stays taken."""
    for parts in workloads:
        count_sets(nodes, parts, limit=1)


def count_replicas(nodes: Sequence[Node], part: Part) -> int:
    """How many single replicas fit, whatever the number the part names. The nodes stay as they are."""
    return sum(node.room_for(part.demand) for node in nodes if part.suits(node.facts))


def count_sets(nodes: Sequence[Node], parts: Sequence[Part], *, limit: int) -> int:
    """Complete sets until one does not fit, at most limit. The nodes are changed."""
    rows = [_Row(nodes, part) for part in parts]
    for placed in range(limit):
        if not all(row.place() for row in rows):
            return placed
    return max(limit, 0)


class _Row:
    """The nodes as one component walks along them. A node without room for it never has room again."""

    __slots__ = ("_nodes", "_part")

    def __init__(self, nodes: Sequence[Node], part: Part) -> None:
        self._part = part
        self._nodes = [node for node in reversed(nodes) if part.suits(node.facts)]  # the first one is last

    def place(self) -> bool:
        """Place all replicas of one set. What fitted stays placed where the rest does not."""
        remaining = self._part.replicas
        while remaining > 0 and self._nodes:
            node = self._nodes[-1]
            placed = min(remaining, node.room_for(self._part.demand))
            if placed > 0:
                node.take(self._part.demand, placed)
                remaining -= placed
            else:
                self._nodes.pop()
        return remaining <= 0
