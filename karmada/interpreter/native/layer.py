"""The native layer: the tables of this folder as one Layer of chain.py. Hostile objects end as
InterpreterError."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from karmada.api.groups.config import DependentObjectReference
from karmada.api.groups.work import AggregatedStatusItem, Component, ReplicaRequirements
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.errors import InterpreterError, ask
from karmada.interpreter.native.aggregate import AGGREGATE_STATUS
from karmada.interpreter.native.dependencies import GET_DEPENDENCIES
from karmada.interpreter.native.health import INTERPRET_HEALTH
from karmada.interpreter.native.replicas import GET_REPLICAS, REVISE_REPLICA
from karmada.interpreter.native.retain import RETAIN
from karmada.interpreter.native.status import REFLECT_STATUS, reflect_status
from karmada.interpreter.operations import Operation
from karmada.runtime.clock import Clock, rfc3339

TABLES: Final[Mapping[Operation, Mapping[GroupVersionKind, Any]]] = {
    Operation.REPLICA: GET_REPLICAS,
    Operation.REVISE_REPLICA: REVISE_REPLICA,
    Operation.RETAIN: RETAIN,
    Operation.AGGREGATE_STATUS: AGGREGATE_STATUS,
    Operation.HEALTH: INTERPRET_HEALTH,
    Operation.DEPENDENCY: GET_DEPENDENCIES,
}


class NativeLayer:
    """Answers for the kinds Karmada knows by itself; status for every kind."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    def handles(self, gvk: GroupVersionKind, operation: Operation) -> bool:
        return operation is Operation.STATUS or gvk in TABLES.get(operation, {})

    async def get_replicas(self, obj: Object) -> tuple[int, ReplicaRequirements | None]:
        return ask(GET_REPLICAS[GroupVersionKind.of(obj)], obj)

    async def get_components(self, obj: Object) -> list[Component]:
        raise InterpreterError(f"components of {GroupVersionKind.of(obj)} are not known")

    async def revise_replica(self, obj: Object, replicas: int) -> Object:
        return ask(REVISE_REPLICA[GroupVersionKind.of(obj)], obj, replicas)

    async def retain(self, desired: Object, observed: Object) -> Object:
        return ask(RETAIN[GroupVersionKind.of(desired)], desired, observed)

    async def aggregate_status(self, obj: Object, items: Sequence[AggregatedStatusItem]) -> Object:
        now = rfc3339(self._clock.now())
        status = ask(AGGREGATE_STATUS[GroupVersionKind.of(obj)], obj, items, now)
        if status is None or status == (obj.get("status") or {}):
            return obj
        return {**obj, "status": status}

    async def get_dependencies(self, obj: Object) -> list[DependentObjectReference]:
        return ask(GET_DEPENDENCIES[GroupVersionKind.of(obj)], obj)

    async def reflect_status(self, obj: Object) -> Object | None:
        return ask(REFLECT_STATUS.get(GroupVersionKind.of(obj), reflect_status), obj)

    async def interpret_health(self, obj: Object) -> bool:
        return ask(INTERPRET_HEALTH[GroupVersionKind.of(obj)], obj)
