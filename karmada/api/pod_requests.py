"""What pods ask of their nodes, as whole numbers. Pure.

In: a pod's spec. Out: Amounts. Sums over a member (controllers/cluster/capacity) and estimates on its nodes
(scheduler/member) count in these.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from karmada.api.quantity import Quantity

CPU: Final = "cpu"
PODS: Final = "pods"
BINARY: Final = frozenset({"memory", "ephemeral-storage"})

Amounts = dict[str, int]
"""Per resource; cpu in thousandths, everything else in whole units."""


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
    return _sum((total, counted(spec.get("overhead"))))


def is_counted(resource: str) -> bool:
    """cpu, memory, ephemeral-storage, pods and extended resources; nothing else has a place in a summary."""
    counts = resource in (CPU, PODS) or resource in BINARY or "/" in resource
    return counts or resource.startswith(("hugepages-", "attachable-volumes-"))


def counted(resources: Mapping[str, Any] | None) -> Amounts:
    """The counted ones of a list of resources. Raises QuantityError for what is no amount."""
    amounts: Amounts = {}
    for name, value in (resources or {}).items():
        if is_counted(name):
            amount = Quantity.parse(value)
            amounts[name] = amount.milli_value() if name == CPU else amount.value()
    return amounts


def add_amounts(total: Amounts, part: Mapping[str, int], sign: int) -> None:
    """In place; what comes to nothing is dropped."""
    for name, amount in part.items():
        changed = total.get(name, 0) + sign * amount
        if changed:
            total[name] = changed
        else:
            total.pop(name, None)


def _requests(container: Mapping[str, Any]) -> Amounts:
    return counted((container.get("resources") or {}).get("requests"))


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        add_amounts(total, part, 1)
    return total


def _max(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in one.keys() | other.keys()}
