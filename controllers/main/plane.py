"""The control plane as the builders see it: the Manager of its controllers, with what only they need.

In: a client of the control plane. Out: shared caches and neighbours, entered on the process' stack; the list
of what to run. builders.py fills it, process.py runs it.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from controllers.detector.resources import SkippedApis, propagatable
from controllers.main.options import NAME, ControllerManagerOptions
from controllers.manager import Manager
from controllers.members import Members
from controllers.templates import Templates
from controllers.works import Works
from karmada.api.errors import ApiError
from karmada.api.groups.cluster import CLUSTERS
from karmada.client.informer import Informers
from karmada.client.mapper import DiscoveredResource, Mapper
from karmada.client.process import Process, unsynced
from karmada.interpreter.configured import configured_interpreter
from karmada.runtime.clock import Clock

log = logging.getLogger(__name__)

DISCOVERY_RETRY_SECONDS: Final = 1.0
TEMPLATES_SECONDS: Final = 20.0
"""How long the first lists of all propagatable resources may hold up the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane(Manager):
    """The controllers of the control plane; what only they need besides."""

    options: ControllerManagerOptions
    templates: Templates
    works: Works


async def assembled(process: Process, options: ControllerManagerOptions, clock: Clock) -> Plane:
    stack, client = process.stack, process.client
    informers = await stack.enter_async_context(Informers(client))
    members = await stack.enter_async_context(
        Members(
            clusters=informers.ensure(CLUSTERS),
            plane=client,
            options=options.members,
            user_agent=NAME,
            fence=process.fence,
            clock=clock,
        )
    )
    mapper = Mapper(client, clock=clock)
    works = Works(informers=informers, client=client)
    return Plane(
        options=options,
        gates=options.feature_gates,
        clock=clock,
        client=client,
        informers=informers,
        mapper=mapper,
        templates=Templates(informers=informers, client=client, mapper=mapper),
        works=works,
        work_informer=works.informer,
        members=members,
        interpreter=await stack.enter_async_context(configured_interpreter(informers, client, clock=clock)),
        stack=stack,
    )


async def warm(plane: Plane) -> None:
    """Wait until the caches that controllers decide on are complete; those of templates get some time.

    A user's API that does not answer must not hold up everything else: what is not in a cache is read live.
    """
    await plane.informers.wait_needed()
    skipped = SkippedApis.parse(plane.options.detector.skipped_propagating_apis)
    for resource in propagatable(await _discovered(plane), skipped).values():
        plane.informers.ensure(resource)
    try:
        async with asyncio.timeout(TEMPLATES_SECONDS):
            await plane.informers.wait_synced()
    except TimeoutError:
        log.warning("started with incomplete caches", extra={"caches": unsynced(plane.informers.all())})


async def _discovered(plane: Plane) -> list[DiscoveredResource]:
    """What the control plane serves, once it answers."""
    while True:
        try:
            return await plane.mapper.resources()
        except ApiError as error:
            log.warning("control plane cannot be read", extra={"error": str(error)})
        await plane.clock.sleep(DISCOVERY_RETRY_SECONDS)
