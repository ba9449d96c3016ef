"""The controllers of an embedded member, put together.

In: the neighbours every controller gets. Out: what a kube-controller-manager runs for workloads, and, where
nodes are played too, all that makes a whole cluster: kubelet and scheduler, storage, disruption budgets,
quotas. Without nodes these are left to whoever plays the nodes: nothing of theirs is overwritten.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from controllers.kube.cluster_roles import ClusterRoleAggregationController
from controllers.kube.finished_jobs import FinishedJobController
from controllers.kube.namespaces import NamespaceController
from controllers.kube.resource_quotas import ResourceQuotaController
from controllers.kube.service_accounts import ServiceAccountController
from controllers.kube.token_secrets import TokenSecretController
from controllers.simulator.claims import ClaimController
from controllers.simulator.cron_jobs import CronJobController
from controllers.simulator.daemon_sets import DaemonSetController
from controllers.simulator.deployments import DeploymentController
from controllers.simulator.disruption import DisruptionController
from controllers.simulator.endpoints import EndpointsController
from controllers.simulator.horizontal_autoscalers import HorizontalAutoscalerController
from controllers.simulator.jobs import JobController
from controllers.simulator.kubelet import Kubelet
from controllers.simulator.owned import OwnedPods
from controllers.simulator.replica_sets import ReplicaSetController
from controllers.simulator.stateful_sets import StatefulSetController
from karmada.api.groups.kubernetes import (
    CLUSTER_ROLES,
    CONFIG_MAPS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    HORIZONTAL_POD_AUTOSCALERS,
    JOBS,
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    POD_DISRUPTION_BUDGETS,
    PODS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    RESOURCE_QUOTAS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    STATEFUL_SETS,
)
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Informer
from karmada.client.mapper import Mapper
from karmada.runtime.clock import Clock
from karmada.runtime.controller import Controller


@dataclass(frozen=True, slots=True)
class Neighbours:
    """follow gives the informer of a resource; follow_metadata one that may hold metadata only."""

    client: Client
    mapper: Mapper
    follow: Callable[[Resource[Object]], Informer[Object]]
    follow_metadata: Callable[[Resource[Object]], Informer[Object]]
    root_ca: str
    recorder: EventRecorder
    clock: Clock


def member_controllers(near: Neighbours, *, nodes: int) -> Iterator[Controller[Any]]:
    yield from _duties(near)
    pods = OwnedPods(pods=near.follow(PODS), client=near.client)
    yield from _replicated(near, pods)
    yield from _jobs(near, pods)
    yield EndpointsController(
        services=near.follow(SERVICES),
        pods=near.follow(PODS),
        endpoints=near.follow(ENDPOINTS),
        endpoint_slices=near.follow(ENDPOINT_SLICES),
        client=near.client,
    )
    yield HorizontalAutoscalerController(
        autoscalers=near.follow(HORIZONTAL_POD_AUTOSCALERS),
        targets=[near.follow(each) for each in (DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS)],
        mapper=near.mapper,
        client=near.client,
        clock=near.clock,
    )
    if nodes:
        yield from _whole_cluster(near)


def _duties(near: Neighbours) -> Iterator[Controller[Any]]:
    namespaces = near.follow(NAMESPACES)
    accounts = near.follow(SERVICE_ACCOUNTS)
    yield NamespaceController(namespaces=namespaces, client=near.client, mapper=near.mapper, clock=near.clock)
    yield ServiceAccountController(
        namespaces=namespaces,
        service_accounts=accounts,
        config_maps=near.follow(CONFIG_MAPS),
        client=near.client,
        root_ca=near.root_ca,
    )
    yield TokenSecretController(
        secrets=near.follow(SECRETS), service_accounts=accounts, client=near.client, root_ca=near.root_ca
    )
    yield ClusterRoleAggregationController(cluster_roles=near.follow(CLUSTER_ROLES), client=near.client)


def _replicated(near: Neighbours, pods: OwnedPods) -> Iterator[Controller[Any]]:
    client, clock = near.client, near.clock
    yield DeploymentController(
        deployments=near.follow(DEPLOYMENTS),
        replica_sets=near.follow(REPLICA_SETS),
        pods=pods,
        client=client,
        clock=clock,
    )
    for resource in (REPLICA_SETS, REPLICATION_CONTROLLERS):
        yield ReplicaSetController(
            resource=resource, replica_sets=near.follow(resource), pods=pods, client=client, clock=clock
        )
    yield StatefulSetController(
        stateful_sets=near.follow(STATEFUL_SETS), pods=pods, client=client, clock=clock
    )
    yield DaemonSetController(
        daemon_sets=near.follow(DAEMON_SETS), nodes=near.follow(NODES), pods=pods, client=client, clock=clock
    )


def _jobs(near: Neighbours, pods: OwnedPods) -> Iterator[Controller[Any]]:
    jobs, client, clock = near.follow(JOBS), near.client, near.clock
    yield JobController(jobs=jobs, pods=pods, client=client, clock=clock)
    yield CronJobController(
        cron_jobs=near.follow(CRON_JOBS), jobs=jobs, client=client, recorder=near.recorder, clock=clock
    )
    yield FinishedJobController(jobs=jobs, client=client, clock=clock)


def _whole_cluster(near: Neighbours) -> Iterator[Controller[Any]]:
    client, clock = near.client, near.clock
    yield Kubelet(pods=near.follow(PODS), nodes=near.follow(NODES), client=client, clock=clock)
    yield ClaimController(
        claims=near.follow(PERSISTENT_VOLUME_CLAIMS), volumes=near.follow(PERSISTENT_VOLUMES), client=client
    )
    workloads = (DEPLOYMENTS, REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS)
    yield DisruptionController(
        budgets=near.follow(POD_DISRUPTION_BUDGETS),
        pods=near.follow(PODS),
        workloads={each.kind: near.follow(each) for each in workloads},
        client=client,
        clock=clock,
    )
    yield ResourceQuotaController(
        quotas=near.follow(RESOURCE_QUOTAS),
        pods=near.follow(PODS),
        informer_for=near.follow_metadata,
        mapper=near.mapper,
        client=client,
        clock=clock,
    )
