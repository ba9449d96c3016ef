"""The client side against this repository's own API server: the same behaviour as against a played one."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from apiserver.app import ServerOptions, serve
from karmada.api.errors import AlreadyExists, Conflict, NotFound
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import CONFIG_MAPS, DEPLOYMENTS, EVENTS, LEASES, NAMESPACES
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, with_labels
from karmada.client.client import APPLY_PATCH, Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.client.leases import LeaderElection
from karmada.client.mapper import Mapper


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with serve(ServerOptions(storage="memory://")) as server, Client(server.access) as client:
        await client.create(NAMESPACES, {"metadata": {"name": "shop"}})
        yield client


def config_map(name: str, **data: str) -> Object:
    return {"metadata": {"name": name, "namespace": "shop"}, "data": data}


async def test_writes_conflict_and_missing_objects_are_told_apart(client: Client) -> None:
    created = await client.create(CONFIG_MAPS, config_map("a", x="1"))
    with pytest.raises(AlreadyExists):
        await client.create(CONFIG_MAPS, config_map("a"))
    await client.replace(CONFIG_MAPS, {**created, "data": {"x": "2"}})
    with pytest.raises(Conflict):
        await client.replace(CONFIG_MAPS, {**created, "data": {"x": "3"}})
    key = CONFIG_MAPS.key("shop", "a")
    updated = await client.update(CONFIG_MAPS, key, lambda obj: with_labels(obj, {"n": "1"}), cached=created)
    assert updated["data"] == {"x": "2"}
    with pytest.raises(NotFound):
        await client.get(CONFIG_MAPS, CONFIG_MAPS.key("shop", "none"))
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"y": "1"}}
    merged = await client.patch(CONFIG_MAPS, key, applied, patch_type=APPLY_PATCH, field_manager="tests")
    assert merged["data"] == {"x": "2", "y": "1"}


async def test_an_informer_follows_bursts_of_changes(client: Client) -> None:
    changes: list[str] = []

    def hear(change: Change[Object]) -> None:
        changes.append("-" if change.new is None else "+" if change.old is None else "~")

    for number in range(30):
        await client.create(CONFIG_MAPS, config_map(f"before{number}"))
    async with asyncio.timeout(30), Informer(client, CONFIG_MAPS, namespace="shop") as informer:
        informer.add_handler(hear)
        assert changes == ["+"] * 30
        await asyncio.gather(*(client.create(CONFIG_MAPS, config_map(f"c{number}")) for number in range(100)))
        for number in range(100):
            await client.delete(CONFIG_MAPS, CONFIG_MAPS.key("shop", f"c{number}"))
        await informer.cache.wait_for(CONFIG_MAPS.key("shop", "c99"), lambda obj: obj is None)
        assert len(informer.cache) == 30
        assert (changes.count("+"), changes.count("-")) == (130, 100)


async def test_metadata_alone_and_models_can_be_followed(client: Client) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "x", "image": "y"}]}}
    web = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    async with (
        asyncio.timeout(30),
        Informer(client, DEPLOYMENTS, metadata_only=True) as deployments,
        Informer(client, CLUSTERS) as clusters,
    ):
        await client.create(DEPLOYMENTS, {"apiVersion": "apps/v1", "kind": "Deployment", **web})
        seen = await deployments.cache.wait_for(DEPLOYMENTS.key("shop", "web"), lambda obj: obj is not None)
        assert seen is not None
        assert set(seen) == {"apiVersion", "kind", "metadata"}
        await client.create(
            CLUSTERS,
            CLUSTERS.decode({"metadata": {"name": "m1"}, "spec": {"syncMode": "Push", "id": "x"}}),
        )
        cluster = await clusters.cache.wait_for(CLUSTERS.key("", "m1"), lambda obj: obj is not None)
        assert cluster is not None
        assert cluster.spec.id == "x"


async def test_discovery_knows_built_in_and_karmada_kinds(client: Client) -> None:
    mapper = Mapper(client)
    policy = await mapper.resource_for(GroupVersionKind("policy.karmada.io", "v1alpha1", "PropagationPolicy"))
    assert (policy.gvr.resource, policy.namespaced) == ("propagationpolicies", True)
    assert (await mapper.resource_for(DEPLOYMENTS.gvk)).gvr == DEPLOYMENTS.gvr
    assert (await mapper.discovery()).failed == {}


async def test_events_and_leases_are_accepted(client: Client) -> None:
    created = await client.create(CONFIG_MAPS, config_map("a"))
    async with EventRecorder(client, component="tests") as recorder:
        for _ in range(3):
            recorder.event(created, type="Normal", reason="Tried", message="m")
    (event,) = (await client.list(EVENTS, namespace="shop")).items
    assert (event["reason"], event["count"], event["involvedObject"]["name"]) == ("Tried", 3, "a")
    election = LeaderElection(client, name="tests", namespace="shop")

    async def work() -> str:
        lease = await client.get(LEASES, LEASES.key("shop", "tests"))
        return str(lease["spec"]["holderIdentity"])

    assert await election.run_as_leader(work) == election.identity
