"""One embedded member cluster: an API server of its own and the controllers that make it live.

In: a name, a port, a folder. Out: a running cluster and its admin kubeconfig. Many of them share one process
(main.py). To the control plane it is a cluster like any other: it is joined with its kubeconfig.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from apiserver.app import RunningServer, ServerOptions, serve
from controllers.kube.cluster_roles import ClusterRoleAggregationController
from controllers.kube.garbage_collector import GarbageCollector
from controllers.kube.namespaces import NamespaceController
from controllers.kube.service_accounts import ServiceAccountController
from controllers.kube.token_secrets import TokenSecretController
from controllers.simulator.daemon_sets import DaemonSetController
from controllers.simulator.deployments import DeploymentController
from controllers.simulator.endpoints import EndpointsController
from controllers.simulator.jobs import JobController
from controllers.simulator.kubelet import Kubelet
from controllers.simulator.nodes import ensure_nodes
from controllers.simulator.owned import OwnedPods
from controllers.simulator.replica_sets import ReplicaSetController
from controllers.simulator.stateful_sets import StatefulSetController
from karmada.api.groups.kubernetes import (
    CLUSTER_ROLES,
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DAEMON_SETS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    JOBS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    STATEFUL_SETS,
)
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Change, Informer, Informers
from karmada.client.mapper import Mapper
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.controller import Controller, run_controller

WORKERS: Final = 4
USER_AGENT: Final = "kube-controller-manager"


@dataclass(frozen=True, slots=True)
class MemberOptions:
    """nodes 0: workload controllers run, but nothing plays scheduler and kubelet."""

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
    async with (
        serve(server_options) as server,
        Client(server.access, user_agent=USER_AGENT) as client,
        Informers(client) as informers,
        Informers(client, transform=metadata_only) as metadata,
    ):
        await ensure_nodes(client, cluster=options.name, count=options.nodes, clock=clock)
        mapper = Mapper(client)
        collector = GarbageCollector(
            informer_for=lambda resource: informers.get(resource) or metadata.ensure(resource),
            client=client,
            mapper=mapper,
            clock=clock,
        )
        _follow_definitions(informers, collector)
        wiring = list(_controllers(informers, client, mapper, server, options, clock))
        await informers.wait_synced()
        async with asyncio.TaskGroup() as group:
            for controller in (*wiring, collector):
                group.create_task(
                    run_controller(controller, workers=WORKERS, clock=clock),
                    name=f"{options.name} {controller.name}",
                )
            group.create_task(collector.run_discovery(), name=f"{options.name} discovery")
            started.set()


def metadata_only(obj: Object) -> Object:
    """What garbage collection needs of an object."""
    return {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), "metadata": obj["metadata"]}


def _follow_definitions(informers: Informers, collector: GarbageCollector) -> None:
    def changed(change: Change[Object]) -> None:
        collector.kinds_changed()

    informers.ensure(CUSTOM_RESOURCE_DEFINITIONS).add_handler(changed, name="garbage-collector")


def _controllers(
    informers: Informers,
    client: Client,
    mapper: Mapper,
    server: RunningServer,
    options: MemberOptions,
    clock: Clock,
) -> Iterator[Controller[Any]]:
    def follow(resource: Resource[Object]) -> Informer[Object]:
        return informers.ensure(resource)

    pods = OwnedPods(pods=follow(PODS), client=client)
    namespaces = follow(NAMESPACES)
    yield NamespaceController(namespaces=namespaces, client=client, mapper=mapper, clock=clock)
    yield ServiceAccountController(
        namespaces=namespaces,
        service_accounts=follow(SERVICE_ACCOUNTS),
        config_maps=follow(CONFIG_MAPS),
        client=client,
        root_ca=(server.access.ca_data or b"").decode(),
    )
    yield TokenSecretController(
        secrets=follow(SECRETS),
        service_accounts=follow(SERVICE_ACCOUNTS),
        client=client,
        root_ca=(server.access.ca_data or b"").decode(),
    )
    yield ClusterRoleAggregationController(cluster_roles=follow(CLUSTER_ROLES), client=client)
    yield DeploymentController(
        deployments=follow(DEPLOYMENTS), replica_sets=follow(REPLICA_SETS), client=client, clock=clock
    )
    yield ReplicaSetController(replica_sets=follow(REPLICA_SETS), pods=pods, client=client, clock=clock)
    yield StatefulSetController(stateful_sets=follow(STATEFUL_SETS), pods=pods, client=client)
    yield DaemonSetController(daemon_sets=follow(DAEMON_SETS), nodes=follow(NODES), pods=pods, client=client)
    yield JobController(jobs=follow(JOBS), pods=pods, client=client, clock=clock)
    yield EndpointsController(
        services=follow(SERVICES),
        pods=follow(PODS),
        endpoints=follow(ENDPOINTS),
        endpoint_slices=follow(ENDPOINT_SLICES),
        client=client,
    )
    if options.nodes:
        yield Kubelet(pods=follow(PODS), nodes=follow(NODES), client=client, clock=clock)
