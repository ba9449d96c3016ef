"""CollectionCache and Watcher: state, history, selection, slow readers."""

import pytest

from apiserver.storage import collection_cache, watchers
from apiserver.storage.collection_cache import CollectionCache, HistoryGone
from apiserver.storage.entries import Entry, encode, head_of
from apiserver.storage.keys import Collection
from apiserver.storage.watchers import Watcher

HEAD = head_of("ConfigMap", "v1")


def entry(path: str, revision: int, **labels: str) -> Entry:
    metadata = {"name": path.rpartition("/")[2], "labels": labels}
    return Entry(path, revision, encode({"metadata": metadata}, HEAD))


class PathView:
    """Just the path."""

    name = "path"

    def render(self, entry: Entry) -> bytes:
        return entry.path.encode()


class Peer:
    """A peer that takes as much as it is told to."""

    def __init__(self, buffered: int = 0) -> None:
        self.lines: list[str] = []
        self.buffered = buffered
        self.closed = False

    def write(self, data: bytes) -> None:
        self.lines += data.decode().splitlines()

    async def drain(self) -> None:
        return None

    def shown(self) -> list[str]:
        return [line.removeprefix('{"type":"').replace('","object":', " ").rstrip("}") for line in self.lines]


def cache(floor: int = 0) -> CollectionCache:
    return CollectionCache(Collection("", "configmaps"), floor=floor)


def put(into: CollectionCache, path: str, revision: int, **labels: str) -> None:
    into.apply(path, revision, entry(path, revision, **labels))
    into.flush()


def test_objects_come_in_storage_order_and_by_namespace() -> None:
    filled = cache()
    for revision, path in enumerate(["b/2", "a-b/x", "a/z", "b/1", "a/a"], start=1):
        put(filled, path, revision)
    assert [entry.path for entry in filled.select()] == ["a-b/x", "a/a", "a/z", "b/1", "b/2"]
    assert [entry.path for entry in filled.select("a")] == ["a/a", "a/z"]
    assert [entry.path for entry in filled.scan("b", start="b/1\0")] == ["b/2"]
    assert [filled.count(), filled.count("a"), filled.count("b", start="b/2"), filled.count("absent")] == [
        5,
        2,
        1,
        0,
    ]


async def test_a_watcher_gets_the_past_and_then_the_future_once() -> None:
    filled, peer = cache(), Peer()
    put(filled, "a/1", 1)
    put(filled, "a/2", 2)
    watcher = Watcher(peer, PathView(), since=1)
    filled.subscribe(watcher)
    put(filled, "a/3", 3)
    assert peer.lines == []
    watcher.release()
    put(filled, "a/2", 4)
    filled.apply("a/1", 5, None)
    filled.flush()
    assert peer.shown() == ["ADDED a/2", "ADDED a/3", "MODIFIED a/2", "DELETED a/1"]


async def test_a_watcher_of_a_namespace_sees_nothing_else() -> None:
    filled, peer = cache(), Peer()
    put(filled, "b/0", 1)
    watcher = Watcher(peer, PathView(), namespace="a")
    filled.subscribe(watcher)
    watcher.release()
    put(filled, "ab/1", 2)
    put(filled, "a/1", 3)
    assert peer.shown() == ["ADDED a/1"]
    filled.unsubscribe(watcher)
    put(filled, "a/2", 4)
    assert peer.shown() == ["ADDED a/1"]


async def test_history_is_bounded_and_says_where_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection_cache, "HISTORY_CHANGES", 3)
    filled = cache()
    for revision in range(1, 7):
        put(filled, "a/x", revision)
    assert filled.floor == 3
    with pytest.raises(HistoryGone):
        filled.subscribe(Watcher(Peer(), PathView(), since=2))
    filled.subscribe(Watcher(Peer(), PathView(), since=3))


async def test_a_collection_that_did_not_change_needs_no_history() -> None:
    quiet = cache(floor=100)
    quiet.subscribe(Watcher(Peer(), PathView(), since=100))
    with pytest.raises(HistoryGone):
        quiet.subscribe(Watcher(Peer(), PathView(), since=99))


async def test_a_peer_that_does_not_read_loses_its_watch_and_nobody_elses() -> None:
    filled = cache()
    slow, quick = Peer(buffered=watchers.MAX_BUFFERED_BYTES + 1), Peer()
    of_slow, of_quick = Watcher(slow, PathView()), Watcher(quick, PathView())
    for watcher in (of_slow, of_quick):
        filled.subscribe(watcher)
        watcher.release()
    put(filled, "a/1", 1)
    assert (of_slow.ended.done(), of_quick.ended.done()) == (True, False)
    assert (slow.shown(), quick.shown()) == ([], ["ADDED a/1"])


async def test_changes_held_during_the_initial_state_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "MAX_HELD_FRAMES", 2)
    filled = cache()
    watcher = Watcher(Peer(), PathView())
    filled.subscribe(watcher)
    for revision in range(1, 4):
        put(filled, "a/1", revision)
    assert watcher.ended.done()


def test_listeners_hear_every_change_with_both_states() -> None:
    filled = cache()
    heard: list[tuple[int, int]] = []
    filled.listeners.append(
        lambda change: heard.append(
            (change.old.revision if change.old else 0, change.new.revision if change.new else 0)
        )
    )
    put(filled, "a/1", 1)
    put(filled, "a/1", 2)
    filled.apply("a/1", 3, None)
    filled.apply("a/1", 4, None)
    assert heard == [(0, 1), (1, 2), (2, 0)]
