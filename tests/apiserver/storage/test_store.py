"""Store and WatchCache over real backends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from apiserver.storage.entries import Entry, encode, head_of
from apiserver.storage.keys import Collection
from apiserver.storage.store import (
    LEASE_SHARE_SECONDS,
    Continue,
    Keep,
    Remove,
    Store,
    Verdict,
    Write,
    parse_revision,
)
from apiserver.storage.watch_cache import WatchCache
from etcd import Backend, Put, open_backend
from karmada.api.errors import AlreadyExists, BadRequest, Conflict
from karmada.runtime.clock import SYSTEM_CLOCK
from karmada.runtime.tasks import Tasks
from tests.apiserver.serving import until

MAPS = Collection("", "configmaps")
HEAD = head_of("ConfigMap", "v1")


def value(name: str, **data: str) -> bytes:
    return encode({"metadata": {"name": name}, "data": data}, HEAD)


@asynccontextmanager
async def store_over(backend: Backend, *, sole_writer: bool = True) -> AsyncIterator[Store]:
    async with Tasks("test") as tasks:
        cache = WatchCache(backend, sole_writer=sole_writer)
        tasks.start(cache.run(), name="feed")
        async with asyncio.timeout(10):
            await cache.ready.wait()
        yield Store(backend, cache, clock=SYSTEM_CLOCK, sole_writer=sole_writer)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    async with open_backend("memory://") as backend, store_over(backend) as opened:
        yield opened


async def test_a_created_object_is_read_at_once(store: Store) -> None:
    created = await store.create(MAPS, "ns/a", value("a", k="v"))
    read = await store.get(MAPS, "ns/a")
    assert read is not None
    assert (read.revision, read.tail) == (created.revision, created.tail)
    with pytest.raises(AlreadyExists, match='configmaps "a" already exists'):
        await store.create(MAPS, "ns/a", value("a"))


async def test_settle_creates_updates_keeps_and_removes(store: Store) -> None:
    async def write(entry: Entry | None) -> Verdict:
        return Write(value("a", seen=str(entry.revision if entry else 0)))

    async def keep(entry: Entry | None) -> Verdict:
        return Keep()

    async def remove(entry: Entry | None) -> Verdict:
        return Remove()

    outcomes = [(await store.settle(MAPS, "ns/a", decide)).outcome for decide in (write, write, keep, remove)]
    assert outcomes == ["created", "updated", "kept", "removed"]
    assert await store.get(MAPS, "ns/a") is None


async def test_settle_decides_again_when_the_object_moved_meanwhile(store: Store) -> None:
    await store.create(MAPS, "ns/a", value("a", n="0"))
    calls = 0

    async def decide(entry: Entry | None) -> Verdict:
        nonlocal calls
        calls += 1
        assert entry is not None
        number = int(entry.decode(HEAD)["data"]["n"]) + 1
        await asyncio.sleep(0)
        return Write(value("a", n=str(number)))

    await asyncio.gather(*(store.settle(MAPS, "ns/a", decide) for _ in range(10)))
    final = await store.get(MAPS, "ns/a")
    assert final is not None
    assert final.decode(HEAD)["data"]["n"] == "10"
    assert calls > 10


async def test_what_a_decision_raises_ends_it_without_a_write(store: Store) -> None:
    created = await store.create(MAPS, "ns/a", value("a"))

    async def refuse(entry: Entry | None) -> Verdict:
        raise Conflict("no")

    with pytest.raises(Conflict, match="no"):
        await store.settle(MAPS, "ns/a", refuse)
    read = await store.get(MAPS, "ns/a")
    assert read is not None
    assert read.revision == created.revision


async def test_a_second_cache_over_the_same_store_follows_and_reads_fresh() -> None:
    """Two servers: what one acknowledged, the other shows at its next read."""
    async with (
        open_backend("memory://") as backend,
        store_over(backend, sole_writer=False) as one,
        store_over(backend, sole_writer=False) as two,
    ):
        for number in range(50):
            await one.create(MAPS, f"ns/a{number}", value(f"a{number}"))
            assert await two.get(MAPS, f"ns/a{number}") is not None


async def test_a_stale_cache_does_not_decide() -> None:
    """A decision that fails on what the cache knows is asked again about what is stored."""
    async with open_backend("memory://") as backend, store_over(backend, sole_writer=False) as store:
        await backend.transaction(compare=[], success=[])

        async def must_exist(entry: Entry | None) -> Verdict:
            if entry is None:
                raise Conflict("not there")
            return Write(value("a", seen="yes"))

        await backend.transaction(compare=[], success=[Put(MAPS.key("ns/a"), value("a"))])
        assert (await store.settle(MAPS, "ns/a", must_exist)).outcome == "updated"


async def test_a_restart_resumes_watches_of_before(tmp_path: object) -> None:
    async with open_backend(f"sqlite://{tmp_path}/store.db") as backend:
        async with store_over(backend) as store:
            first = await store.create(MAPS, "ns/a", value("a"))
            await store.create(MAPS, "ns/b", value("b"))
            await store.fresh("list", MAPS)
        async with store_over(backend) as again:
            cache = again.cache.collection(MAPS)
            assert [entry.path for entry in cache.select()] == ["ns/a", "ns/b"]
            assert again.cache.applied >= first.revision


async def test_objects_with_a_time_to_live_share_leases_and_go(store: Store) -> None:
    granted: list[int] = []
    backend = store._backend
    grant = backend.lease

    async def counted(ttl_seconds: int) -> int:
        granted.append(ttl_seconds)
        return await grant(ttl_seconds)

    backend.lease = counted  # type: ignore[method-assign]
    for number in range(5):
        await store.create(MAPS, f"ns/e{number}", value(f"e{number}"), ttl_seconds=3600)
    assert granted == [3600 + LEASE_SHARE_SECONDS]
    lease = next(iter(store._leases.values())).lease
    await backend.revoke(lease)
    await until(lambda: not store.cache.collection(MAPS))


@pytest.mark.parametrize("token", ["", "!!", "e30", Continue(5, "x").encode()[:-3]])
def test_a_broken_continue_token_is_refused(token: str) -> None:
    with pytest.raises(BadRequest, match="invalid continue token"):
        Continue.decode(token)


def test_a_continue_token_comes_back_and_stands_on_its_own() -> None:
    where = Continue(533, "c1\0")
    assert Continue.decode(where.encode()) == where
    assert "=" not in where.encode()


@pytest.mark.parametrize(("text", "revision"), [("", 0), ("0", 0), ("17", 17)])
def test_resource_versions_are_decimal(text: str, revision: int) -> None:
    assert parse_revision(text) == revision


@pytest.mark.parametrize("text", ["abc", "-1", "1.5", str(1 << 64)])
def test_other_resource_versions_are_refused_in_gos_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"strconv\.ParseUint: parsing"):
        parse_revision(text)
