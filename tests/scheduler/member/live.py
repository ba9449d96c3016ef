"""A member with nodes and pods, and an estimator on it, for tests of everything that asks one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from apiserver.app import ServerOptions, serve
from karmada.api.groups.kubernetes import NAMESPACES, NODES, PODS
from karmada.api.objects import Object
from karmada.client.client import Client
from scheduler.member.service import EstimatorService, serve_estimator
from scheduler.member.state import MemberState

NAMESPACE = "shop"


def node(name: str, *, labels: Mapping[str, str] | None = None, **spec: Any) -> Object:
    return {"metadata": {"name": name, "labels": dict(labels or {})}, "spec": spec}


def pod(name: str, *, node: str = "", requests: Mapping[str, str] | None = None, **metadata: Any) -> Object:
    container = {"name": "app", "image": "registry.test/app", "resources": {"requests": dict(requests or {})}}
    spec: Object = {"containers": [container], "serviceAccountName": "default"}
    if node:
        spec["nodeName"] = node
    return {"metadata": {"name": name, "namespace": NAMESPACE, **metadata}, "spec": spec}


class Member:
    """The API server of a member, and what a test puts there."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def add_node(self, made: Object, **allocatable: str) -> None:
        await self.client.create(NODES, made)
        await self.set_status(NODES, "", made["metadata"]["name"], {"allocatable": allocatable})

    async def add_pod(self, made: Object, **status: Any) -> None:
        await self.client.create(PODS, made)
        if status:
            await self.set_status(PODS, NAMESPACE, made["metadata"]["name"], status)

    async def set_status(self, resource: Any, namespace: str, name: str, status: Object) -> None:
        key = resource.key(namespace, name)
        await self.client.patch(resource, key, {"status": status}, subresource="status")


@asynccontextmanager
async def member() -> AsyncIterator[Member]:
    options = ServerOptions(storage="memory://", karmada=False)
    async with serve(options) as running, Client(running.access) as client:
        await client.create(NAMESPACES, {"metadata": {"name": NAMESPACE}})
        yield Member(client)


@asynccontextmanager
async def estimator(
    on: Member, cluster: str, *, quotas: bool = False, port: int = 0, **options: Any
) -> AsyncIterator[int]:
    """An estimator of the member; yields the port it answers on."""
    async with (
        MemberState(on.client, quotas=quotas) as state,
        serve_estimator(EstimatorService(state, cluster, **options), f"127.0.0.1:{port}") as bound,
    ):
        yield bound
