"""Answers of other servers, kept a while and asked for once."""

import asyncio

import pytest

from apiserver.filters.remembered import Remembered
from karmada.runtime.clock import ManualClock


class Source:
    """Counts how often it is asked; answers when it is opened."""

    def __init__(self, *, good_for: float = 10.0) -> None:
        self.good_for = good_for
        self.asked = 0
        self.opened = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> tuple[int, float]:
        self.asked += 1
        number = self.asked
        await self.opened.wait()
        if self.error is not None:
            raise self.error
        return number, self.good_for


async def test_an_answer_is_good_for_as_long_as_it_says() -> None:
    clock, source = ManualClock(), Source()
    answers: Remembered[int] = Remembered(clock)
    source.opened.set()
    assert await answers.get("a", source) == 1
    clock.advance(9)
    assert await answers.get("a", source) == 1
    assert await answers.get("b", source) == 2
    clock.advance(2)
    assert await answers.get("a", source) == 3


async def test_many_who_want_it_ask_once() -> None:
    source = Source()
    answers: Remembered[int] = Remembered(ManualClock())
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(answers.get("a", source)) for _ in range(20)]
        await asyncio.sleep(0)
        source.opened.set()
    assert {task.result() for task in tasks} == {1}


async def test_trouble_is_everybodys_who_waited_and_is_not_kept() -> None:
    source = Source()
    answers: Remembered[int] = Remembered(ManualClock())
    source.error = ValueError("no")
    source.opened.set()
    results = await asyncio.gather(*(answers.get("a", source) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError] * 3
    source.error = None
    assert await answers.get("a", source) > 1


async def test_who_gives_up_leaves_the_question_to_the_next() -> None:
    source = Source()
    answers: Remembered[int] = Remembered(ManualClock())
    async with asyncio.TaskGroup() as group:
        first = group.create_task(answers.get("a", source))
        second = group.create_task(answers.get("a", source))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        source.opened.set()
        assert await second == 2
    with pytest.raises(asyncio.CancelledError):
        first.result()
