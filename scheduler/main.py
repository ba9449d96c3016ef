"""karmada-scheduler: flags, health, leadership, wiring.

In: argv and a kubeconfig. Out: a process that schedules bindings while it holds its Lease. Caches are warm
before it competes, so that a new leader acts at once. All behaviour is in cycle.py and below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from typing_extensions import override

from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS
from karmada.api.objects import Object
from karmada.api.wellknown import DEFAULT_SCHEDULER
from karmada.client.events import EventRecorder
from karmada.client.informer import Informer
from karmada.client.kubeconfig import Access
from karmada.client.process import LedProcessOptions, Process, control_plane_process, process_main
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.gates import default_gates
from karmada.runtime.observe import StartError
from scheduler.accurate.options import EstimatorClientOptions
from scheduler.cycle import CycleOptions, RoomSource, Scheduler
from scheduler.decide import Settings
from scheduler.framework import Gates
from scheduler.placement import shared_placement
from scheduler.queue import BindingQueue, FifoBindingQueue, PriorityBindingQueue

NAME: Final = "karmada-scheduler"
EVENT_WRITERS: Final = 1
"""Placing bindings goes before telling about them."""


@dataclass(frozen=True)
class SchedulerOptions(LedProcessOptions):
    """The settings of karmada-scheduler."""

    health_probe_bind_address: str = ":10351"
    metrics_bind_address: str = ":10351"
    lease_name: str = NAME

    scheduler_name: str = DEFAULT_SCHEDULER
    """--scheduler-name: schedule bindings that name this scheduler; an empty name means default-scheduler."""

    plugins: tuple[str, ...] = ("*",)
    """--plugins: plugins to enable: * for all, foo for foo, -foo to leave foo out."""

    enable_empty_workload_propagation: bool = False
    """--enable-empty-workload-propagation: selected clusters get the workload even with 0 replicas."""

    enable_scheduler_estimator: bool = False
    """--enable-scheduler-estimator: also ask the members' own estimators how much fits."""

    disable_scheduler_estimator_in_pull_mode: bool = False
    """--disable-scheduler-estimator-in-pull-mode: do not ask those of clusters in pull mode."""

    estimator: EstimatorClientOptions = field(default_factory=EstimatorClientOptions)

    rate_limiter_base_delay_seconds: float = 0.005
    """--rate-limiter-base-delay: first back-off of a failed binding; only without PriorityBasedScheduling."""

    rate_limiter_max_delay_seconds: float = 1000.0
    """--rate-limiter-max-delay: longest back-off of a binding; only without PriorityBasedScheduling."""

    rate_limiter_qps: float = 10.0
    """--rate-limiter-qps: failed bindings tried again per second; only without PriorityBasedScheduling."""

    rate_limiter_bucket_size: int = 100
    """--rate-limiter-bucket-size: how many may exceed that; only without PriorityBasedScheduling."""

    feature_gates: Mapping[str, bool] = field(default_factory=default_gates)
    """--feature-gates: features to turn on or off, as name=true,name=false."""

    @override
    def check(self) -> None:
        """Raises StartError for what cannot work."""
        super().check()
        if not self.scheduler_name:
            raise StartError("--scheduler-name must not be empty")
        self.estimator.check()

    @property
    def cycle(self) -> CycleOptions:
        gates = Gates(
            multiple_pod_templates=self.feature_gates["MultiplePodTemplatesScheduling"],
            workload_affinity=self.feature_gates["WorkloadAffinity"],
            overcommit_protection=self.feature_gates["SchedulingOvercommitProtection"],
            resource_modeling=self.feature_gates["CustomizedClusterResourceModeling"],
        )
        settings = Settings(gates=gates, empty_workload_propagation=self.enable_empty_workload_propagation)
        return CycleOptions(
            scheduler_name=self.scheduler_name, settings=settings, plugins=self.plugins or ("*",)
        )


def main(argv: Sequence[str] | None = None) -> int:
    """The console script."""
    description = "Chooses member clusters for resource bindings."
    return process_main(SchedulerOptions, run, argv, name=NAME, description=description)


async def run(options: SchedulerOptions, *, access: Access | None = None, clock: Clock = SYSTEM_CLOCK) -> int:
    """Run until cancelled, or until leadership is lost (exit code 1)."""
    async with control_plane_process(options, name=NAME, access=access, clock=clock) as process:
        client = process.client
        clusters = Informer(client, CLUSTERS, transform=without_conditions, clock=clock)
        bindings = [
            Informer(client, resource, transform=without_unread, clock=clock)
            for resource in (RESOURCE_BINDINGS, CLUSTER_RESOURCE_BINDINGS)
        ]
        informers: list[Informer[Any]] = [clusters, *bindings]
        process.await_caches(informers)
        for informer in informers:
            await process.stack.enter_async_context(informer)
        recorder = await process.stack.enter_async_context(
            EventRecorder(client, component=options.scheduler_name, writers=EVENT_WRITERS, clock=clock)
        )
        scheduler = Scheduler(
            bindings=bindings,
            clusters=clusters,
            client=client,
            recorder=recorder,
            queue=make_queue(options, clock=clock),
            options=options.cycle,
            estimators=await _estimators(process, options, clusters, clock),
            clock=clock,
        )
        return await process.lead(scheduler.run)


async def _estimators(
    process: Process, options: SchedulerOptions, clusters: Informer[Cluster], clock: Clock
) -> RoomSource | None:
    """The members' estimators, where they are to be asked. Only then is gRPC loaded."""
    if not options.enable_scheduler_estimator:
        return None
    from scheduler.accurate.client import connected_estimators

    connecting = connected_estimators(
        clusters,
        process.client,
        options.estimator,
        skip_pull=options.disable_scheduler_estimator_in_pull_mode,
        clock=clock,
    )
    return await process.stack.enter_async_context(connecting)


def make_queue(options: SchedulerOptions, *, clock: Clock) -> BindingQueue:
    if options.feature_gates["PriorityBasedScheduling"]:
        return PriorityBindingQueue(clock=clock)
    defaults = SchedulerOptions()
    return FifoBindingQueue(
        base_seconds=_positive(
            options.rate_limiter_base_delay_seconds, defaults.rate_limiter_base_delay_seconds
        ),
        max_seconds=_positive(
            options.rate_limiter_max_delay_seconds, defaults.rate_limiter_max_delay_seconds
        ),
        per_second=_positive(options.rate_limiter_qps, defaults.rate_limiter_qps),
        burst=int(_positive(options.rate_limiter_bucket_size, defaults.rate_limiter_bucket_size)),
        clock=clock,
    )


def _positive(value: float, default: float) -> float:
    return value if value > 0 else default


def without_unread(binding: Object) -> Object:
    """A binding without what nobody reads here: whose it is, what members report of each copy.

    Equal placements become one object, which is neither decoded nor kept for each binding again.
    """
    metadata = binding.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("ownerReferences", None)
        metadata.pop("finalizers", None)
    status = binding.get("status")
    if isinstance(status, dict):
        for item in status.get("aggregatedStatus") or ():
            item.pop("status", None)
    spec = binding.get("spec")
    if isinstance(spec, dict) and spec.get("placement"):
        spec["placement"] = shared_placement(spec["placement"])
    return binding


def without_conditions(cluster: Object) -> Object:
    """A Cluster without its conditions: heartbeats must not make new facts."""
    status = cluster.get("status")
    if isinstance(status, dict):
        status.pop("conditions", None)
    return cluster
