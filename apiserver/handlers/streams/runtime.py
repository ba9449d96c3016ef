"""The seam to what runs containers: logs as chunks, commands and attachments as streams.

In: a live pod, a container's name. Out: bytes and exit codes. The simulator of embedded members has the one
implementation (controllers/simulator/containers.py); a control plane, which runs no pods, has none.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from apiserver.request_info import Query
from karmada.api.errors import BadRequest
from karmada.api.objects import Object


class ContainerIO(Protocol):
    """Standard streams of one conversation."""

    tty: bool

    async def read(self) -> bytes:
        """The next bytes of standard input; b"" at its end."""
        ...

    async def write(self, data: bytes, *, error: bool = False) -> None: ...


@dataclass(frozen=True, slots=True)
class LogWish:
    """Which part of a log. tail_lines None: all of them."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since: datetime | None = None
    since_seconds: int | None = None
    tail_lines: int | None = None
    limit_bytes: int | None = None

    @classmethod
    def parse(cls, query: Query) -> "LogWish":
        """Raises BadRequest for numbers that are none."""
        since = query.get("sinceTime")
        try:
            return cls(
                follow=query.get("follow") in ("true", "1"),
                previous=query.get("previous") in ("true", "1"),
                timestamps=query.get("timestamps") in ("true", "1"),
                since=datetime.fromisoformat(since) if since else None,
                since_seconds=_number(query, "sinceSeconds"),
                tail_lines=_number(query, "tailLines"),
                limit_bytes=_number(query, "limitBytes"),
            )
        except ValueError as error:
            raise BadRequest(f"unable to decode query as PodLogOptions: {error}") from error


def _number(query: Query, name: str) -> int | None:
    text = query.get(name)
    if not text:
        return None
    number = int(text)
    if number < 0:
        raise ValueError(f"{name} must be greater than or equal to 0")
    return number


class ContainerRuntime(Protocol):
    """Where containers run."""

    def log(self, pod: Object, container: str, wish: LogWish) -> AsyncIterator[bytes]:
        """Raises BadRequest before the first chunk for a container that has no log."""
        ...

    async def execute(self, pod: Object, container: str, command: Sequence[str], io: ContainerIO) -> int:
        """Run a command; its exit code."""
        ...

    async def attach(self, pod: Object, container: str, io: ContainerIO) -> int:
        """The container's own streams, until it ends."""
        ...
