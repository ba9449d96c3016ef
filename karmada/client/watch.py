"""The wire of a watch: bytes to lines to events.

In: chunks as they arrive, cut anywhere. Out: WatchEvents of typed objects (client.watch), or raw events
in batches (for informer.py). An ERROR event becomes the error it carries; 410 in any form is Expired.
"""

import logging
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar

import orjson

from karmada.api.errors import ApiError, Expired, from_status
from karmada.api.objects import Object, resource_version_of

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_LINE_BYTES: Final = 64 << 20
"""No object comes near it; a peer that never ends its line must not fill our memory."""


@dataclass(frozen=True, slots=True)
class WatchEvent(Generic[T]):
    """type is ADDED, MODIFIED or DELETED; resource_version is where to resume after this event."""

    type: str
    object: T
    resource_version: str


class RawEvent(NamedTuple):
    """type may also be BOOKMARK."""

    type: str
    object: Object

    @property
    def resource_version(self) -> str:
        return resource_version_of(self.object)


class LineSplitter:
    """Puts lines together that arrive in pieces."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines this chunk completes, without their ends.

        Raises ApiError for one that is far too long.
        """
        if b"\n" not in chunk:
            self._pieces.append(chunk)
            self._size += len(chunk)
            if self._size > MAX_LINE_BYTES:
                raise ApiError(f"a watch event is longer than {MAX_LINE_BYTES} bytes")
            return []
        lines = chunk.split(b"\n")
        if self._pieces:
            lines[0] = b"".join((*self._pieces, lines[0]))
        rest = lines.pop()
        self._pieces = [rest] if rest else []
        self._size = len(rest)
        return [line for line in lines if line and not line.isspace()]


def parse_events(lines: list[bytes]) -> list[RawEvent]:
    """The events of these lines. A line nobody can read is logged and left out.

    An ERROR event raises what it carries.
    """
    events = []
    for line in lines:
        event = _parse(line)
        if event is None:
            log.warning("watch event cannot be read", extra={"line": line[:120].decode(errors="replace")})
        elif event.type == "ERROR":
            raise error_in(event.object)
        else:
            events.append(event)
    return events


def _parse(line: bytes) -> RawEvent | None:
    try:
        parsed = orjson.loads(line)
        kind, body = parsed["type"], parsed["object"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    if isinstance(body, dict) and isinstance(body.get("metadata") or {}, dict):
        return RawEvent(kind, body)
    return None


def error_in(status: Object) -> ApiError:
    """The error of an ERROR event."""
    code = status.get("code")
    return as_expired(from_status(code if isinstance(code, int) else 500, status))


def as_expired(error: ApiError) -> ApiError:
    """410 with any reason means the same to who watches: list again."""
    if error.status_code == 410 and not isinstance(error, Expired):
        return Expired(error.message, details=error.details)
    return error
