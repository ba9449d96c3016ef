"""karmada.client.informer: a cache that stays equal to its collection, whatever the server does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import CONFIG_MAPS, DEPLOYMENTS
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Change, Informer, Informers
from tests.karmada.client.played import PlayedServer, answers, played_server, status

CONFIG = "api/v1/configmaps"


@pytest.fixture
async def server() -> AsyncIterator[PlayedServer]:
    async with played_server() as server:
        yield server


@pytest.fixture
async def client(server: PlayedServer) -> AsyncIterator[Client]:
    async with Client(server.access) as client:
        yield client


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - any condition, from outside
            await asyncio.sleep(0.002)


class Heard:
    """A handler that remembers: `+a` appeared, `~a` changed, `-a` gone, `*a` was there."""

    def __init__(self) -> None:
        self.marks: list[str] = []

    def __call__(self, change: Change[Any]) -> None:
        mark = (
            "*" if change.initial else "-" if change.new is None else "~" if change.old is not None else "+"
        )
        self.marks.append(mark + change.key.name)


async def test_entering_waits_for_what_is_there_then_changes_follow(
    server: PlayedServer, client: Client
) -> None:
    await server.put(CONFIG, "shop", "a")
    informer = Informer(client, CONFIG_MAPS)
    heard = Heard()
    informer.add_handler(heard)
    async with informer:
        assert informer.synced
        assert informer.cache.named("shop", "a")
        await server.put(CONFIG, "shop", "b")
        await server.put(CONFIG, "shop", "a", data={"x": "1"})
        await server.remove(CONFIG, "shop", "b")
        await until(lambda: len(heard.marks) == 4)
    assert heard.marks == ["*a", "+b", "~a", "-b"]
    assert informer.cache.keys() == [CONFIG_MAPS.key("shop", "a")]


async def test_a_late_handler_hears_what_is_there_as_initial(server: PlayedServer, client: Client) -> None:
    await server.put(CONFIG, "shop", "a")
    async with Informer(client, CONFIG_MAPS) as informer:
        heard = Heard()
        informer.add_handler(heard, name="detector")
        informer.add_handler(heard)
        informer.add_handler(lambda change: heard.marks.append("twice"), name="detector")
        assert heard.marks == ["*a"]
        informer.remove_handler(heard)
        await server.put(CONFIG, "shop", "b")
        await until(lambda: len(informer.cache) == 2)
        assert heard.marks == ["*a"]


async def test_a_large_collection_is_read_in_pages(server: PlayedServer, client: Client) -> None:
    for number in range(1203):
        await server.put(CONFIG, "shop", f"c{number}")
    async with Informer(client, CONFIG_MAPS) as informer:
        assert len(informer.cache) == 1203
    assert len(server.requests("GET", watch=False)) == 3


async def test_pages_that_outlive_their_version_end_in_one_whole_list(
    server: PlayedServer, client: Client
) -> None:
    for number in range(600):
        await server.put(CONFIG, "shop", f"c{number}")

    async def expire(request: web.Request) -> web.StreamResponse | None:
        return status(410, "Expired", "too old") if "continue" in request.query else None

    server.faults.append(expire)
    async with Informer(client, CONFIG_MAPS) as informer:
        assert len(informer.cache) == 600
    assert [seen.query.get("limit") for seen in server.requests("GET", watch=False)] == ["500", "500", None]


async def test_a_broken_watch_resumes_without_a_new_list(server: PlayedServer, client: Client) -> None:
    heard = Heard()
    async with Informer(client, CONFIG_MAPS) as informer:
        informer.add_handler(heard)
        await until(lambda: len(server.watches) == 1)
        await server.put(CONFIG, "shop", "a")
        await until(lambda: len(heard.marks) == 1)
        server.cut_watches()
        await server.put(CONFIG, "shop", "b")
        await until(lambda: len(heard.marks) == 2)
    assert heard.marks == ["+a", "+b"]
    assert len(server.requests("GET", watch=False)) == 1
    assert server.requests(watch=True)[-1].query["resourceVersion"] == "101"


async def test_bookmarks_move_the_place_to_resume_from(server: PlayedServer, client: Client) -> None:
    async with Informer(client, CONFIG_MAPS) as informer:
        await until(lambda: len(server.watches) == 1)
        await server.bookmark(CONFIG)
        await until(lambda: informer._resource_version == "101")
        server.cut_watches()
        await until(lambda: len(server.watches) == 1)
    assert server.requests(watch=True)[-1].query["resourceVersion"] == "101"
    assert server.requests(watch=True)[-1].query["allowWatchBookmarks"] == "true"


async def test_an_expired_watch_lists_again_and_tells_only_the_difference(
    server: PlayedServer, client: Client
) -> None:
    for name in ("kept", "changed", "gone"):
        await server.put(CONFIG, "shop", name)
    heard = Heard()
    async with Informer(client, CONFIG_MAPS) as informer:
        await until(lambda: len(server.watches) == 1)
        informer.add_handler(heard)
        heard.marks.clear()
        server.cut_watches()
        server.objects.pop((CONFIG, "shop", "gone"))
        server.revision += 10
        server.objects[CONFIG, "shop", "changed"]["metadata"]["resourceVersion"] = str(server.revision)
        server.objects[CONFIG, "shop", "new"] = {
            "metadata": {"name": "new", "namespace": "shop", "resourceVersion": str(server.revision)}
        }
        server.forget_history()
        await until(lambda: len(heard.marks) == 3)
    assert heard.marks == ["~changed", "+new", "-gone"]
    assert {key.name for key in informer.cache} == {"kept", "changed", "new"}


async def test_trouble_at_the_start_only_delays(server: PlayedServer, client: Client) -> None:
    await server.put(CONFIG, "shop", "a")
    server.faults += [
        answers(lambda: status(500, "InternalError", "boom")),
        answers(lambda: web.Response(body=b"<html>")),
        answers(lambda: web.json_response([])),
    ]
    async with Informer(client, CONFIG_MAPS) as informer:
        assert len(informer.cache) == 1
        assert informer.trouble == ""


async def test_a_forbidden_watch_is_reported_once_and_keeps_the_cache(
    server: PlayedServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    await server.put(CONFIG, "shop", "a")
    server.faults += [answers(lambda: status(403, "Forbidden", "not allowed"), watch=True) for _ in range(3)]
    async with Informer(client, CONFIG_MAPS) as informer:
        await until(lambda: len(server.watches) == 1)
        assert len(informer.cache) == 1
    assert caplog.text.count("list or watch failed") == 1


async def test_a_handler_that_raises_does_not_stop_the_others(
    server: PlayedServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()

    def broken(change: Change[Any]) -> None:
        raise RuntimeError("handler bug")

    async with Informer(client, CONFIG_MAPS) as informer:
        informer.add_handler(broken, name="broken")
        informer.add_handler(heard)
        await server.put(CONFIG, "shop", "a")
        await server.put(CONFIG, "shop", "b")
        await until(lambda: len(heard.marks) == 2)
    assert "handler bug" in caplog.text


async def test_an_object_nobody_can_decode_is_left_out_and_said_once(
    server: PlayedServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    path = "apis/cluster.karmada.io/v1alpha1/clusters"
    await server.put(path, "", "hostile", spec="not an object")
    await server.put(path, "", "good", spec={"syncMode": "Push"})
    async with Informer(client, CLUSTERS) as informer:
        assert [key.name for key in informer.cache] == ["good"]
        await server.put(path, "", "hostile", spec=["still", "wrong"])
        await server.put(path, "", "other", spec={"syncMode": "Pull"})
        await until(lambda: informer.cache.named("", "other") is not None)
        assert caplog.text.count("cannot be read and is left out") == 1
        await server.put(path, "", "hostile", spec={"syncMode": "Pull"})
        await until(lambda: informer.cache.named("", "hostile") is not None)


async def test_events_that_make_no_sense_are_left_out(server: PlayedServer, client: Client) -> None:
    async with Informer(client, CONFIG_MAPS) as informer:
        await until(lambda: len(server.watches) == 1)
        for kind, obj in (("ADDED", {}), ("NEW", {"metadata": []}), ("BOOKMARK", {"metadata": {}})):
            await server.send(CONFIG, kind, {**obj, "x": 1})
        server.revision += 1
        await server.put(CONFIG, "shop", "a")
        await until(lambda: len(informer.cache) == 1)


async def test_managed_fields_are_dropped_and_a_transform_trims_the_rest(
    server: PlayedServer, client: Client
) -> None:
    await server.put(CONFIG, "shop", "a", data={"big": "x"}, metadata={"managedFields": [{"manager": "m"}]})

    def trim(obj: Object) -> Object:
        return {name: part for name, part in obj.items() if name != "data"}

    async with Informer(client, CONFIG_MAPS, transform=trim) as informer:
        obj = informer.cache.list()[0]
        assert "data" not in obj
        assert "managedFields" not in obj["metadata"]
        assert (obj["apiVersion"], obj["kind"]) == ("v1", "ConfigMap")


async def test_metadata_only_asks_for_partial_objects_and_keeps_no_body(
    server: PlayedServer, client: Client
) -> None:
    await server.put("apis/apps/v1/deployments", "shop", "web", spec={"replicas": 3})
    async with Informer(client, DEPLOYMENTS, metadata_only=True) as informer:
        await until(lambda: len(server.watches) == 1)
        obj = informer.cache.list()[0]
    assert set(obj) == {"apiVersion", "kind", "metadata"}
    assert obj["kind"] == "Deployment"
    listed, watched = (seen.headers["Accept"] for seen in server.seen)
    assert listed.startswith("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
    assert watched.startswith("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")


def test_metadata_only_needs_plain_objects(client: Client) -> None:
    with pytest.raises(ValueError, match="without a model"):
        Informer(client, CLUSTERS, metadata_only=True)


async def test_a_namespace_and_selectors_limit_what_is_asked_for(
    server: PlayedServer, client: Client
) -> None:
    await server.put(CONFIG, "shop", "a")
    await server.put(CONFIG, "other", "b")
    async with Informer(
        client, CONFIG_MAPS, namespace="shop", label_selector="x=y", field_selector="f=1"
    ) as informer:
        await until(lambda: len(server.watches) == 1)
        assert [key.name for key in informer.cache] == ["a"]
    for seen in server.seen:
        assert seen.path == "/api/v1/namespaces/shop/configmaps"
        assert (seen.query["labelSelector"], seen.query["fieldSelector"]) == ("x=y", "f=1")


async def test_leaving_before_the_first_list_leaves_no_task(server: PlayedServer, client: Client) -> None:
    server.faults += [answers(lambda: status(500, "", "boom")) for _ in range(50)]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), Informer(client, CONFIG_MAPS):
            pass
    assert [task for task in asyncio.all_tasks() if "informer" in task.get_name()] == []


async def test_informers_are_shared_and_can_be_stopped_one_by_one(
    server: PlayedServer, client: Client
) -> None:
    await server.put(CONFIG, "shop", "a")
    async with Informers(client) as informers:
        first = informers.ensure(CONFIG_MAPS)
        assert informers.ensure(CONFIG_MAPS) is first
        informers.ensure(DEPLOYMENTS)
        await informers.wait_synced()
        assert len(server.requests(watch=False)) == 2
        await informers.stop(CONFIG_MAPS)
        assert informers.get(CONFIG_MAPS) is None
        assert informers.ensure(CONFIG_MAPS) is not first
    with pytest.raises(RuntimeError):
        informers.ensure(CONFIG_MAPS)


async def test_what_somebody_can_begin_without_is_not_needed_until_somebody_else_needs_it(
    server: PlayedServer, client: Client
) -> None:
    async with Informers(client) as informers:
        informers.ensure(CONFIG_MAPS, needed=False)
        needed = informers.ensure(DEPLOYMENTS)
        informers.ensure(DEPLOYMENTS, needed=False)
        assert informers.needed() == [needed]
        await informers.wait_needed()
        informers.ensure(CONFIG_MAPS)
        assert len(informers.needed()) == 2


async def test_a_server_that_comes_back_is_followed_again(caplog: pytest.LogCaptureFixture) -> None:
    async with played_server() as first:
        port = int(first.url.rpartition(":")[2])
        client = Client(first.access)
        informer = Informer(client, CONFIG_MAPS)
        informer.start()
        await informer.wait_synced()
    await until(lambda: informer.trouble != "")
    async with played_server(port=port) as second:
        second.revision = 500
        second.forget_history()
        second.objects[CONFIG, "shop", "after"] = {
            "metadata": {"name": "after", "namespace": "shop", "resourceVersion": "500"}
        }
        await until(lambda: informer.cache.named("shop", "after") is not None)
        await informer.close()
    await client.close()
