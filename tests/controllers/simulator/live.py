"""A running member with a user in it, and words to say what is expected of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from controllers.simulator.member import MemberOptions, run_member
from karmada.api.errors import ApiError
from karmada.api.groups.kubernetes import NAMESPACES, PODS
from karmada.api.gvk import Resource
from karmada.api.objects import Object, is_deleting, labels_of, name_of
from karmada.client.client import Client
from karmada.client.kubeconfig import load_kubeconfig
from tests.controllers.simulator.builders import template

T = TypeVar("T")
WAIT_SECONDS = 20.0
SELECT = "app={}"


class Cluster:
    """What a user does and sees."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def create(self, resource: Resource[Object], name: str, **spec: Any) -> Object:
        metadata = {"name": name, "namespace": "default"} if resource.namespaced else {"name": name}
        obj = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}
        return await self.client.create(resource, obj)

    async def workload(self, resource: Resource[Object], name: str, **spec: Any) -> Object:
        """A workload that selects app=name."""
        pod = spec.pop("pod", None) or template(name)
        selector = {"matchLabels": {"app": name}}
        return await self.create(resource, name, **{"selector": selector, "template": pod, **spec})

    async def get(self, resource: Resource[Object], name: str) -> Object:
        return await self.client.get(resource, resource.key("default", name))

    async def patch(self, resource: Resource[Object], name: str, **spec: Any) -> Object:
        return await self.client.patch(resource, resource.key("default", name), {"spec": spec})

    async def delete(self, resource: Resource[Object], name: str, **options: Any) -> None:
        await self.client.delete(resource, resource.key("default", name), **options)

    async def pods(self, app: str) -> list[Object]:
        found = await self.client.list(PODS, namespace="default", label_selector=SELECT.format(app))
        return sorted((pod for pod in found.items if not is_deleting(pod)), key=name_of)

    async def named(self, resource: Resource[Object], **labels: str) -> list[str]:
        found = await self.client.list(resource, namespace="default")
        return sorted(name_of(item) for item in found.items if labels.items() <= labels_of(item).items())

    async def until_status(self, resource: Resource[Object], name: str, **fields: Any) -> Object:
        """The object once its status has these values; 0 and None also mean not there."""
        seen: Object = {}

        async def look() -> Object | None:
            nonlocal seen
            obj = await self.get(resource, name)
            seen = obj.get("status") or {}
            current = seen.get("observedGeneration", obj["metadata"].get("generation"))
            same = all((seen.get(field) or None) == (value or None) for field, value in fields.items())
            return obj if same and current == obj["metadata"].get("generation", current) else None

        return await eventually(look, lambda: f"{resource.kind} {name} has {fields}, not {seen}")

    async def until_gone(self, resource: Resource[Object], name: str) -> None:
        async def look() -> bool:
            return name not in await self.named(resource)

        await eventually(look, lambda: f"{resource.kind} {name} is gone")

    async def until_gone_namespace(self, name: str) -> None:
        async def look() -> bool:
            return name not in map(name_of, (await self.client.list(NAMESPACES)).items)

        await eventually(look, lambda: f"namespace {name} is gone")

    async def until_pods(self, app: str, count: int) -> list[Object]:
        """The pods, once there are so many and none besides is on its way out."""

        async def look() -> list[Object] | None:
            found = await self.client.list(PODS, namespace="default", label_selector=SELECT.format(app))
            return found.items if len(found.items) == count else None

        if count:
            return await eventually(look, lambda: f"{count} pods of {app}")

        async def none() -> bool:
            return await look() is not None

        await eventually(none, lambda: f"no pods of {app}")
        return []


async def eventually(look: Callable[[], Awaitable[T | None]], what: Callable[[], str]) -> T:
    """What look returns, once that is true; API errors count as not yet."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                try:
                    if found := await look():
                        return found
                except ApiError:
                    pass
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never happened: {what()}") from None


@asynccontextmanager
async def cluster(folder: Path, *, nodes: int = 1) -> AsyncIterator[Cluster]:
    """A member with a store in memory."""
    started = asyncio.Event()
    options = MemberOptions(name="m", folder=folder, nodes=nodes, storage="memory://")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_member(options, started=started), name="member")
        async with asyncio.timeout(WAIT_SECONDS):
            await started.wait()
        async with Client(load_kubeconfig(folder / "admin.kubeconfig"), user_agent="user") as client:
            yield Cluster(client)
        task.cancel()
