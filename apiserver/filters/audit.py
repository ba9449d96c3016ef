"""One record per request: who did what when, and how it ended, as audit.k8s.io/v1 Events, one JSON line each.

In: any handler, after authentication and around impersonation. Out: the same handler; the records go to a
Sink. The policy decides per request how much is written; without a sink the filter is not there at all.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from apiserver.filters.audit_backends import Sink
from apiserver.filters.audit_policy import AuditPolicy, Level
from apiserver.request_info import Answer, Handler, Request, Response, Stream, UserInfo, Writer
from karmada.api import codec
from karmada.api.errors import ApiError, Forbidden
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, rfc3339_micro

RECEIVED: Final = "RequestReceived"
STARTED: Final = "ResponseStarted"
COMPLETE: Final = "ResponseComplete"
PANIC: Final = "Panic"
_PROTOBUF_MAGIC: Final = b"k8s\x00"


@dataclass(slots=True)
class _Record:
    """What is known of a request while it is handled."""

    request: Request
    level: Level
    omitted: Sequence[str]
    user: UserInfo | None
    received: datetime
    without_managers: bool = False
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
        record = _Record(
            request, level, omitted, request.user, clock.now(), without_managers=rules.without_managers
        )
        _write(sink, record, RECEIVED, record.received)
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
        except Exception:
            stage = PANIC  # a bug: errors.py answers it
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
        "requestURI": f"{info.path}?{query}" if (query := request.query.encoded()) else info.path,
        "verb": info.verb,
        "user": user_json(record.user),
    }
    if request.user is not record.user:
        event["impersonatedUser"] = user_json(request.user)
    event["sourceIPs"] = [request.remote] if request.remote else []
    event["userAgent"] = request.headers.get("user-agent", "")
    if info.is_resource:
        event["objectRef"] = _object_reference(record)
    if stage != RECEIVED:
        event["responseStatus"] = _response_status(record)
    event |= _bodies(record, stage)
    event["requestReceivedTimestamp"] = rfc3339_micro(record.received)
    event["stageTimestamp"] = rfc3339_micro(now)
    if stage != RECEIVED:
        decision = "forbid" if isinstance(record.error, Forbidden) else "allow"
        event["annotations"] = {
            "authorization.k8s.io/decision": decision,
            "authorization.k8s.io/reason": request.allowed_because,
            **request.annotations,
        }
    return event


def _bodies(record: _Record, stage: str) -> dict[str, Any]:
    """As far as the level goes."""
    found: dict[str, Any] = {}
    if stage == RECEIVED or record.level is Level.METADATA:
        return found
    if (sent := _readable(record.request.body, record)) is not None:
        found["requestObject"] = sent
    if record.level is Level.REQUEST_RESPONSE and (answered := _readable(record.body, record)) is not None:
        found["responseObject"] = answered
    return found


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


def _readable(data: bytes, record: _Record) -> Any:
    """A body as JSON, whatever form it came in; None for what is no object."""
    if not data:
        return None
    try:
        found: Any = codec.decode_protobuf(data) if data.startswith(_PROTOBUF_MAGIC) else orjson.loads(data)
    except (orjson.JSONDecodeError, ValueError, ApiError):
        return None
    return _without_managers(found) if record.without_managers else found


def _without_managers(obj: Any) -> Any:
    if not isinstance(obj, dict):
        return obj
    if isinstance(items := obj.get("items"), list):
        return {**obj, "items": [_without_managers(item) for item in items]}
    if isinstance(metadata := obj.get("metadata"), dict) and "managedFields" in metadata:
        kept = {name: value for name, value in metadata.items() if name != "managedFields"}
        return {**obj, "metadata": kept}
    return obj
