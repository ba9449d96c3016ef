"""A control plane for tests: the real API server with the detector or the binding controllers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from apiserver.app import ServerOptions, serve
from controllers.binding.controller import BindingController
from controllers.binding.render import CLUSTER, NAMESPACED
from controllers.detector.apply import BindingGates
from controllers.detector.assembly import assemble
from controllers.detector.controller import DetectorOptions
from controllers.templates import Templates
from controllers.works import Works
from karmada.api.errors import ApiError
from karmada.api.groups.kubernetes import NAMESPACES
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Informers
from karmada.client.mapper import Mapper
from karmada.interpreter.chain import Interpreter
from karmada.runtime.controller import Controller, run_controller

T = TypeVar("T")

WAIT_SECONDS = 10.0


class Plane:
    """The user's side of the control plane."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def namespaces(self, *names: str) -> None:
        for name in names:
            await self.client.create(
                NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            )

    async def create(self, resource: Resource[T], obj: Object) -> T:
        """obj in wire names; apiVersion and kind are added."""
        plain = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        untyped: Resource[Object] = Resource(resource.gvr, resource.kind, resource.namespaced)
        return resource.decode(await self.client.create(untyped, plain))

    async def get(self, resource: Resource[T], namespace: str, name: str) -> T:
        return await self.client.get(resource, resource.key(namespace, name))

    async def patch(self, resource: Resource[Any], namespace: str, name: str, patch: Object) -> None:
        await self.client.patch(resource, resource.key(namespace, name), patch)

    async def delete(self, resource: Resource[Any], namespace: str, name: str) -> None:
        await self.client.delete(resource, resource.key(namespace, name))

    async def versions(self, *resources: Resource[Any]) -> dict[str, str]:
        """Every object of these resources with its version: equal before and after means no write."""
        found: dict[str, str] = {}
        for resource in resources:
            untyped: Resource[Object] = Resource(resource.gvr, resource.kind, resource.namespaced)
            for item in (await self.client.list(untyped)).items:
                found[str(untyped.key_of(item))] = item["metadata"]["resourceVersion"]
        return found


async def eventually(look: Callable[[], Awaitable[T]], what: str = "") -> T:
    """What look returns, once that is true; API errors count as not yet."""
    seen: object = None
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                try:
                    found = await look()
                except ApiError as error:
                    seen = error
                else:
                    if found:
                        return found
                    seen = found
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never happened: {what} (last: {seen!r})") from None


@asynccontextmanager
async def plane() -> AsyncIterator[Plane]:
    async with serve(ServerOptions()) as server, Client(server.access, user_agent="user") as client:
        yield Plane(client)


@asynccontextmanager
async def detector(
    user: Plane,
    *,
    preemption: bool = False,
    options: DetectorOptions | None = None,
    gates: BindingGates | None = None,
) -> AsyncIterator[None]:
    """The detector running against user's control plane."""
    client = user.client
    async with (
        Informers(client) as informers,
        EventRecorder(client, component="resource-detector") as recorder,
    ):
        mapper = Mapper(client)
        made = assemble(
            informers=informers,
            client=client,
            mapper=mapper,
            templates=Templates(informers=informers, client=client, mapper=mapper),
            interpreter=Interpreter(),
            recorder=recorder,
            options=options or DetectorOptions(),
            gates=gates or BindingGates(),
            preemption=preemption,
        )
        async with _running(made.resources, made.templates, made.policies, made.cluster_policies):
            await eventually(_settled(lambda: made.resources.discovered, informers), "the detector is ready")
            yield


@asynccontextmanager
async def binding_controllers(user: Plane) -> AsyncIterator[None]:
    """Both binding controllers running against user's control plane."""
    client = user.client
    async with (
        Informers(client) as informers,
        EventRecorder(client, component="binding-controller") as recorder,
    ):
        works = Works(informers=informers, client=client)
        templates = Templates(informers=informers, client=client, mapper=Mapper(client))
        made = [
            BindingController(
                scope=scope,
                informers=informers,
                templates=templates,
                works=works,
                interpreter=Interpreter(),
                client=client,
                recorder=recorder,
            )
            for scope in (NAMESPACED, CLUSTER)
        ]
        async with _running(*made):
            await eventually(_settled(lambda: True, informers), "the binding controllers are ready")
            yield


def _settled(ready: Callable[[], bool], informers: Informers) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return ready() and all(informer.synced for informer in informers.all())

    return look


@asynccontextmanager
async def _running(*controllers: Controller[Any]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(run_controller(controller, workers=2), name=controller.name)
            for controller in controllers
        ]
        yield
        for task in tasks:
            task.cancel()
