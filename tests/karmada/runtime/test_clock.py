"""karmada.runtime.clock: hands that tests turn, and the two spellings of time."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from karmada.runtime.clock import SYSTEM_CLOCK, ManualClock, parse_rfc3339, rfc3339, rfc3339_micro

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def test_times_are_written_as_the_api_writes_them() -> None:
    assert rfc3339(MOMENT) == "2026-01-02T03:04:05Z"
    assert rfc3339_micro(MOMENT) == "2026-01-02T03:04:05.678901Z"
    assert rfc3339(MOMENT.astimezone(timezone(timedelta(hours=5)))) == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", MOMENT.replace(microsecond=0)),
        ("2026-01-02T03:04:05.678901Z", MOMENT),
        ("2026-01-02T03:04:05.678901234Z", MOMENT),
        ("2026-01-02T05:04:05+02:00", MOMENT.replace(microsecond=0)),
    ],
)
def test_every_spelling_of_a_time_is_read(text: str, expected: datetime) -> None:
    assert parse_rfc3339(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text differs by Python version
        parse_rfc3339(text)


async def test_sleepers_wake_in_order_when_the_hands_pass_them() -> None:
    clock = ManualClock()
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(f"{name} at {clock.monotonic():g}")

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("late", 5))
        group.create_task(sleeper("early", 2))
        await asyncio.sleep(0)
        assert clock.sleepers == 2
        await clock.run_for(1)
        assert woken == []
        await clock.run_for(9)
    assert woken == ["early at 2", "late at 5"]
    assert clock.now() == datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)


async def test_a_loop_that_sleeps_makes_all_its_rounds() -> None:
    clock = ManualClock()
    rounds = 0

    async def loop() -> None:
        nonlocal rounds
        while True:
            await clock.sleep(1)
            rounds += 1

    async with asyncio.TaskGroup() as group:
        task = group.create_task(loop())
        await clock.run_for(10)
        task.cancel()
    assert rounds == 10
    assert clock.sleepers == 0, "a cancelled sleep leaves no timer"


def test_a_cancelled_timer_does_not_run() -> None:
    clock = ManualClock()
    ran: list[int] = []
    clock.call_later(1, lambda: ran.append(1)).cancel()
    clock.call_later(1, lambda: ran.append(2))
    clock.advance(1)
    assert ran == [2]


async def test_the_system_clock_is_aware_and_moves_on() -> None:
    assert SYSTEM_CLOCK.now().tzinfo is UTC
    before = SYSTEM_CLOCK.monotonic()
    await SYSTEM_CLOCK.sleep(0.01)
    assert SYSTEM_CLOCK.monotonic() - before >= 0.009
