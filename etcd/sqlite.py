"""The embedded store: everything in memory, every write in one file before it is answered.

In: the Backend protocol. Out: the same. Transactions that arrive while a commit is under way are planned
together (mvcc.Batch) and made durable by one fsync in a worker thread; only then are they applied, shown to
readers and watchers, and answered. Reads never touch the disk. sqlite_file.py knows the file.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from etcd.history import DEFAULT_LIMIT, HistoryLimit
from etcd.kv import (
    Compare,
    Delete,
    KeyValue,
    Put,
    RangeResult,
    StoreError,
    TransactionResult,
    Unavailable,
    WatchBatch,
)
from etcd.mvcc import Batch, Lease, Store, check_request
from etcd.sqlite_file import GARBAGE_ROWS, SqliteFile
from etcd.watch_hub import WatchHub
from etcd.worker import Worker
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, Timer

T = TypeVar("T")

BATCH_REQUESTS: Final = 1000
"""Requests made durable together; the rest waits for the next commit."""

BATCH_BYTES: Final = 16 * 1024 * 1024
"""A batch takes no further request beyond this."""

EXPIRY_RETRY_SECONDS: Final = 1.0
"""When leases that ran out could not be removed, or the wall clock was set back."""


@dataclass(slots=True)
class _Request(Generic[T]):
    """A step of a batch and who waits for its outcome."""

    plan: Callable[[Batch], T]
    size: int
    answer: asyncio.Future[T]
    outcome: T | StoreError | None = None

    def run(self, batch: Batch) -> None:
        try:
            self.outcome = self.plan(batch)
        except StoreError as error:
            self.outcome = error

    def give(self) -> None:
        """Wake whoever waits, unless it was cancelled meanwhile."""
        if self.answer.done():
            return
        if isinstance(self.outcome, StoreError):
            self.answer.set_exception(self.outcome)
        else:
            self.answer.set_result(self.outcome)  # type: ignore[arg-type]


class SqliteBackend:
    """Backend on one SQLite file, which no other process may open meanwhile."""

    def __init__(
        self, path: str | Path, *, limit: HistoryLimit = DEFAULT_LIMIT, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._path = Path(path)
        self._limit = limit
        self._clock = clock
        self._waiting: deque[_Request[Any]] = deque()
        self._idle: asyncio.Future[None] | None = None
        """Not done while a commit is planned or under way."""
        self._timer: Timer | None = None
        self._loaded = False
        self._open = False
        self._store: Store
        self._hub: WatchHub
        self._file: SqliteFile
        self._lease_ids: itertools.count[int]

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
        size = check_request(compare, success)
        return await self._submit(lambda batch: batch.transaction(compare, success), size=size)

    def watch_prefix(self, prefix: bytes, *, start_revision: int = 0) -> AsyncIterator[WatchBatch]:
        self._check_open()
        return self._hub.watch(prefix, start_revision=start_revision)

    async def current_revision(self) -> int:
        self._check_open()
        return self._store.revision

    async def lease(self, ttl_seconds: int) -> int:
        self._check_open()
        lease = Lease(next(self._lease_ids), ttl_seconds, self._seconds() + ttl_seconds)
        await self._submit(lambda batch: batch.grant(lease))
        return lease.id

    async def revoke(self, lease: int) -> None:
        await self._submit(lambda batch: batch.revoke(lease))

    async def compact(self, revision: int) -> None:
        await self._submit(lambda batch: batch.compact(revision))

    async def size_bytes(self) -> int:
        self._check_open()
        return self._file.size_bytes()

    async def __aenter__(self) -> "SqliteBackend":
        self._loop = asyncio.get_running_loop()
        self._worker = Worker(f"commit {self._path.name}")
        try:
            await self._worker.run(self._load)
        except BaseException:
            self._worker.stop()
            if self._loaded:  # cancelled meanwhile
                self._file.close()
            raise
        newest = max(self._store.leases, default=0)
        self._lease_ids = itertools.count(max(newest + 1, int(self._seconds() * 1000)))
        self._open = True
        self._plan_expiry()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._open = False
        if self._timer is not None:
            self._timer.cancel()
        self._hub.close()
        try:
            if self._idle is not None:
                await asyncio.shield(self._idle)  # requests that wait by now are still served
        finally:
            await self._worker.run(self._file.close)
            self._worker.stop()

    def _load(self) -> None:
        self._file = SqliteFile(self._path)
        try:
            self._store = self._file.load(limit=self._limit)
        except StoreError:
            self._file.close()
            raise
        self._hub = WatchHub(self._store)
        self._loaded = True

    def _check_open(self) -> None:
        if not self._open:
            raise Unavailable(f"store {self._path} is closed")

    def _seconds(self) -> float:
        """The wall clock: a lease goes on running while the process does not."""
        return self._clock.now().timestamp()

    # Group commit: submit -> plan_waiting -> (worker) commit -> committed -> plan_waiting ...

    def _submit(self, plan: Callable[[Batch], T], *, size: int = 0) -> asyncio.Future[T]:
        self._check_open()
        answer: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(_Request(plan, size, answer))
        self._wake()
        return answer

    def _wake(self) -> None:
        if self._idle is None or self._idle.done():
            self._idle = self._loop.create_future()
            self._loop.call_soon(self._plan_waiting)  # whoever is ready now joins this commit

    def _plan_waiting(self) -> None:
        batch, planned, size = Batch(self._store), list[_Request[Any]](), 0
        while self._waiting and len(planned) < BATCH_REQUESTS and size < BATCH_BYTES:
            request = self._waiting.popleft()
            if not request.answer.done():  # else its caller was cancelled
                request.run(batch)
                planned.append(request)
                size += request.size
        if (excess := self._store.history.excess()) > batch.compact_revision:
            batch.compact(excess)
        if batch.empty and self._file.garbage_rows < GARBAGE_ROWS:
            self._answer(planned)
            self._go_on()
            return
        try:
            self._file.begin(batch)
        except StoreError as error:
            self._committed(batch, planned, error)
            return
        self._worker.run(self._file.commit).add_done_callback(
            lambda done: self._committed(batch, planned, done.exception())
        )

    def _committed(self, batch: Batch, planned: list[_Request[Any]], error: BaseException | None) -> None:
        if error is not None:
            for request in planned:
                request.outcome = Unavailable(str(error))
        else:
            self._file.forget(self._store.apply(batch))
            if batch.changes:
                self._hub.notify()  # before the answers: watchers run first
            if batch.granted:
                self._plan_expiry()
        self._answer(planned)
        self._go_on(tidy=error is None)

    def _answer(self, planned: list[_Request[Any]]) -> None:
        for request in planned:
            request.give()

    def _go_on(self, *, tidy: bool = False) -> None:
        if self._waiting or (tidy and self._file.garbage_rows >= GARBAGE_ROWS):
            self._loop.call_soon(self._plan_waiting)
        elif self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    # Leases

    def _plan_expiry(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._open and (deadline := self._store.next_deadline()) is not None:
            self._timer = self._clock.call_later(max(deadline - self._seconds(), 0), self._expire)

    def _expire(self) -> None:
        self._timer = None
        if self._open:
            now = self._seconds()
            self._submit(lambda batch: batch.expire(now)).add_done_callback(self._expired)

    def _expired(self, done: asyncio.Future[None]) -> None:
        if done.exception() is None:
            self._plan_expiry()
        elif self._open:  # the disk is full, for instance
            self._timer = self._clock.call_later(EXPIRY_RETRY_SECONDS, self._expire)
