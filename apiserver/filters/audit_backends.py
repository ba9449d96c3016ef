"""Where audit records go: a file that is rotated, and a webhook that gets them in batches.

In: records as lines of JSON, from audit.py. Out: the same on disk or over HTTPS. Nothing here holds up a
request: what does not fit into the buffer is dropped and counted.
"""

import asyncio
import logging
import os
import queue
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, Protocol, Self

from typing_extensions import override

from karmada.api.errors import ApiError
from karmada.client.client import Client
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

log = logging.getLogger(__name__)

WAITING_RECORDS: Final = 100_000
MEGABYTE: Final = 1 << 20
_STAMP: Final = "%Y-%m-%dT%H-%M-%S.%f"
SEND_TRIES: Final = 3
SEND_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 1.0


class Sink(Protocol):
    def write(self, line: bytes) -> None:
        """Take one record (with its newline). Must not block."""
        ...


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a file is put aside, and how long those put aside are kept. Zero is no limit."""

    max_megabytes: int = 0
    max_backups: int = 0
    max_days: int = 0


class AuditFile(Sink):
    """Records appended to a file by a thread of its own, so that a slow disk holds up no request.

    When WAITING_RECORDS wait already, further ones are dropped and counted in dropped. Leaving the context
    writes what is waiting. A disk that refuses costs the records it refused.
    """

    def __init__(
        self, path: str | Path, rotation: Rotation = Rotation(), *, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self.path = Path(path)
        self.dropped = 0
        self._rotation = rotation
        self._clock = clock
        self._waiting: queue.Queue[bytes | None] = queue.Queue(WAITING_RECORDS)
        self._thread = threading.Thread(target=self._run, name=f"audit {self.path}", daemon=True)
        self._file: BinaryIO | None = None
        self._size = 0

    def __enter__(self) -> Self:
        self._open()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._waiting.put(None)
        self._thread.join()
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    @override
    def write(self, line: bytes) -> None:
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    @property
    def _is_standard_output(self) -> bool:
        return str(self.path) == "-"

    def _open(self) -> None:
        # "-" is standard output, which is not ours to close.
        self._file = os.fdopen(os.dup(1), "wb") if self._is_standard_output else self.path.open("ab")
        self._size = 0 if self._is_standard_output else self.path.stat().st_size

    def _run(self) -> None:
        while (line := self._waiting.get()) is not None:
            try:
                self._append(line)
            except OSError as error:
                self.dropped += 1
                log.warning("audit record not written", extra={"file": str(self.path), "error": str(error)})

    def _append(self, line: bytes) -> None:
        assert self._file is not None
        limit = self._rotation.max_megabytes * MEGABYTE
        if limit and self._size and self._size + len(line) > limit and not self._is_standard_output:
            self._rotate()
        self._file.write(line)
        self._size += len(line)
        if self._waiting.empty():
            self._file.flush()

    def _rotate(self) -> None:
        """Put the file aside under its time, and forget old ones."""
        assert self._file is not None
        now = self._clock.now()
        self._file.close()
        self.path.rename(self.path.with_name(f"{self.path.stem}-{now.strftime(_STAMP)}{self.path.suffix}"))
        self._open()
        for old in superfluous(self._backups(), self._rotation, now=now):
            (self.path.parent / old).unlink(missing_ok=True)

    def _backups(self) -> list[tuple[str, datetime]]:
        found: list[tuple[str, datetime]] = []
        for file in self.path.parent.glob(f"{self.path.stem}-*{self.path.suffix}"):
            text = file.name.removeprefix(f"{self.path.stem}-").removesuffix(self.path.suffix)
            try:
                stamp = datetime.strptime(text, _STAMP)  # noqa: DTZ007 - its zone is ours, added below
            except ValueError:
                continue  # somebody else's
            found.append((file.name, stamp.replace(tzinfo=self._clock.now().tzinfo)))
        return found


def superfluous(backups: Sequence[tuple[str, datetime]], rotation: Rotation, *, now: datetime) -> list[str]:
    """The files put aside that are too many or too old. Pure."""
    newest_first = sorted(backups, key=lambda backup: backup[1], reverse=True)
    kept = newest_first[: rotation.max_backups] if rotation.max_backups else newest_first
    if rotation.max_days:
        oldest = now - timedelta(days=rotation.max_days)
        kept = [backup for backup in kept if backup[1] >= oldest]
    names = {name for name, _ in kept}
    return [name for name, _ in backups if name not in names]


@dataclass(frozen=True, slots=True)
class Batching:
    """How records are put together."""

    max_size: int = 400
    max_wait_seconds: float = 30.0
    buffer: int = 10_000


class AuditWebhook(Sink):
    """Records sent as EventLists. run() must run in a task of the owner; flush() sends what is left."""

    def __init__(self, client: Client, batching: Batching, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.dropped = 0
        self._client = client
        self._batching = batching
        self._clock = clock
        self._waiting: deque[bytes] = deque()
        self._full = asyncio.Event()

    @override
    def write(self, line: bytes) -> None:
        if len(self._waiting) >= self._batching.buffer:
            self.dropped += 1
            return
        self._waiting.append(line)
        if len(self._waiting) >= self._batching.max_size:
            self._full.set()

    async def run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._batching.max_wait_seconds):
                    await self._full.wait()
            self._full.clear()
            await self.flush()

    async def flush(self) -> None:
        while self._waiting:
            size = min(len(self._waiting), self._batching.max_size)
            await self._send([self._waiting.popleft() for _ in range(size)])

    async def _send(self, lines: Sequence[bytes]) -> None:
        items = b",".join(line.rstrip() for line in lines)
        body = b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[' + items + b"]}"
        for attempt in range(1, SEND_TRIES + 1):
            try:
                await self._client.request("POST", "", body=body, timeout_seconds=SEND_SECONDS)
                return
            except ApiError as error:
                if attempt == SEND_TRIES:
                    self.dropped += len(lines)
                    log.warning("audit records not sent", extra={"count": len(lines), "error": str(error)})
                    return
            await self._clock.sleep(RETRY_SECONDS)


class BothSinks(Sink):
    """Each record to every one."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    @override
    def write(self, line: bytes) -> None:
        for sink in self._sinks:
            sink.write(line)
