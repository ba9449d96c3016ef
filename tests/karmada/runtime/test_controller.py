"""karmada.runtime.controller: reconciles until cancelled, and a failure costs one key one back-off."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from karmada.api.errors import Conflict
from karmada.runtime.clock import ManualClock
from karmada.runtime.controller import Requeue, WorkQueue, run_controller


class Probe:
    """A controller that does to each key what a test says."""

    name = "probe"

    def __init__(self, keys: str, act: Callable[[str], Awaitable[Requeue | None]]) -> None:
        self.keys = keys
        self.act = act
        self.seen: list[str] = []
        self.queue: WorkQueue[str] | None = None

    def watch(self, queue: WorkQueue[str]) -> None:
        self.queue = queue
        for key in self.keys:
            queue.add(key)

    async def reconcile(self, key: str) -> Requeue | None:
        self.seen.append(key)
        return await self.act(key)


async def run(probe: Probe, clock: ManualClock, *, seconds: float, workers: int = 2) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(run_controller(probe, workers=workers, clock=clock))
        await clock.run_for(seconds)
        task.cancel()


async def test_each_key_is_reconciled_and_comes_back_when_asked() -> None:
    async def act(key: str) -> Requeue | None:
        return Requeue(after=10) if key == "a" else None

    probe = Probe("ab", act)
    await run(probe, ManualClock(), seconds=25)
    assert sorted(probe.seen) == ["a", "a", "a", "b"]


async def test_a_failure_is_logged_once_with_its_key_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def act(key: str) -> None:
        if probe.seen.count(key) < 3:
            raise RuntimeError("boom")

    probe = Probe("a", act)
    await run(probe, ManualClock(), seconds=1)
    assert probe.seen == ["a"] * 3
    records = [record for record in caplog.records if record.message == "reconcile failed"]
    assert len(records) == 2
    assert {(record.__dict__["controller"], record.__dict__["key"]) for record in records} == {("probe", "a")}
    assert all(record.exc_info for record in records)


async def test_a_servers_refusal_needs_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def act(key: str) -> None:
        if len(probe.seen) == 1:
            raise Conflict("moved on")

    probe = Probe("a", act)
    await run(probe, ManualClock(), seconds=1)
    (record,) = [record for record in caplog.records if record.message == "reconcile failed"]
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert record.__dict__["error"] == "Conflict: moved on"


async def test_a_failing_key_does_not_hold_up_the_others() -> None:
    async def act(key: str) -> None:
        if key == "bad":
            raise RuntimeError("always")

    probe = Probe("", act)
    probe.keys = ""
    clock = ManualClock()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_controller(probe, workers=1, clock=clock))
        await clock.run_for(0)
        assert probe.queue is not None
        for key in ("bad", "good1", "good2"):
            probe.queue.add(key)
        await clock.run_for(0)
        task.cancel()
    assert probe.seen[:3] == ["bad", "good1", "good2"]


async def test_work_that_something_else_cancelled_is_an_ordinary_failure() -> None:
    async def act(key: str) -> None:
        if len(probe.seen) == 1:
            raise asyncio.CancelledError

    probe = Probe("a", act)
    await run(probe, ManualClock(), seconds=1, workers=1)
    assert probe.seen == ["a", "a"]


async def test_cancelling_ends_a_reconcile_in_the_middle_and_closes_the_queue() -> None:
    ended: list[str] = []

    async def act(key: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(key)

    probe = Probe("abc", act)
    await run(probe, ManualClock(), seconds=0)
    assert sorted(ended) == ["a", "b"]
    assert probe.queue is not None
    assert len(probe.queue) == 0


async def test_one_key_is_never_in_two_hands() -> None:
    held: set[str] = set()

    async def act(key: str) -> None:
        assert key not in held
        held.add(key)
        assert probe.queue is not None
        probe.queue.add(key)
        await asyncio.sleep(0)
        held.discard(key)

    probe = Probe("ab", act)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_controller(probe, workers=8))
        for _ in range(200):
            await asyncio.sleep(0)
        task.cancel()
    assert len(probe.seen) > 20
    assert all(probe.queue is not None and probe.queue.failures(key) == 0 for key in "ab")
