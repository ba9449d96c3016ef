"""Who answers a question about an object: the layers, first one that knows the kind and operation.

In: objects of any kind. Out: replicas, health, status and the rest. Behind it are Layers: customizations in
Lua (declarative.py), webhooks (webhook.py), the kinds of known projects (thirdparty/*.py), and the native
layer (native/*.py), put together by configured.py. The first layer that has an implementation answers, and
its error is final.
"""

from collections.abc import Sequence
from typing import Protocol

from karmada.api.groups.config import DependentObjectReference
from karmada.api.groups.work import AggregatedStatusItem, Component, ReplicaRequirements
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.answers import checked_dependencies, same_object
from karmada.interpreter.errors import InterpreterError
from karmada.interpreter.native.layer import NativeLayer
from karmada.interpreter.operations import Operation
from karmada.interpreter.thirdparty.layer import ThirdPartyLayer
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

__all__ = ["Interpreter", "InterpreterError", "Layer", "Operation"]


class Layer(Protocol):
    """One source of answers. Methods are only called for what handles says yes to; they raise
    InterpreterError."""

    def handles(self, gvk: GroupVersionKind, operation: Operation) -> bool: ...

    async def get_replicas(self, obj: Object) -> tuple[int, ReplicaRequirements | None]: ...

    async def get_components(self, obj: Object) -> list[Component]: ...

    async def revise_replica(self, obj: Object, replicas: int) -> Object: ...

    async def retain(self, desired: Object, observed: Object) -> Object: ...

    async def aggregate_status(self, obj: Object, items: Sequence[AggregatedStatusItem]) -> Object: ...

    async def get_dependencies(self, obj: Object) -> list[DependentObjectReference]: ...

    async def reflect_status(self, obj: Object) -> Object | None: ...

    async def interpret_health(self, obj: Object) -> bool: ...


def built_in(clock: Clock) -> tuple[Layer, Layer]:
    """What Karmada knows by itself: kinds of known projects, then its own."""
    return ThirdPartyLayer(clock=clock), NativeLayer(clock=clock)


class Interpreter:
    """Asks the layers in order."""

    def __init__(self, *, layers: Sequence[Layer] | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._layers: Sequence[Layer] = layers if layers is not None else built_in(clock)

    def handles(self, gvk: GroupVersionKind, operation: Operation) -> bool:
        return any(layer.handles(gvk, operation) for layer in self._layers)

    async def get_replicas(self, obj: Object) -> tuple[int, ReplicaRequirements | None]:
        return await self._layer(obj, Operation.REPLICA).get_replicas(obj)

    async def get_components(self, obj: Object) -> list[Component]:
        """The parts of obj that have replicas of their own."""
        return await self._layer(obj, Operation.COMPONENT).get_components(obj)

    async def revise_replica(self, obj: Object, replicas: int) -> Object:
        revised = await self._layer(obj, Operation.REVISE_REPLICA).revise_replica(obj, replicas)
        return same_object(obj, revised)

    async def retain(self, desired: Object, observed: Object) -> Object:
        retained = await self._layer(desired, Operation.RETAIN).retain(desired, observed)
        return same_object(desired, retained)

    async def aggregate_status(self, obj: Object, items: Sequence[AggregatedStatusItem]) -> Object:
        """obj with its new status; obj itself when nothing is to change."""
        return await self._layer(obj, Operation.AGGREGATE_STATUS).aggregate_status(obj, items)

    async def get_dependencies(self, obj: Object) -> list[DependentObjectReference]:
        """References that each say enough to find something; if one does not, none is returned."""
        return checked_dependencies(await self._layer(obj, Operation.DEPENDENCY).get_dependencies(obj))

    async def reflect_status(self, obj: Object) -> Object | None:
        return await self._layer(obj, Operation.STATUS).reflect_status(obj)

    async def interpret_health(self, obj: Object) -> str:
        """Healthy, Unhealthy, or Unknown when the object cannot be interpreted."""
        try:
            healthy = await self._layer(obj, Operation.HEALTH).interpret_health(obj)
        except InterpreterError:
            return "Unknown"
        return "Healthy" if healthy else "Unhealthy"

    def _layer(self, obj: Object, operation: Operation) -> Layer:
        gvk = GroupVersionKind.of(obj)
        for layer in self._layers:
            if layer.handles(gvk, operation):
                return layer
        raise InterpreterError(f"no interpreter for {operation} of {gvk}")
