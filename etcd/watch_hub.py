"""One feed, many watchers: every watcher is a place in the store's log, read at its own pace.

In: notify() after each applied batch. Out: WatchBatches. Replay and live are the same reading of one log,
so there is no seam between them where an event could be lost or doubled, and no queue per watcher that
could grow. The rule for a slow watcher: it may fall behind as far as the log reaches (history.HistoryLimit,
compaction); beyond that it is told Compacted and must list again. It never holds up writers or other
watchers.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from etcd.kv import Compacted, Unavailable, WatchBatch
from etcd.mvcc import Store

BATCH_CHANGES: Final = 1000
"""Revisions looked at for one batch."""


class WatchHub:
    """Watchers of one Store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: set[asyncio.Future[None]] = set()
        self._closed = False

    def notify(self) -> None:
        """The store moved on: wake everybody who had read all of it."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    def close(self) -> None:
        """Every watch ends with Unavailable."""
        self._closed = True
        self.notify()

    async def watch(self, prefix: bytes, *, start_revision: int) -> AsyncIterator[WatchBatch]:
        """See Backend.watch_prefix."""
        store = self._store
        following = start_revision or store.revision + 1
        if following < store.history.compact_revision:
            raise Compacted(store.history.compact_revision)
        yield WatchBatch(min(following - 1, store.revision), ())
        while True:
            while following > store.revision:
                await self._wait()
            changes = store.history.since(following, limit=BATCH_CHANGES)
            events = [
                event
                for change in changes
                for event in change.events
                if event.key_value.key.startswith(prefix)
            ]
            following = changes[-1].revision + 1
            yield WatchBatch(following - 1, events)

    async def _wait(self) -> None:
        if self._closed:
            raise Unavailable("store is closed")
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)
