"""What happened to an object: its events, oldest first, as describe lists them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from apiserver.handlers.durations import human_duration
from karmada.api.errors import ApiError
from karmada.api.groups.kubernetes import EVENTS
from karmada.api.objects import Object, name_of, namespace_of, uid_of
from karmada.client.client import Client
from karmada.runtime.clock import parse_rfc3339


async def events_of(client: Client, obj: Object) -> list[Object]:
    """Events about obj; none when they may not be read."""
    selector = f"involvedObject.name={name_of(obj)},involvedObject.kind={obj['kind']}"
    if uid_of(obj):
        selector += f",involvedObject.uid={uid_of(obj)}"
    try:
        listed = await client.list_objects(EVENTS, namespace=namespace_of(obj), field_selector=selector)
    except ApiError:
        return []
    return sorted(listed.items, key=_last)


def event_lines(events: Sequence[Object], *, now: datetime) -> Iterator[str]:
    if not events:
        yield "Events:\t<none>"
        return
    yield "Events:"
    yield "  Type\tReason\tAge\tFrom\tMessage"
    yield "  ----\t------\t----\t----\t-------"
    for event in events:
        source = (event.get("source") or {}).get("component") or event.get("reportingComponent") or ""
        message = str(event.get("message") or "").strip()
        yield f"  {event.get('type')}\t{event.get('reason')}\t{_interval(event, now)}\t{source}\t{message}"


def _interval(event: Object, now: datetime) -> str:
    count = event.get("count") or (event.get("series") or {}).get("count") or 1
    first = event.get("firstTimestamp") or event.get("eventTime")
    if count > 1:
        return f"{_age(_last(event), now)} (x{count} over {_age(first, now)})"
    return _age(first or _last(event), now)


def _last(event: Object) -> str:
    series = event.get("series") or {}
    return series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime") or ""


def _age(text: str | None, now: datetime) -> str:
    try:
        return human_duration((now - parse_rfc3339(text or "")).total_seconds())
    except ValueError:
        return "<unknown>"
