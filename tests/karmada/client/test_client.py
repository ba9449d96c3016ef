"""karmada.client.client and transport: verbs, errors, retries, identity, deadlines."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from karmada.api.errors import ApiError, BadRequest, Conflict, Expired, Forbidden, NotFound, TooManyRequests
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import CONFIG_MAPS, NAMESPACES
from karmada.api.objects import Object, labels_of, with_labels
from karmada.client.client import APPLY_PATCH, Client, Unreachable
from karmada.client.kubeconfig import Access
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


def config_map(name: str, **data: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop"},
        "data": data,
    }


def key(name: str) -> Any:
    return CONFIG_MAPS.key("shop", name)


async def test_what_is_created_can_be_read_changed_and_deleted(client: Client) -> None:
    created = await client.create(CONFIG_MAPS, config_map("a", x="1"))
    assert created["metadata"]["resourceVersion"]
    assert (await client.get(CONFIG_MAPS, key("a")))["data"] == {"x": "1"}
    replaced = await client.replace(CONFIG_MAPS, {**created, "data": {"x": "2"}})
    assert replaced["data"] == {"x": "2"}
    patched = await client.patch(CONFIG_MAPS, key("a"), {"data": {"y": "3"}})
    assert patched["data"] == {"y": "3"}
    await client.delete(CONFIG_MAPS, key("a"))
    with pytest.raises(NotFound):
        await client.get(CONFIG_MAPS, key("a"))


async def test_models_are_read_and_written_with_their_wire_names(
    server: PlayedServer, client: Client
) -> None:
    path = "apis/cluster.karmada.io/v1alpha1/clusters"
    await server.put(path, "", "m1", spec={"syncMode": "Push", "apiEndpoint": "https://x", "unknown": 1})
    cluster = await client.get(CLUSTERS, CLUSTERS.key("", "m1"))
    assert cluster.spec.api_endpoint == "https://x"
    await client.replace(CLUSTERS, cluster)
    assert server.objects[path, "", "m1"]["spec"] == {
        "syncMode": "Push",
        "apiEndpoint": "https://x",
        "unknown": 1,
    }


async def test_a_list_says_kind_and_version_of_each_item(server: PlayedServer, client: Client) -> None:
    await server.put(CONFIG, "shop", "a")
    listed = await client.list(CONFIG_MAPS)
    assert [(item["apiVersion"], item["kind"]) for item in listed.items] == [("v1", "ConfigMap")]
    assert listed.resource_version == str(server.revision)


async def test_pages_give_everything_once(server: PlayedServer, client: Client) -> None:
    for number in range(7):
        await server.put(CONFIG, "shop", f"c{number}")
    names = [
        item["metadata"]["name"]
        async for page in client.pages(CONFIG_MAPS, page_size=3)
        for item in page.items
    ]
    assert names == [f"c{number}" for number in range(7)]
    assert [seen.query.get("continue") for seen in server.seen] == [None, "3", "6"]


async def test_an_update_that_changes_nothing_writes_nothing(server: PlayedServer, client: Client) -> None:
    current = await server.put(CONFIG, "shop", "a", data={"x": "1"})
    result = await client.update(CONFIG_MAPS, key("a"), dict, cached=current)
    assert result == current
    assert server.seen == []


async def test_an_update_over_a_stale_cache_starts_again_from_the_live_object(
    server: PlayedServer, client: Client
) -> None:
    stale = await server.put(CONFIG, "shop", "a", data={"x": "1"})
    await server.put(CONFIG, "shop", "a", data={"x": "2"})
    result = await client.update(
        CONFIG_MAPS, key("a"), lambda obj: with_labels(obj, {"seen": obj["data"]["x"]}), cached=stale
    )
    assert labels_of(result) == {"seen": "2"}
    assert [seen.method for seen in server.seen] == ["PUT", "GET", "PUT"]


async def test_an_update_gives_up_after_five_conflicts(server: PlayedServer, client: Client) -> None:
    await server.put(CONFIG, "shop", "a")
    server.faults += [answers(lambda: status(409, "Conflict", "moved on"), method="PUT") for _ in range(5)]
    with pytest.raises(Conflict, match="moved on"):
        await client.update(CONFIG_MAPS, key("a"), lambda obj: with_labels(obj, {"x": "y"}))
    assert len(server.requests("PUT")) == 5


async def test_update_status_writes_the_status_part(server: PlayedServer, client: Client) -> None:
    await server.put(CONFIG, "shop", "a", spec={"x": 1})
    await client.update_status(CONFIG_MAPS, key("a"), lambda obj: {**obj, "status": {"ready": True}})
    assert server.seen[-1].path.endswith("/configmaps/a/status")
    assert server.objects[CONFIG, "shop", "a"]["status"] == {"ready": True}


async def test_a_missing_object_may_be_deleted_unless_asked_otherwise(client: Client) -> None:
    await client.delete(CONFIG_MAPS, key("none"))
    with pytest.raises(NotFound):
        await client.delete(CONFIG_MAPS, key("none"), missing_ok=False)


async def test_delete_carries_policy_and_preconditions(server: PlayedServer, client: Client) -> None:
    await server.put(CONFIG, "shop", "a")
    await client.delete(
        CONFIG_MAPS, key("a"), propagation_policy="Foreground", uid="u1", resource_version="7"
    )
    assert server.seen[-1].body == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": "u1", "resourceVersion": "7"},
    }


async def test_apply_names_its_manager_and_force(server: PlayedServer, client: Client) -> None:
    await server.put(CONFIG, "shop", "a")
    await client.patch(CONFIG_MAPS, key("a"), {"data": {}}, patch_type=APPLY_PATCH, force=True, dry_run=True)
    seen = server.seen[-1]
    assert seen.headers["Content-Type"] == APPLY_PATCH
    assert seen.query == {"fieldManager": "karmada", "force": "true", "dryRun": "All"}


@pytest.mark.parametrize(
    ("resource", "namespace", "name"),
    [
        pytest.param(CONFIG_MAPS, "shop", "", id="empty-name-would-be-the-collection"),
        pytest.param(CONFIG_MAPS, "", "a", id="namespaced-without-namespace"),
        pytest.param(NAMESPACES, "", "..", id="parent-folder"),
    ],
)
async def test_a_key_that_means_another_path_is_refused(
    server: PlayedServer, client: Client, resource: Any, namespace: str, name: str
) -> None:
    with pytest.raises(BadRequest):
        await client.delete(resource, resource.key(namespace, name))
    assert server.seen == []


async def test_odd_names_are_escaped(server: PlayedServer, client: Client) -> None:
    with pytest.raises(NotFound):
        await client.get(NAMESPACES, NAMESPACES.key("", "a/b ?c"))
    assert server.seen[-1].path == "/api/v1/namespaces/a%2Fb%20%3Fc"
    assert server.seen[-1].query == {}


@pytest.mark.parametrize(
    ("code", "body", "kind", "message"),
    [
        pytest.param(
            403,
            b'{"kind":"Status","message":"no","reason":"Forbidden","code":403,"details":{"name":"a"}}',
            Forbidden,
            "no",
            id="status",
        ),
        pytest.param(404, b"404 page not found", NotFound, "the server could not find", id="plain-text-404"),
        pytest.param(429, b"slow down", TooManyRequests, "too many requests", id="plain-text-429"),
        pytest.param(500, b"boom", ApiError, r'an error on the server \("boom"\)', id="plain-text-500"),
        pytest.param(418, b"[1]", ApiError, r"\[1\]", id="json-but-no-status"),
        pytest.param(
            410, b'{"kind":"Status","reason":"Expired","message":"old"}', Expired, "old", id="expired"
        ),
    ],
)
async def test_an_answer_becomes_the_error_it_means(
    server: PlayedServer, client: Client, code: int, body: bytes, kind: type[ApiError], message: str
) -> None:
    server.faults.append(answers(lambda: web.Response(status=code, body=body)))
    with pytest.raises(kind, match=message) as caught:
        await client.get(CONFIG_MAPS, key("a"))
    assert caught.value.status_code == code


async def test_an_answer_that_is_not_json_is_an_api_error(server: PlayedServer, client: Client) -> None:
    server.faults.append(answers(lambda: web.Response(body=b"<html>")))
    with pytest.raises(ApiError, match="not JSON"):
        await client.get(CONFIG_MAPS, key("a"))


@pytest.mark.parametrize("code", [429, 503])
async def test_a_request_is_sent_again_when_the_server_says_when(
    server: PlayedServer, client: Client, code: int
) -> None:
    await server.put(CONFIG, "shop", "a")
    server.faults += [answers(lambda: status(code, "", "later", {"Retry-After": "0"})) for _ in range(3)]
    assert await client.get(CONFIG_MAPS, key("a"))
    assert len(server.seen) == 4


@pytest.mark.parametrize(
    ("headers", "tries"),
    [
        pytest.param({"Retry-After": "0"}, 5, id="bounded"),
        pytest.param({}, 1, id="not-asked"),
        pytest.param({"Retry-After": "3600"}, 1, id="too-long"),
        pytest.param({"Retry-After": "soon"}, 1, id="garbage"),
    ],
)
async def test_a_server_that_stays_busy_ends_in_an_error(
    server: PlayedServer, client: Client, headers: dict[str, str], tries: int
) -> None:
    server.faults += [answers(lambda: status(429, "TooManyRequests", "busy", headers)) for _ in range(9)]
    with pytest.raises(TooManyRequests):
        await client.get(CONFIG_MAPS, key("a"))
    assert len(server.seen) == tries


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with Client(Access(server="http://127.0.0.1:9")) as client:
        with pytest.raises(
            Unreachable, match=r'GET "http://127.0.0.1:9/api/v1/namespaces/a": cannot connect'
        ):
            await client.get(NAMESPACES, NAMESPACES.key("", "a"))


async def test_a_server_that_does_not_answer_is_unreachable(server: PlayedServer) -> None:
    async def never(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        raise AssertionError

    server.faults.append(never)
    async with Client(server.access, timeout_seconds=0.1) as client:
        with pytest.raises(Unreachable, match="no answer in time"):
            await client.get(CONFIG_MAPS, key("a"))


async def test_a_connection_that_breaks_in_the_middle_is_unreachable(
    server: PlayedServer, client: Client
) -> None:
    async def breaks(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    server.faults.append(breaks)
    with pytest.raises(Unreachable):
        await client.get(CONFIG_MAPS, key("a"))


async def test_a_refused_token_is_replaced_once_for_all_who_wait(server: PlayedServer) -> None:
    await server.put(CONFIG, "shop", "a")
    asked = 0

    async def check(request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("Authorization") == "Bearer fresh":
            return None
        server.faults.append(check)
        return status(401, "Unauthorized", "Unauthorized")

    async def fresh() -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return "fresh"

    server.faults.append(check)
    async with Client(Access(server=server.url, token="old"), on_unauthorized=fresh) as client:
        await asyncio.gather(*(client.get(CONFIG_MAPS, key("a")) for _ in range(5)))
    assert asked == 1


async def test_a_token_that_stays_refused_is_an_error_at_once(server: PlayedServer) -> None:
    async def same() -> str:
        return "old"

    server.faults += [answers(lambda: status(401, "Unauthorized", "Unauthorized")) for _ in range(3)]
    async with Client(Access(server=server.url, token="old"), on_unauthorized=same) as client:
        with pytest.raises(ApiError) as caught:
            await client.get(CONFIG_MAPS, key("a"))
    assert caught.value.status_code == 401
    assert len(server.seen) == 1


async def test_a_rotated_token_file_is_read_again(server: PlayedServer, tmp_path: Any) -> None:
    await server.put(CONFIG, "shop", "a")
    file = tmp_path / "token"
    file.write_text("new\n")
    server.faults.append(answers(lambda: status(401, "Unauthorized", "Unauthorized")))
    async with Client(Access(server=server.url, token="old", token_file=str(file))) as client:
        await client.get(CONFIG_MAPS, key("a"))
    assert [seen.headers["Authorization"] for seen in server.seen] == ["Bearer old", "Bearer new"]


async def test_requests_say_who_asks(server: PlayedServer) -> None:
    access = Access(
        server=server.url,
        username="ann",
        password="pw",
        headers={"X-Extra": "1"},
        impersonate_user="bob",
        impersonate_groups=("g1", "g2"),
        impersonate_extra={"scope": ("a",)},
    )
    async with Client(access, user_agent="karmada-scheduler/1") as client:
        await client.list(CONFIG_MAPS)
    headers = server.seen[-1].headers
    assert headers["User-Agent"] == "karmada-scheduler/1"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"ann:pw").decode()
    assert headers["Impersonate-User"] == "bob"
    assert headers.getall("Impersonate-Group") == ["g1", "g2"]
    assert headers["Impersonate-Extra-scope"] == "a"
    assert headers["X-Extra"] == "1"


async def test_a_fence_stops_writes_and_lets_reads_pass(server: PlayedServer, client: Client) -> None:
    class Fenced(Exception):
        pass

    def fence() -> None:
        raise Fenced

    await server.put(CONFIG, "shop", "a")
    client.set_fence(fence)
    await client.get(CONFIG_MAPS, key("a"))
    with pytest.raises(Fenced):
        await client.delete(CONFIG_MAPS, key("a"))
    assert server.requests("DELETE") == []


async def test_warnings_reach_who_wants_them(server: PlayedServer) -> None:
    heard: list[str] = []
    server.faults.append(
        answers(lambda: web.json_response({"items": []}, headers={"Warning": '299 - "use \\"v1\\" instead"'}))
    )
    async with Client(server.access, on_warning=heard.append) as client:
        await client.list(CONFIG_MAPS)
    assert heard == ['use "v1" instead']


async def test_a_watch_survives_lines_cut_anywhere(server: PlayedServer, client: Client) -> None:
    server.chunk_size = 7
    await server.put(CONFIG, "shop", "a", data={"x": "é" * 20})
    await server.put(CONFIG, "shop", "b")
    await server.bookmark(CONFIG)
    await server.remove(CONFIG, "shop", "a")
    got = []
    async with asyncio.timeout(5):
        async for event in client.watch(CONFIG_MAPS, resource_version="100"):
            got.append((event.type, event.object["metadata"]["name"], event.resource_version))
            if event.type == "DELETED":
                break
    assert got == [("ADDED", "a", "101"), ("ADDED", "b", "102"), ("DELETED", "a", "104")]


async def test_a_watch_from_a_version_that_is_gone_raises_expired(
    server: PlayedServer, client: Client
) -> None:
    await server.put(CONFIG, "shop", "a")
    server.forget_history()
    with pytest.raises(Expired):
        async for _ in client.watch(CONFIG_MAPS, resource_version="100"):
            pass


async def test_410_in_place_of_a_stream_is_expired_whatever_its_reason(
    server: PlayedServer, client: Client
) -> None:
    server.faults.append(answers(lambda: status(410, "Gone", "gone")))
    with pytest.raises(Expired):
        async for _ in client.watch(CONFIG_MAPS, resource_version="100"):
            pass


async def test_a_client_with_a_rate_spreads_its_requests(server: PlayedServer) -> None:
    loop = asyncio.get_running_loop()
    async with Client(server.access, qps=50, burst=2) as client:
        began = loop.time()
        await asyncio.gather(*(client.list(CONFIG_MAPS) for _ in range(7)))
        assert loop.time() - began >= 0.09  # 2 at once, 5 more at 50 per second


async def test_many_requests_at_once_are_bounded(server: PlayedServer) -> None:
    now, most = 0, 0

    async def count(request: web.Request) -> web.StreamResponse | None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.005)
        now -= 1
        return None

    server.faults.append(count)
    async with Client(server.access, max_in_flight=3) as client:
        await asyncio.gather(*(client.list(CONFIG_MAPS) for _ in range(12)))
    assert most == 3
