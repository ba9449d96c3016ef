"""The front door: an interpreter that follows the configuration of a real control plane."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from apiserver.app import ServerOptions, serve
from karmada.api.groups.config import (
    RESOURCE_INTERPRETER_CUSTOMIZATIONS,
    RESOURCE_INTERPRETER_WEBHOOK_CONFIGURATIONS,
)
from karmada.api.groups.kubernetes import NAMESPACES, SERVICES
from karmada.api.gvk import GroupVersionKind
from karmada.client.client import Client
from karmada.client.informer import Informers
from karmada.interpreter.chain import Interpreter, Operation
from karmada.interpreter.configured import configured_interpreter
from tests.karmada.interpreter.test_customizations import customization
from tests.karmada.interpreter.test_webhook import LOOM, PlayedHook, hook

__all__ = ["hook"]

GVK = GroupVersionKind.of(LOOM)


class Plane:
    def __init__(self, client: Client, informers: Informers, interpreter: Interpreter) -> None:
        self.client = client
        self.informers = informers
        self.interpreter = interpreter

    async def customize(self, name: str, **scripts: str) -> None:
        made = customization(name, **scripts)
        await self.client.create(RESOURCE_INTERPRETER_CUSTOMIZATIONS, made)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 - the interpreter tells nobody that it changed
                await asyncio.sleep(0.01)


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with AsyncExitStack() as stack:
        options = ServerOptions(storage="memory://", certificate_directory=str(tmp_path))
        server = await stack.enter_async_context(serve(options))
        client = await stack.enter_async_context(Client(server.access))
        informers = await stack.enter_async_context(Informers(client))
        interpreter = await stack.enter_async_context(configured_interpreter(informers, client))
        await informers.wait_synced()
        yield Plane(client, informers, interpreter)


async def test_customizations_that_come_and_go_are_followed(plane: Plane) -> None:
    assert not plane.interpreter.handles(GVK, Operation.REPLICA)
    await plane.customize("c", replicaResource="function GetReplicas(obj) return obj.spec.copies end")
    await plane.until(lambda: plane.interpreter.handles(GVK, Operation.REPLICA))
    assert (await plane.interpreter.get_replicas(LOOM))[0] == 2
    resource = RESOURCE_INTERPRETER_CUSTOMIZATIONS
    await plane.client.delete(resource, resource.key("", "c"))
    await plane.until(lambda: not plane.interpreter.handles(GVK, Operation.REPLICA))


async def test_the_layers_are_asked_in_order(plane: Plane, hook: PlayedHook) -> None:
    """Customization, webhook, then what Karmada knows by itself."""
    hook.response = {"replicas": 20, "healthy": True, "rawStatus": {"from": "webhook"}}
    await plane.client.create(RESOURCE_INTERPRETER_WEBHOOK_CONFIGURATIONS, hook.configuration())
    await plane.until(lambda: plane.interpreter.handles(GVK, Operation.HEALTH))
    assert (await plane.interpreter.get_replicas(LOOM))[0] == 20
    await plane.customize("c", replicaResource="function GetReplicas() return 10 end")
    informer = plane.informers.ensure(RESOURCE_INTERPRETER_CUSTOMIZATIONS)
    await plane.until(lambda: len(informer.cache) == 1)
    assert (await plane.interpreter.get_replicas(LOOM))[0] == 10
    assert await plane.interpreter.reflect_status(LOOM) == {"from": "webhook"}
    spindle = {"apiVersion": "looms.example.test/v1", "kind": "Spindle", "status": {"from": "native"}}
    assert await plane.interpreter.reflect_status(spindle) == {"from": "native"}


@pytest.mark.parametrize("cached", [False, True], ids=["read-live", "from-the-cache"])
async def test_services_of_webhooks_are_those_of_the_control_plane(
    plane: Plane, hook: PlayedHook, cached: bool
) -> None:
    external: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "hooks", "namespace": "mill"},
        "spec": {"type": "ExternalName", "externalName": "127.0.0.1"},
    }
    await plane.client.create(
        NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mill"}}
    )
    await plane.client.create(SERVICES, external)
    if cached:
        plane.informers.ensure(SERVICES)
        await plane.informers.wait_synced()
    hook.response = {"healthy": True}
    reference = {"namespace": "mill", "name": "hooks", "port": hook.port, "path": "/interpret"}
    made = hook.configuration(clientConfig={"service": reference})
    await plane.client.create(RESOURCE_INTERPRETER_WEBHOOK_CONFIGURATIONS, made)
    await plane.until(lambda: plane.interpreter.handles(GVK, Operation.HEALTH))
    assert await plane.interpreter.interpret_health(LOOM) == "Healthy"
