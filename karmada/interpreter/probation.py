"""Probation: what used up its time may be tried by one caller at a time until it answers in time again.

In: a key per script or webhook. Out: leave to try, or none. Without it, everybody who asks something that
hangs waits for it, and soon nobody is left for the objects of other kinds. Who has to stand back waits for
a moment, so that one slow object is not felt by all others of its kind.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class OnProbation(Exception):
    """Somebody else is trying it, and that takes long."""


class Probation(Generic[K]):
    """trials: how many may be tried at the same time, over all keys. patience_seconds: a trial that has
    lasted so long is not waited for any more by anybody."""

    def __init__(self, *, trials: int, patience_seconds: float) -> None:
        self._free = trials
        self._patience_seconds = patience_seconds
        self._overran: dict[K, bool] = {}
        """Key -> whether a trial is running."""
        self._last_began = 0.0
        self._news = asyncio.Event()

    def __contains__(self, key: K) -> bool:
        return key in self._overran

    def overran(self, key: K) -> None:
        self._overran.setdefault(key, False)

    def passed(self, key: K) -> None:
        if self._overran.pop(key, None) is not None:
            self._tell()

    def clear(self) -> None:
        """Forget everything: what the keys stand for has changed."""
        self._overran.clear()
        self._tell()

    @asynccontextmanager
    async def trial(self, key: K) -> AsyncIterator[bool]:
        """One try of a key that is on probation; False when it is on probation no more.

        Raises OnProbation when there is no room for a trial and none is to be expected soon.
        """
        if not await self._room(key):
            yield False
            return
        self._free -= 1
        self._last_began = asyncio.get_running_loop().time()
        self._overran[key] = True
        try:
            yield True
        finally:
            self._free += 1
            if key in self._overran:
                self._overran[key] = False
            self._tell()

    async def _room(self, key: K) -> bool:
        """Whether key needs a trial, once there is room for one."""
        try:
            async with asyncio.timeout_at(self._last_began + self._patience_seconds):
                while key in self._overran and (self._free == 0 or self._overran[key]):
                    await self._news.wait()
        except TimeoutError:
            raise OnProbation from None
        return key in self._overran

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
