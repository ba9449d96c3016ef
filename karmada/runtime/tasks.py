"""Background tasks with an owner and a name, for what starts and stops while its owner lives on.

Where the set of tasks is known at the start, use asyncio.TaskGroup. Tasks is for the rest: informers that
come and go, connections, flushers. A task that fails is logged at once and its error raised when the
owner leaves.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

STOP_WARNING_SECONDS: Final = 5.0
"""After so long a task that does not stop is named in the log."""


def spawn(work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
    """A bare task, for a caller that awaits or cancels it on every path itself."""
    return asyncio.create_task(work, name=name)  # noqa: TID251 - the one place


@dataclass(frozen=True, slots=True)
class OwnedTask:
    """A task that Tasks started."""

    task: asyncio.Task[Any]

    @property
    def done(self) -> bool:
        return self.task.done()

    def cancel(self) -> None:
        """Ask it to end, without waiting."""
        self.task.cancel()


class Tasks:
    """An async context manager that owns tasks; leaving cancels them and waits for the last one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failed: BaseException | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, object], *, name: str) -> OwnedTask:
        """Run work in the background. What comes back may be given to stop, or dropped."""
        if self._closed:
            work.close()
            raise RuntimeError(f"{self.name} is closed")
        task = spawn(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return OwnedTask(task)

    async def stop(self, *owned: OwnedTask) -> None:
        """Cancel these tasks and wait until they have ended."""
        await self._stop({item.task for item in owned})

    async def close(self) -> None:
        """Stop everything. start raises from now on."""
        self._closed = True
        await self._stop(self._tasks)

    async def _stop(self, tasks: set[asyncio.Task[Any]]) -> None:
        waiting = {task for task in tasks if not task.done()}
        for task in waiting:
            task.cancel()
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=STOP_WARNING_SECONDS)
            if waiting and not done:
                log.warning(
                    "tasks do not stop",
                    extra={"owner": self.name, "tasks": sorted(task.get_name() for task in waiting)},
                )
                for task in waiting:
                    task.cancel()

    async def __aenter__(self) -> "Tasks":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
        if self._failed is not None and error is None:
            raise self._failed

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        failure = task.exception()
        if failure is not None:
            self._failed = self._failed or failure
            log.error(
                "background task failed",
                exc_info=failure,
                extra={"owner": self.name, "task": task.get_name()},
            )
