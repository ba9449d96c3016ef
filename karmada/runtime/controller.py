"""Run a controller: its sources fill a queue with keys, workers reconcile them until cancelled.

In: a Controller. Out: its reconcile called for each key, never twice at once for one key. workqueue.py
decides when; the one broad `except` of the house is here.
"""

import asyncio
import logging
from collections.abc import Hashable
from typing import Protocol, TypeVar

from karmada.api.errors import ApiError
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.workqueue import LOW_PRIORITY, Requeue, WorkQueue

__all__ = ["LOW_PRIORITY", "Controller", "Requeue", "WorkQueue", "run_controller", "work"]

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)


class Controller(Protocol[K]):
    """name is what logs and metrics call it."""

    @property
    def name(self) -> str: ...

    def watch(self, queue: WorkQueue[K]) -> None:
        """Register handlers that turn changes into keys. Called once, before the workers start."""
        ...

    async def reconcile(self, key: K) -> Requeue | None:
        """Bring the world of key to what it should be; an exception means: try again later."""
        ...


async def run_controller(controller: Controller[K], *, workers: int, clock: Clock = SYSTEM_CLOCK) -> None:
    """Reconcile until cancelled."""
    queue: WorkQueue[K] = WorkQueue(controller.name, clock=clock)
    controller.watch(queue)
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(work(queue, controller), name=f"{controller.name} {number}")
    finally:
        queue.close()


async def work(queue: WorkQueue[K], controller: Controller[K]) -> None:
    """One worker. A failed pass is logged once and tried again; the worker goes on for ever."""
    while True:
        key = await queue.get()
        try:
            outcome = await controller.reconcile(key)
        except asyncio.CancelledError:
            if _this_task_is_cancelled():
                raise
            # Something the reconcile waited for was cancelled, not this worker: an ordinary failure.
            _log_failure(controller.name, key, "cancelled", queue.retry(key))
        except ApiError as error:
            _log_failure(controller.name, key, f"{type(error).__name__}: {error}", queue.retry(key))
        except Exception:
            delay = queue.retry(key)
            log.exception(
                "reconcile failed",
                extra={"controller": controller.name, "key": str(key), "retry_seconds": round(delay, 3)},
            )
        else:
            queue.settle(key, outcome)


def _this_task_is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _log_failure(controller: str, key: object, error: str, delay: float) -> None:
    """An answer of a server says what is wrong by itself; a traceback would only bury it."""
    log.warning(
        "reconcile failed",
        extra={"controller": controller, "key": str(key), "error": error, "retry_seconds": round(delay, 3)},
    )
