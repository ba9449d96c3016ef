"""Quotas of a running server: charged with what is written, and never exceeded."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from karmada.api.objects import Object
from tests.apiserver.serving import Plane, config_map, running_plane
from tests.support.etcd_server import EtcdServer

QUOTAS = "/api/v1/namespaces/default/resourcequotas"
MAPS = "/api/v1/namespaces/default/configmaps"
SERVICES = "/api/v1/namespaces/default/services"


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running_plane() as running:
        yield running


async def limit(plane: Plane, hard: Object, *, name: str = "q", used: Object | None = None) -> None:
    """A quota that a controller has counted."""
    made = await plane.post(QUOTAS, {"metadata": {"name": name}, "spec": {"hard": hard}})
    assert made.status == 201, made.message
    status = {"hard": hard, "used": used or dict.fromkeys(hard, "0")}
    reply = await plane.patch(f"{QUOTAS}/{name}/status", {"status": status})
    assert reply.status == 200, reply.message


async def used(plane: Plane, name: str = "q") -> Object:
    status: Object = (await plane.get(f"{QUOTAS}/{name}")).object["status"]
    return status["used"]  # type: ignore[no-any-return]


async def test_what_is_written_is_charged_and_what_is_too_much_refused(plane: Plane) -> None:
    await limit(plane, {"configmaps": "2"})
    for name in "ab":
        assert (await plane.post(MAPS, config_map(name))).status == 201
    reply = await plane.post(MAPS, config_map("c"))
    assert (reply.status, reply.object["reason"]) == (403, "Forbidden")
    assert reply.message == (
        'configmaps "c" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=2, '
        "limited: configmaps=2"
    )
    assert await used(plane) == {"configmaps": "2"}
    assert (await plane.put(f"{MAPS}/a", config_map("a", {"k": "v"}))).status == 200


async def test_a_dry_run_is_judged_and_not_charged(plane: Plane) -> None:
    await limit(plane, {"configmaps": "1"})
    assert (await plane.post(f"{MAPS}?dryRun=All", config_map("a"))).status == 201
    assert await used(plane) == {"configmaps": "0"}
    await plane.post(MAPS, config_map("a"))
    assert (await plane.post(f"{MAPS}?dryRun=All", config_map("b"))).status == 403


async def test_a_quota_that_nobody_counts_limits_nothing(plane: Plane) -> None:
    await plane.post(QUOTAS, {"metadata": {"name": "q"}, "spec": {"hard": {"configmaps": "0"}}})
    assert (await plane.post(MAPS, config_map("a"))).status == 201


async def test_a_refusal_of_one_quota_is_given_back_to_the_others(plane: Plane) -> None:
    await limit(plane, {"configmaps": "5"}, name="wide")
    await limit(plane, {"count/configmaps": "0"}, name="zero")
    assert (await plane.post(MAPS, config_map("a"))).status == 403
    assert await used(plane, "wide") == {"configmaps": "0"}


async def test_custom_resources_are_counted(plane: Plane) -> None:
    names = {"plural": "looms", "kind": "Loom"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "looms.mill.test"},
        "spec": {"group": "mill.test", "scope": "Namespaced", "names": names, "versions": [version]},
    }
    await plane.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    looms = "/apis/mill.test/v1/namespaces/default/looms"
    await plane.eventually(looms, lambda reply: reply.status == 200)
    await limit(plane, {"count/looms.mill.test": "1"})
    loom: Object = {"apiVersion": "mill.test/v1", "kind": "Loom", "metadata": {"name": "a"}}
    assert (await plane.post(looms, loom)).status == 201
    reply = await plane.post(looms, {**loom, "metadata": {"name": "b"}})
    assert "exceeded quota: q, requested: count/looms.mill.test=1" in reply.message


async def test_a_service_that_becomes_a_node_port_is_charged(plane: Plane) -> None:
    await limit(plane, {"services.nodeports": "0"})
    service: Object = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    assert (await plane.post(SERVICES, service)).status == 201
    reply = await plane.patch(f"{SERVICES}/s", {"spec": {"type": "NodePort"}})
    assert reply.message.startswith(
        'services "s" is forbidden: exceeded quota: q, requested: services.nodeports=1'
    )


async def test_a_hundred_creates_at_once_get_what_there_is(plane: Plane) -> None:
    await limit(plane, {"configmaps": "7"})
    await limit(plane, {"count/configmaps": "50"}, name="wide")
    replies = await asyncio.gather(*(plane.post(MAPS, config_map(f"m{n}")) for n in range(100)))
    assert sorted(reply.status for reply in replies) == [201] * 7 + [403] * 93
    assert await used(plane) == {"configmaps": "7"}
    assert await used(plane, "wide") == {"count/configmaps": "7"}


async def test_two_servers_together_give_no_more_than_there_is(tmp_path: Path) -> None:
    etcd = EtcdServer(tmp_path)
    await asyncio.to_thread(etcd.start)
    pki = str(tmp_path / "pki")
    try:
        async with (
            running_plane(storage=etcd.url, certificate_directory=pki) as one,
            running_plane(storage=etcd.url, certificate_directory=pki) as two,
        ):
            await limit(one, {"configmaps": "9"})
            await two.eventually(f"{QUOTAS}/q", lambda reply: "hard" in reply.object["status"])
            planes = (one, two)
            replies = await asyncio.gather(
                *(planes[n % 2].post(MAPS, config_map(f"m{n}")) for n in range(40))
            )
            assert sum(reply.status == 201 for reply in replies) == 9
            assert {reply.status for reply in replies} == {201, 403}
            assert await used(two) == {"configmaps": "9"}
    finally:
        await asyncio.to_thread(etcd.stop)
