"""Replicas and components of the projects' workloads: counts as written, needs of pod templates. Pure.

Shared by the projects' modules; pod templates are read by native/pod_template.py.
"""

from collections.abc import Callable, Iterable
from typing import Any

from karmada.api.groups.work import Component, ComponentReplicaRequirements, ReplicaRequirements
from karmada.api.objects import Object
from karmada.api.quantity import Quantity
from karmada.interpreter.answers import replicas_of
from karmada.interpreter.native.pod_template import node_claim, requirements_of
from karmada.interpreter.native.replicas import Replicas, replica_requirements


def count(value: Any, default: int) -> int:
    """A number of replicas, also written as text; default when there is none, or none can be read."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return default
    return default if value is None else replicas_of(value)


def replicas_in(field: str) -> Callable[[Object], Replicas]:
    """A rule: the number at spec.field (1 when absent), and what a pod of spec.template needs."""

    def rule(obj: Object) -> Replicas:
        spec = obj.get("spec") or {}
        wanted = spec.get(field)
        return replicas_of(1 if wanted is None else wanted), replica_requirements(spec.get("template") or {})

    return rule


def revised_in(field: str) -> Callable[[Object, int], Object]:
    """A rule: the number at spec.field is set, also where there was none."""

    def rule(obj: Object, replicas: int) -> Object:
        return with_spec(obj, **{field: replicas})

    return rule


def with_spec(obj: Object, **fields: Any) -> Object:
    return {**obj, "spec": {**(obj.get("spec") or {}), **fields}}


def component(name: str, replicas: int, requirements: Object) -> Component:
    """requirements as requirements_of makes them; {} asks for nothing."""
    needs = ComponentReplicaRequirements.model_validate(requirements) if requirements else None
    if needs is None:
        return Component(name=name, replicas=replicas)
    return Component(name=name, replicas=replicas, replica_requirements=needs)


def component_of(name: str, replicas: int, template: Object | None) -> Component:
    return component(name, replicas, requirements_of(template or {}))


def claimed(pods: Object | None, request: dict[str, str]) -> Object:
    """Requirements of pods whose resources are stated elsewhere than in their containers."""
    spec = pods or {}
    found: Object = {
        "nodeClaim": node_claim(spec),
        "priorityClassName": spec.get("priorityClassName"),
        "resourceRequest": request,
    }
    return {name: value for name, value in found.items() if value}


def with_largest(
    base: ReplicaRequirements | None, requests: Iterable[dict[str, str]]
) -> ReplicaRequirements | None:
    """base with the largest cpu and memory of all requests: one replica stands for pods of several shapes."""
    largest: dict[str, str] = {}
    for request in requests:
        for name in ("cpu", "memory"):
            value = request.get(name)
            if value and (name not in largest or Quantity.parse(value) > Quantity.parse(largest[name])):
                largest[name] = value
    if not largest:
        return base
    base = base if base is not None else ReplicaRequirements()
    return base.model_copy(update={"resource_request": {**base.resource_request, **largest}})
