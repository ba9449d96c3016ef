"""Keys, revisions, events, errors and Backend: the protocol every store speaks, with etcd's semantics and
words.

mvcc.py decides, memory.py / sqlite.py / remote.py keep, watch_hub.py fans out. One contract suite
(tests/etcd/) runs on every backend.

    StoreError
      Compacted        the revision asked for is gone
      FutureRevision   the revision asked for does not exist yet
      ValueTooLarge    over the store's limit for one request
      LeaseNotFound    the lease ran out, was revoked or never was
      Unavailable      the store does not answer; nothing is known about the request's fate
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol, runtime_checkable

PROGRESS_SECONDS: Final = 5.0
"""A watch that has nothing to tell says so at least this often, when the store moved on."""


class KeyValue(NamedTuple):
    """One key at one revision. version counts writes since creation, starting at 1."""

    key: bytes
    value: bytes
    create_revision: int
    mod_revision: int
    version: int
    lease: int = 0


class Event(NamedTuple):
    """One change. For a delete, key_value holds key and mod_revision only; previous is what was there
    before.
    """

    type: Literal["put", "delete"]
    key_value: KeyValue
    previous: KeyValue | None


class WatchBatch(NamedTuple):
    """Events in revision order; a revision is never split over two batches.

    An empty batch is progress: every event up to revision has been delivered.
    """

    revision: int
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class RangeResult:
    """items in key order; count is all that matched, more says the limit cut it; revision is the store's own.

    With start, count is all that matched from there on.
    """

    items: Sequence[KeyValue]
    count: int
    more: bool
    revision: int


@dataclass(frozen=True, slots=True)
class Compare:
    """key's mod_revision must equal revision; 0 means the key must not exist. Built by mod(key) ==
    revision.
    """

    key: bytes
    revision: int


class mod:
    """etcd3's vocabulary: `mod(key) == revision` is a Compare."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def __eq__(self, revision: object) -> Compare:  # type: ignore[override, explicit-override]
        assert isinstance(revision, int)
        return Compare(self.key, revision)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Put:
    """key holds value from now on, until lease (0: none) runs out."""

    key: bytes
    value: bytes
    lease: int = 0


@dataclass(frozen=True, slots=True)
class Delete:
    """key is gone; nothing happens when it is not there."""

    key: bytes


@dataclass(frozen=True, slots=True)
class TransactionResult:
    """revision is the store's after the transaction.

    current: what each compared key held when a compare failed (None: absent), in the order of compare;
    empty on success. deleted: what each Delete of success removed (None: nothing there), in their order.
    """

    succeeded: bool
    revision: int
    current: Sequence[KeyValue | None] = ()
    deleted: Sequence[KeyValue | None] = ()


class StoreError(Exception):
    """A store could not do what was asked."""


class Compacted(StoreError):
    """compact_revision is the oldest one still there; 0 when the store did not say."""

    def __init__(self, compact_revision: int = 0) -> None:
        oldest = f" (compact revision {compact_revision})" if compact_revision else ""
        super().__init__(f"required revision has been compacted{oldest}")
        self.compact_revision = compact_revision


class FutureRevision(StoreError):
    """current is the newest revision; 0 when the store did not say."""

    def __init__(self, revision: int, current: int = 0) -> None:
        newest = f" (current {current})" if current else ""
        super().__init__(f"revision {revision} is a future revision{newest}")
        self.current = current


class ValueTooLarge(StoreError):
    """etcd's `request is too large`."""


class LeaseNotFound(StoreError):
    """etcd's `requested lease not found`."""

    def __init__(self, lease: int) -> None:
        super().__init__(f"requested lease not found ({lease})")
        self.lease = lease


class Unavailable(StoreError):
    """No answer. A write may or may not have happened: read back before deciding."""


def prefix_end(prefix: bytes) -> bytes:
    """The first key after all those that start with prefix; b"" when there is none."""
    head = prefix.rstrip(b"\xff")
    return head[:-1] + bytes((head[-1] + 1,)) if head else b""


@runtime_checkable
class Backend(Protocol):
    """A store with etcd's MVCC semantics. Every write is durable before it is answered.

    Leaving the async context stops its tasks and closes it. Revisions start at 1 (empty store) and grow by
    one per transaction that changed something.
    """

    async def get(self, key: bytes) -> KeyValue | None:
        """The newest value, linearizable."""
        ...

    async def get_prefix(
        self, prefix: bytes, *, start: bytes = b"", limit: int = 0, revision: int = 0, keys_only: bool = False
    ) -> RangeResult:
        """Keys under prefix in order, from start (inclusive; b"" = the first), at revision (0 = now).

        Raises Compacted or FutureRevision.
        """
        ...

    async def count_prefix(self, prefix: bytes) -> int: ...

    async def transaction(
        self, *, compare: Sequence[Compare], success: Sequence[Put | Delete]
    ) -> TransactionResult:
        """All or nothing: success runs when every compare holds. A key may occur once in success.

        Raises ValueTooLarge, LeaseNotFound, Unavailable.
        """
        ...

    def watch_prefix(self, prefix: bytes, *, start_revision: int = 0) -> AsyncIterator[WatchBatch]:
        """Changes under prefix from start_revision (0 = from now) on, previous values included, for ever.

        Yields an empty batch at once when the watch is established, and then as progress whenever the store
        moved on without an event here (at least every PROGRESS_SECONDS). Reconnects by itself without a gap
        or a duplicate; raises Compacted when that is impossible, and Unavailable once the store is closed.
        """
        ...

    async def current_revision(self) -> int:
        """Linearizable; concurrent callers share one round trip."""
        ...

    async def lease(self, ttl_seconds: int) -> int:
        """A new lease; keys put with it vanish (as delete events) when it runs out."""
        ...

    async def revoke(self, lease: int) -> None:
        """End the lease now. Raises LeaseNotFound."""
        ...

    async def compact(self, revision: int) -> None:
        """Forget what is older than revision. Raises Compacted when that was done already, FutureRevision."""
        ...

    async def size_bytes(self) -> int:
        """Bytes the store occupies."""
        ...

    async def __aenter__(self) -> "Backend": ...

    async def __aexit__(self, *exc: object) -> None: ...
