"""Watch over HTTP."""

import asyncio
from typing import Any

import pytest

from apiserver.storage import watchers
from tests.apiserver.serving import Plane, Reply, config_map, until

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


async def version_now(plane: Plane) -> str:
    return str((await plane.get(CONFIG_MAPS)).object["metadata"]["resourceVersion"])


async def watch(plane: Plane, query: str, *, seconds: int = 1, **headers: str) -> Reply:
    return await plane.get(f"{CONFIG_MAPS}?watch=true&timeoutSeconds={seconds}&{query}", **headers)


def shown(reply: Reply) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in reply.lines]


async def test_a_watch_from_a_version_shows_exactly_what_came_after(plane: Plane) -> None:
    await plane.post(CONFIG_MAPS, config_map("before"))
    start = await version_now(plane)
    await plane.post(CONFIG_MAPS, config_map("a"))
    await plane.patch(f"{CONFIG_MAPS}/a", {"data": {"k": "v"}})
    running = asyncio.gather(watch(plane, f"resourceVersion={start}"), _later(plane))
    reply, removed = await running
    assert reply.headers["Content-Type"] == "application/json"
    assert shown(reply) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in reply.lines]
    assert versions == sorted(set(versions))
    assert reply.lines[-1]["object"]["data"] == {"k": "v"}
    assert removed.status == 200


async def _later(plane: Plane) -> Reply:
    await asyncio.sleep(0.1)
    return await plane.delete(f"{CONFIG_MAPS}/a")


@pytest.mark.parametrize("query", ["", "resourceVersion=0"])
async def test_a_watch_without_a_version_starts_with_the_state(plane: Plane, query: str) -> None:
    for name in ("b", "a"):
        await plane.post(CONFIG_MAPS, config_map(name))
    assert shown(await watch(plane, query)) == [("ADDED", "a"), ("ADDED", "b")]


async def test_objects_enter_and_leave_a_selection(plane: Plane) -> None:
    start = await version_now(plane)
    await plane.post(CONFIG_MAPS, config_map("a", labels={"on": "no"}))
    await plane.patch(f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"on": "yes"}}})
    await plane.patch(f"{CONFIG_MAPS}/a", {"data": {"k": "v"}})
    last = await plane.patch(f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"on": "no"}}, "data": {"k": "w"}})
    reply = await watch(plane, f"resourceVersion={start}&labelSelector=on%3Dyes")
    assert shown(reply) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    gone = reply.lines[-1]["object"]
    assert (gone["metadata"]["labels"], gone["data"]) == ({"on": "yes"}, {"k": "v"})
    assert gone["metadata"]["resourceVersion"] == last.object["metadata"]["resourceVersion"]


async def test_a_namespaced_watch_sees_its_namespace_only(plane: Plane) -> None:
    start = await version_now(plane)
    await plane.post("/api/v1/namespaces/kube-public/configmaps", config_map("other"))
    await plane.post(CONFIG_MAPS, config_map("mine"))
    assert shown(await watch(plane, f"resourceVersion={start}")) == [("ADDED", "mine")]


async def test_a_streaming_list_ends_its_initial_events_with_a_bookmark(plane: Plane) -> None:
    await plane.post(CONFIG_MAPS, config_map("a"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    lines = (await watch(plane, query)).lines
    assert [line["type"] for line in lines[:2]] == ["ADDED", "BOOKMARK"]
    assert lines[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert lines[1]["object"]["kind"] == "ConfigMap"


async def test_a_version_that_is_too_old_is_told_in_the_stream(plane: Plane) -> None:
    cache = next(
        c for c in plane.server.parts.store.cache.collections() if c.collection.resource == "namespaces"
    )
    cache.forget_history(plane.server.parts.store.cache.applied)
    reply = await plane.get("/api/v1/namespaces?watch=1&resourceVersion=1")
    assert reply.status == 200
    status: dict[str, Any] = reply.lines[0]["object"]
    assert (reply.lines[0]["type"], status["code"], status["reason"]) == ("ERROR", 410, "Expired")
    assert status["message"].startswith("too old resource version: 1 (")


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        pytest.param(
            "resourceVersion=abc",
            500,
            'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
            id="version",
        ),
        pytest.param(
            "sendInitialEvents=true",
            422,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents '
            "requires setting "
            "resourceVersionMatch to NotOlderThan",
            id="initial-events-without-match",
        ),
        pytest.param(
            "resourceVersionMatch=NotOlderThan&resourceVersion=1",
            422,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch '
            "is forbidden for "
            "watch unless sendInitialEvents is provided",
            id="match-alone",
        ),
    ],
)
async def test_a_bad_watch_is_refused(plane: Plane, query: str, status: int, message: str) -> None:
    reply = await watch(plane, query)
    assert (reply.status, reply.message) == (status, message)


async def test_a_watch_of_tables_names_its_columns_once(plane: Plane) -> None:
    for name in ("a", "b"):
        await plane.post(CONFIG_MAPS, config_map(name))
    lines = (await watch(plane, "", accept="application/json;as=Table;v=v1;g=meta.k8s.io")).lines
    assert [line["object"]["kind"] for line in lines] == ["Table", "Table"]
    assert lines[0]["object"]["columnDefinitions"]
    assert lines[1]["object"]["columnDefinitions"] is None


async def test_a_watch_ends_when_its_peer_goes(plane: Plane) -> None:
    answer = await plane.session.get(f"{CONFIG_MAPS}?watch=true")
    cache = next(
        c for c in plane.server.parts.store.cache.collections() if c.collection.resource == "configmaps"
    )
    assert len(cache.watchers()) == 1
    answer.close()
    await until(lambda: not cache.watchers())


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_go_on(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "MAX_BUFFERED_BYTES", 1024 * 1024)
    context = plane.session.connector._ssl  # type: ignore[union-attr]
    reader, writer = await asyncio.open_connection("127.0.0.1", plane.server.port, ssl=context, limit=1024)
    writer.write(f"GET {CONFIG_MAPS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    cache = next(
        c for c in plane.server.parts.store.cache.collections() if c.collection.resource == "configmaps"
    )
    assert len(cache.watchers()) == 1
    start = ""
    for number in range(120):
        if number == 110:
            start = await version_now(plane)
        body = config_map(f"c{number}", {"k": "v" * 200_000})
        assert (await plane.post(CONFIG_MAPS, body)).status == 201
    await until(lambda: not cache.watchers())
    assert len(shown(await watch(plane, f"resourceVersion={start}"))) == 10
    writer.close()
