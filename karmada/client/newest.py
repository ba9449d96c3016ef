"""Objects as our own writes left them, until the cache has caught up.

A controller that compares with a cache that is behind would write twice, or not at all. In: what the cache
has, what a write was answered with. Out: the newer of both.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from karmada.api.gvk import ObjectKey

T = TypeVar("T")
MOST: Final = 256


class Newest(Generic[T]):
    """version_of reads the resourceVersion of an object; versions grow."""

    def __init__(self, version_of: Callable[[T], str]) -> None:
        self._version_of = version_of
        self._written: OrderedDict[ObjectKey, T] = OrderedDict()

    def of(self, key: ObjectKey, cached: T | None) -> T | None:
        """cached, or what we wrote since; None when the cache says it is gone."""
        written = self._written.get(key)
        if written is None:
            return cached
        if cached is None or _number(self._version_of(cached)) >= _number(self._version_of(written)):
            del self._written[key]
            return cached
        return written

    def wrote(self, key: ObjectKey, value: T) -> None:
        """Remember value. The oldest are forgotten: a cache is behind for milliseconds, not MOST writes."""
        self._written[key] = value
        self._written.move_to_end(key)
        if len(self._written) > MOST:
            self._written.popitem(last=False)

    def forget(self, key: ObjectKey) -> None:
        self._written.pop(key, None)


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0
