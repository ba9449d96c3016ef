"""One embedded member cluster: an API server of its own and the controllers that make it live.

In: a name, a port, a folder. Out: a running cluster and its admin kubeconfig. Many of them share one process
(main.py). To the control plane it is a cluster like any other: it is joined with its kubeconfig. What runs in
it is workloads.py.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apiserver.app import ServerOptions, serve
from controllers.kube.garbage_collector import GarbageCollector
from controllers.kube.wiring import MetadataInformers
from controllers.simulator.containers import SimulatedContainers
from controllers.simulator.nodes import ensure_nodes
from controllers.simulator.workloads import Neighbours, member_controllers
from karmada.api.groups.kubernetes import CUSTOM_RESOURCE_DEFINITIONS
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer, Informers
from karmada.client.mapper import Mapper
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.controller import run_controller

WORKERS: Final = 4
USER_AGENT: Final = "kube-controller-manager"


@dataclass(frozen=True, slots=True)
class MemberOptions:
    """nodes 0: workload controllers run, but nothing plays scheduler, kubelet and storage."""

    name: str
    folder: Path
    port: int = 0
    nodes: int = 1
    storage: str = ""
    """Store URL; "" = an embedded store in folder."""


async def run_member(options: MemberOptions, *, started: asyncio.Event, clock: Clock = SYSTEM_CLOCK) -> None:
    """Serve until cancelled. started is set once clients can be let in."""
    server_options = ServerOptions(
        storage=options.storage or f"sqlite://{options.folder / 'member.db'}",
        port=options.port,
        certificate_directory=str(options.folder),
        karmada=False,
    )
    containers = SimulatedContainers(cluster=options.name, clock=clock) if options.nodes else None
    async with (
        serve(server_options, clock=clock, containers=containers) as server,
        server.client(user_agent=USER_AGENT, clock=clock) as client,
        Informers(client) as informers,
        MetadataInformers(client, clock=clock) as metadata,
        EventRecorder(client, component=USER_AGENT, clock=clock) as recorder,
    ):
        await ensure_nodes(client, cluster=options.name, count=options.nodes, clock=clock)

        def follow_metadata(resource: Resource[Object]) -> Informer[Object]:
            return informers.get(resource) or metadata.ensure(resource)

        mapper = Mapper(client)
        collector = GarbageCollector(informer_for=follow_metadata, client=client, mapper=mapper, clock=clock)
        _follow_definitions(informers, collector)
        near = Neighbours(
            client=client,
            mapper=mapper,
            follow=informers.ensure,
            follow_metadata=follow_metadata,
            root_ca=(server.access.ca_data or b"").decode(),
            recorder=recorder,
            clock=clock,
        )
        controllers = list(member_controllers(near, nodes=options.nodes))
        await informers.wait_synced()
        async with asyncio.TaskGroup() as group:
            for controller in (*controllers, collector):
                group.create_task(
                    run_controller(controller, workers=WORKERS, clock=clock),
                    name=f"{options.name} {controller.name}",
                )
            group.create_task(collector.run_discovery(), name=f"{options.name} discovery")
            started.set()


def _follow_definitions(informers: Informers, collector: GarbageCollector) -> None:
    def changed(change: Change[Object]) -> None:
        if not change.initial:
            collector.kinds_changed()

    informers.ensure(CUSTOM_RESOURCE_DEFINITIONS).add_handler(changed, name="garbage-collector")
