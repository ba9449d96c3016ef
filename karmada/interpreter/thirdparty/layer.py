"""The third-party layer: the kinds of catalogue.py as one Layer of chain.py, before the native one.

In: objects of a project's kind. Out: what the project's module says, loaded when a kind of it is first met.
Hostile objects end as InterpreterError. Aggregation sees the items by cluster name, whatever their order was.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module

from karmada.api.groups.config import DependentObjectReference
from karmada.api.groups.work import AggregatedStatusItem, Component, ReplicaRequirements
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.answers import united, with_status_of
from karmada.interpreter.errors import ask
from karmada.interpreter.operations import Operation
from karmada.interpreter.thirdparty.catalogue import CATALOGUE
from karmada.interpreter.thirdparty.kind import Kind
from karmada.runtime.clock import Clock, rfc3339


class ThirdPartyLayer:
    """Answers for the kinds of well-known projects; a kind that is not listed is not its business."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    def handles(self, gvk: GroupVersionKind, operation: Operation) -> bool:
        entry = CATALOGUE.get(gvk)
        return entry is not None and operation in entry.operations

    async def get_replicas(self, obj: Object) -> tuple[int, ReplicaRequirements | None]:
        return ask(_kind_of(obj).replicas, obj)

    async def get_components(self, obj: Object) -> list[Component]:
        return ask(_kind_of(obj).components, obj)

    async def revise_replica(self, obj: Object, replicas: int) -> Object:
        return ask(_kind_of(obj).revise, obj, replicas)

    async def retain(self, desired: Object, observed: Object) -> Object:
        return ask(_kind_of(desired).retain, desired, observed)

    async def aggregate_status(self, obj: Object, items: Sequence[AggregatedStatusItem]) -> Object:
        by_cluster = sorted(items, key=lambda item: item.cluster_name)
        now = rfc3339(self._clock.now())
        status = ask(_kind_of(obj).aggregate, obj, by_cluster, now)
        if status is None or (present := _given(status)) == (obj.get("status") or {}):
            return obj
        return with_status_of(obj, {"status": present} if present else {})

    async def get_dependencies(self, obj: Object) -> list[DependentObjectReference]:
        return united(ask(_kind_of(obj).dependencies, obj))

    async def reflect_status(self, obj: Object) -> Object | None:
        """{} for an object that has no status yet: that is what Karmada says about these kinds."""
        return _given(ask(_kind_of(obj).reflect, obj))

    async def interpret_health(self, obj: Object) -> bool:
        return ask(_kind_of(obj).healthy, obj)


def _kind_of(obj: Object) -> Kind:
    gvk = GroupVersionKind.of(obj)
    module = import_module(f"karmada.interpreter.thirdparty.{CATALOGUE[gvk].project}")
    kinds: Mapping[GroupVersionKind, Kind] = module.KINDS
    return kinds[gvk]


def _given(status: Object) -> Object:
    """status without fields that say nothing, as Karmada leaves them out; zeros and "" do say something."""
    return {name: value for name, value in status.items() if value is not None and value not in ({}, [])}
