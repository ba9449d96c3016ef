"""The APIs of a member, as it tells them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from apiserver.app import ServerOptions, serve
from controllers.cluster.enablements import ApiReader, Enablements, enablements_of
from karmada.api.groups.cluster import APIEnablement
from karmada.api.groups.kubernetes import CUSTOM_RESOURCE_DEFINITIONS
from karmada.api.gvk import GroupVersionResource
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.mapper import DiscoveredResource
from tests.controllers.cluster.live import eventually

CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "foos.example.org"},
    "spec": {
        "group": "example.org",
        "scope": "Namespaced",
        "names": {"plural": "foos", "kind": "Foo"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


def as_text(apis: list[APIEnablement]) -> dict[str, list[str]]:
    return {api.group_version: [f"{item.name}={item.kind}" for item in api.resources] for api in apis}


async def test_everything_served_is_told_in_order_without_subresources() -> None:
    async with serve(ServerOptions(karmada=False)) as server, Client(server.access) as client:
        found = await ApiReader().read(client)
    apis = as_text(found.apis)
    assert found.condition == ("True", "Complete", "collected complete APIEnablements from the cluster")
    assert list(apis) == sorted(apis)
    assert apis["apps/v1"] == [
        "controllerrevisions=ControllerRevision",
        "daemonsets=DaemonSet",
        "deployments=Deployment",
        "replicasets=ReplicaSet",
        "statefulsets=StatefulSet",
    ]
    assert "pods=Pod" in apis["v1"]


async def test_a_new_api_is_seen_and_nothing_new_costs_nothing() -> None:
    async with serve(ServerOptions(karmada=False)) as server, Client(server.access) as client:
        reader = ApiReader()
        first = await reader.read(client)
        assert await reader.read(client) is first
        await client.create(CUSTOM_RESOURCE_DEFINITIONS, CRD)

        async def news() -> Enablements | None:
            found = await reader.read(client)
            return None if found is first else found

        second = await eventually(news, "the API is seen")
    assert as_text(second.apis)["example.org/v1"] == ["foos=Foo"]


async def test_a_member_that_is_gone_has_nothing() -> None:
    async with serve(ServerOptions(karmada=False)) as server:
        access = server.access
    async with Client(access) as client:
        found = await ApiReader().read(client)
    assert found == Enablements([], complete=False)
    assert found.condition == ("False", "Empty", "collected empty APIEnablements from the cluster")


LEGACY: dict[str, Any] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
            {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
        ],
    },
    "/apis": {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": group,
                "versions": [{"groupVersion": f"{group}/v1", "version": "v1"}],
                "preferredVersion": {"groupVersion": f"{group}/v1", "version": "v1"},
            }
            for group in ("apps", "broken.example.org")
        ],
    },
    "/apis/apps/v1": {
        "kind": "APIResourceList",
        "groupVersion": "apps/v1",
        "resources": [{"name": "deployments", "kind": "Deployment", "namespaced": True, "verbs": ["get"]}],
    },
}


@asynccontextmanager
async def old_server() -> AsyncIterator[Access]:
    """Kubernetes before aggregated discovery, with one group that does not answer."""

    async def answer(request: web.Request) -> web.Response:
        document = LEGACY.get(request.path)
        return web.json_response(document) if document else web.Response(status=503)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Access(server=f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


async def test_an_old_member_is_read_group_by_group_and_a_broken_group_is_told() -> None:
    async with old_server() as access, Client(access) as client:
        found = await ApiReader().read(client)
    assert as_text(found.apis) == {"apps/v1": ["deployments=Deployment"], "v1": ["pods=Pod"]}
    assert found.condition == (
        "False",
        "Partial",
        "might collect partial APIEnablements(2) from the cluster",
    )


@pytest.mark.parametrize("names", [["b", "a", "c"], ["c", "b", "a"]])
def test_the_order_of_discovery_does_not_matter(names: list[str]) -> None:
    found = [
        DiscoveredResource(GroupVersionResource("g", "v1", name), name.upper(), "", namespaced=True, verbs=())
        for name in names
    ]
    assert as_text(enablements_of(found)) == {"g/v1": ["a=A", "b=B", "c=C"]}
