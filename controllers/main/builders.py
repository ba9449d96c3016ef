"""One builder per name that --controllers knows: each makes its controllers and says how they run.

In: the Plane. Out: controllers on it. Nothing but wiring; all behaviour is in the stages.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from controllers import member_stages
from controllers.binding.controller import BindingController
from controllers.binding.override import OverrideFailed, applied_annotation, overridden
from controllers.binding.render import CLUSTER, NAMESPACED
from controllers.certificates.approving import AgentApprovingController
from controllers.cluster.health import ClusterHealthMonitor
from controllers.cluster.lifecycle import ClusterController
from controllers.dependencies.controller import DependenciesDistributor
from controllers.detector.apply import BindingGates
from controllers.detector.assembly import assemble
from controllers.kube.wiring import MetadataInformers, stock_duties
from controllers.main import autoscaling_builders as scaling
from controllers.main import failover_builders as failover
from controllers.main import quota_builders as quota
from controllers.main.options import SELECTABLE, ControllerManagerOptions
from controllers.main.plane import Plane
from controllers.manager import Run
from controllers.namespace_sync import NamespaceSyncController, Rendered
from controllers.remedy import RemedyController
from controllers.status.binding_status import BindingStatusController
from controllers.unified_auth import UnifiedAuthController
from controllers.workload_rebalancer import WorkloadRebalancerController
from karmada.api.errors import InternalError
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.kubernetes import (
    CERTIFICATE_SIGNING_REQUESTS,
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    LEASES,
    NAMESPACES,
)
from karmada.api.groups.policy import CLUSTER_OVERRIDE_POLICIES
from karmada.api.groups.remedy import REMEDIES
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS
from karmada.api.names import KARMADA_CLUSTER_NAMESPACE
from karmada.api.objects import Object
from karmada.client.informer import Informer

Builder: TypeAlias = Callable[[Plane], Awaitable[None]]

STOCK_WORKERS: Final = 5
DEPENDENCY_WORKERS: Final = 5
NAMESPACE_FAN_OUT: Final = 4
"""Members that one namespace is written to at the same time."""


async def _detector(plane: Plane) -> None:
    options = plane.options.detector
    made = assemble(
        informers=plane.informers,
        client=plane.client,
        mapper=plane.mapper,
        templates=plane.templates,
        interpreter=plane.interpreter,
        recorder=plane.recorder("resource-detector"),
        options=options,
        gates=BindingGates(
            priority_based_scheduling=plane.gate("PriorityBasedScheduling"),
            workload_affinity=plane.gate("WorkloadAffinity"),
            resource_quota_estimate=plane.gate("ResourceQuotaEstimate"),
            multiple_pod_templates=plane.gate("MultiplePodTemplatesScheduling"),
        ),
        preemption=plane.gate("PropagationPolicyPreemption"),
    )
    plane.add(made.resources, workers=1)
    plane.add(made.templates, workers=options.concurrent_resource_template_syncs)
    plane.add(made.policies, workers=options.concurrent_propagation_policy_syncs)
    plane.add(made.cluster_policies, workers=options.concurrent_cluster_propagation_policy_syncs)


async def _stock(plane: Plane) -> None:
    metadata = await plane.stack.enter_async_context(MetadataInformers(plane.client, clock=plane.clock))
    duties = stock_duties(
        informers=plane.informers,
        metadata=metadata,
        client=plane.client,
        mapper=plane.mapper,
        signing=plane.options.signing,
        clock=plane.clock,
    )
    for controller in duties.controllers:
        plane.add(controller, workers=STOCK_WORKERS)
    plane.runs.append(Run("garbage-collector discovery", duties.collector.run_discovery))


async def _cluster(plane: Plane) -> None:
    clusters = plane.informers.ensure(CLUSTERS)
    controller = ClusterController(
        clusters=clusters,
        namespaces=plane.informers.ensure(NAMESPACES),
        works=plane.works.informer,
        bindings=[
            plane.informers.ensure(RESOURCE_BINDINGS),
            plane.informers.ensure(CLUSTER_RESOURCE_BINDINGS),
        ],
        client=plane.client,
        recorder=plane.recorder(ClusterController.name),
        clock=plane.clock,
    )
    plane.add(controller, workers=plane.options.concurrent_cluster_syncs)
    leases = Informer(plane.client, LEASES, namespace=KARMADA_CLUSTER_NAMESPACE, clock=plane.clock)
    leases.start()
    plane.stack.push_async_callback(leases.close)
    monitor = ClusterHealthMonitor(
        clusters=clusters,
        leases=leases,
        client=plane.client,
        options=plane.options.cluster_monitor,
        clock=plane.clock,
    )
    plane.runs.append(Run(monitor.name, monitor.run))
    await failover.taint_manager(plane)


async def _cluster_status(plane: Plane) -> None:
    await member_stages.cluster_status(plane, plane.options.cluster_status)


async def _binding(plane: Plane) -> None:
    options = plane.options.binding
    workers = {
        NAMESPACED: options.concurrent_resourcebinding_syncs,
        CLUSTER: options.concurrent_clusterresourcebinding_syncs,
    }
    for scope, count in workers.items():
        controller = BindingController(
            scope=scope,
            informers=plane.informers,
            templates=plane.templates,
            works=plane.works,
            interpreter=plane.interpreter,
            client=plane.client,
            recorder=plane.recorder(scope.controller),
            stateful_failover=plane.gate("StatefulFailoverInjection"),
        )
        plane.add(controller, workers=count)


async def _binding_status(plane: Plane) -> None:
    options = plane.options.binding
    for resource, component, count in (
        (
            RESOURCE_BINDINGS,
            "resource-binding-status-controller",
            options.concurrent_resourcebinding_syncs,
        ),
        (
            CLUSTER_RESOURCE_BINDINGS,
            "cluster-resource-binding-status-controller",
            options.concurrent_clusterresourcebinding_syncs,
        ),
    ):
        controller = BindingStatusController(
            bindings=plane.informers.ensure(resource),
            works=plane.works,
            templates=plane.templates,
            interpreter=plane.interpreter,
            client=plane.client,
            recorder=plane.recorder(component),
            clock=plane.clock,
        )
        plane.add(controller, workers=count)


async def _execution(plane: Plane) -> None:
    await member_stages.execution(plane, workers=plane.options.concurrent_work_syncs)


async def _work_status(plane: Plane) -> None:
    await member_stages.work_status(plane, workers=plane.options.concurrent_work_syncs)


async def _namespace(plane: Plane) -> None:
    overrides = plane.informers.ensure(CLUSTER_OVERRIDE_POLICIES)

    def render(namespace: Object, cluster: Cluster) -> Rendered:
        try:
            done = overridden(namespace, cluster, cluster_policies=overrides.cache.list(), policies=())
        except OverrideFailed as error:
            raise InternalError(f"{error.title}: {error}") from error
        applied = applied_annotation(done.cluster_overrides) if done.cluster_overrides else ""
        return Rendered(done.manifest, applied)

    controller = NamespaceSyncController(
        namespaces=plane.informers.ensure(NAMESPACES),
        clusters=plane.informers.ensure(CLUSTERS),
        overrides=overrides,
        works=plane.works,
        render=render,
        skipped=plane.options.detector.skipped_propagating_namespaces,
    )
    plane.add(controller, workers=plane.options.concurrent_namespace_syncs * NAMESPACE_FAN_OUT)


async def _dependencies(plane: Plane) -> None:
    if not plane.gate("PropagateDeps"):
        return
    controller = DependenciesDistributor(
        informers=plane.informers,
        templates=plane.templates,
        interpreter=plane.interpreter,
        client=plane.client,
        recorder=plane.recorder(DependenciesDistributor.name),
    )
    plane.add(controller, workers=DEPENDENCY_WORKERS)


async def _workload_rebalancer(plane: Plane) -> None:
    controller = WorkloadRebalancerController(
        informers=plane.informers, client=plane.client, clock=plane.clock
    )
    plane.add(controller, workers=1)


async def _remedy(plane: Plane) -> None:
    controller = RemedyController(
        clusters=plane.informers.ensure(CLUSTERS),
        remedies=plane.informers.ensure(REMEDIES),
        client=plane.client,
    )
    plane.add(controller, workers=1)


async def _unified_auth(plane: Plane) -> None:
    controller = UnifiedAuthController(
        clusters=plane.informers.ensure(CLUSTERS),
        namespaces=plane.informers.ensure(NAMESPACES),
        roles=plane.informers.ensure(CLUSTER_ROLES),
        bindings=plane.informers.ensure(CLUSTER_ROLE_BINDINGS),
        works=plane.works,
        recorder=plane.recorder(UnifiedAuthController.name),
    )
    plane.add(controller, workers=plane.options.concurrent_cluster_syncs)


async def _agent_approving(plane: Plane) -> None:
    controller = AgentApprovingController(
        requests=plane.informers.ensure(CERTIFICATE_SIGNING_REQUESTS, needed=False),
        client=plane.client,
        clock=plane.clock,
    )
    plane.add(controller, workers=1)


BUILDERS: Final[Mapping[str, Builder]] = {
    "agentcsrapproving": _agent_approving,
    "cluster": _cluster,
    "clusterStatus": _cluster_status,
    "clustertaintpolicy": failover.cluster_taint_policy,
    "applicationFailover": failover.application_failover,
    "binding": _binding,
    "bindingStatus": _binding_status,
    "cronFederatedHorizontalPodAutoscaler": scaling.cron_scaling,
    "execution": _execution,
    "federatedHorizontalPodAutoscaler": scaling.federated_scaling,
    "federatedResourceQuotaEnforcement": quota.quota_enforcement,
    "federatedResourceQuotaStatus": quota.quota_status,
    "federatedResourceQuotaSync": quota.quota_sync,
    "gracefulEviction": failover.graceful_eviction,
    "workStatus": _work_status,
    "namespace": _namespace,
    "remedy": _remedy,
    "unifiedAuth": _unified_auth,
    "workloadRebalancer": _workload_rebalancer,
}


def chosen(options: ControllerManagerOptions) -> list[Builder]:
    """What the options ask for. The detector and the dependencies distributor always run."""
    builders = [_detector, _dependencies]
    if options.stock_controllers:
        builders.append(_stock)
    return builders + [builder for name, builder in BUILDERS.items() if options.runs(name)]


def not_built(options: ControllerManagerOptions) -> list[str]:
    """What was asked for by name and does not exist here."""
    return sorted(
        name for name in SELECTABLE - BUILDERS.keys() if name in options.controllers and options.runs(name)
    )
