"""CollectionCache: every object of one collection as bytes, its recent changes, and who watches it.

watch_cache.py applies what the backend tells; handlers read. A change is applied in one synchronous step.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from apiserver.storage.entries import Change, Entry
from apiserver.storage.keys import Collection
from apiserver.storage.watchers import Watcher

HISTORY_CHANGES: Final = 4096
HISTORY_BYTES: Final = 2 * 1024 * 1024
"""A collection's history is as long as both bounds allow."""


class HistoryGone(Exception):
    """A watch wants changes that are no longer kept."""

    def __init__(self, floor: int) -> None:
        super().__init__(f"history starts after revision {floor}")
        self.floor = floor


class CollectionCache:
    """The newest state of one collection. entries must not be changed from outside."""

    def __init__(self, collection: Collection, *, floor: int) -> None:
        self.collection = collection
        self.entries: dict[str, Entry] = {}
        self.changed = floor
        """Revision of the last change here (or of the load)."""
        self.floor = floor
        """Every change after this revision is in the history."""
        self.listeners: list[Callable[[Change], None]] = []
        self._paths: list[str] = []
        self._history: deque[Change] = deque()
        self._history_bytes = 0
        self._watchers: dict[str, list[Watcher]] = {}

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, path: str) -> Entry | None:
        return self.entries.get(path)

    def scan(self, namespace: str = "", *, start: str = "") -> Iterator[Entry]:
        """Entries in storage order, of one namespace ("" = all), from start (inclusive). No await while "
        "it runs."""
        low, high = self._bounds(namespace, start)
        entries, paths = self.entries, self._paths
        for position in range(low, high):
            yield entries[paths[position]]

    def count(self, namespace: str = "", *, start: str = "") -> int:
        low, high = self._bounds(namespace, start)
        return max(high - low, 0)

    def select(self, namespace: str = "") -> list[Entry]:
        low, high = self._bounds(namespace, "")
        entries = self.entries
        return [entries[path] for path in self._paths[low:high]]

    def _bounds(self, namespace: str, start: str) -> tuple[int, int]:
        if namespace:
            low = bisect_left(self._paths, max(start, f"{namespace}/"))
            return low, bisect_left(self._paths, f"{namespace}0")
        return bisect_left(self._paths, start) if start else 0, len(self._paths)

    # -- changes --------------------------------------------------------------------------------------------

    def load(self, entry: Entry) -> None:
        """Initial state: no change, no event."""
        if entry.path not in self.entries:
            insort(self._paths, entry.path)
        self.entries[entry.path] = entry
        self.changed = max(self.changed, entry.revision)

    def apply(self, path: str, revision: int, entry: Entry | None) -> Change | None:
        """Put (entry given) or delete one object and tell who listens. flush() must follow."""
        old = self.entries.get(path)
        if entry is None:
            if old is None:
                return None
            del self.entries[path]
            del self._paths[bisect_left(self._paths, path)]
            change = Change(path, revision, old, None)
        else:
            if old is None:
                insort(self._paths, path)
            self.entries[path] = entry
            change = Change(path, revision, old, entry)
        self.changed = revision
        self._remember(change)
        for watcher in self._concerned(path):
            watcher.offer(change)
        change.forget_frames()
        for listener in self.listeners:
            listener(change)
        return change

    def flush(self) -> None:
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.flush()

    def _remember(self, change: Change) -> None:
        history = self._history
        history.append(change)
        self._history_bytes += change.size
        while len(history) > HISTORY_CHANGES or self._history_bytes > HISTORY_BYTES:
            dropped = history.popleft()
            self._history_bytes -= dropped.size
            self.floor = dropped.revision

    def _concerned(self, path: str) -> Iterator[Watcher]:
        yield from self._watchers.get("", ())
        namespace, slash, _ = path.partition("/")
        if slash:
            yield from self._watchers.get(namespace, ())

    # -- watchers -------------------------------------------------------------------------------------------

    def subscribe(self, watcher: Watcher) -> None:
        """Offer watcher every change after watcher.since, those of the past included. Raises HistoryGone."""
        if watcher.since < self.floor and watcher.since < self.changed:
            raise HistoryGone(self.floor)
        for change in self._changes_after(watcher.since):
            if not watcher.namespace or change.path.startswith(watcher.namespace + "/"):
                watcher.offer(change)
                change.forget_frames()
        self._watchers.setdefault(watcher.namespace, []).append(watcher)

    def unsubscribe(self, watcher: Watcher) -> None:
        watchers = self._watchers.get(watcher.namespace, [])
        if watcher in watchers:
            watchers.remove(watcher)
            if not watchers:
                del self._watchers[watcher.namespace]

    def watchers(self) -> list[Watcher]:
        return [watcher for watchers in self._watchers.values() for watcher in watchers]

    def forget_history(self, revision: int) -> None:
        """History before revision is not known any more: whoever watched must list again."""
        self._history.clear()
        self._history_bytes = 0
        self.floor = self.changed = revision
        for watcher in self.watchers():
            watcher.end()

    def _changes_after(self, revision: int) -> list[Change]:
        """In order. Watches mostly resume near the end, so the search starts there."""
        found: list[Change] = []
        for change in reversed(self._history):
            if change.revision <= revision:
                break
            found.append(change)
        found.reverse()
        return found
