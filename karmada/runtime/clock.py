"""What time it is, and waiting: the only module that asks the machine.

In: seconds to wait. Out: aware UTC datetimes, a monotonic count, timers. Everything that needs time takes
a Clock; tests hand in a ManualClock and turn its hands. Also the two RFC 3339 spellings the API uses.
"""

import asyncio
import heapq
import itertools
import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from typing_extensions import override


class Timer(Protocol):
    """A callback that has not run yet."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run callback on the running event loop after seconds."""
        ...


class SystemClock(Clock):
    """The machine's own clock."""

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place

    @override
    def monotonic(self) -> float:
        return time.monotonic()

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    @override
    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback)


SYSTEM_CLOCK: Clock = SystemClock()


class _ManualTimer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock(Clock):
    """A clock whose hands a test turns; nothing passes by itself.

    advance() runs what became due, in order. run_for() does so step by step and lets tasks run in
    between, so that a loop that sleeps again and again makes all its rounds.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, _ManualTimer]] = []

    @override
    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    @override
    def monotonic(self) -> float:
        return self._elapsed

    @override
    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            timer.cancel()

    @override
    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        timer = _ManualTimer(callback)
        heapq.heappush(self._timers, (self._elapsed + seconds, next(self._order), timer))
        return timer

    @property
    def sleepers(self) -> int:
        """How many sleeps and timers are pending."""
        return sum(timer.callback is not None for _, _, timer in self._timers)

    def advance(self, seconds: float) -> None:
        """Move the hands and run every timer that is due by then."""
        target = self._elapsed + seconds
        while self._timers and self._timers[0][0] <= target:
            self._fire_next()
        self._elapsed = target

    async def run_for(self, seconds: float) -> None:
        """Like advance, but tasks run between two timers."""
        target = self._elapsed + seconds
        await _settle()
        while self._timers and self._timers[0][0] <= target:
            self._fire_next()
            await _settle()
        self._elapsed = target
        await _settle()

    def _fire_next(self) -> None:
        due, _, timer = heapq.heappop(self._timers)
        self._elapsed = max(self._elapsed, due)
        if timer.callback is not None:
            timer.callback()


async def _settle() -> None:
    """Let tasks that are ready run, and those which they wake."""
    for _ in range(10):
        await asyncio.sleep(0)


def home_zone() -> tzinfo:
    """The zone this process runs in: TZ, else the machine's; UTC where neither says."""
    name = os.environ.get("TZ", "").removeprefix(":")
    try:
        if name:
            return ZoneInfo(name)
        with open("/etc/localtime", "rb") as rules:
            return ZoneInfo.from_file(rules, key="Local")
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return UTC


def rfc3339(moment: datetime) -> str:
    """`2026-01-02T03:04:05Z`: metav1.Time."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def rfc3339_micro(moment: datetime) -> str:
    """`2026-01-02T03:04:05.000006Z`: metav1.MicroTime."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


_BEYOND_MICROSECONDS = re.compile(r"(\.\d{6})\d+")


def parse_rfc3339(text: str) -> datetime:
    """An aware datetime in UTC. Raises ValueError for anything that is not RFC 3339 with a zone."""
    moment = datetime.fromisoformat(_BEYOND_MICROSECONDS.sub(r"\1", text))
    if moment.tzinfo is None:
        raise ValueError(f"time without a zone: {text!r}")
    return moment.astimezone(UTC)
