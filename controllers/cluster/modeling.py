"""Nodes to grades: how many nodes of each size a cluster has room on. Pure.

In: the resource models of a Cluster, what is free on each node. Out: a count per grade, which the scheduler
estimates from. A grade is a half-open range per resource; a node counts in the highest grade whose lower
bounds it all reaches, so it counts as the least such a node can have.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from karmada.api.groups.cluster import AllocatableModeling, ResourceModel
from karmada.api.quantity import ZERO, Quantity, QuantityError


def grade_counts(
    models: Sequence[ResourceModel], nodes: Iterable[Mapping[str, Quantity]]
) -> list[AllocatableModeling]:
    """One count per model, in their order; nothing when the models do not fit together.

    nodes: what is free on each, by resource.
    """
    bounds = lower_bounds(models)
    if not bounds:
        return []
    counts = [0] * len(models)
    for free in nodes:
        grade = grade_of(free, bounds)
        if grade >= 0:
            counts[grade] += 1
    return [
        AllocatableModeling(grade=model.grade, count=count)
        for model, count in zip(models, counts, strict=True)
    ]


def lower_bounds(models: Sequence[ResourceModel]) -> dict[str, list[Quantity]]:
    """For each modelled resource the least amount of every grade; nothing when models differ in number of
    resources.
    """
    if not models or len({len(model.ranges) for model in models}) != 1:
        return {}
    bounds: dict[str, list[Quantity]] = {}
    try:
        for model in models:
            for item in model.ranges:
                bounds.setdefault(item.name, []).append(Quantity.parse(item.min))
    except QuantityError:
        return {}
    return bounds if all(len(least) == len(models) for least in bounds.values()) else {}


def grade_of(free: Mapping[str, Quantity], bounds: Mapping[str, Sequence[Quantity]]) -> int:
    """The position of the grade a node counts in; -1 when it has less than the lowest asks for.

    A resource that the node does not have counts as none of it.
    """
    return min(bisect_right(least, free.get(resource, ZERO)) - 1 for resource, least in bounds.items())
