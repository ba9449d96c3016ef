"""Builders of what moves workloads away: evictions, application failover, taints. See builders.py."""

from controllers.failover.application import ApplicationFailoverController
from controllers.failover.graceful import GracefulEvictionController
from controllers.failover.taint_manager import WORKERS, TaintManager
from controllers.failover.taint_policies import ClusterTaintPolicyController
from controllers.main.plane import Plane
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.policy import CLUSTER_TAINT_POLICIES
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, ResourceBinding
from karmada.api.gvk import Resource


def scopes(plane: Plane) -> dict[Resource[ResourceBinding], int]:
    """Both kinds of bindings, with the workers for each."""
    options = plane.options.binding
    return {
        RESOURCE_BINDINGS: options.concurrent_resourcebinding_syncs,
        CLUSTER_RESOURCE_BINDINGS: options.concurrent_clusterresourcebinding_syncs,
    }


async def graceful_eviction(plane: Plane) -> None:
    for scope, workers in scopes(plane).items():
        controller = GracefulEvictionController(
            bindings=plane.informers.ensure(scope),
            client=plane.client,
            recorder=plane.recorder("graceful-eviction-controller"),
            options=plane.options.graceful_eviction,
            clock=plane.clock,
        )
        plane.add(controller, workers=workers)


async def application_failover(plane: Plane) -> None:
    for scope, workers in scopes(plane).items():
        controller = ApplicationFailoverController(
            bindings=plane.informers.ensure(scope),
            interpreter=plane.interpreter,
            client=plane.client,
            recorder=plane.recorder("application-failover-controller"),
            clock=plane.clock,
            graceful_eviction=plane.gate("GracefulEviction"),
            stateful_failover=plane.gate("StatefulFailoverInjection"),
        )
        plane.add(controller, workers=workers)


async def taint_manager(plane: Plane) -> None:
    """Runs with the cluster controller, if it is allowed to."""
    options = plane.options.taint_manager
    if not (options.enable_taint_manager and plane.gate("Failover")):
        return
    for scope in scopes(plane):
        controller = TaintManager(
            bindings=plane.informers.ensure(scope),
            clusters=plane.informers.ensure(CLUSTERS),
            client=plane.client,
            recorder=plane.recorder("taint-manager"),
            options=options,
            clock=plane.clock,
            stateful_failover=plane.gate("StatefulFailoverInjection"),
        )
        plane.add(controller, workers=WORKERS)


async def cluster_taint_policy(plane: Plane) -> None:
    if not plane.gate("Failover"):
        return
    controller = ClusterTaintPolicyController(
        clusters=plane.informers.ensure(CLUSTERS),
        policies=plane.informers.ensure(CLUSTER_TAINT_POLICIES),
        client=plane.client,
        recorder=plane.recorder(ClusterTaintPolicyController.name),
        clock=plane.clock,
    )
    plane.add(controller, workers=plane.options.concurrent_cluster_syncs)
