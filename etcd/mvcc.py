"""Revisions, transactions, ranges at a revision, compaction and leases: what etcd decides, without I/O or a
clock.

In: compares and operations, key ranges, times as numbers. Out: results and Changes. A Batch plans
transactions on top of the store and of each other; nothing of it can be seen before Store.apply, so that
memory.py applies at once and sqlite.py when the batch is on the disk. watch_hub.py reads the log of Changes
kept here.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from etcd.history import DEFAULT_LIMIT, Change, History, HistoryLimit
from etcd.kv import (
    Compacted,
    Compare,
    Delete,
    Event,
    FutureRevision,
    KeyValue,
    LeaseNotFound,
    Put,
    RangeResult,
    StoreError,
    TransactionResult,
    ValueTooLarge,
    prefix_end,
)
from etcd.sorted_keys import SortedKeys

MAX_REQUEST_BYTES: Final = 1_572_864
"""Keys and values of one transaction; etcd's default for --max-request-bytes."""

MAX_OPERATIONS: Final = 128
"""Operations of one transaction; etcd's default for --max-txn-ops."""


@dataclass(slots=True)
class Lease:
    id: int
    ttl_seconds: int
    deadline: float
    """In the seconds of whoever granted it."""
    keys: set[bytes] = field(default_factory=set)


def check_request(compare: Sequence[Compare], success: Sequence[Put | Delete]) -> int:
    """The size in bytes. Raises ValueTooLarge or StoreError for what etcd refuses without looking at the
    store.
    """
    if len(success) == 1:  # by far the most frequent
        operation = success[0]
        size = len(operation.key) + (len(operation.value) if isinstance(operation, Put) else 0)
    else:
        if len({operation.key for operation in success}) != len(success):
            raise StoreError("duplicate key given in txn request")
        size = sum(len(each.key) + (len(each.value) if isinstance(each, Put) else 0) for each in success)
    if len(success) > MAX_OPERATIONS or len(compare) > MAX_OPERATIONS:
        raise ValueTooLarge("too many operations in txn request")
    if size > MAX_REQUEST_BYTES:
        raise ValueTooLarge("request is too large")
    if not all(each.key for each in success) or not all(each.key for each in compare):
        raise StoreError("key is not provided")
    return size


class Batch:
    """Transactions planned one after the other: each sees the store and what the batch did before it."""

    __slots__ = (
        "_overlay",
        "_store",
        "base",
        "changes",
        "compact_revision",
        "granted",
        "revision",
        "revoked",
    )

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._overlay: dict[bytes, KeyValue | None] = {}
        self.base = store.revision
        self.revision = store.revision
        self.changes: list[Change] = []
        self.granted: list[Lease] = []
        self.revoked: set[int] = set()
        self.compact_revision = store.history.compact_revision

    def transaction(self, compare: Sequence[Compare], success: Sequence[Put | Delete]) -> TransactionResult:
        """Plan success if every compare holds. A StoreError leaves the batch as it was."""
        for each in compare:
            held = self._held(each.key)
            if (held.mod_revision if held is not None else 0) != each.revision:
                current = tuple(self._held(one.key) for one in compare)
                return TransactionResult(succeeded=False, revision=self.revision, current=current)
        revision = self.revision + 1
        events: list[Event] = []
        deleted: list[KeyValue | None] = []
        for operation in success:
            held = self._held(operation.key)
            if isinstance(operation, Put):
                events.append(self._put(operation, held, revision))
            else:
                deleted.append(held)
                if held is not None:
                    events.append(_delete(held, revision))
        self._record(events)
        return TransactionResult(succeeded=True, revision=self.revision, deleted=tuple(deleted))

    def grant(self, lease: Lease) -> None:
        self.granted.append(lease)

    def revoke(self, lease_id: int) -> None:
        """End a lease and delete its keys, in one revision. Raises LeaseNotFound."""
        lease = self._lease(lease_id)
        keys = lease.keys.union(self._overlay)
        held = [self._held(key) for key in sorted(keys)]
        revision = self.revision + 1
        self._record(
            [_delete(each, revision) for each in held if each is not None and each.lease == lease_id]
        )
        self.revoked.add(lease_id)

    def expire(self, now: float) -> None:
        """Revoke every lease whose deadline has passed."""
        for lease_id in self._store.expired(now):
            if lease_id not in self.revoked:
                self.revoke(lease_id)

    def compact(self, revision: int) -> None:
        """Plan to forget what is older than revision. Raises Compacted, FutureRevision."""
        if revision <= self.compact_revision:
            raise Compacted(self.compact_revision)
        if revision > self.base:
            raise FutureRevision(revision, self.base)
        self.compact_revision = revision

    @property
    def compacts(self) -> bool:
        return self.compact_revision > self._store.history.compact_revision

    @property
    def empty(self) -> bool:
        """Nothing to apply."""
        return not (self.changes or self.granted or self.revoked or self.compacts)

    def _held(self, key: bytes) -> KeyValue | None:
        if key in self._overlay:
            return self._overlay[key]
        return self._store.get(key)

    def _lease(self, lease_id: int) -> Lease:
        if lease_id not in self.revoked:
            if (lease := self._store.leases.get(lease_id)) is not None:
                return lease
            for lease in self.granted:
                if lease.id == lease_id:
                    return lease
        raise LeaseNotFound(lease_id)

    def _put(self, put: Put, held: KeyValue | None, revision: int) -> Event:
        if put.lease:
            self._lease(put.lease)
        if held is None:
            return Event("put", KeyValue(put.key, put.value, revision, revision, 1, put.lease), None)
        new = KeyValue(put.key, put.value, held.create_revision, revision, held.version + 1, put.lease)
        return Event("put", new, held)

    def _record(self, events: list[Event]) -> None:
        if not events:
            return
        self.revision += 1
        self.changes.append(Change(self.revision, tuple(events)))
        for event in events:
            self._overlay[event.key_value.key] = event.key_value if event.type == "put" else None


def _delete(held: KeyValue, revision: int) -> Event:
    return Event("delete", KeyValue(held.key, b"", 0, revision, 0), held)


class Store:
    """The keyspace now, its History, and the leases."""

    def __init__(self, *, limit: HistoryLimit = DEFAULT_LIMIT) -> None:
        self.revision = 1
        self.history = History(limit=limit)
        self.leases: dict[int, Lease] = {}
        self._current: dict[bytes, KeyValue] = {}
        self._live = SortedKeys()
        self._dead = SortedKeys()
        """Keys that are gone and still have a past."""
        self._live_bytes = 0
        self._deadlines: list[tuple[float, int]] = []

    def get(self, key: bytes) -> KeyValue | None:
        return self._current.get(key)

    def range(
        self, prefix: bytes, *, start: bytes = b"", limit: int = 0, revision: int = 0, keys_only: bool = False
    ) -> RangeResult:
        """See Backend.get_prefix."""
        start, end = max(start, prefix), prefix_end(prefix)
        if end and start >= end:
            start = end
        if revision == 0 or revision == self.revision:
            held: Iterator[KeyValue] = map(self._current.__getitem__, self._live.between(start, end))
            count = self._live.count(start, end)
        else:
            self._check_revision(revision)
            held = self._held_at(revision, start, end)
            count = self._count_at(revision, start, end)
        items = list(islice(held, limit or None))
        if keys_only:
            items = [item._replace(value=b"") for item in items]
        return RangeResult(items=items, count=count, more=count > len(items), revision=self.revision)

    def count(self, prefix: bytes) -> int:
        return self._live.count(prefix, prefix_end(prefix))

    def apply(self, batch: Batch) -> list[Change]:
        """Make a batch visible; its base must be the store as it is. Returns the Changes it forgot."""
        assert batch.base == self.revision
        for lease in batch.granted:
            self._grant(lease)
        for change in batch.changes:
            self._apply(change)
        for lease_id in batch.revoked:
            self.leases.pop(lease_id, None)
        forgotten = self.history.forget_before(batch.compact_revision)
        for key in {event.key_value.key for change in forgotten for event in change.events}:
            if key not in self._current and key not in self.history:
                self._dead.remove(key)
        return forgotten

    def expired(self, now: float) -> list[int]:
        """Leases whose deadline has passed."""
        return [lease.id for lease in self.leases.values() if lease.deadline <= now]

    def next_deadline(self) -> float | None:
        """When the next lease runs out."""
        while self._deadlines and self._deadlines[0][1] not in self.leases:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    @property
    def size_bytes(self) -> int:
        """Bytes of all values, past ones included."""
        return self._live_bytes + self.history.value_bytes

    @classmethod
    def restore(
        cls,
        versions: Iterable[KeyValue],
        *,
        compact_revision: int,
        leases: Iterable[Lease],
        limit: HistoryLimit,
        on_garbage: Callable[[KeyValue], None],
    ) -> "Store":
        """The store that wrote versions: puts and deletes (version 0) in the order of their revisions.

        on_garbage is told, oldest first, which of them nobody can ask for any more. Raises StoreError when
        a revision that must be there is missing.
        """
        store = cls(limit=limit)
        store.history.compact_revision = compact_revision
        for lease in leases:
            store._grant(lease)
        log = store._load_base(iter(versions), on_garbage)
        store._live = SortedKeys(store._current)
        for held in store._current.values():
            store._live_bytes += len(held.value)
            if held.lease:
                store._attach(held)
        for change in log:
            if change.revision != store.revision + 1:
                raise StoreError(f"store is damaged: revision {store.revision + 1} is missing")
            store._apply(change)
        return store

    def _grant(self, lease: Lease) -> None:
        self.leases[lease.id] = lease
        heapq.heappush(self._deadlines, (lease.deadline, lease.id))

    def _apply(self, change: Change) -> None:
        assert change.revision == self.revision + 1
        self.revision = change.revision
        for event in change.events:
            if event.type == "put":
                self._put(event)
            else:
                self._delete(event)
        self.history.append(change)

    def _put(self, event: Event) -> None:
        new, old = event.key_value, event.previous
        if old is None:
            self._live.add(new.key)
            if new.key in self.history:
                self._dead.remove(new.key)
        else:
            self._live_bytes -= len(old.value)
            if old.lease:
                self._detach(old)
        self._current[new.key] = new
        self._live_bytes += len(new.value)
        if new.lease:
            self._attach(new)

    def _delete(self, event: Event) -> None:
        old = event.previous
        if old is not None:
            del self._current[old.key]
            self._live.remove(old.key)
            self._dead.add(old.key)
            self._live_bytes -= len(old.value)
            if old.lease:
                self._detach(old)

    def _attach(self, held: KeyValue) -> None:
        if (lease := self.leases.get(held.lease)) is not None:
            lease.keys.add(held.key)

    def _detach(self, held: KeyValue) -> None:
        if (lease := self.leases.get(held.lease)) is not None:
            lease.keys.discard(held.key)

    def _check_revision(self, revision: int) -> None:
        if revision > self.revision:
            raise FutureRevision(revision, self.revision)
        if revision < self.history.compact_revision:
            raise Compacted(self.history.compact_revision)

    def _held_at(self, revision: int, start: bytes, end: bytes) -> Iterator[KeyValue]:
        for key in heapq.merge(self._live.between(start, end), self._dead.between(start, end)):
            held = self._current.get(key)
            if held is None or held.mod_revision > revision:
                held = self.history.value_at(key, revision)
            if held is not None:
                yield held

    def _count_at(self, revision: int, start: bytes, end: bytes) -> int:
        """The count now, corrected by what happened since: no page walks the whole range to be counted."""
        count = self._live.count(start, end)
        for event in self.history.touched_after(revision):
            key = event.key_value.key
            if key >= start and (not end or key < end):
                count += (event.previous is not None) - (key in self._current)
        return count

    def _load_base(
        self, versions: Iterator[KeyValue], on_garbage: Callable[[KeyValue], None]
    ) -> Iterator[Change]:
        """Take in what was there before compact_revision; return the Changes from there on."""
        current, compact_revision = self._current, self.history.compact_revision
        first = None
        for version in versions:
            if version.mod_revision >= compact_revision:
                first = version
                break
            if (old := current.get(version.key)) is not None:
                on_garbage(old)
            if version.version:
                current[version.key] = version
            else:
                current.pop(version.key, None)
                on_garbage(version)
        self.revision = max(compact_revision - 1, 1)
        return self._replay(first, versions)

    def _replay(self, first: KeyValue | None, versions: Iterator[KeyValue]) -> Iterator[Change]:
        """Each Change must be applied before the next one is asked for."""
        events: list[Event] = []
        revision = 0
        while first is not None:
            if events and first.mod_revision != revision:
                yield Change(revision, tuple(events))
                events = []
            revision = first.mod_revision
            previous = self._current.get(first.key)
            events.append(Event("put" if first.version else "delete", first, previous))
            first = next(versions, None)
        if events:
            yield Change(revision, tuple(events))
