"""Run a controller whose keys belong to many places, each with workers of its own: one slow member holds up
nobody.

In: a Controller and the place a key belongs to. Out: the same reconciles as run_controller, but a shard
that hangs in time-outs keeps only its own keys waiting.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import TypeVar

from typing_extensions import override

from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.controller import Controller, work
from karmada.runtime.tasks import Tasks
from karmada.runtime.workqueue import WorkQueue

K = TypeVar("K", bound=Hashable)


class ShardedQueue(WorkQueue[K]):
    """Hands each key to the queue of its shard; a shard comes into being with its first key."""

    def __init__(
        self, name: str, *, shard_of: Callable[[K], str], opened: Callable[[WorkQueue[K]], None], clock: Clock
    ) -> None:
        super().__init__(name, clock=clock)
        self._shard_of = shard_of
        self._opened = opened
        self._shards: dict[str, WorkQueue[K]] = {}
        self._name = name
        self._shard_clock = clock

    @override
    def add(self, key: K, *, priority: int = 0) -> None:
        self._shard(key).add(key, priority=priority)

    @override
    def add_after(self, key: K, seconds: float, *, priority: int = 0) -> None:
        self._shard(key).add_after(key, seconds, priority=priority)

    @override
    def close(self) -> None:
        for queue in self._shards.values():
            queue.close()
        super().close()

    def _shard(self, key: K) -> WorkQueue[K]:
        shard = self._shard_of(key)
        queue = self._shards.get(shard)
        if queue is None:
            queue = self._shards[shard] = WorkQueue(self._name, clock=self._shard_clock)
            self._opened(queue)
        return queue


async def run_sharded(
    controller: Controller[K], *, shard_of: Callable[[K], str], workers: int, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Reconcile until cancelled, with so many workers for each shard."""
    async with Tasks(controller.name) as tasks:

        def opened(queue: WorkQueue[K]) -> None:
            for number in range(workers):
                tasks.start(work(queue, controller), name=f"{controller.name} {number}")

        queue = ShardedQueue(controller.name, shard_of=shard_of, opened=opened, clock=clock)
        controller.watch(queue)
        try:
            await asyncio.Event().wait()
        finally:
            queue.close()
