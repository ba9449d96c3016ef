"""Watcher: one watch stream's place in the fan-out; transition: what one change means to one selector.

collection_cache.py offers changes, handlers/watch.py owns the stream. Offering and flushing are synchronous,
so all watchers of a collection see the same changes in the same order.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from typing_extensions import override

from apiserver.request_info import Writer
from apiserver.storage.entries import Change, Entry, View, watch_line

log = logging.getLogger(__name__)

MAX_BUFFERED_BYTES: Final = 16 * 1024 * 1024
"""What a peer may leave unread before its watch is ended; it lists again."""
MAX_HELD_FRAMES: Final = 10_000
"""Changes that may pass while a stream still writes its initial state."""

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
Matches = Callable[[Entry], bool]


def transition(change: Change, matches: Matches | None) -> EventType | None:
    """The event a watcher with this selector sees, None when the change does not concern it."""
    if matches is None:
        before, after = change.old is not None, change.new is not None
    else:
        before = change.old is not None and matches(change.old)
        after = change.new is not None and matches(change.new)
    if after:
        return "MODIFIED" if before else "ADDED"
    return "DELETED" if before else None


Ready = Callable[[list[Entry]], Awaitable[None]]
"""What must be done before entries can be shown. Raises ApiError."""


class Watcher:
    """Changes after since, in namespace ("" = all), as lines in sink."""

    __slots__ = (
        "_held",
        "_matches",
        "_pending",
        "_sink",
        "ended",
        "events",
        "namespace",
        "next_view",
        "since",
        "view",
    )

    def __init__(
        self, sink: Writer, view: View, *, namespace: str = "", matches: Matches | None = None, since: int = 0
    ) -> None:
        self.namespace = namespace
        self.since = since
        self.view = view
        self.next_view = view
        """The view after the first event; tables name their columns only once."""
        self.ended = asyncio.get_running_loop().create_future()
        self.events = 0
        self._sink = sink
        self._matches = matches
        self._pending: list[bytes] = []
        self._held = True

    def offer(self, change: Change) -> None:
        if change.revision <= self.since:
            return
        try:
            type_ = transition(change, self._matches)
            if type_ is None:
                return
            self._pending.append(change.frame(type_, self.view))
        except Exception:
            # An object that this view cannot show must not stop the feed for everybody.
            log.exception("watch ended: object cannot be shown", extra={"path": change.path})
            self.end()
        self.view = self.next_view

    def flush(self) -> None:
        """Write what was offered, or end the stream when its peer is too slow."""
        if not self._pending:
            return
        if self._held:
            if len(self._pending) > MAX_HELD_FRAMES:
                self.end()
            return
        if self._sink.buffered > MAX_BUFFERED_BYTES:
            self.end()
            return
        self.events += len(self._pending)
        self._sink.write(self._pending[0] if len(self._pending) == 1 else b"".join(self._pending))
        self._pending.clear()

    def release(self) -> None:
        """The initial state is written: from now on changes go straight to the sink."""
        self._held = False
        self.flush()

    def bookmark(self, line: bytes) -> None:
        """A line that is no change; only sensible when nothing is held back."""
        if not self._held and not self.ended.done():
            self._sink.write(line)

    def end(self) -> None:
        """Close the stream without an error; the client comes back with the last resourceVersion it saw."""
        self._pending.clear()
        if not self.ended.done():
            self.ended.set_result(None)


class PatientWatcher(Watcher):
    """A Watcher of objects that cannot be shown at once: what happens is noted, and written by pump() when
    ready says so. Other watchers do not wait for it."""

    __slots__ = ("_news", "_noted", "_ready")

    def __init__(
        self,
        sink: Writer,
        view: View,
        ready: Ready,
        *,
        namespace: str = "",
        matches: Matches | None = None,
    ) -> None:
        super().__init__(sink, view, namespace=namespace, matches=matches)
        self._ready = ready
        self._noted: list[Change] = []
        self._news = asyncio.Event()

    @override
    def offer(self, change: Change) -> None:
        if change.revision <= self.since or transition(change, self._matches) is None:
            return
        self._noted.append(change)
        self._news.set()
        if len(self._noted) > MAX_HELD_FRAMES:
            self.end()

    @override
    def flush(self) -> None:
        return

    @override
    def bookmark(self, line: bytes) -> None:
        if not self._noted:
            super().bookmark(line)

    async def pump(self) -> None:
        """Write what was noted, until the watch ends. Raises what ready raises."""
        while not self.ended.done():
            await self._news.wait()
            self._news.clear()
            changes = list(self._noted)
            events = [(transition(change, self._matches), change) for change in changes]
            shown = [_shown(type_, change) for type_, change in events]
            await self._ready(shown)
            for (type_, _), entry in zip(events, shown, strict=True):
                self._pending.append(watch_line(type_ or "MODIFIED", self.view.render(entry)))
                self.view = self.next_view
            del self._noted[: len(changes)]
            super().flush()


def _shown(type_: EventType | None, change: Change) -> Entry:
    if type_ == "DELETED" or change.new is None:
        return change.tombstone()
    return change.new
