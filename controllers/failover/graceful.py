"""Binding key: end eviction tasks whose copy is replaced or out of time.

In: bindings with eviction tasks, their status. Out: spec.gracefulEvictionTasks. Before: taint_manager.py and
application.py make tasks. Next: a copy whose task has ended is an orphan, which binding/ deletes. One class
for both kinds of bindings; eviction.py decides.
"""

from dataclasses import dataclass

from controllers.eviction import Review, reviewed, with_tasks
from controllers.failover.scopes import controller_name, say_evicted
from karmada.api.errors import NotFound
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import ObjectKey
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue


@dataclass(frozen=True, slots=True)
class GracefulEvictionOptions:
    """How long evicted copies may stay."""

    timeout_seconds: float = 600.0
    """--graceful-eviction-timeout: how long an evicted copy waits for its replacement to be healthy, if its
    policy does not say."""


class GracefulEvictionController:
    """Keys are bindings of one scope."""

    def __init__(
        self,
        *,
        bindings: Informer[ResourceBinding],
        client: Client,
        recorder: EventRecorder,
        options: GracefulEvictionOptions,
        clock: Clock,
    ) -> None:
        self.name = controller_name(bindings.resource, "graceful-eviction-controller")
        self._bindings = bindings
        self._client = client
        self._recorder = recorder
        self._options = options
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def binding_changed(change: Change[ResourceBinding]) -> None:
            if change.new is not None and change.new.spec.graceful_eviction_tasks:
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        self._bindings.add_handler(binding_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        binding = self._bindings.cache.get(key)
        if binding is None or binding.metadata.deletion_timestamp or not binding.spec.graceful_eviction_tasks:
            return None
        review = Review([], [])

        def change(stored: ResourceBinding) -> ResourceBinding:
            nonlocal review
            review = reviewed(stored, now=self._clock.now(), timeout_seconds=self._options.timeout_seconds)
            return with_tasks(stored, review.kept)

        try:
            written = await self._client.update(self._bindings.resource, key, change, cached=binding)
        except NotFound:
            return None
        for task in review.ended:
            say_evicted(self._recorder, written, task.from_cluster)
        return None if review.next_seconds is None else Requeue(after=review.next_seconds)
