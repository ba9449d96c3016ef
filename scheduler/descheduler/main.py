"""karmada-descheduler: flags, leadership, wiring.

In: argv and a kubeconfig. Out: a process that gives back unschedulable replicas while it holds its Lease.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from typing_extensions import override

from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.work import RESOURCE_BINDINGS
from karmada.client.events import EventRecorder
from karmada.client.informer import Informer
from karmada.client.kubeconfig import Access
from karmada.client.process import LedProcessOptions, control_plane_process, process_main
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.controller import run_controller
from karmada.runtime.observe import StartError
from scheduler.accurate.client import connected_estimators
from scheduler.accurate.options import EstimatorClientOptions
from scheduler.descheduler.controller import Descheduler

NAME: Final = "karmada-descheduler"


@dataclass(frozen=True)
class DeschedulerOptions(LedProcessOptions):
    """The settings of karmada-descheduler."""

    health_probe_bind_address: str = ":10358"
    lease_name: str = NAME

    descheduling_interval_seconds: float = 120.0
    """--descheduling-interval: pause between two looks at all bindings."""

    unschedulable_threshold_seconds: float = 300.0
    """--unschedulable-threshold: how long no node must have taken a replica before it is given back."""

    estimator: EstimatorClientOptions = field(default_factory=EstimatorClientOptions)

    @override
    def check(self) -> None:
        """Raises StartError for what cannot work."""
        super().check()
        self.estimator.check()
        if self.descheduling_interval_seconds <= 0:
            raise StartError("--descheduling-interval must be more than 0")
        if self.unschedulable_threshold_seconds < 0:
            raise StartError("--unschedulable-threshold must not be negative")


def main(argv: Sequence[str] | None = None) -> int:
    """The console script."""
    description = "Gives back replicas that no node of a member takes."
    return process_main(DeschedulerOptions, run, argv, name=NAME, description=description)


async def run(
    options: DeschedulerOptions, *, access: Access | None = None, clock: Clock = SYSTEM_CLOCK
) -> int:
    """Run until cancelled, or until leadership is lost (exit code 1)."""
    async with control_plane_process(options, name=NAME, access=access, clock=clock) as process:
        client, stack = process.client, process.stack
        clusters = Informer(client, CLUSTERS, clock=clock)
        bindings = Informer(client, RESOURCE_BINDINGS, clock=clock)
        process.await_caches([clusters, bindings])
        await stack.enter_async_context(clusters)
        await stack.enter_async_context(bindings)
        descheduler = Descheduler(
            bindings=bindings,
            client=client,
            recorder=await stack.enter_async_context(EventRecorder(client, component=NAME, clock=clock)),
            estimators=await stack.enter_async_context(
                connected_estimators(clusters, client, options.estimator, clock=clock)
            ),
            interval_seconds=options.descheduling_interval_seconds,
            threshold_seconds=options.unschedulable_threshold_seconds,
            clock=clock,
        )
        return await process.lead(partial(_work, descheduler, clock))


async def _work(descheduler: Descheduler, clock: Clock) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(run_controller(descheduler, workers=1, clock=clock), name="descheduler")
        group.create_task(descheduler.look_around(), name="bindings to look at")
