"""A real etcd cluster behind the Backend protocol.

In: the Backend protocol. Out: etcd's v3 calls. connection.py reaches a member and explains errors,
remote_watch.py keeps watches going. Ranges are read in pages at one revision, and everybody who asks for
the current revision while an answer is on its way shares the next one.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from etcd.connection import Connection, Endpoints
from etcd.kv import (
    PROGRESS_SECONDS,
    Compacted,
    Compare,
    Delete,
    FutureRevision,
    KeyValue,
    LeaseNotFound,
    Put,
    RangeResult,
    StoreError,
    TransactionResult,
    Unavailable,
    WatchBatch,
    prefix_end,
)
from etcd.remote_watch import EVERYTHING, RemoteWatch, to_key_value
from etcd.rpc import etcd_pb2
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.tasks import Tasks

PAGE_KEYS: Final = 1000
"""Keys asked for at once: bounds one message, and how long taking it apart holds up the loop."""

RANGE_ATTEMPTS: Final = 3
"""How often a range of now is begun again because a compaction overtook its pages."""


class RemoteBackend:
    """Backend on an etcd cluster."""

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        ca_file: str = "",
        cert_file: str = "",
        key_file: str = "",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._connection = Connection(
            endpoints, ca_file=ca_file, cert_file=cert_file, key_file=key_file, clock=clock
        )
        self._clock = clock
        self._stack = AsyncExitStack()
        self._tasks: Tasks
        self._watches: set[RemoteWatch] = set()
        self._asked: asyncio.Future[int] | None = None
        """The next answer to current_revision: its request is not on its way yet."""
        self._asking = False

    async def get(self, key: bytes) -> KeyValue | None:
        response = await self._range(etcd_pb2.RangeRequest(key=key))
        return to_key_value(response.kvs[0]) if response.kvs else None

    async def get_prefix(
        self, prefix: bytes, *, start: bytes = b"", limit: int = 0, revision: int = 0, keys_only: bool = False
    ) -> RangeResult:
        first = max(start, prefix)
        for attempt in range(1, RANGE_ATTEMPTS + 1):
            try:
                return await self._pages(prefix, first, limit=limit, revision=revision, keys_only=keys_only)
            except Compacted:
                if revision or attempt == RANGE_ATTEMPTS:
                    raise
            except FutureRevision as error:
                raise FutureRevision(revision) from error
        raise AssertionError("not reached")

    async def count_prefix(self, prefix: bytes) -> int:
        request = etcd_pb2.RangeRequest(
            key=prefix or EVERYTHING, range_end=_range_end(prefix), count_only=True
        )
        return int((await self._range(request)).count)

    async def transaction(
        self, *, compare: Sequence[Compare], success: Sequence[Put | Delete]
    ) -> TransactionResult:
        response = await self._connection.write(
            lambda member: member.kv.Txn, _transaction_request(compare, success)
        )
        revision = response.header.revision
        if not response.succeeded:
            ranges = [each.response_range.kvs for each in response.responses]
            current = tuple(to_key_value(kvs[0]) if kvs else None for kvs in ranges)
            return TransactionResult(succeeded=False, revision=revision, current=current)
        removed = [
            each.response_delete_range.prev_kvs
            for each in response.responses
            if each.WhichOneof("response") == "response_delete_range"
        ]
        deleted = tuple(to_key_value(kvs[0]) if kvs else None for kvs in removed)
        return TransactionResult(succeeded=True, revision=revision, deleted=deleted)

    async def watch_prefix(self, prefix: bytes, *, start_revision: int = 0) -> AsyncIterator[WatchBatch]:
        watch = RemoteWatch(self._connection, prefix, start_revision, clock=self._clock)
        self._watches.add(watch)
        batches = watch.batches()
        try:
            async for batch in batches:
                yield batch
        finally:
            self._watches.discard(watch)
            await batches.aclose()

    async def current_revision(self) -> int:
        if self._connection.closed:
            raise Unavailable("store is closed")
        if self._asked is None:
            self._asked = asyncio.get_running_loop().create_future()
            if not self._asking:
                self._asking = True
                self._tasks.start(self._answer_revisions(), name="current revision")
        return await asyncio.shield(self._asked)

    async def lease(self, ttl_seconds: int) -> int:
        request = etcd_pb2.LeaseGrantRequest(TTL=ttl_seconds)
        response = await self._connection.write(lambda member: member.lease.LeaseGrant, request)
        return int(response.ID)

    async def revoke(self, lease: int) -> None:
        request = etcd_pb2.LeaseRevokeRequest(ID=lease)
        try:
            await self._connection.write(lambda member: member.lease.LeaseRevoke, request)
        except LeaseNotFound as error:
            raise LeaseNotFound(lease) from error

    async def compact(self, revision: int) -> None:
        request = etcd_pb2.CompactionRequest(revision=revision)
        try:
            await self._connection.write(lambda member: member.kv.Compact, request)
        except FutureRevision as error:
            raise FutureRevision(revision) from error

    async def size_bytes(self) -> int:
        request = etcd_pb2.StatusRequest()
        return int((await self._connection.read(lambda member: member.maintenance.Status, request)).dbSize)

    async def __aenter__(self) -> "RemoteBackend":
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._connection)
            self._tasks = await stack.enter_async_context(Tasks("etcd"))
            self._tasks.start(self._request_progress(), name="watch progress")
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._connection.closed = True
        await self._stack.aclose()

    async def _range(self, request: etcd_pb2.RangeRequest) -> Any:
        return await self._connection.read(lambda member: member.kv.Range, request)

    async def _pages(
        self, prefix: bytes, start: bytes, *, limit: int, revision: int, keys_only: bool
    ) -> RangeResult:
        items: list[KeyValue] = []
        request = etcd_pb2.RangeRequest(
            key=start or EVERYTHING, range_end=_range_end(prefix), revision=revision, keys_only=keys_only
        )
        request.limit = min(limit, PAGE_KEYS) if limit else PAGE_KEYS
        response = first = await self._range(request)
        items += map(to_key_value, response.kvs)
        request.revision = revision or first.header.revision
        while response.more and (not limit or len(items) < limit):
            request.key = items[-1].key + b"\0"
            request.limit = min(limit - len(items), PAGE_KEYS) if limit else PAGE_KEYS
            response = await self._range(request)
            items += map(to_key_value, response.kvs)
        return RangeResult(items=items, count=first.count, more=response.more, revision=first.header.revision)

    async def _answer_revisions(self) -> None:
        """Ask as long as somebody waits. Nobody gets an answer that was on its way before the question."""
        try:
            while (asked := self._asked) is not None:
                self._asked = None
                await self._answer(asked)
        finally:
            self._asking = False
            if self._asked is not None:
                _refuse(self._asked, Unavailable("store is closed"))

    async def _answer(self, asked: asyncio.Future[int]) -> None:
        try:
            response = await self._range(etcd_pb2.RangeRequest(key=EVERYTHING, count_only=True))
        except StoreError as error:
            _refuse(asked, error)
            return
        except asyncio.CancelledError:
            _refuse(asked, Unavailable("store is closed"))
            raise
        revision = response.header.revision
        asked.set_result(revision)
        for watch in tuple(self._watches):
            if watch.delivered < revision:
                await watch.request_progress()

    async def _request_progress(self) -> None:
        while True:
            await self._clock.sleep(PROGRESS_SECONDS)
            for watch in tuple(self._watches):
                await watch.request_progress()


def _refuse(asked: asyncio.Future[int], error: StoreError) -> None:
    asked.set_exception(error)
    asked.exception()  # everybody who waited may be gone


def _range_end(prefix: bytes) -> bytes:
    return prefix_end(prefix) or EVERYTHING


def _transaction_request(compare: Sequence[Compare], success: Sequence[Put | Delete]) -> etcd_pb2.TxnRequest:
    request = etcd_pb2.TxnRequest()
    for each in compare:
        request.compare.add(target=etcd_pb2.Compare.MOD, key=each.key, mod_revision=each.revision)
        request.failure.add().request_range.key = each.key
    for operation in success:
        if isinstance(operation, Put):
            put = request.success.add().request_put
            put.key, put.value, put.lease = operation.key, operation.value, operation.lease
        else:
            delete = request.success.add().request_delete_range
            delete.key, delete.prev_kv = operation.key, True
    return request
