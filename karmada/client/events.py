"""Record Events about objects, without ever slowing who records them.

In: event() from controllers. Out: core/v1 Events, written a moment later by a background task. The same
thing said again about the same object raises the count of the Event there is; what cannot be written in
time is dropped, oldest first. Leaving writes what is still waiting.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, NamedTuple

from karmada.api.errors import ApiError, NotFound, ServiceUnavailable, Timeout, TooManyRequests
from karmada.api.groups.kubernetes import EVENTS
from karmada.api.model import Model
from karmada.api.objects import Object
from karmada.client.client import Client, Unreachable
from karmada.client.leases import LeadershipLost
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, rfc3339
from karmada.runtime.tasks import Tasks

log = logging.getLogger(__name__)

MAX_WAITING: Final = 1000
MAX_REMEMBERED: Final = 4096
"""Events that may still be counted up."""
FIRST_WRITE_SECONDS: Final = 0.1
"""A new event waits so long for repetitions."""
COUNT_WRITE_SECONDS: Final = 5.0
"""A count is written at most so often."""
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 5.0)
FLUSH_SECONDS: Final = 5.0
WRITERS: Final = 4
"""Events written at the same time, unless whoever records them has more important things to write."""
BURST: Final = 25
"""Different events about one object before REFILL_SECONDS per further one: a loop must not fill the store."""
REFILL_SECONDS: Final = 300.0
MAX_MESSAGE: Final = 1024
MAX_NAME: Final = 253


class _Subject(NamedTuple):
    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


class _Statement(NamedTuple):
    """What makes two events the same event."""

    subject: _Subject
    type: str
    reason: str
    message: str


@dataclass(slots=True)
class _Record:
    name: str
    first: str
    last: str
    resource_version: str
    count: int = 1
    written: int = 0
    due: float = 0.0
    tries: int = 0


@dataclass(slots=True)
class _Allowance:
    tokens: float
    as_of: float


class EventRecorder:
    """An async context manager. component is the source the Events name."""

    def __init__(
        self, client: Client, *, component: str, writers: int = WRITERS, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._client = client
        self._writers = writers
        self._component = component
        self._clock = clock
        self._known: OrderedDict[_Statement, _Record] = OrderedDict()
        self._waiting: OrderedDict[_Statement, _Record] = OrderedDict()
        self._allowances: OrderedDict[_Subject, _Allowance] = OrderedDict()
        self._sequence = 0
        self._wake = asyncio.Event()
        self._closing = False
        self._tasks = Tasks(f"events of {component}")

    def event(self, obj: Object | Model, *, type: str, reason: str, message: str) -> None:
        """Say that reason happened to obj: an object, a model, or a reference (kind, apiVersion, name,
        uid...).

        Fire and forget; type is "Normal" or "Warning".
        """
        if self._closing:
            return
        subject, resource_version = _subject_of(obj)
        if not subject.name:
            return
        if len(message) > MAX_MESSAGE:
            message = message[: MAX_MESSAGE - 3] + "..."
        statement = _Statement(subject, type, reason, message)
        now = rfc3339(self._clock.now())
        record = self._known.get(statement)
        if record is None:
            if not self._allowed(subject):
                return
            record = _Record(self._new_name(subject.name), now, now, resource_version)
            self._known[statement] = record
            if len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        else:
            record.count += 1
            record.last = now
            self._known.move_to_end(statement)
        if statement not in self._waiting:
            pause = COUNT_WRITE_SECONDS if record.written else FIRST_WRITE_SECONDS
            record.due = self._clock.monotonic() + pause
            self._waiting[statement] = record
            if len(self._waiting) > MAX_WAITING:
                dropped, _ = self._waiting.popitem(last=False)
                self._known.pop(dropped, None)
            self._wake.set()

    async def __aenter__(self) -> "EventRecorder":
        self._tasks.start(self._write_due(), name=self._tasks.name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        await self._tasks.close()
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._write(list(self._waiting.items()), retry=False)
        except TimeoutError:
            log.info("events not written", extra={"component": self._component, "count": len(self._waiting)})

    async def _write_due(self) -> None:
        while True:
            self._wake.clear()
            now = self._clock.monotonic()
            due = [(statement, record) for statement, record in self._waiting.items() if record.due <= now]
            if due:
                await self._write(due, retry=True)
                continue
            if not self._waiting:
                await self._wake.wait()
            pause = (
                min((record.due for record in self._waiting.values()), default=now) - self._clock.monotonic()
            )
            if pause > 0:
                await self._clock.sleep(min(pause, FIRST_WRITE_SECONDS))

    async def _write(self, batch: list[tuple[_Statement, _Record]], *, retry: bool) -> None:
        """Write these, a few at a time."""
        pending = iter(batch)

        async def writer() -> None:
            for statement, record in pending:
                await self._write_one(statement, record, retry=retry)

        async with asyncio.TaskGroup() as group:
            for number in range(min(self._writers, len(batch))):
                group.create_task(writer(), name=f"{self._tasks.name} {number}")

    async def _write_one(self, statement: _Statement, record: _Record, *, retry: bool) -> None:
        count = record.count
        try:
            if record.written:
                await self._count_up(statement, record)
            else:
                await self._client.create(EVENTS, self._event(statement, record))
        except (Unreachable, ServiceUnavailable, TooManyRequests, Timeout) as error:
            if retry and record.tries < len(RETRY_SECONDS):
                record.due = self._clock.monotonic() + RETRY_SECONDS[record.tries]
                record.tries += 1
                return
            self._give_up(statement, error)
        except (ApiError, LeadershipLost) as error:
            self._give_up(statement, error)
        else:
            record.written, record.tries = count, 0
            self._waiting.pop(statement, None)
            if record.count != count:  # said again while it was written
                record.due = self._clock.monotonic() + COUNT_WRITE_SECONDS
                self._waiting[statement] = record

    async def _count_up(self, statement: _Statement, record: _Record) -> None:
        key = EVENTS.key(_namespace(statement.subject), record.name)
        try:
            await self._client.patch(EVENTS, key, {"count": record.count, "lastTimestamp": record.last})
        except NotFound:  # it lived its time
            record.name = self._new_name(statement.subject.name)
            record.first, record.count = record.last, record.count - record.written
            await self._client.create(EVENTS, self._event(statement, record))

    def _give_up(self, statement: _Statement, error: Exception) -> None:
        self._waiting.pop(statement, None)
        self._known.pop(statement, None)
        log.debug("event not written", extra={"reason": statement.reason, "error": str(error)})

    def _event(self, statement: _Statement, record: _Record) -> Object:
        subject = statement.subject
        involved = {
            "apiVersion": subject.api_version,
            "kind": subject.kind,
            "name": subject.name,
            "namespace": subject.namespace,
            "resourceVersion": record.resource_version,
            "uid": subject.uid,
        }
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": record.name, "namespace": _namespace(subject)},
            "involvedObject": {name: value for name, value in involved.items() if value},
            "type": statement.type,
            "reason": statement.reason,
            "message": statement.message,
            "source": {"component": self._component},
            "reportingComponent": self._component,
            "reportingInstance": "",
            "firstTimestamp": record.first,
            "lastTimestamp": record.last,
            "count": record.count,
        }

    def _new_name(self, subject: str) -> str:
        """`<object>.<hex>`, as every recorder names Events; the hex is the time, moved on if it was used."""
        moment = self._clock.now()
        self._sequence = max(self._sequence + 1, int(moment.timestamp() * 1_000_000) * 1000)
        suffix = f".{self._sequence:x}"
        return subject[: MAX_NAME - len(suffix)] + suffix

    def _allowed(self, subject: _Subject) -> bool:
        now = self._clock.monotonic()
        allowance = self._allowances.get(subject)
        if allowance is None:
            allowance = self._allowances[subject] = _Allowance(float(BURST), now)
            if len(self._allowances) > MAX_REMEMBERED:
                self._allowances.popitem(last=False)
        allowance.tokens = min(float(BURST), allowance.tokens + (now - allowance.as_of) / REFILL_SECONDS)
        allowance.as_of = now
        self._allowances.move_to_end(subject)
        if allowance.tokens < 1.0:
            return False
        allowance.tokens -= 1.0
        return True


def _namespace(subject: _Subject) -> str:
    """Events about cluster-scoped objects live in default."""
    return subject.namespace or "default"


def _subject_of(obj: Object | Model) -> tuple[_Subject, str]:
    if isinstance(obj, Model):
        plain: Mapping[str, Any] = obj.model_dump(by_alias=True, include={"api_version", "kind", "metadata"})
    else:
        plain = obj
    named = plain.get("metadata") or plain
    subject = _Subject(
        api_version=plain.get("apiVersion") or "",
        kind=plain.get("kind") or "",
        namespace=named.get("namespace") or "",
        name=named.get("name") or "",
        uid=named.get("uid") or "",
    )
    return subject, named.get("resourceVersion") or ""
