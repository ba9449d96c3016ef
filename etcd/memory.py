"""A store in memory, for tests, demos and clusters that may forget.

In: the Backend protocol. Out: the same. mvcc.py decides, watch_hub.py fans out; every write is applied in one
synchronous step. Nothing survives the process.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence

from etcd.history import DEFAULT_LIMIT, HistoryLimit
from etcd.kv import (
    Compare,
    Delete,
    KeyValue,
    Put,
    RangeResult,
    TransactionResult,
    Unavailable,
    WatchBatch,
)
from etcd.mvcc import Batch, Lease, Store, check_request
from etcd.watch_hub import WatchHub
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, Timer


class MemoryBackend:
    """Backend on a Store of its own."""

    def __init__(self, *, limit: HistoryLimit = DEFAULT_LIMIT, clock: Clock = SYSTEM_CLOCK) -> None:
        self._store = Store(limit=limit)
        self._hub = WatchHub(self._store)
        self._clock = clock
        self._lease_ids = itertools.count(1)
        self._timer: Timer | None = None
        self._open = False

    async def get(self, key: bytes) -> KeyValue | None:
        self._check_open()
        return self._store.get(key)

    async def get_prefix(
        self, prefix: bytes, *, start: bytes = b"", limit: int = 0, revision: int = 0, keys_only: bool = False
    ) -> RangeResult:
        self._check_open()
        return self._store.range(prefix, start=start, limit=limit, revision=revision, keys_only=keys_only)

    async def count_prefix(self, prefix: bytes) -> int:
        self._check_open()
        return self._store.count(prefix)

    async def transaction(
        self, *, compare: Sequence[Compare], success: Sequence[Put | Delete]
    ) -> TransactionResult:
        self._check_open()
        check_request(compare, success)
        batch = Batch(self._store)
        result = batch.transaction(compare, success)
        self._apply(batch)
        # Watchers run before the writer goes on, and a writer in a tight loop does not starve the rest.
        await asyncio.sleep(0)
        return result

    def watch_prefix(self, prefix: bytes, *, start_revision: int = 0) -> AsyncIterator[WatchBatch]:
        return self._hub.watch(prefix, start_revision=start_revision)

    async def current_revision(self) -> int:
        self._check_open()
        return self._store.revision

    async def lease(self, ttl_seconds: int) -> int:
        self._check_open()
        lease = Lease(next(self._lease_ids), ttl_seconds, self._clock.monotonic() + ttl_seconds)
        batch = Batch(self._store)
        batch.grant(lease)
        self._apply(batch)
        return lease.id

    async def revoke(self, lease: int) -> None:
        self._check_open()
        batch = Batch(self._store)
        batch.revoke(lease)
        self._apply(batch)

    async def compact(self, revision: int) -> None:
        self._check_open()
        batch = Batch(self._store)
        batch.compact(revision)
        self._apply(batch)

    async def size_bytes(self) -> int:
        self._check_open()
        return self._store.size_bytes

    async def __aenter__(self) -> "MemoryBackend":
        self._open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._open = False
        self._hub.close()
        if self._timer is not None:
            self._timer.cancel()

    def _check_open(self) -> None:
        if not self._open:
            raise Unavailable("store is closed")

    def _apply(self, batch: Batch) -> None:
        self._store.apply(batch)
        if excess := self._store.history.excess():
            trim = Batch(self._store)
            trim.compact(excess)
            self._store.apply(trim)
        if batch.changes:
            self._hub.notify()
        if batch.granted:
            self._plan_expiry()

    def _plan_expiry(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (deadline := self._store.next_deadline()) is not None:
            seconds = max(deadline - self._clock.monotonic(), 0)
            self._timer = self._clock.call_later(seconds, self._expire)

    def _expire(self) -> None:
        batch = Batch(self._store)
        batch.expire(self._clock.monotonic())
        self._apply(batch)
        self._plan_expiry()
