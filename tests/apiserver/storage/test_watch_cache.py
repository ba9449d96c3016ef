"""WatchCache: loading, losing its place, and what its readers see."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from apiserver.storage.entries import encode, head_of
from apiserver.storage.keys import Collection
from apiserver.storage.watch_cache import TooFarAhead, WatchCache
from etcd import Compacted, Put, WatchBatch, open_backend
from etcd.memory import MemoryBackend
from karmada.runtime.tasks import Tasks
from tests.apiserver.serving import until

MAPS = Collection("", "configmaps")
HEAD = head_of("ConfigMap", "v1")


async def put(backend: MemoryBackend, name: str) -> int:
    value = encode({"metadata": {"name": name}}, HEAD)
    return (await backend.transaction(compare=[], success=[Put(MAPS.key(f"ns/{name}"), value)])).revision


class ForgetfulBackend(MemoryBackend):
    """A store whose watch can be made to lose its place."""

    lose = False

    @override
    async def watch_prefix(self, prefix: bytes, *, start_revision: int = 0) -> AsyncIterator[WatchBatch]:
        async for batch in super().watch_prefix(prefix, start_revision=start_revision):
            if self.lose:
                self.lose = False
                raise Compacted(batch.revision)
            yield batch


async def test_a_cache_that_lost_its_place_loads_again_and_tells_what_changed() -> None:
    backend = ForgetfulBackend()
    async with backend, Tasks("test") as tasks:
        await put(backend, "kept")
        await put(backend, "removed")
        cache = WatchCache(backend, sole_writer=True)
        tasks.start(cache.run(), name="feed")
        await cache.ready.wait()
        heard: list[tuple[str, str]] = []
        cache.collection(MAPS).listeners.append(
            lambda change: heard.append((change.path, "put" if change.new else "deleted"))
        )
        backend.lose = True
        await backend.transaction(
            compare=[], success=[Put(MAPS.key("ns/new"), encode({"metadata": {}}, HEAD))]
        )
        await until(lambda: "ns/new" in cache.collection(MAPS).entries)
        assert heard == [("ns/new", "put")]
        assert set(cache.collection(MAPS).entries) == {"ns/kept", "ns/removed", "ns/new"}


async def test_waiting_for_a_revision_ends_when_it_is_applied_or_does_not_come() -> None:
    async with open_backend("memory://") as backend, Tasks("test") as tasks:
        assert isinstance(backend, MemoryBackend)
        cache = WatchCache(backend, sole_writer=True)
        tasks.start(cache.run(), name="feed")
        await cache.ready.wait()
        revision = await put(backend, "a")
        await cache.wait_for(revision)
        assert cache.applied >= revision
        with pytest.raises(TooFarAhead):
            await cache.wait_for(revision + 100, seconds=0.05)


async def test_values_that_are_no_objects_are_left_alone() -> None:
    async with open_backend("memory://") as backend, Tasks("test") as tasks:
        assert isinstance(backend, MemoryBackend)
        await backend.transaction(compare=[], success=[Put(b"/registry/configmaps/ns/bad", b"k8s\0protobuf")])
        await put(backend, "good")
        cache = WatchCache(backend, sole_writer=True)
        tasks.start(cache.run(), name="feed")
        async with asyncio.timeout(5):
            await cache.ready.wait()
        assert list(cache.collection(MAPS).entries) == ["ns/good"]
