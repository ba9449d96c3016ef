"""SortedKeys: a set of keys kept in byte order, for ranges and counts over a million keys.

Pure. A list of short sorted lists: adding or removing one key moves at most one short list, not the whole
set. Used by mvcc.py only.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import Final

BLOCK_KEYS: Final = 512
"""A block is split at twice this size."""


class SortedKeys:
    """Keys in order. `end` is exclusive everywhere; b"" stands for no end."""

    __slots__ = ("_blocks", "_firsts", "_size")

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        ordered = sorted(set(keys))
        self._blocks = [ordered[i : i + BLOCK_KEYS] for i in range(0, len(ordered), BLOCK_KEYS)]
        self._firsts = [block[0] for block in self._blocks]
        """Lower bound of each block: where a key belongs is the last block whose bound is not above it."""
        self._size = len(ordered)

    def __len__(self) -> int:
        return self._size

    def add(self, key: bytes) -> None:
        """key must not be there yet."""
        self._size += 1
        if not self._blocks:
            self._blocks.append([key])
            self._firsts.append(key)
            return
        index = max(bisect_right(self._firsts, key) - 1, 0)
        block = self._blocks[index]
        insort(block, key)
        self._firsts[index] = block[0]
        if len(block) >= 2 * BLOCK_KEYS:
            self._blocks[index : index + 1] = [block[:BLOCK_KEYS], block[BLOCK_KEYS:]]
            self._firsts[index : index + 1] = [block[0], block[BLOCK_KEYS]]

    def remove(self, key: bytes) -> None:
        """key must be there."""
        index = bisect_right(self._firsts, key) - 1
        block = self._blocks[index]
        place = bisect_left(block, key)
        assert block[place] == key
        del block[place]
        self._size -= 1
        if block:
            self._firsts[index] = block[0]
        else:
            del self._blocks[index], self._firsts[index]

    def between(self, start: bytes, end: bytes) -> Iterator[bytes]:
        """Keys from start on, in order. The set must not change meanwhile."""
        first = max(bisect_right(self._firsts, start) - 1, 0)
        for index in range(first, len(self._blocks)):
            block = self._blocks[index]
            if end and block[0] >= end:
                return
            low = bisect_left(block, start) if index == first else 0
            if end and block[-1] >= end:
                yield from block[low : bisect_left(block, end)]
                return
            yield from block[low:] if low else block

    def count(self, start: bytes, end: bytes) -> int:
        """How many keys between() yields, without looking at them."""
        stop = self._rank(end) if end else self._size
        return max(stop - self._rank(start), 0)

    def _rank(self, key: bytes) -> int:
        """How many keys come before key."""
        index = bisect_right(self._firsts, key) - 1
        if index < 0:
            return 0
        return sum(map(len, self._blocks[:index])) + bisect_left(self._blocks[index], key)
