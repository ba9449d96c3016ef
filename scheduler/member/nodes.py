"""What fits on the nodes of one member: free room per node, and which nodes a workload may use. Pure.

In: nodes and what their pods take. Out: first_fit Nodes, and the test whether a node suits a node claim.
Readiness is not asked: a node that is not ready has taints that say so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from karmada.api.groups.meta import NodeSelectorTerm, Taint
from karmada.api.groups.work import NodeClaim
from karmada.api.objects import Object, labels_of, name_of
from karmada.api.pod_requests import PODS, Amounts, counted, is_counted
from karmada.api.quantity import QuantityError
from karmada.api.selection import tolerates
from karmada.api.selectors import InvalidSelector, from_node_selector
from scheduler.estimator.first_fit import Node, Part
from scheduler.snapshot import REPELLING_EFFECTS, AssumedComponent, AssumedWorkload

CORDONED: Final = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
ZONE_LABELS: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
REGION_LABELS: Final = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One version of a node: what it has, whom it takes."""

    name: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    """Only those that repel; a cordoned node has one more."""
    allocatable: Amounts

    @classmethod
    def of(cls, node: Object) -> "NodeFacts":
        spec = node.get("spec") or {}
        taints = [
            Taint.from_json(item)
            for item in spec.get("taints") or ()
            if item.get("effect") in REPELLING_EFFECTS
        ]
        if spec.get("unschedulable"):
            taints.append(CORDONED)
        try:
            allocatable = counted((node.get("status") or {}).get("allocatable"))
        except QuantityError:
            allocatable = {}  # figures nobody can read are no figures
        return cls(name_of(node), labels_of(node), tuple(taints), allocatable)

    @property
    def zone(self) -> tuple[str, str]:
        return _label(self.labels, REGION_LABELS), _label(self.labels, ZONE_LABELS)


def _label(labels: Mapping[str, str], names: Iterable[str]) -> str:
    return next((labels[name] for name in names if name in labels), "")


def by_turns(nodes: Iterable[NodeFacts]) -> list[NodeFacts]:
    """A node of each zone in turn, so that what is placed node by node is spread over the zones."""
    zones: dict[tuple[str, str], list[NodeFacts]] = {}
    for node in sorted(nodes, key=lambda node: node.name):
        zones.setdefault(node.zone, []).append(node)
    rows = zip_longest(*(zones[zone] for zone in sorted(zones)))
    return [node for row in rows for node in row if node is not None]


def free_nodes(nodes: Iterable[NodeFacts], taken: Mapping[str, Mapping[str, int]]) -> list[Node]:
    """What is left on each node; taken: by node, what its pods ask for, with their number as `pods`."""
    return [_free(node, taken.get(node.name, {})) for node in nodes]


def _free(node: NodeFacts, taken: Mapping[str, int]) -> Node:
    left = {name: max(0, amount - taken.get(name, 0)) for name, amount in node.allocatable.items()}
    return Node(left.pop(PODS, 0), left, node)


def part_of(component: AssumedComponent) -> Part:
    """A component as first-fit places it. Raises QuantityError for what is no amount."""
    demand = counted({name: amount for name, amount in component.request.items() if is_counted(name)})
    return Part(component.replicas, demand, suits(component.node_claim))


def parts_of(workloads: Iterable[AssumedWorkload]) -> list[list[Part]]:
    return [[part_of(part) for part in workload.components] for workload in workloads]


# --- which nodes a claim means --------------------------------------------------------------------


def suits(claim: NodeClaim | None) -> Callable[[Any], bool]:
    """The test of a node's NodeFacts: selector, required affinity, and no taint that is not tolerated."""
    claim = claim or NodeClaim()
    selector = claim.node_selector
    affinity = claim.hard_node_affinity
    terms = [_term(term) for term in affinity.node_selector_terms] if affinity is not None else None
    tolerations = claim.tolerations

    def test(node: NodeFacts) -> bool:
        if any(node.labels.get(name) != value for name, value in selector.items()):
            return False
        if terms is not None and not any(term(node) for term in terms):
            return False
        return all(any(tolerates(item, taint) for item in tolerations) for taint in node.taints)

    return test


def _term(term: NodeSelectorTerm) -> Callable[[NodeFacts], bool]:
    """Everything in a term must hold; an empty one, or one that is not valid, matches nothing."""
    expressions: Sequence[Any] = term.match_expressions
    fields: Sequence[Any] = term.match_fields
    if not expressions and not fields:
        return lambda node: False
    try:
        labels = from_node_selector(expressions)
        names = from_node_selector(fields)
    except InvalidSelector:
        return lambda node: False
    return lambda node: labels.matches(node.labels) and names.matches({"metadata.name": node.name})
