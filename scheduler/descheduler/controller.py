"""Binding key: ask the estimators what no node takes, give that much back.

In: ResourceBindings, looked at again every interval. Out: spec.clusters with less replicas, an event; nothing
where all that was given runs. After: the scheduler places what is missing by free room.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.work import RESOURCE_BINDINGS, ResourceBinding
from karmada.api.gvk import ObjectKey
from karmada.api.wellknown import (
    EVENT_DESCHEDULE_BINDING_FAILED,
    EVENT_DESCHEDULE_BINDING_SUCCEED,
    NORMAL,
    WARNING,
)
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Informer
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.workqueue import Requeue, WorkQueue
from scheduler.descheduler.reduce import (
    Removal,
    is_eligible,
    lagging,
    reduced_clusters,
    removals,
    success_text,
)
from scheduler.results import binding_reference, resource_reference

NAME: Final = "descheduler"


class UnschedulableSource(Protocol):
    """Who knows which replicas no node takes (scheduler/accurate/client)."""

    async def unschedulable(
        self,
        clusters: Sequence[str],
        *,
        api_version: str,
        kind: str,
        namespace: str,
        name: str,
        threshold_seconds: float,
    ) -> Mapping[str, int]:
        """A number for every one of clusters, -1 where nobody can tell."""
        ...


class Descheduler:
    """threshold_seconds: so long a replica must have found no node."""

    name = NAME

    def __init__(
        self,
        *,
        bindings: Informer[ResourceBinding],
        client: Client,
        recorder: EventRecorder,
        estimators: UnschedulableSource,
        interval_seconds: float,
        threshold_seconds: float,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._bindings = bindings
        self._client = client
        self._recorder = recorder
        self._estimators = estimators
        self._interval_seconds = interval_seconds
        self._threshold_seconds = threshold_seconds
        self._clock = clock
        self._queue: WorkQueue[ObjectKey] | None = None

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        self._queue = queue

    async def look_around(self) -> None:
        """Queue what may have to be reduced, every interval; until cancelled."""
        while True:
            if self._queue is not None:
                for key in self._bindings.cache:
                    binding = self._bindings.cache.get(key)
                    if binding is not None and is_eligible(binding):
                        self._queue.add(key)
            await self._clock.sleep(self._interval_seconds)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        binding = self._bindings.cache.get(key)
        if binding is None or binding.metadata.deletion_timestamp:
            return None
        ready = lagging(binding)
        if not ready:
            return None
        resource = binding.spec.resource
        unschedulable = await self._estimators.unschedulable(
            list(ready),
            api_version=resource.api_version,
            kind=resource.kind,
            namespace=resource.namespace,
            name=resource.name,
            threshold_seconds=self._threshold_seconds,
        )
        taken = removals(binding, ready, unschedulable)
        if taken:
            await self._write(key, binding, taken)
        return None

    async def _write(self, key: ObjectKey, binding: ResourceBinding, taken: list[Removal]) -> None:
        """One patch of exactly the version that was judged: a newer one is judged anew."""
        patch = {
            "metadata": {"resourceVersion": binding.metadata.resource_version},
            "spec": {"clusters": reduced_clusters(binding, taken)},
        }
        try:
            await self._client.patch(RESOURCE_BINDINGS, key, patch)
        except NotFound:
            return
        except ApiError as error:
            self._tell(binding, WARNING, EVENT_DESCHEDULE_BINDING_FAILED, str(error))
            raise
        self._tell(binding, NORMAL, EVENT_DESCHEDULE_BINDING_SUCCEED, success_text(taken))

    def _tell(self, binding: ResourceBinding, type: str, reason: str, message: str) -> None:
        """On the binding and on the resource it places."""
        self._recorder.event(binding_reference(binding), type=type, reason=reason, message=message)
        self._recorder.event(resource_reference(binding), type=type, reason=reason, message=message)
