"""A control plane for tests of single controllers: the real API server, and what they are made from."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from controllers.templates import Templates
from controllers.works import Works
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import EVENTS
from karmada.api.groups.work import RESOURCE_BINDINGS, ResourceBinding
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Informers
from karmada.client.mapper import Mapper
from karmada.interpreter.chain import Interpreter
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.controller import Controller, run_controller
from tests.controllers.detector.plane import Plane, eventually

SETTLE_SECONDS = 0.3
"""How long "nothing happens" is watched for."""


@dataclass(frozen=True)
class Neighbours:
    """What controllers are made from."""

    client: Client
    informers: Informers
    templates: Templates
    works: Works
    interpreter: Interpreter
    recorder: EventRecorder
    clock: Clock


@asynccontextmanager
async def running(
    user: Plane, make: Callable[[Neighbours], Sequence[Controller[Any]]], *, clock: Clock = SYSTEM_CLOCK
) -> AsyncIterator[None]:
    """The controllers that make gives, on user's control plane."""
    client = user.client
    async with Informers(client) as informers, EventRecorder(client, component="test") as recorder:
        neighbours = Neighbours(
            client=client,
            informers=informers,
            templates=Templates(informers=informers, client=client, mapper=Mapper(client)),
            works=Works(informers=informers, client=client),
            interpreter=Interpreter(),
            recorder=recorder,
            clock=clock,
        )
        controllers = make(neighbours)
        await informers.wait_synced()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(run_controller(item, workers=2, clock=clock), name=item.name)
                for item in controllers
            ]
            yield
            for task in tasks:
                task.cancel()


async def cluster(user: Plane, name: str, **spec: Any) -> None:
    """A Cluster with room for Works."""
    await user.create(CLUSTERS, {"metadata": {"name": name}, "spec": {"syncMode": "Pull", **spec}})
    await user.namespaces(f"karmada-es-{name}")


async def status(user: Plane, resource: Resource[Any], namespace: str, name: str, status: Object) -> None:
    """What other controllers would have found out."""
    key = resource.key(namespace, name)
    await user.client.patch(resource, key, {"status": status}, subresource="status")


async def binding(user: Plane, name: str = "web-deployment", *, namespace: str = "shop") -> ResourceBinding:
    return await user.get(RESOURCE_BINDINGS, namespace, name)


async def until(
    user: Plane, holds: Callable[[ResourceBinding], object], what: str, name: str
) -> ResourceBinding:
    """The binding, once something holds for it."""

    async def look() -> ResourceBinding | None:
        found = await binding(user, name)
        return found if holds(found) else None

    found = await eventually(look, what)
    assert found is not None
    return found


async def nothing_is_written(user: Plane, *resources: Resource[Any]) -> bool:
    """Whether these stay as they are for a while."""
    before = await user.versions(*resources)
    await asyncio.sleep(SETTLE_SECONDS)
    return await user.versions(*resources) == before


async def event_reasons(user: Plane, namespace: str) -> set[tuple[str, str]]:
    """(name of the object, reason) of the events so far."""
    events = (await user.client.list(EVENTS, namespace=namespace)).items
    return {(event["involvedObject"]["name"], event["reason"]) for event in events}
