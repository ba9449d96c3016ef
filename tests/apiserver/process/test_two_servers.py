"""Several servers over one real etcd: what one acknowledged, every other shows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from karmada.runtime.tasks import spawn
from tests.apiserver.serving import Plane, config_map, running_plane
from tests.support.etcd_server import EtcdServer

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
async def planes(tmp_path: Path) -> AsyncIterator[tuple[Plane, Plane]]:
    etcd = EtcdServer(tmp_path)
    await asyncio.to_thread(etcd.start)
    pki = str(tmp_path / "pki")
    try:
        async with (
            running_plane(storage=etcd.url, certificate_directory=pki) as one,
            running_plane(storage=etcd.url, certificate_directory=pki) as two,
        ):
            yield one, two
    finally:
        await asyncio.to_thread(etcd.stop)


async def test_a_write_through_one_server_is_read_through_the_other(planes: tuple[Plane, Plane]) -> None:
    one, two = planes
    for number in range(20):
        name = f"c{number}"
        assert (await one.post(CONFIG_MAPS, config_map(name, {"n": "0"}))).status == 201
        assert (await two.get(f"{CONFIG_MAPS}/{name}")).status == 200
        assert name in (await two.get(CONFIG_MAPS)).names
        assert (await two.patch(f"{CONFIG_MAPS}/{name}", {"data": {"n": "1"}})).status == 200
        assert (await one.get(f"{CONFIG_MAPS}/{name}")).object["data"] == {"n": "1"}


async def test_patches_through_both_servers_all_win(planes: tuple[Plane, Plane]) -> None:
    await planes[0].post(CONFIG_MAPS, config_map("shared", {}))
    replies = await asyncio.gather(
        *(
            planes[number % 2].patch(f"{CONFIG_MAPS}/shared", {"data": {f"k{number}": "v"}})
            for number in range(30)
        )
    )
    assert {reply.status for reply in replies} == {200}
    assert len((await planes[1].get(f"{CONFIG_MAPS}/shared")).object["data"]) == 30


async def test_a_watch_of_one_server_sees_the_writes_of_the_other(planes: tuple[Plane, Plane]) -> None:
    one, two = planes
    version = (await two.get(CONFIG_MAPS)).object["metadata"]["resourceVersion"]
    watching = spawn(
        two.get(f"{CONFIG_MAPS}?watch=1&timeoutSeconds=2&resourceVersion={version}"), name="watch"
    )
    for number in range(10):
        await one.post(CONFIG_MAPS, config_map(f"w{number}"))
    names = [line["object"]["metadata"]["name"] for line in (await watching).lines]
    assert [name for name in names if name.startswith("w")] == [f"w{number}" for number in range(10)]


async def test_a_server_without_its_store_says_so_and_recovers(tmp_path: Path) -> None:
    etcd = EtcdServer(tmp_path)
    await asyncio.to_thread(etcd.start)
    try:
        async with running_plane(storage=etcd.url) as plane:
            await plane.post(CONFIG_MAPS, config_map("a"))
            await asyncio.to_thread(etcd.stop, kill=True)
            refused = await plane.get(CONFIG_MAPS)
            assert (refused.status, refused.object["reason"]) == (500, "ServerTimeout")
            assert (await plane.get("/readyz")).status == 500
            await asyncio.to_thread(etcd.start)
            listed = await plane.eventually(CONFIG_MAPS, lambda reply: reply.status == 200, seconds=30)
            assert "a" in listed.names
            assert (await plane.get("/readyz")).status == 200
            assert (await plane.put(f"{CONFIG_MAPS}/a", config_map("a", {"k": "v"}))).status == 200
    finally:
        await asyncio.to_thread(etcd.stop)
