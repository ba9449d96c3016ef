"""Resource amounts of quotas: sums over clusters, usage of what is scheduled. Pure.

In: resource lists, bindings. Out: resource lists in canonical spelling.
"""

from collections.abc import Container, Iterable, Mapping
from typing import Final

from karmada.api.groups.work import ResourceBindingSpec
from karmada.api.model import ResourceList
from karmada.api.quantity import Quantity, QuantityError

ZERO: Final = Quantity.of(0)


def total(lists: Iterable[ResourceList]) -> ResourceList:
    """The sum per resource."""
    sums: dict[str, Quantity] = {}
    for resources in lists:
        _add(sums, resources, 1)
    return _spelled(sums)


def usage(spec: ResourceBindingSpec) -> ResourceList:
    """What a binding uses where it is scheduled: its request times its replicas in all clusters.

    One of several components counts with all its replicas in every cluster. What is zero is left out.
    """
    sums: dict[str, Quantity] = {}
    if spec.components:
        for component in spec.components:
            if component.replica_requirements is not None:
                request = component.replica_requirements.resource_request
                _add(sums, request, component.replicas * len(spec.clusters))
    elif spec.replica_requirements is not None:
        replicas = sum(cluster.replicas for cluster in spec.clusters)
        _add(sums, spec.replica_requirements.resource_request, replicas)
    return _spelled({name: amount for name, amount in sums.items() if amount})


def overall_usage(specs: Iterable[ResourceBindingSpec], limited: Container[str]) -> ResourceList:
    """What all bindings use of the resources that are limited."""
    used = total(usage(spec) for spec in specs)
    return {name: amount for name, amount in used.items() if name in limited}


def same_amounts(before: ResourceList, after: ResourceList) -> bool:
    """Whether two lists mean the same, however they spell it."""
    return before.keys() == after.keys() and all(
        _quantity(before[name]) == _quantity(after[name]) for name in before
    )


def _add(sums: dict[str, Quantity], resources: ResourceList, times: int) -> None:
    for name, value in resources.items():
        sums[name] = sums.get(name, ZERO) + _quantity(value) * times


def _quantity(value: str | int) -> Quantity:
    """A member may report what is no amount; it counts for nothing."""
    try:
        return Quantity.parse(value)
    except QuantityError:
        return ZERO


def _spelled(sums: Mapping[str, Quantity]) -> ResourceList:
    return {name: str(sums[name]) for name in sorted(sums)}
