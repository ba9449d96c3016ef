"""WatchCache: everything under /registry/ as encoded objects, kept current by one backend watch.

In: the backend's events. Out: collections that handlers read and watch, at a revision proved fresh. store.py
tells it of own writes; changes by other servers are covered by one batched read of the backend's current
revision.
"""

import asyncio
import heapq
import logging
from collections.abc import Iterable
from itertools import count
from typing import Final

from apiserver.storage.collection_cache import CollectionCache
from apiserver.storage.entries import Entry
from apiserver.storage.keys import ROOT, Collection, split_key
from etcd.kv import Backend, Compacted, Event, FutureRevision, KeyValue, StoreError, Unavailable

log = logging.getLogger(__name__)

HISTORY_REVISIONS: Final = 5000
"""How far back the cache tries to start, so that watches of before a restart resume."""
LOAD_PAGE: Final = 1000
RELOAD_PAUSE_SECONDS: Final = 1.0


class TooFarAhead(Exception):
    """A revision that does not come within the time given."""

    def __init__(self, revision: int, current: int) -> None:
        super().__init__(f"revision {revision} is ahead of {current}")
        self.revision = revision
        self.current = current


class WatchCache:
    """All collections. run() must be running in a task of the owner; ready is set after the first load."""

    def __init__(self, backend: Backend, *, sole_writer: bool) -> None:
        """sole_writer: nobody else writes to the backend, so own writes are all there is to wait for."""
        self.ready = asyncio.Event()
        self.applied = 0
        """Everything up to this revision is in the collections."""
        self.reachable = True
        """Whether the backend answered when it was asked last."""
        self._backend = backend
        self._sole_writer = sole_writer
        self._collections: dict[Collection, CollectionCache] = {}
        self._base = 0
        self._written = 0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._first_target: int | None = None

    def collection(self, collection: Collection) -> CollectionCache:
        found = self._collections.get(collection)
        if found is None:
            found = self._collections[collection] = CollectionCache(collection, floor=self._base)
        return found

    def size_of(self, collection: Collection) -> int:
        """How many objects there are; 0 also for what nobody has ever asked for."""
        found = self._collections.get(collection)
        return len(found) if found is not None else 0

    def collections(self) -> list[CollectionCache]:
        return list(self._collections.values())

    # -- freshness ------------------------------------------------------------------------------------------

    def wrote(self, revision: int) -> None:
        """An own write was acknowledged at revision: later reads must show it."""
        self._written = max(self._written, revision)

    async def fresh(self) -> int:
        """Wait until everything acknowledged before this call is applied; the revision reached.

        Raises Unavailable when the backend does not answer, TooFarAhead when the cache cannot follow.
        """
        target = self._written
        if not self._sole_writer:
            try:
                target = max(target, await self._backend.current_revision())
            except Unavailable:
                self.reachable = False
                raise
            self.reachable = True
        if target > self.applied:
            await self.wait_for(target, seconds=10.0)
        return self.applied

    async def wait_for(self, revision: int, *, seconds: float = 3.0) -> None:
        """Wait until revision is applied. Raises TooFarAhead."""
        if revision <= self.applied:
            return
        future = asyncio.get_running_loop().create_future()
        waiting = (revision, next(self._order), future)
        heapq.heappush(self._waiting, waiting)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            raise TooFarAhead(revision, self.applied) from None
        finally:
            if future.cancelled() and waiting in self._waiting:
                self._waiting.remove(waiting)
                heapq.heapify(self._waiting)

    # -- the feed -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the backend for ever."""
        while True:
            try:
                await self._load()
                await self._follow()
            except Compacted as error:
                log.warning("watch cache lost its place and loads again", extra={"reason": str(error)})
            except StoreError as error:
                log.warning("watch cache cannot follow the store", extra={"reason": str(error)})
                await asyncio.sleep(RELOAD_PAUSE_SECONDS)

    async def _load(self) -> None:
        current = await self._backend.current_revision()
        if self.ready.is_set():
            await self._load_at(current)
        else:
            await self._load_with_history(current)
        self._first_target = current

    async def _load_with_history(self, current: int) -> None:
        """Begin as far back as the backend knows, so that a watch resumes though its server was killed."""
        start = max(current - HISTORY_REVISIONS, 1)
        try:
            await self._load_at(start)
        except Compacted as error:
            oldest = max(error.compact_revision, start)
            await self._load_at(oldest if oldest > start else current)
        except FutureRevision:
            await self._load_at(current)

    async def _load_at(self, revision: int) -> None:
        """Replace everything by the state at revision."""
        loaded: dict[Collection, list[Entry]] = {}
        start = b""
        while True:
            page = await self._backend.get_prefix(ROOT, start=start, limit=LOAD_PAGE, revision=revision)
            for item in page.items:
                found = split_key(item.key)
                if found is not None:
                    collection, path = found
                    entry = _entry(path, item)
                    if entry is not None:
                        loaded.setdefault(collection, []).append(entry)
            if not page.more or not page.items:
                break
            start = page.items[-1].key + b"\0"
        self._replace(loaded, revision)

    def _replace(self, loaded: dict[Collection, list[Entry]], revision: int) -> None:
        before = self._collections
        self._base = revision
        for collection in {*before, *loaded}:
            cache = self.collection(collection)
            entries = loaded.get(collection, [])
            if self.ready.is_set():
                _catch_up(cache, entries, revision)
            else:
                for entry in entries:
                    cache.load(entry)
                cache.floor = cache.changed = revision
        self._advance(revision)

    async def _follow(self) -> None:
        async for batch in self._backend.watch_prefix(ROOT, start_revision=self._base + 1):
            if batch.events:
                self.apply(batch.events)
            self._advance(batch.revision)

    def apply(self, events: Iterable[Event]) -> None:
        """Take the events of whole revisions in one step."""
        touched: set[CollectionCache] = set()
        for event in events:
            item = event.key_value
            found = split_key(item.key)
            if found is None:
                continue
            collection, path = found
            entry = _entry(path, item) if event.type == "put" else None
            cache = self.collection(collection)
            cache.apply(path, item.mod_revision, entry)
            touched.add(cache)
        for cache in touched:
            cache.flush()

    def _advance(self, revision: int) -> None:
        self.applied = max(self.applied, revision)
        waiting = self._waiting
        while waiting and waiting[0][0] <= self.applied:
            future = heapq.heappop(waiting)[2]
            if not future.done():
                future.set_result(None)
        if self._first_target is not None and self.applied >= self._first_target:
            self.ready.set()


def _entry(path: str, item: KeyValue) -> Entry | None:
    """None for a value that is no JSON object: it is left alone and not served."""
    try:
        return Entry(path, item.mod_revision, item.value)
    except (ValueError, AttributeError):
        log.exception("stored value is not an object", extra={"key": item.key.decode(errors="replace")})
        return None


def _catch_up(cache: CollectionCache, entries: list[Entry], revision: int) -> None:
    """Bring cache to the state at revision as changes, for its listeners; its watchers must list again."""
    cache.forget_history(revision)
    loaded = {entry.path: entry for entry in entries}
    for path in [path for path in cache.entries if path not in loaded]:
        cache.apply(path, revision, None)
    for entry in entries:
        known = cache.entries.get(entry.path)
        if known is None or known.revision != entry.revision:
            cache.apply(entry.path, entry.revision, entry)
    cache.forget_history(revision)
