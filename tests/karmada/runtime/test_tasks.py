"""karmada.runtime.tasks: every task has an owner that waits for it."""

import asyncio

import pytest

from karmada.runtime.tasks import Tasks, spawn


async def test_leaving_stops_every_task_and_waits_for_its_clean_up() -> None:
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    async with Tasks("owner") as tasks:
        tasks.start(work("a"), name="a")
        tasks.start(work("b"), name="b")
        await asyncio.sleep(0)
        assert len(tasks) == 2
    assert sorted(ended) == ["a", "b"]
    assert len(tasks) == 0


async def test_one_task_can_be_stopped_alone() -> None:
    async with Tasks("owner") as tasks:
        first = tasks.start(asyncio.Event().wait(), name="first")
        second = tasks.start(asyncio.Event().wait(), name="second")
        await tasks.stop(first)
        assert (first.done, second.done) == (True, False)


async def test_a_task_that_fails_is_logged_at_once_and_raised_when_leaving(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):  # noqa: PT012 - raised when leaving
        async with Tasks("owner") as tasks:
            tasks.start(fail(), name="fails")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert "background task failed" in caplog.text


async def test_a_closed_owner_takes_no_more() -> None:
    async with Tasks("owner") as tasks:
        pass
    with pytest.raises(RuntimeError, match="owner is closed"):
        tasks.start(asyncio.sleep(0), name="late")


async def test_a_bare_task_has_its_name_and_result() -> None:
    async def work() -> int:
        return 7

    task = spawn(work(), name="seven")
    assert task.get_name() == "seven"
    assert await task == 7
