"""A watch that runs beside the test and keeps what it was told."""

import asyncio
from collections.abc import Callable
from typing import Final

from etcd import Backend, Event, StoreError, WatchBatch
from karmada.runtime.tasks import Tasks

WAIT_SECONDS: Final = 15.0


class Watching:
    """Async context manager; entering waits until the watch is established."""

    def __init__(self, backend: Backend, prefix: bytes, *, start_revision: int = 0) -> None:
        self.batches: list[WatchBatch] = []
        self.error: StoreError | None = None
        self._watch = backend.watch_prefix(prefix, start_revision=start_revision)
        self._moved = asyncio.Condition()
        self._tasks = Tasks("watching")

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch.events]

    @property
    def revision(self) -> int:
        return self.batches[-1].revision

    def told(self) -> list[tuple[str, bytes, int]]:
        """type, value (for a delete: what was there), revision of each event."""
        return [
            (
                event.type,
                event.key_value.value
                if event.type == "put"
                else event.previous.value
                if event.previous
                else b"",
                event.key_value.mod_revision,
            )
            for event in self.events
        ]

    async def until(self, condition: Callable[["Watching"], bool]) -> None:
        async with asyncio.timeout(WAIT_SECONDS), self._moved:
            await self._moved.wait_for(lambda: condition(self))

    async def __aenter__(self) -> "Watching":
        self._tasks.start(self._follow(), name="watching")
        await self.until(lambda watching: bool(watching.batches) or watching.error is not None)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._tasks.close()

    async def _follow(self) -> None:
        try:
            async for batch in self._watch:
                self.batches.append(batch)
                await self._notify()
        except StoreError as error:
            self.error = error
            await self._notify()

    async def _notify(self) -> None:
        async with self._moved:
            self._moved.notify_all()
