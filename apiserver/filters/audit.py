"""One record per request: who did what when, and how it ended, as audit.k8s.io/v1 Events, one JSON line each.

In: any handler, after authentication and around impersonation. Out: the same handler; the records go to a
Sink. The policy decides per request how much is written; without a sink the filter is not there at all.
"""

import os
import queue
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, Self

import orjson
from typing_extensions import override

from apiserver.filters.audit_policy import AuditPolicy, Level
from apiserver.request_info import Answer, Handler, Request, Response, Stream, UserInfo, Writer
from karmada.api.errors import ApiError, Forbidden
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, rfc3339_micro

STARTED: Final = "ResponseStarted"
COMPLETE: Final = "ResponseComplete"
_WAITING_RECORDS: Final = 100_000


class Sink(Protocol):
    def write(self, line: bytes) -> None:
        """Take one record (with its newline). Must not block."""
        ...


class AuditFile(Sink):
    """Records appended to a file by a thread of its own, so that a slow disk holds up no request.

    When _WAITING_RECORDS wait already, further ones are dropped and counted in dropped. Leaving the context
    writes what is waiting.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.dropped = 0
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_WAITING_RECORDS)
        self._thread = threading.Thread(target=self._run, name=f"audit {self.path}", daemon=True)
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        # "-" is standard output, which is not ours to close.
        self._file = os.fdopen(os.dup(1), "wb") if str(self.path) == "-" else self.path.open("ab")
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._waiting.put(None)
        self._thread.join()
        if self._file is not None:
            self._file.close()

    @override
    def write(self, line: bytes) -> None:
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def _run(self) -> None:
        assert self._file is not None
        while (line := self._waiting.get()) is not None:
            self._file.write(line)
            if self._waiting.empty():
                self._file.flush()


@dataclass(slots=True)
class _Record:
    """What is known of a request while it is handled."""

    request: Request
    level: Level
    omitted: Sequence[str]
    user: UserInfo | None
    received: datetime
    code: int = 500
    error: ApiError | None = None
    body: bytes = b""


def with_audit(
    handler: Handler, sink: Sink | None, policy: AuditPolicy | None = None, *, clock: Clock = SYSTEM_CLOCK
) -> Handler:
    """handler that leaves records in sink; handler itself without one."""
    if sink is None:
        return handler
    rules = policy or AuditPolicy()

    async def answer(request: Request) -> Answer:
        level, omitted = rules.level_of(request.user, request.info)
        if level is Level.NONE:
            return await handler(request)
        record = _Record(request, level, omitted, request.user, clock.now())
        stage = COMPLETE
        try:
            response = await handler(request)
            record.code = response.status
            if isinstance(response, Response):
                record.body = response.body
            else:
                stage = STARTED
                response.run = _finishing(response, record, sink, clock)
        except ApiError as error:
            record.code, record.error = error.status_code, error
            raise
        finally:
            _write(sink, record, stage, clock.now())
        return response

    return answer


def _finishing(
    stream: Stream, record: _Record, sink: Sink, clock: Clock
) -> Callable[[Writer], Awaitable[None]]:
    """The stream's run, which leaves a second record when it ends."""
    run = stream.run

    async def finishing(writer: Writer) -> None:
        try:
            await run(writer)
        finally:
            _write(sink, record, COMPLETE, clock.now())

    return finishing


def _write(sink: Sink, record: _Record, stage: str, now: datetime) -> None:
    if stage not in record.omitted:
        sink.write(orjson.dumps(event_of(record, stage, now), option=orjson.OPT_APPEND_NEWLINE))


def event_of(record: _Record, stage: str, now: datetime) -> dict[str, Any]:
    """The Event of a record. Pure."""
    request = record.request
    info = request.info
    event: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": record.level.value,
        "auditID": request.audit_id,
        "stage": stage,
        "requestURI": info.path,
        "verb": info.verb,
        "user": user_json(record.user),
    }
    if request.user is not record.user:
        event["impersonatedUser"] = user_json(request.user)
    event["sourceIPs"] = [request.remote] if request.remote else []
    event["userAgent"] = request.headers.get("user-agent", "")
    if info.is_resource:
        event["objectRef"] = _object_reference(record)
    event["responseStatus"] = _response_status(record)
    if record.level in (Level.REQUEST, Level.REQUEST_RESPONSE) and (sent := _json(request.body)) is not None:
        event["requestObject"] = sent
    if record.level is Level.REQUEST_RESPONSE and (answered := _json(record.body)) is not None:
        event["responseObject"] = answered
    event["requestReceivedTimestamp"] = rfc3339_micro(record.received)
    event["stageTimestamp"] = rfc3339_micro(now)
    decision = "forbid" if isinstance(record.error, Forbidden) else "allow"
    event["annotations"] = {"authorization.k8s.io/decision": decision, **request.annotations}
    return event


def user_json(user: UserInfo | None) -> dict[str, Any]:
    if user is None:
        return {}
    shown: dict[str, Any] = {"username": user.name}
    if user.uid:
        shown["uid"] = user.uid
    if user.groups:
        shown["groups"] = list(user.groups)
    if user.extra:
        shown["extra"] = {key: list(values) for key, values in user.extra.items()}
    return shown


def _object_reference(record: _Record) -> dict[str, str]:
    info = record.request.info
    parts = {
        "resource": info.resource,
        "namespace": info.namespace,
        "name": info.name,
        "apiGroup": info.group,
        "apiVersion": info.version,
        "subresource": info.subresource,
    }
    return {name: value for name, value in parts.items() if value}


def _response_status(record: _Record) -> dict[str, Any]:
    status: dict[str, Any] = {"metadata": {}}
    if record.error is not None:
        status |= {"status": "Failure", "message": record.error.message, "reason": record.error.reason}
    return {**status, "code": record.code}


def _json(data: bytes) -> Any:
    try:
        return orjson.loads(data) if data else None
    except orjson.JSONDecodeError:
        return None
