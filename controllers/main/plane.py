"""The control plane as the builders see it: what controllers are made from, and those made so far.

In: a client of the control plane. Out: shared caches and neighbours, entered on the process' stack; the list
of what to run. builders.py fills it, process.py runs it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from controllers.detector.resources import SkippedApis, propagatable
from controllers.main.options import NAME, ControllerManagerOptions
from controllers.members import Members
from controllers.templates import Templates
from controllers.works import Works
from karmada.api.errors import ApiError
from karmada.api.groups.cluster import CLUSTERS
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Informer, Informers
from karmada.client.mapper import DiscoveredResource, Mapper
from karmada.interpreter.chain import Interpreter
from karmada.interpreter.configured import configured_interpreter
from karmada.runtime.clock import Clock
from karmada.runtime.controller import Controller, run_controller
from karmada.runtime.sharded import run_sharded

log = logging.getLogger(__name__)

DISCOVERY_RETRY_SECONDS: Final = 1.0
TEMPLATES_SECONDS: Final = 20.0
"""How long the first lists of all propagatable resources may hold up the start."""


@dataclass(frozen=True, slots=True)
class Run:
    """Something that runs until it is cancelled."""

    name: str
    start: Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Plane:
    """What controllers are made from, and those made so far."""

    options: ControllerManagerOptions
    clock: Clock
    client: Client
    informers: Informers
    mapper: Mapper
    templates: Templates
    works: Works
    members: Members
    interpreter: Interpreter
    stack: AsyncExitStack
    recorders: list[EventRecorder] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def recorder(self, component: str) -> EventRecorder:
        recorder = EventRecorder(self.client, component=component, clock=self.clock)
        self.recorders.append(recorder)
        return recorder

    def add(self, controller: Controller[Any], *, workers: int) -> None:
        start = partial(run_controller, controller, workers=workers, clock=self.clock)
        self.runs.append(Run(controller.name, start))

    def add_sharded(
        self, controller: Controller[Any], *, shard_of: Callable[[Any], str], workers: int
    ) -> None:
        start = partial(run_sharded, controller, shard_of=shard_of, workers=workers, clock=self.clock)
        self.runs.append(Run(controller.name, start))

    def gate(self, name: str) -> bool:
        return self.options.feature_gates[name]


async def assembled(
    stack: AsyncExitStack,
    options: ControllerManagerOptions,
    client: Client,
    fence: Callable[[], None] | None,
    clock: Clock,
) -> Plane:
    informers = await stack.enter_async_context(Informers(client))
    members = await stack.enter_async_context(
        Members(
            clusters=informers.ensure(CLUSTERS),
            plane=client,
            options=options.members,
            user_agent=NAME,
            fence=fence,
            clock=clock,
        )
    )
    mapper = Mapper(client, clock=clock)
    return Plane(
        options=options,
        clock=clock,
        client=client,
        informers=informers,
        mapper=mapper,
        templates=Templates(informers=informers, client=client, mapper=mapper),
        works=Works(informers=informers, client=client),
        members=members,
        interpreter=await stack.enter_async_context(configured_interpreter(informers, client, clock=clock)),
        stack=stack,
    )


async def warm(plane: Plane) -> None:
    """Wait until the caches that controllers decide on are complete; those of templates get some time.

    A user's API that does not answer must not hold up everything else: what is not in a cache is read live.
    """
    await plane.informers.wait_synced()
    skipped = SkippedApis.parse(plane.options.detector.skipped_propagating_apis)
    for resource in propagatable(await _discovered(plane), skipped).values():
        plane.informers.ensure(resource)
    try:
        async with asyncio.timeout(TEMPLATES_SECONDS):
            await plane.informers.wait_synced()
    except TimeoutError:
        log.warning("started with incomplete caches", extra={"caches": unsynced(plane.informers.all())})


def unsynced(informers: Iterable[Informer[Any]]) -> str:
    """The resources whose first list is not there yet, with what is wrong; "" when all are."""
    waiting = [
        f"{informer.resource.gvr.group_resource} {informer.trouble}".strip()
        for informer in informers
        if not informer.synced
    ]
    return ", ".join(waiting)


async def _discovered(plane: Plane) -> list[DiscoveredResource]:
    """What the control plane serves, once it answers."""
    while True:
        try:
            return await plane.mapper.resources()
        except ApiError as error:
            log.warning("control plane cannot be read", extra={"error": str(error)})
        await plane.clock.sleep(DISCOVERY_RETRY_SECONDS)


async def run_all(plane: Plane) -> None:
    """Until cancelled. The last events are written before this ends: after it we may not write any more."""
    async with AsyncExitStack() as stack:
        for recorder in plane.recorders:
            await stack.enter_async_context(recorder)
        async with asyncio.TaskGroup() as group:
            for item in plane.runs:
                group.create_task(item.start(), name=item.name)
            log.info("controllers run", extra={"count": len(plane.runs)})
