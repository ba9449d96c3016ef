"""Bindings waiting for a pass: active, in back-off after a failure, or parked because there was no room.

In: keys with a priority (add), outcomes of passes (forget, retry, park). Out: one Item at a time (pop),
never two for one key at once. cycle.py does the passes. Each call is one synchronous step; only pop and the
flush loops wait.
"""

import asyncio
import heapq
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from typing_extensions import override

from karmada.api.gvk import ObjectKey
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

FIRST_BACKOFF_SECONDS: Final = 1.0
LONGEST_BACKOFF_SECONDS: Final = 10.0
BACKOFF_FLUSH_SECONDS: Final = 1.0
PARKED_FLUSH_SECONDS: Final = 30.0
LONGEST_PARKED_SECONDS: Final = 300.0
"""After so long without any event a parked binding is tried again."""
ROOM_RETRY_SECONDS: Final = 10.0
"""A parked binding is tried again when a cluster reports other figures, but not more often than this."""


@dataclass(frozen=True, slots=True)
class Item:
    """A waiting binding.

    since: when it last became active; attempts: passes since the last event from outside.
    """

    key: ObjectKey
    priority: int
    since: float
    attempts: int = 0


class BindingQueue(Protocol):
    """What a worker needs of a queue."""

    def add(self, key: ObjectKey, *, priority: int) -> None:
        """An event from outside: the binding is to be looked at now, whatever it was waiting for."""
        ...

    async def pop(self) -> Item: ...

    def forget(self, item: Item) -> None:
        """The pass is over and nothing is left to do."""
        ...

    def retry(self, item: Item) -> None:
        """The pass failed."""
        ...

    def park(self, item: Item) -> None:
        """The pass found no room."""
        ...

    def discard(self, key: ObjectKey) -> None:
        """The binding is gone or no longer ours: it waits for nothing."""
        ...

    def room_changed(self) -> None:
        """Some cluster reports other figures than before."""
        ...

    async def run(self) -> None:
        """Move what has waited long enough, until cancelled."""
        ...

    def sizes(self) -> dict[str, int]:
        """By place: active, backoff, unschedulable."""
        ...


def backoff_seconds(attempts: int) -> float:
    """0, 1, 2, 4, 8, 10, 10, ..."""
    if attempts <= 0:
        return 0.0
    seconds = FIRST_BACKOFF_SECONDS
    for _ in range(attempts - 1):
        if seconds > LONGEST_BACKOFF_SECONDS / 2:
            return LONGEST_BACKOFF_SECONDS
        seconds *= 2
    return seconds


class _Active:
    """A heap, larger priority and older time first. A key is in it once and held by one worker at most."""

    def __init__(self, *, by_priority: bool) -> None:
        self._by_priority = by_priority
        self._order = itertools.count()
        self._heap: list[tuple[int, float, int, Item]] = []
        self._dirty: set[ObjectKey] = set()
        self._held: set[ObjectKey] = set()
        self._ready = asyncio.Event()

    def __len__(self) -> int:
        return len(self._heap)

    def is_dirty(self, key: ObjectKey) -> bool:
        return key in self._dirty

    def push(self, item: Item, *, now: float) -> None:
        if item.key in self._dirty:
            return
        self._dirty.add(item.key)
        if item.key not in self._held:
            self._insert(replace(item, since=now))

    async def pop(self) -> Item:
        while not self._heap:
            self._ready.clear()
            await self._ready.wait()
        *_, item = heapq.heappop(self._heap)
        item = replace(item, attempts=item.attempts + 1)
        self._held.add(item.key)
        self._dirty.discard(item.key)
        return item

    def done(self, item: Item, *, now: float) -> None:
        """The worker lets go; what was pushed meanwhile waits again, with the priority it was popped with."""
        self._held.discard(item.key)
        if item.key in self._dirty:
            self._insert(replace(item, since=now))

    def _insert(self, item: Item) -> None:
        rank = -item.priority if self._by_priority else 0
        heapq.heappush(self._heap, (rank, item.since, next(self._order), item))
        self._ready.set()


class PriorityBindingQueue(BindingQueue):
    """The queue of gate PriorityBasedScheduling: larger spec.schedulePriority.priority goes first."""

    def __init__(self, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._active = _Active(by_priority=True)
        self._order = itertools.count()
        self._backoff: dict[ObjectKey, Item] = {}
        self._backoff_heap: list[
            tuple[float, int, float, int, Item]
        ] = []  # entries of a removed key are stale
        self._parked: dict[ObjectKey, Item] = {}
        self._room_changed = False

    @override
    def add(self, key: ObjectKey, *, priority: int) -> None:
        self._push(Item(key, priority, 0.0))
        self.discard(key)

    @override
    async def pop(self) -> Item:
        return await self._active.pop()

    @override
    def forget(self, item: Item) -> None:
        self._backoff.pop(item.key, None)
        self._done(item)

    @override
    def retry(self, item: Item) -> None:
        if item.key not in self._parked and not self._active.is_dirty(item.key):
            self._backoff[item.key] = item
            due = item.since + backoff_seconds(item.attempts)
            heapq.heappush(self._backoff_heap, (due, -item.priority, item.since, next(self._order), item))
        self._done(item)

    @override
    def park(self, item: Item) -> None:
        if item.key not in self._backoff and not self._active.is_dirty(item.key):
            self._parked[item.key] = item
        self._done(item)

    @override
    def discard(self, key: ObjectKey) -> None:
        self._backoff.pop(key, None)
        self._parked.pop(key, None)

    @override
    def room_changed(self) -> None:
        self._room_changed = True

    @override
    async def run(self) -> None:
        rounds = itertools.count(1)
        while True:
            await self._clock.sleep(BACKOFF_FLUSH_SECONDS)
            self.flush_backoff()
            if next(rounds) * BACKOFF_FLUSH_SECONDS % PARKED_FLUSH_SECONDS == 0:
                self.flush_parked(older_than_seconds=LONGEST_PARKED_SECONDS)
            if self._room_changed:
                self._room_changed = False
                self.flush_parked(older_than_seconds=ROOM_RETRY_SECONDS)

    @override
    def sizes(self) -> dict[str, int]:
        return {
            "active": len(self._active),
            "backoff": len(self._backoff),
            "unschedulable": len(self._parked),
        }

    def flush_backoff(self) -> None:
        """Items whose back-off is over become active, in active order."""
        now = self._clock.monotonic()
        expired: list[Item] = []
        while self._backoff_heap and self._backoff_heap[0][0] <= now:
            *_, item = heapq.heappop(self._backoff_heap)
            if self._backoff.get(item.key) is item:
                del self._backoff[item.key]
                expired.append(item)
        self._push_in_order(expired)

    def flush_parked(self, *, older_than_seconds: float) -> None:
        """Parked items that became active longer ago than that do so again."""
        now = self._clock.monotonic()
        waited = [item for item in self._parked.values() if now - item.since > older_than_seconds]
        for item in waited:
            del self._parked[item.key]
        self._push_in_order(waited)

    def _push_in_order(self, items: Iterable[Item]) -> None:
        for item in sorted(items, key=lambda item: (-item.priority, item.since)):
            self._push(item)

    def _push(self, item: Item) -> None:
        self._active.push(item, now=self._clock.monotonic())

    def _done(self, item: Item) -> None:
        self._active.done(item, now=self._clock.monotonic())


class FifoBindingQueue(BindingQueue):
    """The queue without that gate: first in, first out; failures of any kind wait ever longer, one key by
    itself.

    A failed key waits for the larger of its own back-off and of a bucket that all failures share.
    """

    def __init__(
        self,
        *,
        base_seconds: float = 0.005,
        max_seconds: float = 1000.0,
        per_second: float = 10.0,
        burst: int = 100,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._clock = clock
        self._base_seconds = base_seconds
        self._max_seconds = max_seconds
        self._per_second = per_second
        self._burst = burst
        self._bucket_free_at = float("-inf")
        self._active = _Active(by_priority=False)
        self._failures: dict[ObjectKey, int] = {}
        self._waiting: dict[ObjectKey, object] = {}

    @override
    def add(self, key: ObjectKey, *, priority: int) -> None:
        self._active.push(Item(key, priority, 0.0), now=self._clock.monotonic())

    @override
    async def pop(self) -> Item:
        return await self._active.pop()

    @override
    def forget(self, item: Item) -> None:
        self._failures.pop(item.key, None)
        self._done(item)

    @override
    def retry(self, item: Item) -> None:
        failures = self._failures.get(item.key, 0)
        self._failures[item.key] = failures + 1
        own = min(self._base_seconds * 2.0 ** min(failures, 62), self._max_seconds)
        turn = self._waiting[item.key] = object()
        self._clock.call_later(max(own, self._bucket_wait()), lambda: self._return(item, turn))
        self._done(item)

    @override
    def park(self, item: Item) -> None:
        self.retry(item)

    @override
    def discard(self, key: ObjectKey) -> None:
        self._waiting.pop(key, None)
        self._failures.pop(key, None)

    @override
    def room_changed(self) -> None:
        """Every failure comes back by itself."""

    @override
    async def run(self) -> None:
        await asyncio.Event().wait()  # timers do the work; cancelled like the other queue's loop

    @override
    def sizes(self) -> dict[str, int]:
        return {"active": len(self._active), "backoff": len(self._waiting), "unschedulable": 0}

    def _bucket_wait(self) -> float:
        """Seconds until the shared bucket has a token for one more failure; takes it."""
        now = self._clock.monotonic()
        full_at = now - self._burst / self._per_second
        self._bucket_free_at = max(self._bucket_free_at, full_at) + 1 / self._per_second
        return max(0.0, self._bucket_free_at - now)

    def _return(self, item: Item, turn: object) -> None:
        if self._waiting.get(item.key) is turn:
            del self._waiting[item.key]
            self.add(item.key, priority=item.priority)

    def _done(self, item: Item) -> None:
        self._active.done(item, now=self._clock.monotonic())
