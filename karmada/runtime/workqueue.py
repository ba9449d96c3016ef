"""Keys waiting for a worker: one entry per key, one worker per key, priority, delay, back-off.

In: keys from informer handlers (add, add_after). Out: keys to workers (get), which end each with settle
or retry. controller.py runs the workers. Everything here is one synchronous step per call; only get
waits.
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from prometheus_client import Counter, Gauge, Histogram

from karmada.runtime.clock import SYSTEM_CLOCK, Clock, Timer

K = TypeVar("K", bound=Hashable)

LOW_PRIORITY: Final = -100
"""Initial lists and re-evaluations caused by a policy: behind every live change."""

_DURATION_BUCKETS: Final = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1000.0)
_DEPTH = Gauge("workqueue_depth", "Keys waiting in the queue.", ["name"])
_ADDS = Counter("workqueue_adds", "Keys added to the queue.", ["name"])
_RETRIES = Counter("workqueue_retries", "Keys put back after a failure.", ["name"])
_WAITED = Histogram(
    "workqueue_queue_duration_seconds", "How long a key waited.", ["name"], buckets=_DURATION_BUCKETS
)
_WORKED = Histogram(
    "workqueue_work_duration_seconds", "How long one pass took.", ["name"], buckets=_DURATION_BUCKETS
)


@dataclass(frozen=True, slots=True)
class Requeue:
    """Come back to this key after so many seconds, without counting a failure."""

    after: float


class QueueClosed(Exception):
    """get on a queue that was closed."""


@dataclass(slots=True)
class _Waiting:
    priority: int
    since: float


@dataclass(slots=True)
class _Working:
    priority: int
    since: float
    again: int | None = None
    """Priority of an add that came while the worker was busy with this key."""


@dataclass(slots=True)
class _Delayed:
    due: float
    priority: int


class WorkQueue(Generic[K]):
    """A queue of keys for the workers of one controller.

    A key that is added twice waits once, with the higher priority. A key that a worker holds is not
    handed out again until that worker has called settle or retry; if it was added meanwhile it then waits
    again.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock = SYSTEM_CLOCK,
        base_seconds: float = 0.005,
        max_seconds: float = 30.0,
    ) -> None:
        self.name = name
        self._clock = clock
        self._base_seconds = base_seconds
        self._max_seconds = max_seconds
        self._order = itertools.count()
        self._waiting: dict[K, _Waiting] = {}
        self._heap: list[
            tuple[int, int, K]
        ] = []  # (-priority, order, key); entries of a raised key may be stale
        self._working: dict[K, _Working] = {}
        self._delayed: dict[K, _Delayed] = {}
        self._delayed_heap: list[tuple[float, int, K]] = []  # (due, order, key); may be stale too
        self._timer: Timer | None = None
        self._timer_due = 0.0
        self._failures: dict[K, int] = {}
        self._getters: deque[asyncio.Future[None]] = deque()
        self._closed = False
        self._depth = _DEPTH.labels(name)
        self._adds = _ADDS.labels(name)
        self._retries = _RETRIES.labels(name)
        self._waited = _WAITED.labels(name)
        self._worked = _WORKED.labels(name)

    def __len__(self) -> int:
        """Keys that wait for a worker now; neither delayed ones nor those being worked on."""
        return len(self._waiting)

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is worked on. Delayed keys do not count."""
        return not self._waiting and not self._working

    def failures(self, key: K) -> int:
        """Failures of key in a row."""
        return self._failures.get(key, 0)

    def add(self, key: K, *, priority: int = 0) -> None:
        if self._closed:
            return
        working = self._working.get(key)
        if working is not None:
            working.again = priority if working.again is None else max(working.again, priority)
            return
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = _Waiting(priority, self._clock.monotonic())
            self._adds.inc()
            self._depth.inc()
            self._push(priority, key)
            self._wake_one()
        elif priority > waiting.priority:
            waiting.priority = priority
            self._push(priority, key)

    def add_after(self, key: K, seconds: float, *, priority: int = 0) -> None:
        """Add key once seconds have passed; of several delays of one key the shortest counts."""
        if self._closed:
            return
        if seconds <= 0:
            self.add(key, priority=priority)
            return
        due = self._clock.monotonic() + seconds
        delayed = self._delayed.get(key)
        if delayed is not None:
            delayed.priority = max(delayed.priority, priority)
            if delayed.due <= due:
                return
            delayed.due = due
        else:
            self._delayed[key] = _Delayed(due, priority)
        if len(self._delayed_heap) > 2 * len(self._delayed) + 64:
            self._delayed_heap = [(entry.due, next(self._order), at) for at, entry in self._delayed.items()]
            heapq.heapify(self._delayed_heap)
        else:
            heapq.heappush(self._delayed_heap, (due, next(self._order), key))
        self._set_timer()

    async def get(self) -> K:
        """The waiting key with the highest priority, oldest first. Raises QueueClosed."""
        while not self._waiting:
            if self._closed:
                raise QueueClosed(self.name)
            getter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._getters.append(getter)
            try:
                await getter
            except asyncio.CancelledError:
                if not getter.cancelled():
                    self._wake_one()  # the wake-up was ours, and we leave: pass it on
                elif getter in self._getters:  # else a wake-up has already passed over us
                    self._getters.remove(getter)
                raise
        return self._pop()

    def retry(self, key: K) -> float:
        """The pass failed: count it, and add key again after the back-off. Returns that delay in seconds.

        A key that changed while it was worked on is tried again at once.
        """
        working = self._done(key)
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self._retries.inc()
        priority = 0 if working is None else working.priority
        if working is not None and working.again is not None:
            self.add(key, priority=working.again)
            return 0.0
        delay = min(self._base_seconds * 2.0 ** min(failures, 62), self._max_seconds)
        self.add_after(key, delay, priority=priority)
        return delay

    def settle(self, key: K, outcome: Requeue | None) -> None:
        """The pass succeeded: forget earlier failures, and come back after outcome.after if given."""
        self._failures.pop(key, None)
        working = self._done(key)
        if working is not None and working.again is not None:
            self.add(key, priority=working.again)
        if outcome is not None:
            self.add_after(key, outcome.after, priority=0 if working is None else working.priority)

    def close(self) -> None:
        """Drop every key and end every get with QueueClosed. Later adds are ignored."""
        self._closed = True
        self._depth.dec(len(self._waiting))
        self._waiting.clear()
        self._heap.clear()
        self._delayed.clear()
        self._delayed_heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._getters:
            self._wake_one()

    def _push(self, priority: int, key: K) -> None:
        heapq.heappush(self._heap, (-priority, next(self._order), key))

    def _pop(self) -> K:
        while True:
            negative, _, key = heapq.heappop(self._heap)
            waiting = self._waiting.get(key)
            if waiting is not None and waiting.priority == -negative:
                break
        del self._waiting[key]
        if not self._waiting:
            self._heap.clear()
        now = self._clock.monotonic()
        self._working[key] = _Working(waiting.priority, now)
        self._depth.dec()
        self._waited.observe(now - waiting.since)
        return key

    def _done(self, key: K) -> _Working | None:
        working = self._working.pop(key, None)
        if working is not None:
            self._worked.observe(self._clock.monotonic() - working.since)
        return working

    def _wake_one(self) -> None:
        while self._getters:
            getter = self._getters.popleft()
            if not getter.done():
                getter.set_result(None)
                return

    def _set_timer(self) -> None:
        """Keep the one timer at the earliest due time."""
        due = self._delayed_heap[0][0]
        if self._timer is not None:
            if self._timer_due <= due:
                return
            self._timer.cancel()
        self._timer_due = due
        self._timer = self._clock.call_later(max(0.0, due - self._clock.monotonic()), self._add_due)

    def _add_due(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        while self._delayed_heap and self._delayed_heap[0][0] <= now:
            due, _, key = heapq.heappop(self._delayed_heap)
            delayed = self._delayed.get(key)
            if delayed is not None and delayed.due == due:
                del self._delayed[key]
                self.add(key, priority=delayed.priority)
        if self._delayed_heap:
            self._set_timer()
