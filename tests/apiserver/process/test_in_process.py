"""A client in the server's own process behaves as one with a connection."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from apiserver.app import RunningServer, ServerOptions, serve
from apiserver.app.in_process import FULL_BYTES, Pipe
from karmada.api.errors import AlreadyExists, Conflict, NotFound
from karmada.api.groups.kubernetes import CONFIG_MAPS, SELF_SUBJECT_ACCESS_REVIEWS
from karmada.api.objects import Object, name_of
from karmada.client.client import Client
from karmada.client.informer import Informer

KEY = CONFIG_MAPS.key("default", "a b")


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    async with serve(ServerOptions(karmada=False)) as running:
        yield running


@pytest.fixture(params=["in-process", "connected"])
async def client(server: RunningServer, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """The same tests for both."""
    if request.param == "in-process":
        made = server.client(user_agent="test")
    else:
        made = Client(server.access, user_agent="test")
    async with made:
        yield made


def config_map(name: str, **data: str) -> Object:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


async def test_the_verbs(client: Client) -> None:
    key = CONFIG_MAPS.key("default", "one")
    created = await client.create(CONFIG_MAPS, config_map("one", a="1"))
    assert created["metadata"]["managedFields"][0]["manager"] == "test"
    with pytest.raises(AlreadyExists):
        await client.create(CONFIG_MAPS, config_map("one"))
    patched = await client.patch(CONFIG_MAPS, key, {"data": {"b": "2"}})
    assert patched["data"] == {"a": "1", "b": "2"}
    with pytest.raises(Conflict):
        await client.replace(CONFIG_MAPS, {**created, "data": {}})
    assert (await client.get(CONFIG_MAPS, key))["data"] == {"a": "1", "b": "2"}
    found = await client.list(CONFIG_MAPS, namespace="default", field_selector="metadata.name=one")
    assert list(map(name_of, found.items)) == ["one"]
    await client.delete(CONFIG_MAPS, key)
    with pytest.raises(NotFound):
        await client.get(CONFIG_MAPS, key)


async def test_names_are_escaped_on_the_way(client: Client) -> None:
    with pytest.raises(NotFound) as missing:
        await client.get(CONFIG_MAPS, KEY)
    assert 'configmaps "a b" not found' in str(missing.value)


async def test_it_is_the_user_of_its_certificate(client: Client) -> None:
    attributes = {"verb": "delete", "resource": "nodes"}
    review = {
        "apiVersion": SELF_SUBJECT_ACCESS_REVIEWS.api_version,
        "kind": "SelfSubjectAccessReview",
        "metadata": {},
        "spec": {"resourceAttributes": attributes},
    }
    answer = await client.create(SELF_SUBJECT_ACCESS_REVIEWS, review)
    assert answer["status"]["allowed"] is True


async def test_an_informer_follows(client: Client) -> None:
    async with Informer(client, CONFIG_MAPS, namespace="default") as informer:
        await client.create(CONFIG_MAPS, config_map("two"))
        key = CONFIG_MAPS.key("default", "two")
        async with asyncio.timeout(5):
            await informer.cache.wait_for(key, lambda found: found is not None)
            await client.delete(CONFIG_MAPS, key)
            await informer.cache.wait_for(key, lambda found: found is None)


async def test_a_write_whose_caller_gave_up_is_done_all_the_same(server: RunningServer) -> None:
    async with server.client(user_agent="test") as client:
        writing = asyncio.ensure_future(  # noqa: TID251 - cancelled below
            client.create(CONFIG_MAPS, config_map("three"))
        )
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing

        async with Informer(client, CONFIG_MAPS, namespace="default") as informer, asyncio.timeout(5):
            await informer.cache.wait_for(
                CONFIG_MAPS.key("default", "three"), lambda found: found is not None
            )


async def test_a_full_pipe_makes_its_writer_wait_until_it_is_read() -> None:
    pipe = Pipe()
    pipe.write(b"x" * (FULL_BYTES + 1))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await pipe.drain()
    assert pipe.buffered == FULL_BYTES + 1
    reader = pipe.iter_any()
    assert len(await anext(reader)) == FULL_BYTES + 1
    async with asyncio.timeout(5):
        await pipe.drain()
    pipe.end()
    with pytest.raises(StopAsyncIteration):
        await anext(reader)


async def test_a_pipe_nobody_reads_any_more_takes_everything() -> None:
    pipe = Pipe()
    pipe.close()
    pipe.write(b"x" * (FULL_BYTES + 1))
    assert pipe.closed
    assert pipe.buffered == 0
    async with asyncio.timeout(5):
        await pipe.drain()
