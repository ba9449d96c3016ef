"""What a member has and has given away: sums over nodes and pods, kept up to date change by change. Pure.

In: nodes and pods, trimmed to the few facts that count. Out: node and resource summary of a Cluster. Sums
are never recomputed from all pods: a summary costs as much as the member has nodes. modeling.py grades the
nodes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from controllers.cluster.modeling import grade_counts
from karmada.api.groups.cluster import NodeSummary, ResourceModel, ResourceSummary
from karmada.api.objects import Object, metadata_of, name_of
from karmada.api.pod_requests import BINARY, CPU, PODS, Amounts, add_amounts, pod_requests
from karmada.api.quantity import (
    Format,
    Quantity,
    QuantityError,
    format_resources,
    parse_resources,
    sum_resources,
)

ENDED: Final = frozenset({"Succeeded", "Failed"})


def trimmed_node(node: Object) -> Object:
    """The little of a node that is kept."""
    status = node.get("status") or {}
    ready = any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in status.get("conditions") or ()
    )
    return {"metadata": _identity(node), "ready": ready, "allocatable": status.get("allocatable") or {}}


def trimmed_pod(pod: Object) -> Object:
    """The little of a pod that is kept: where it is, whether it runs, what it asks for."""
    spec = pod.get("spec") or {}
    return {
        "metadata": _identity(pod),
        "node": spec.get("nodeName") or "",
        "ended": ((pod.get("status") or {}).get("phase") or "") in ENDED,
        "requests": pod_requests(spec),
    }


@dataclass(slots=True)
class Ledger:
    """The running sums of one member."""

    allocated: Amounts = field(default_factory=dict)
    allocating: Amounts = field(default_factory=dict)
    on_node: dict[str, Amounts] = field(default_factory=dict)

    def pod_changed(self, old: Object | None, new: Object | None) -> None:
        """Trimmed pods; None where there was or is none."""
        if old is not None:
            self._book(old, -1)
        if new is not None:
            self._book(new, 1)

    def _book(self, pod: Object, sign: int) -> None:
        amounts: Amounts = {**pod["requests"], PODS: 1}
        node = pod["node"]
        if not node:
            add_amounts(self.allocating, amounts, sign)
        elif not pod["ended"]:
            add_amounts(self.allocated, amounts, sign)
            add_amounts(self.on_node.setdefault(node, {}), amounts, sign)
            if not self.on_node[node]:
                del self.on_node[node]

    def summary(
        self, nodes: Sequence[Object], models: Sequence[ResourceModel]
    ) -> tuple[NodeSummary, ResourceSummary]:
        """nodes are trimmed; models may be empty. Fields without content are left out."""
        allocatable = [_readable(node["allocatable"]) for node in nodes]
        fields: dict[str, Any] = {
            "allocatable": format_resources(sum_resources(allocatable)),
            "allocating": format_resources(as_quantities(self.allocating)),
            "allocated": format_resources(as_quantities(self.allocated)),
        }
        if models:
            fields["allocatable_modelings"] = grade_counts(models, self._free(nodes, allocatable))
        numbers = NodeSummary(total_num=len(nodes), ready_num=sum(1 for node in nodes if node["ready"]))
        return numbers, ResourceSummary.model_validate(
            {name: value for name, value in fields.items() if value}
        )

    def _free(
        self, nodes: Sequence[Object], allocatable: Sequence[Mapping[str, Quantity]]
    ) -> Iterator[dict[str, Quantity]]:
        """What is left on each node that can take another pod. (Karmada stops at the first full node.)"""
        for node, has in zip(nodes, allocatable, strict=True):
            taken = as_quantities(self.on_node.get(name_of(node), {}))
            free = {name: amount - taken[name] if name in taken else amount for name, amount in has.items()}
            if free.get(PODS, Quantity(0)) > Quantity(0):
                yield free


def as_quantities(amounts: Mapping[str, int]) -> dict[str, Quantity]:
    return {
        name: Quantity.of_milli(amount) if name == CPU else Quantity.of(amount, _format(name))
        for name, amount in amounts.items()
    }


def _identity(obj: Object) -> Object:
    """What an informer needs to keep an object."""
    metadata = metadata_of(obj)
    return {name: metadata[name] for name in ("name", "namespace", "resourceVersion") if name in metadata}


def _format(name: str) -> Format:
    return "BinarySI" if name in BINARY or name.startswith("hugepages-") else "DecimalSI"


def _readable(resources: Mapping[str, Any]) -> dict[str, Quantity]:
    try:
        return parse_resources(resources)
    except QuantityError:
        return {}
