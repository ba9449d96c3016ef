"""History: the log of Changes, and what a key held at a revision that is still in it.

Pure. In: Changes in order. Out: the log from a revision on (watch_hub.py), values and counts at a revision
(mvcc.py). A key's past is not stored twice: the value at a revision is what the first later event found
there.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from etcd.kv import Compacted, Event, KeyValue


@dataclass(frozen=True, slots=True)
class HistoryLimit:
    """How much of the past is kept when nobody compacts. Past either bound a tenth of it goes at once."""

    changes: int = 20_000
    """Revisions in the log."""
    value_bytes: int = 8 * 1024 * 1024
    """Replaced and deleted values, which only the log still holds."""


DEFAULT_LIMIT: Final = HistoryLimit()


class Change(NamedTuple):
    """One revision and what it did, at least one event."""

    revision: int
    events: tuple[Event, ...]


class History:
    """Changes since compact_revision, that one included, without a gap."""

    def __init__(self, *, limit: HistoryLimit) -> None:
        self.compact_revision = 0
        self.value_bytes = 0
        """What HistoryLimit.value_bytes bounds."""
        self._limit = limit
        self._log: list[Change] = []
        self._events: dict[bytes, list[Event]] = {}
        """The events in the log, by key."""

    def __contains__(self, key: bytes) -> bool:
        return key in self._events

    def append(self, change: Change) -> None:
        self._log.append(change)
        for event in change.events:
            key = event.key_value.key
            events = self._events.get(key)
            if events is None:
                self._events[key] = [event]
            else:
                events.append(event)
            if event.previous is not None:
                self.value_bytes += len(event.previous.value)

    def since(self, revision: int, *, limit: int) -> Sequence[Change]:
        """At most limit Changes from revision on, oldest first. Raises Compacted."""
        if revision < self.compact_revision:
            raise Compacted(self.compact_revision)
        index = self._index(revision)
        return self._log[index : index + limit]

    def value_at(self, key: bytes, revision: int) -> KeyValue | None:
        """What key held at revision. For keys that are gone or changed after it."""
        events = self._events[key]
        later = bisect_right(events, revision, key=_revision_of)
        return events[later].previous if later < len(events) else None

    def touched_after(self, revision: int) -> Iterator[Event]:
        """Of every key that changed after revision, the first change."""
        seen: set[bytes] = set()
        for change in islice(self._log, self._index(revision + 1), None):
            for event in change.events:
                if event.key_value.key not in seen:
                    seen.add(event.key_value.key)
                    yield event

    def excess(self) -> int:
        """The revision to compact to because the log is too long, or 0."""
        if len(self._log) > self._limit.changes:
            return self._log[-max(self._limit.changes * 9 // 10, 1)].revision
        if self.value_bytes <= self._limit.value_bytes or len(self._log) < 2:
            return 0
        surplus = self.value_bytes - self._limit.value_bytes * 9 // 10
        for change in self._log:
            if surplus <= 0:
                return change.revision
            surplus -= _replaced_bytes(change)
        return self._log[-1].revision

    def forget_before(self, revision: int) -> list[Change]:
        """Drop what is older: the change at revision itself stays, with what it replaced."""
        if revision <= self.compact_revision:
            return []
        self.compact_revision = revision
        forgotten = self._log[: self._index(revision)]
        del self._log[: len(forgotten)]
        dropped: dict[bytes, int] = {}
        for change in forgotten:
            self.value_bytes -= _replaced_bytes(change)
            for event in change.events:
                dropped[event.key_value.key] = dropped.get(event.key_value.key, 0) + 1
        for key, number in dropped.items():
            events = self._events[key]
            del events[:number]
            if not events:
                del self._events[key]
        return forgotten

    def _index(self, revision: int) -> int:
        """Place in the log of revision, or of the first one after it."""
        return max(revision - self._log[0].revision, 0) if self._log else 0


def _revision_of(event: Event) -> int:
    return event.key_value.mod_revision


def _replaced_bytes(change: Change) -> int:
    return sum(len(event.previous.value) for event in change.events if event.previous is not None)
