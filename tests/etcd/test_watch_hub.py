"""Slow watchers, many watchers, and the end of a store."""

import asyncio
import contextlib

import pytest

from etcd import Backend, Compacted, Put, Unavailable, WatchBatch
from etcd.history import HistoryLimit
from etcd.memory import MemoryBackend
from etcd.watch_hub import BATCH_CHANGES
from tests.etcd.watching import Watching


async def put(backend: Backend, number: int) -> None:
    await backend.transaction(compare=[], success=[Put(b"/registry/k%d" % (number % 10), b"%d" % number)])


async def test_a_slow_watcher_is_told_compacted_and_holds_nobody_up() -> None:
    async with MemoryBackend(limit=HistoryLimit(changes=50)) as backend:
        slow = backend.watch_prefix(b"/registry/")
        assert await anext(slow) == WatchBatch(1, ())
        async with Watching(backend, b"/registry/") as quick:
            for number in range(200):
                await put(backend, number)
            await quick.until(lambda watching: len(watching.events) == 200)
        with pytest.raises(Compacted):
            await anext(slow)


async def test_a_watcher_that_catches_up_in_time_misses_nothing() -> None:
    async with MemoryBackend() as backend:
        slow = backend.watch_prefix(b"/registry/")
        await anext(slow)
        for number in range(BATCH_CHANGES + 500):
            await put(backend, number)
        first, second = await anext(slow), await anext(slow)
        assert (len(first.events), len(second.events)) == (BATCH_CHANGES, 500)
        revisions = [event.key_value.mod_revision for event in [*first.events, *second.events]]
        assert revisions == list(range(2, BATCH_CHANGES + 502))
        await backend.compact(second.revision)
        await put(backend, 0)
        assert [event.key_value.value for event in (await anext(slow)).events] == [b"0"]


async def test_the_event_is_there_when_the_writer_goes_on() -> None:
    async with MemoryBackend() as backend, Watching(backend, b"/registry/") as watching:
        for number in range(10):
            await put(backend, number)
            assert len(watching.events) == number + 1


async def test_a_cancelled_watcher_leaves_the_others_alone() -> None:
    async with MemoryBackend() as backend, Watching(backend, b"/registry/") as watching:
        other = backend.watch_prefix(b"/registry/")
        await anext(other)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(other)
        await put(backend, 1)
        await watching.until(lambda watching: len(watching.events) == 1)


async def test_closing_the_store_ends_every_watch(backend: Backend, prefix: bytes) -> None:
    async with Watching(backend, prefix) as watching:
        await backend.__aexit__(None, None, None)
        await watching.until(lambda watching: watching.error is not None)
    assert isinstance(watching.error, Unavailable)
    with pytest.raises(Unavailable):
        await backend.transaction(compare=[], success=[Put(prefix, b"")])
    with pytest.raises(Unavailable):
        await backend.current_revision()
    with pytest.raises(Unavailable):
        await backend.get(prefix)
    await backend.__aenter__()  # the fixture closes it once more
