"""Store: reads that are fresh, writes that happen once and atomically, lists at a revision.

In: collections, paths and decisions of the handlers. Out: entries. Read-modify-write has one shape, settle():
the handler decides on the newest entry and may be asked again when storage moved meanwhile. etcd's words end
here.
"""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from apiserver.storage import refusals
from apiserver.storage.entries import Entry
from apiserver.storage.keys import Collection
from apiserver.storage.watch_cache import TooFarAhead, WatchCache
from etcd.kv import (
    Backend,
    Compacted,
    Compare,
    Delete,
    FutureRevision,
    KeyValue,
    LeaseNotFound,
    Put,
    TransactionResult,
    Unavailable,
    ValueTooLarge,
)
from karmada.api.errors import ApiError, BadRequest, RequestEntityTooLarge
from karmada.runtime.clock import Clock

MAX_ATTEMPTS: Final = 64
LEASE_SHARE_SECONDS: Final = 60
"""Objects written within so long share a lease, so that a million Events need few of them."""
LEASE_SHARE_OBJECTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Write:
    """Store this value (entries.encode makes it); ttl_seconds 0 keeps it for ever."""

    value: bytes
    ttl_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove the object."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing to do."""


Verdict = Write | Remove | Keep
Decide = Callable[[Entry | None], Awaitable[Verdict]]


@dataclass(frozen=True, slots=True)
class Settled:
    """entry is the new state, the kept one, or the last one of a removed object at the revision of its
    removal."""

    outcome: Literal["created", "updated", "kept", "removed"]
    entry: Entry


@dataclass(frozen=True, slots=True)
class Page:
    entries: Sequence[Entry]
    next_path: str
    """Path of the first object that did not fit; "" when this is the end."""
    remaining: int


@dataclass(slots=True)
class _SharedLease:
    lease: int
    until: float
    objects: int = 0


class Store:
    """Objects as entries over a backend and its watch cache."""

    def __init__(self, backend: Backend, cache: WatchCache, *, clock: Clock, sole_writer: bool) -> None:
        self.cache = cache
        self._backend = backend
        self._clock = clock
        self._sole_writer = sole_writer
        self._leases: dict[int, _SharedLease] = {}

    # -- reads ----------------------------------------------------------------------------------------------

    async def fresh(self, verb: str, collection: Collection) -> int:
        """Make the cache show everything acknowledged so far; the revision it shows."""
        try:
            return await self.cache.fresh()
        except (Unavailable, TooFarAhead) as error:
            raise refusals.no_answer(verb, collection) from error

    async def at_least(self, revision: int) -> int:
        """Wait a little for revision; the revision shown. Raises Timeout with the stock text."""
        try:
            await self.cache.wait_for(revision)
        except TooFarAhead as error:
            raise refusals.too_far_ahead(error.revision, error.current) from error
        return self.cache.applied

    async def get(self, collection: Collection, path: str) -> Entry | None:
        await self.fresh("get", collection)
        return self.cache.collection(collection).get(path)

    async def page_at(
        self, collection: Collection, *, namespace: str, start: str, limit: int, revision: int
    ) -> Page:
        """Entries as they were at revision, from the backend. Raises Compacted."""
        prefix = collection.prefix + (f"{namespace}/" if namespace else "")
        first = (collection.prefix + start).encode() if start else b""
        try:
            found = await self._backend.get_prefix(
                prefix.encode(), start=first, limit=limit, revision=revision
            )
        except FutureRevision as error:
            raise refusals.too_far_ahead(revision, error.current) from error
        except Unavailable as error:
            raise refusals.no_answer("list", collection) from error
        skip = len(collection.prefix)
        entries = [Entry(item.key[skip:].decode(), item.mod_revision, item.value) for item in found.items]
        next_path = entries[-1].path + "\0" if found.more and entries else ""
        return Page(entries, next_path, max(found.count - len(entries), 0))

    # -- writes ---------------------------------------------------------------------------------------------

    async def create(self, collection: Collection, path: str, value: bytes, *, ttl_seconds: int = 0) -> Entry:
        """Store a new object. Raises AlreadyExists."""
        key = collection.key(path)
        lease = await self._lease(collection, ttl_seconds)
        result = await self._commit(collection, key, 0, Put(key, value, lease))
        if not result.succeeded:
            raise refusals.already_exists(collection, path.rpartition("/")[2])
        return Entry(path, result.revision, value)

    async def settle(self, collection: Collection, path: str, decide: Decide) -> Settled:
        """Apply decide to the newest entry (None: there is none) until its verdict wins.

        decide may run several times; what it raises ends the call, unless it was asked about an entry that
        turns out to be stale.
        """
        key = collection.key(path)
        entry, newest = self.cache.collection(collection).get(path), False
        if self._sole_writer:
            await self.fresh("update", collection)
            entry, newest = self.cache.collection(collection).get(path), True
        for _ in range(MAX_ATTEMPTS):
            try:
                verdict = await decide(entry)
            except ApiError:
                if newest:
                    raise
                entry, newest = await self._read(collection, path), True
                continue
            if isinstance(verdict, Keep):
                if newest and entry is not None:
                    return Settled("kept", entry)
                read = await self._read(collection, path)
                if read is not None and entry is not None and read.revision == entry.revision:
                    return Settled("kept", entry)
                entry, newest = read, True
                continue
            settled, entry = await self._try(collection, path, key, entry, verdict)
            if settled is not None:
                return settled
            newest = True
        raise refusals.no_answer("update", collection)

    async def _try(
        self, collection: Collection, path: str, key: bytes, entry: Entry | None, verdict: Write | Remove
    ) -> tuple[Settled | None, Entry | None]:
        """Commit verdict on entry: the outcome, or else what is stored instead."""
        expected = entry.revision if entry is not None else 0
        if isinstance(verdict, Remove):
            assert entry is not None
            result = await self._commit(collection, key, expected, Delete(key))
            if result.succeeded:
                return Settled("removed", entry.at_revision(result.revision)), None
        else:
            lease = await self._lease(collection, verdict.ttl_seconds)
            result = await self._commit(collection, key, expected, Put(key, verdict.value, lease))
            if result.succeeded:
                written = Entry(path, result.revision, verdict.value)
                return Settled("updated" if entry is not None else "created", written), None
        current = result.current[0] if result.current else None
        return None, _entry(path, current)

    async def _read(self, collection: Collection, path: str) -> Entry | None:
        try:
            return _entry(path, await self._backend.get(collection.key(path)))
        except Unavailable as error:
            raise refusals.no_answer("get", collection) from error

    async def _commit(
        self, collection: Collection, key: bytes, expected: int, operation: Put | Delete
    ) -> TransactionResult:
        try:
            result = await self._backend.transaction(compare=[Compare(key, expected)], success=[operation])
        except ValueTooLarge as error:
            raise RequestEntityTooLarge(str(error)) from error
        except LeaseNotFound as error:
            self._leases.clear()
            raise refusals.no_answer("write", collection) from error
        except Unavailable as error:
            result = await self._read_back(collection, key, expected, operation, error)
        if result.succeeded:
            self.cache.wrote(result.revision)
        return result

    async def _read_back(
        self, collection: Collection, key: bytes, expected: int, operation: Put | Delete, error: Unavailable
    ) -> TransactionResult:
        """Nothing is known about a write that got no answer; see what is stored."""
        try:
            current = await self._backend.get(key)
            revision = await self._backend.current_revision()
        except Unavailable:
            raise refusals.no_answer("write", collection) from error
        if isinstance(operation, Put) and current is not None and current.value == operation.value:
            return TransactionResult(succeeded=True, revision=current.mod_revision)
        if isinstance(operation, Delete) and current is None:
            return TransactionResult(succeeded=True, revision=revision)
        if (current.mod_revision if current else 0) != expected:
            return TransactionResult(succeeded=False, revision=revision, current=(current,))
        raise refusals.no_answer("write", collection) from error

    async def _lease(self, collection: Collection, ttl_seconds: int) -> int:
        if not ttl_seconds:
            return 0
        now = self._clock.monotonic()
        shared = self._leases.get(ttl_seconds)
        if shared is None or shared.until <= now or shared.objects >= LEASE_SHARE_OBJECTS:
            try:
                lease = await self._backend.lease(ttl_seconds + LEASE_SHARE_SECONDS)
            except Unavailable as error:
                raise refusals.no_answer("write", collection) from error
            shared = self._leases[ttl_seconds] = _SharedLease(lease, now + LEASE_SHARE_SECONDS)
        shared.objects += 1
        return shared.lease


def _entry(path: str, stored: KeyValue | None) -> Entry | None:
    if stored is None:
        return None
    return Entry(path, stored.mod_revision, stored.value)


# -- resource versions and continue tokens ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Continue:
    """Where a paged list goes on: at path start, as of revision (-1: as of now)."""

    revision: int
    start: str

    def encode(self) -> str:
        token = orjson.dumps({"v": "meta.k8s.io/v1", "rv": self.revision, "start": f"/{self.start}"})
        return base64.urlsafe_b64encode(token).rstrip(b"=").decode()

    @classmethod
    def decode(cls, token: str) -> "Continue":
        """Raises BadRequest."""
        try:
            fields = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            version, revision, start = fields["v"], fields["rv"], fields["start"]
        except (ValueError, binascii.Error, KeyError, TypeError) as error:
            raise BadRequest(f"invalid continue token: continue key is not valid: {error}") from error
        if version != "meta.k8s.io/v1" or not isinstance(revision, int) or not isinstance(start, str):
            raise BadRequest("invalid continue token: continue key is not valid: unrecognized version")
        if not revision or not start.startswith("/") or "/../" in start:
            raise BadRequest("invalid continue token: continue key is not valid: incorrect encoded start")
        return cls(revision, start[1:])


_DIGITS = re.compile(r"[0-9]+")


def parse_revision(text: str) -> int:
    """A resourceVersion; "" is 0. Raises ValueError with Go's own words."""
    if not text:
        return 0
    if not _DIGITS.fullmatch(text):
        raise ValueError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    if int(text) >= 1 << 64:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


__all__ = ["Compacted", "Continue", "Keep", "Page", "Remove", "Settled", "Store", "Write", "parse_revision"]
