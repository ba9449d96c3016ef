"""Probation: what used up its time may be tried by one caller at a time until it answers in time again.

In: a key per script or webhook. Out: leave to try, or none. Without it, everybody who asks something that
hangs waits for it, and soon nobody is left for the objects of other kinds.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class OnProbation(Exception):
    """Somebody else is trying it just now."""


class Probation(Generic[K]):
    """trials: how many may be tried at the same time, over all keys."""

    def __init__(self, *, trials: int) -> None:
        self._free = trials
        self._overran: dict[K, bool] = {}
        """Key -> whether a trial is running."""

    def __contains__(self, key: K) -> bool:
        return key in self._overran

    def overran(self, key: K) -> None:
        self._overran.setdefault(key, False)

    def passed(self, key: K) -> None:
        self._overran.pop(key, None)

    def clear(self) -> None:
        """Forget everything: what the keys stand for has changed."""
        self._overran.clear()

    @contextmanager
    def trial(self, key: K) -> Iterator[None]:
        """One try of a key that is on probation. Raises OnProbation when there is no room for it."""
        if self._free == 0 or self._overran.get(key):
            raise OnProbation
        self._free -= 1
        if key in self._overran:
            self._overran[key] = True
        try:
            yield
        finally:
            self._free += 1
            if key in self._overran:
                self._overran[key] = False
