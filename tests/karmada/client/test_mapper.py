"""karmada.client.mapper: kinds and resources from both forms of discovery."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from karmada.api.errors import ApiError
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.client.client import Client
from karmada.client.mapper import Mapper, NoMatch
from karmada.runtime.clock import ManualClock
from tests.karmada.client.played import PlayedServer, played_server, status

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
WIDGET = GroupVersionKind("shop.example", "v1", "Widget")


def entry(plural: str, kind: str, scope: str = "Namespaced", **more: Any) -> dict[str, Any]:
    return {
        "resource": plural,
        "responseKind": {"kind": kind},
        "scope": scope,
        "verbs": ["get", "list"],
        **more,
    }


class Served:
    """Discovery documents that can grow."""

    def __init__(self) -> None:
        self.aggregated = True
        self.asked = 0
        self.broken: set[str] = set()
        self.groups: dict[str, dict[str, list[dict[str, Any]]]] = {
            "": {"v1": [entry("namespaces", "Namespace", "Cluster", shortNames=["ns"])]},
            "apps": {
                "v1": [entry("deployments", "Deployment", subresources=[{"subresource": "scale"}])],
                "v1beta1": [entry("deployments", "Deployment")],
            },
        }

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path
        self.asked += path == "/apis"
        if (
            path in ("/api", "/apis")
            and self.aggregated
            and "APIGroupDiscoveryList" in request.headers["Accept"]
        ):
            return web.json_response(
                {"kind": "APIGroupDiscoveryList", "items": self._items(core=path == "/api")}
            )
        if path == "/api":
            return web.json_response({"kind": "APIVersions", "versions": ["v1"]})
        if path == "/apis":
            return web.json_response(
                {"kind": "APIGroupList", "groups": [self._group(g) for g in self.groups if g]}
            )
        group_version = path.removeprefix("/apis/").removeprefix("/api/")
        if group_version in self.broken:
            return status(503, "ServiceUnavailable", "not ready")
        group, _, version = group_version.rpartition("/")
        return web.json_response({"resources": list(self._legacy(self.groups[group][version]))})

    def _items(self, *, core: bool) -> list[dict[str, Any]]:
        return [
            {
                "metadata": {"name": group},
                "versions": [
                    {
                        "version": version,
                        "resources": [] if f"{group}/{version}" in self.broken else resources,
                        "freshness": "Stale" if f"{group}/{version}" in self.broken else "Current",
                    }
                    for version, resources in versions.items()
                ],
            }
            for group, versions in self.groups.items()
            if (group == "") is core
        ]

    def _group(self, group: str) -> dict[str, Any]:
        versions = [{"groupVersion": f"{group}/{version}"} for version in self.groups[group]]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}

    def _legacy(self, resources: list[dict[str, Any]]) -> Any:
        for item in resources:
            yield {
                "name": item["resource"],
                "kind": item["responseKind"]["kind"],
                "namespaced": item["scope"] == "Namespaced",
                "verbs": item["verbs"],
                "shortNames": item.get("shortNames"),
            }
            for sub in item.get("subresources", ()):
                yield {
                    "name": f"{item['resource']}/{sub['subresource']}",
                    "kind": "Scale",
                    "namespaced": True,
                }


@pytest.fixture(params=[True, False], ids=["aggregated", "group-by-group"])
def served(request: pytest.FixtureRequest) -> Served:
    served = Served()
    served.aggregated = request.param
    return served


@pytest.fixture
async def client(served: Served) -> AsyncIterator[Client]:
    async with played_server() as server:
        play(server, served)
        async with Client(server.access) as client:
            yield client


def play(server: PlayedServer, served: Served) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        server.faults.append(answer)
        return await served.answer(request)

    server.faults.append(answer)


async def test_kinds_and_resources_are_found_both_ways(client: Client) -> None:
    mapper = Mapper(client)
    deployments = await mapper.resource_for(DEPLOYMENT)
    assert (deployments.gvr, deployments.namespaced) == (
        GroupVersionResource("apps", "v1", "deployments"),
        True,
    )
    namespaces = await mapper.resource_for(GroupVersionKind("", "v1", "Namespace"))
    assert (namespaces.gvr.resource, namespaces.namespaced) == ("namespaces", False)
    assert await mapper.kind_for(GroupVersionResource("apps", "v1beta1", "deployments")) == (
        "apps",
        "v1beta1",
        "Deployment",
    )


async def test_every_detail_is_kept(client: Client) -> None:
    found = {item.gvr: item for item in await Mapper(client).resources()}
    assert found[GroupVersionResource("", "v1", "namespaces")].short_names == ("ns",)
    assert found[GroupVersionResource("apps", "v1", "deployments")].subresources == ("scale",)
    assert found[GroupVersionResource("apps", "v1", "deployments")].preferred
    assert not found[GroupVersionResource("apps", "v1beta1", "deployments")].preferred


async def test_a_kind_that_came_later_is_found(served: Served, client: Client) -> None:
    clock = ManualClock()
    mapper = Mapper(client, clock=clock)
    with pytest.raises(NoMatch, match=r'no matches for kind "Widget" in version "shop\.example/v1"'):
        await mapper.resource_for(WIDGET)
    served.groups["shop.example"] = {"v1": [entry("widgets", "Widget")]}
    with pytest.raises(NoMatch):
        await mapper.resource_for(WIDGET)  # looked a moment ago
    clock.advance(2)
    assert (await mapper.resource_for(WIDGET)).gvr.resource == "widgets"


async def test_a_group_that_does_not_answer_hides_only_itself(served: Served, client: Client) -> None:
    served.broken.add("apps/v1beta1")
    discovery = await Mapper(client).discovery()
    assert {item.gvr.version for item in discovery.resources if item.gvr.group == "apps"} == {"v1"}
    assert set(discovery.failed) == {"apps/v1beta1"}


async def test_many_who_ask_at_once_share_a_reading(served: Served, client: Client) -> None:
    mapper = Mapper(client)
    await asyncio.gather(*(mapper.resource_for(DEPLOYMENT) for _ in range(20)))
    assert served.asked <= 2


async def test_a_server_that_cannot_be_asked_is_not_a_missing_kind() -> None:
    async with played_server() as server:

        async def refuse(request: web.Request) -> web.StreamResponse:
            server.faults.append(refuse)
            return status(503, "ServiceUnavailable", "starting")

        server.faults.append(refuse)
        async with Client(server.access) as client:
            with pytest.raises(ApiError) as caught:
                await Mapper(client).resource_for(DEPLOYMENT)
    assert not isinstance(caught.value, NoMatch)
