"""What the controllers of one process are made from, and those made so far; and how they are run.

In: clients and caches, entered on the process' stack. Out: controllers to run until the end. main/ builds the
control plane's on it, agent/ those of one member: the stages are the same. karmada/client/process is the
process around them.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from controllers.members import Members
from karmada.api.groups.work import Work
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Informer, Informers
from karmada.client.mapper import Mapper
from karmada.interpreter.chain import Interpreter
from karmada.runtime.clock import Clock
from karmada.runtime.controller import Controller, run_controller
from karmada.runtime.sharded import run_sharded

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """Something that runs until it is cancelled."""

    name: str
    start: Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """client and informers are those of the control plane; work_informer has the Works served here."""

    clock: Clock
    client: Client
    informers: Informers
    mapper: Mapper
    work_informer: Informer[Work]
    members: Members
    interpreter: Interpreter
    gates: Mapping[str, bool]
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
        return self.gates[name]


async def run_all(manager: Manager) -> None:
    """Until cancelled. The last events are written before this ends: after it we may not write any more."""
    async with AsyncExitStack() as stack:
        for recorder in manager.recorders:
            await stack.enter_async_context(recorder)
        async with asyncio.TaskGroup() as group:
            for item in manager.runs:
                group.create_task(item.start(), name=item.name)
            log.info("controllers run", extra={"count": len(manager.runs)})
