"""Customizations as a layer: the Lua scripts of ResourceInterpreterCustomizations answer for their kinds.

In: the customizations there are, read again after changed(); objects. Out: what the scripts say, run by
pool.py. What becomes of empty lists and objects on the way is in conversion.py.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from karmada.api.groups.config import DependentObjectReference, ResourceInterpreterCustomization
from karmada.api.groups.work import AggregatedStatusItem, Component, ReplicaRequirements
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.answers import (
    aggregated_items,
    read_all,
    read_as,
    replicas_of,
    united,
    with_status_of,
)
from karmada.interpreter.customizations import Script, ScriptTable, script_table
from karmada.interpreter.errors import InterpreterError
from karmada.interpreter.operations import CONTRACTS, Operation
from karmada.interpreter.pool import ScriptPool


class DeclarativeLayer:
    """Answers for the kinds and operations that some customization has a script for."""

    def __init__(
        self,
        *,
        customizations: Callable[[], Iterable[ResourceInterpreterCustomization]],
        scripts: ScriptPool,
    ) -> None:
        self._customizations = customizations
        self._scripts = scripts
        self._table: ScriptTable | None = None

    def changed(self) -> None:
        """The customizations are not what they were: read them again before the next answer."""
        self._table = None
        self._scripts.forgive()

    def handles(self, gvk: GroupVersionKind, operation: Operation) -> bool:
        return bool(self._found(gvk, operation))

    async def get_replicas(self, obj: Object) -> tuple[int, ReplicaRequirements | None]:
        number, requirements = await self._ask(Operation.REPLICA, obj)
        if requirements is not None:
            requirements = read_as(ReplicaRequirements, requirements, "requirements of GetReplicas")
        return replicas_of(number), requirements

    async def get_components(self, obj: Object) -> list[Component]:
        (components,) = await self._ask(Operation.COMPONENT, obj)
        return read_all(Component, components or (), "result of GetComponents")

    async def revise_replica(self, obj: Object, replicas: int) -> Object:
        (revised,) = await self._ask(Operation.REVISE_REPLICA, obj, replicas)
        return _object(revised)

    async def retain(self, desired: Object, observed: Object) -> Object:
        (retained,) = await self._ask(Operation.RETAIN, desired, observed)
        return _object(retained)

    async def aggregate_status(self, obj: Object, items: Sequence[AggregatedStatusItem]) -> Object:
        (aggregated,) = await self._ask(Operation.AGGREGATE_STATUS, obj, aggregated_items(items) or None)
        return with_status_of(obj, _object(aggregated))

    async def get_dependencies(self, obj: Object) -> list[DependentObjectReference]:
        found: list[DependentObjectReference] = []
        for script in self._found(GroupVersionKind.of(obj), Operation.DEPENDENCY):
            (references,) = await self._run(script, Operation.DEPENDENCY, obj)
            found += read_all(DependentObjectReference, references, "result of GetDependencies")
        return united(found)

    async def reflect_status(self, obj: Object) -> Object | None:
        (status,) = await self._ask(Operation.STATUS, obj)
        return _object(status)

    async def interpret_health(self, obj: Object) -> bool:
        (healthy,) = await self._ask(Operation.HEALTH, obj)
        return bool(healthy)

    async def _ask(self, operation: Operation, obj: Object, *arguments: Any) -> list[Any]:
        gvk = GroupVersionKind.of(obj)
        scripts = self._found(gvk, operation)
        if not scripts:  # it was there when the chain asked
            raise InterpreterError(f"no customization has a script for {operation} of {gvk} any more")
        return await self._run(scripts[0], operation, obj, *arguments)

    async def _run(self, script: Script, operation: Operation, *arguments: Any) -> list[Any]:
        try:
            return await self._scripts.run(script.source, CONTRACTS[operation], arguments, script=script)
        except InterpreterError as error:
            raise type(error)(f"{operation} by customization {script.customization}: {error}") from error

    def _found(self, gvk: GroupVersionKind, operation: Operation) -> tuple[Script, ...]:
        if self._table is None:
            self._table = script_table(self._customizations())
        return self._table.get(gvk, {}).get(operation, ())


def _object(value: Any) -> Object:
    """What a contract with `object` returns."""
    assert isinstance(value, dict)
    return value
