"""What a member has and has given away: sums over nodes and pods, kept up to date change by change. Pure.

In: nodes and pods, trimmed to the few facts that count. Out: node and resource summary of a Cluster. Sums
are never recomputed from all pods: a summary costs as much as the member has nodes. modeling.py grades the
nodes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from controllers.cluster.modeling import grade_counts
from karmada.api.groups.cluster import NodeSummary, ResourceModel, ResourceSummary
from karmada.api.objects import Object, metadata_of, name_of
from karmada.api.quantity import (
    Format,
    Quantity,
    QuantityError,
    format_resources,
    parse_resources,
    sum_resources,
)

CPU: Final = "cpu"
PODS: Final = "pods"
BINARY: Final = frozenset({"memory", "ephemeral-storage"})
ENDED: Final = frozenset({"Succeeded", "Failed"})

Amounts = dict[str, int]
"""Per resource; cpu in thousandths, everything else in whole units."""


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


def pod_requests(spec: Mapping[str, Any]) -> Amounts:
    """What a pod takes of its node: containers and sidecars together, or the greediest moment of its start.

    Karmada compares init containers with the sum over all pods, where they practically never count; here
    each pod is taken by itself, as the schedulers of members do.
    """
    total = _sum(_requests(container) for container in spec.get("containers") or ())
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            sidecars = _sum((sidecars, _requests(container)))
            needed = sidecars
        else:
            needed = _sum((sidecars, _requests(container)))
        peak = _max(peak, needed)
    total = _max(_sum((total, sidecars)), peak)
    return _sum((total, _counted(spec.get("overhead"))))


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
            _add(self.allocating, amounts, sign)
        elif not pod["ended"]:
            _add(self.allocated, amounts, sign)
            _add(self.on_node.setdefault(node, {}), amounts, sign)
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


def _requests(container: Mapping[str, Any]) -> Amounts:
    return _counted((container.get("resources") or {}).get("requests"))


def _counted(resources: Mapping[str, Any] | None) -> Amounts:
    """cpu, memory, ephemeral-storage, pods and extended resources; nothing else has a place in a summary."""
    amounts: Amounts = {}
    for name, value in (resources or {}).items():
        counts = name in (CPU, PODS) or name in BINARY or "/" in name
        if counts or name.startswith(("hugepages-", "attachable-volumes-")):
            amount = Quantity.parse(value)
            amounts[name] = amount.milli_value() if name == CPU else amount.value()
    return amounts


def _readable(resources: Mapping[str, Any]) -> dict[str, Quantity]:
    try:
        return parse_resources(resources)
    except QuantityError:
        return {}


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        _add(total, part, 1)
    return total


def _add(total: Amounts, part: Mapping[str, int], sign: int) -> None:
    """In place; what comes to nothing is dropped."""
    for name, amount in part.items():
        changed = total.get(name, 0) + sign * amount
        if changed:
            total[name] = changed
        else:
            total.pop(name, None)


def _max(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in one.keys() | other.keys()}
