"""One thread for work that blocks, half as dear to hand something to as an executor.

In: callables, in order. Out: futures of the event loop. Used by sqlite.py, where one hand-over per commit
is most of what a single write costs.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """A thread that runs jobs one after the other. Made inside a running loop; stop() ends it."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, job: Callable[[], T]) -> asyncio.Future[T]:
        """What job returns or raises. It runs even when the future is cancelled."""
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((job, done))
        return done

    def stop(self) -> None:
        """Wait for the jobs handed in so far: await the last of them first, else this blocks the loop."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, done = item
            result, failure = None, None
            try:
                result = job()
            except BaseException as error:  # noqa: BLE001 - raised where the future is awaited
                failure = error
            with suppress(RuntimeError):  # the loop was closed and nobody waits any more
                self._loop.call_soon_threadsafe(_settle, done, result, failure)
            del item, job, done, result, failure


def _settle(done: asyncio.Future[Any], result: object, failure: BaseException | None) -> None:
    if done.done():
        return
    if failure is not None:
        done.set_exception(failure)
    else:
        done.set_result(result)
