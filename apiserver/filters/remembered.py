"""Answers that cost a request to another server, kept for a while; asked once however many wait for them.

In: a key, and how to find the answer. Out: the answer, old enough at most as its finder said. Bounded: when
full, everything is asked anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from karmada.runtime.clock import Clock

V = TypeVar("V")
ANSWERS_KEPT: Final = 10_000


@dataclass(slots=True)
class _Kept(Generic[V]):
    value: V
    until: float


@dataclass(slots=True)
class _Asking:
    """Somebody asks already. error is what they got, if that was no answer."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None


class Remembered(Generic[V]):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Hashable, _Kept[V]] = {}
        self._asking: dict[Hashable, _Asking] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[tuple[V, float]]]) -> V:
        """ask gives the answer and for how many seconds it is good. What it raises is not kept."""
        while True:
            kept = self._kept.get(key)
            if kept is not None and kept.until > self._clock.monotonic():
                return kept.value
            asking = self._asking.get(key)
            if asking is None:
                return await self._ask(key, ask)
            await asking.done.wait()
            if asking.error is not None:
                raise asking.error

    async def _ask(self, key: Hashable, ask: Callable[[], Awaitable[tuple[V, float]]]) -> V:
        asking = self._asking[key] = _Asking()
        try:
            value, seconds = await ask()
        except Exception as error:
            asking.error = error
            raise
        finally:
            # Cancelled, there is neither answer nor error: the next one asks.
            del self._asking[key]
            asking.done.set()
        if seconds > 0:
            if len(self._kept) >= ANSWERS_KEPT:
                self._kept.clear()
            self._kept[key] = _Kept(value, self._clock.monotonic() + seconds)
        return value
