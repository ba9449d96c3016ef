"""Watching a real etcd: one stream per watch, resumed after every break where it stopped.

In: prefix and revision. Out: WatchBatches without a gap or a duplicate. What was delivered is known from the
events themselves, never from a response's header: a server that catches up says its newest revision there.
Progress comes from the server on request where that can be trusted (supports_progress); from older ones the
whole keyspace is watched instead, so that every revision is seen, and what is not under prefix counts as
progress.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from typing import Any, Final

import grpc
import grpc.aio

from etcd.connection import REQUEST_SECONDS, Connection, Member, interruptible
from etcd.kv import Compacted, Event, KeyValue, StoreError, Unavailable, WatchBatch, prefix_end
from etcd.rpc import etcd_pb2
from karmada.runtime.clock import Clock

log = logging.getLogger(__name__)

RESUME_SECONDS: Final = 0.1
"""Between a broken stream and the next one; doubled up to RESUME_SECONDS_MAX while nothing comes."""
RESUME_SECONDS_MAX: Final = 2.0

EVERYTHING: Final = b"\0"
"""As key and as range_end: the whole keyspace."""

PROGRESS_REQUEST: Final = etcd_pb2.WatchRequest(progress_request=etcd_pb2.WatchProgressRequest())

PROGRESS_SINCE: Final = {(3, 4): 25, (3, 5): 8}
"""Patch releases from which on progress asked for never overtakes events."""


def supports_progress(version: str) -> bool:
    """Whether a server of this version may be asked for progress."""
    try:
        major, minor, patch = (int(part) for part in version.split("-")[0].split("."))
    except ValueError:
        return False
    return (major, minor) >= (3, 6) or patch >= PROGRESS_SINCE.get((major, minor), patch + 1)


class RemoteWatch:
    """One watch. delivered is the revision up to which everything was handed out."""

    def __init__(self, connection: Connection, prefix: bytes, start_revision: int, *, clock: Clock) -> None:
        self.delivered = start_revision - 1
        """-1: from now on."""
        self._connection = connection
        self._prefix = prefix
        self._clock = clock
        self._call: Any = None
        self._narrow = False
        """Whether the server sends only what is under prefix."""
        self._refused_everything = False
        self._asking = False

    async def batches(self) -> AsyncGenerator[WatchBatch, None]:
        """See Backend.watch_prefix."""
        pause = RESUME_SECONDS
        while True:
            try:
                member = await self._connection.member()
                async with contextlib.aclosing(self._stream(member)) as stream:
                    async for batch in stream:
                        pause = RESUME_SECONDS
                        yield batch
            except Unavailable as error:
                if self._connection.closed:
                    raise
                log.info("watch interrupted", extra={"prefix": self._prefix.decode(), "reason": str(error)})
            await self._clock.sleep(pause)
            pause = min(pause * 2, RESUME_SECONDS_MAX)

    async def request_progress(self) -> None:
        """Ask the server to say how far it is; the answer is an empty batch. Not needed, not done, when
        wide.
        """
        call = self._call
        if call is None or not self._narrow or self._asking:
            return
        self._asking = True
        try:
            await interruptible(call.write(PROGRESS_REQUEST), closed=lambda: self._call is not call)
        except (Unavailable, grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # the stream broke or ended; the next one starts with an empty batch
        finally:
            self._asking = False

    async def _stream(self, member: Member) -> AsyncGenerator[WatchBatch, None]:
        connection = self._connection
        try:
            metadata = await connection.metadata(member)
            self._narrow = self._refused_everything or await self._is_recent(member)
            call = self._call = member.watch.Watch(metadata=(("hasleader", "true"), *metadata))
            await call.write(etcd_pb2.WatchRequest(create_request=self._create_request()))
            async with contextlib.aclosing(self._read(call)) as batches:
                async for batch in batches:
                    yield batch
        except grpc.aio.AioRpcError as error:
            if connection.must_log_in(error.code(), error.details() or ""):
                raise Unavailable(f"etcd {member.address}: {error.details()}") from error
            raise connection.explained(error, member) from error
        finally:
            if self._call is not None:
                self._call.cancel()
                self._call = None

    async def _is_recent(self, member: Member) -> bool:
        status = await self._connection.ask(member, member.maintenance.Status, etcd_pb2.StatusRequest())
        return supports_progress(status.version)

    def _create_request(self) -> etcd_pb2.WatchCreateRequest:
        key, range_end = EVERYTHING, EVERYTHING
        if self._narrow and self._prefix:
            key, range_end = self._prefix, prefix_end(self._prefix) or EVERYTHING
        return etcd_pb2.WatchCreateRequest(
            key=key, range_end=range_end, start_revision=self.delivered + 1, prev_kv=True, fragment=True
        )

    async def _read(self, call: Any) -> AsyncGenerator[WatchBatch, None]:
        async with asyncio.timeout(REQUEST_SECONDS):
            response = await self._next(call)
        if not response.created or response.canceled:
            raise self._cancelled(response)
        if self.delivered < 0:
            self.delivered = response.header.revision
        yield WatchBatch(min(self.delivered, response.header.revision), ())
        events: list[Event] = []
        while True:
            response = await self._next(call)
            if response.canceled:
                raise self._cancelled(response)
            events += map(_event, response.events)
            if response.fragment:
                continue
            if events:
                revision = events[-1].key_value.mod_revision
            elif self._narrow:
                revision = response.header.revision
            else:
                continue
            self.delivered = max(self.delivered, revision)
            if not self._narrow:
                events = [event for event in events if event.key_value.key.startswith(self._prefix)]
            yield WatchBatch(revision, events)
            events = []

    async def _next(self, call: Any) -> Any:
        response = await interruptible(call.read(), closed=lambda: self._connection.closed)
        if response is grpc.aio.EOF:
            raise Unavailable("etcd ended the watch")
        return response

    def _cancelled(self, response: Any) -> StoreError:
        reason = response.cancel_reason
        if response.compact_revision:
            return Compacted(response.compact_revision)
        if "permission denied" in reason and not self._narrow:
            self._refused_everything = True
        elif "permission denied" in reason:
            return StoreError(reason)
        self._connection.must_log_in(grpc.StatusCode.OK, reason)
        return Unavailable(f"etcd ended the watch: {reason}")


def _event(event: Any) -> Event:
    previous = to_key_value(event.prev_kv) if event.HasField("prev_kv") else None
    if event.type == etcd_pb2.Event.PUT:
        return Event("put", to_key_value(event.kv), previous)
    return Event("delete", KeyValue(event.kv.key, b"", 0, event.kv.mod_revision, 0), previous)


def to_key_value(message: Any) -> KeyValue:
    """etcd's message as ours."""
    return KeyValue(
        message.key,
        message.value,
        message.create_revision,
        message.mod_revision,
        message.version,
        message.lease,
    )
