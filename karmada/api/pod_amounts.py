"""What a pod takes of a node, as exact quantities: what quotas and limit ranges count in. Pure.

In: a pod's spec. Out: requests or limits: containers and sidecars together, or the greediest moment of the
start. Sums of whole numbers over many pods are in pod_requests.py.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from karmada.api.quantity import Quantity, QuantityError

Amounts = dict[str, Quantity]
Side = Literal["requests", "limits"]


def pod_amounts(spec: Mapping[str, Any], side: Side) -> Amounts:
    """Requests or limits of a pod by resource. Overhead counts as requested, and raises limits there are."""
    running: Amounts = {}
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("containers") or ():
        add_to(running, container_amounts(container, side))
    for container in spec.get("initContainers") or ():
        own = container_amounts(container, side)
        if container.get("restartPolicy") == "Always":
            add_to(sidecars, own)
            _raise_to(peak, sidecars)
        else:
            add_to(own, sidecars)
            _raise_to(peak, own)
    add_to(running, sidecars)
    _raise_to(running, peak)
    overhead = readable(spec.get("overhead") or {})
    add_to(running, overhead if side == "requests" else {n: q for n, q in overhead.items() if n in running})
    return running


def container_amounts(container: Mapping[str, Any], side: Side) -> Amounts:
    return readable((container.get("resources") or {}).get(side) or {})


def readable(given: Mapping[str, Any]) -> Amounts:
    """What cannot be read counts as nothing."""
    amounts: Amounts = {}
    for name, value in given.items():
        try:
            amounts[name] = Quantity.parse(value)
        except QuantityError:
            continue
    return amounts


def add_to(total: Amounts, amounts: Mapping[str, Quantity]) -> None:
    for name, quantity in amounts.items():
        total[name] = total[name] + quantity if name in total else quantity


def total_of(lists: Iterable[Mapping[str, Quantity]]) -> Amounts:
    total: Amounts = {}
    for amounts in lists:
        add_to(total, amounts)
    return total


def _raise_to(total: Amounts, amounts: Mapping[str, Quantity]) -> None:
    for name, quantity in amounts.items():
        if name not in total or quantity > total[name]:
            total[name] = quantity
