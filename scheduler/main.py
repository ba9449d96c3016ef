"""karmada-scheduler: flags, health, leadership, wiring.

In: argv and a kubeconfig. Out: a process that schedules bindings while it holds its Lease. Caches are warm
before it competes, so that a new leader acts at once. All behaviour is in cycle.py and below.
"""

import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import uvloop

from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS
from karmada.api.objects import Object
from karmada.api.wellknown import DEFAULT_SCHEDULER
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Informer
from karmada.client.kubeconfig import Access, KubeconfigError, load_kubeconfig
from karmada.client.leases import LeaderElection, LeaderElectionOptions, LeadershipLost
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.observe import Health, StartError, run_process, serve_health, setup_logging
from karmada.runtime.options import parse_flags
from scheduler.cycle import CycleOptions, Scheduler
from scheduler.decide import Settings
from scheduler.framework import Gates
from scheduler.queue import BindingQueue, FifoBindingQueue, PriorityBindingQueue

log = logging.getLogger(__name__)

FEATURE_GATES: Mapping[str, bool] = {
    "CustomizedClusterResourceModeling": True,
    "Failover": False,
    "FederatedQuotaEnforcement": False,
    "GracefulEviction": True,
    "MultiClusterService": False,
    "MultiplePodTemplatesScheduling": False,
    "PriorityBasedScheduling": True,
    "PropagateDeps": True,
    "PropagationPolicyPreemption": False,
    "ResourceQuotaEstimate": False,
    "SchedulingOvercommitProtection": False,
    "StatefulFailoverInjection": False,
    "WorkloadAffinity": False,
}
"""All gates of the control plane, so that one --feature-gates value serves every process."""


@dataclass(frozen=True, slots=True)
class SchedulerOptions:
    """The settings of karmada-scheduler."""

    kubeconfig: str = ""
    """--kubeconfig: kubeconfig of the control plane; without it $KUBECONFIG, ~/.kube/config, in-cluster."""

    master: str = ""
    """--master: address of the API server, overriding the one in the kubeconfig."""

    kube_api_qps: float = 0.0
    """--kube-api-qps: requests per second to the API server; 0 means no limit of our own."""

    kube_api_burst: int = 0
    """--kube-api-burst: requests that may exceed --kube-api-qps for a moment."""

    scheduler_name: str = DEFAULT_SCHEDULER
    """--scheduler-name: schedule bindings that name this scheduler; an empty name means default-scheduler."""

    plugins: tuple[str, ...] = ("*",)
    """--plugins: plugins to enable: * for all, foo for foo, -foo to leave foo out."""

    enable_empty_workload_propagation: bool = False
    """--enable-empty-workload-propagation: selected clusters get the workload even with 0 replicas."""

    rate_limiter_base_delay_seconds: float = 0.005
    """--rate-limiter-base-delay: first back-off of a failed binding; only without PriorityBasedScheduling."""

    rate_limiter_max_delay_seconds: float = 1000.0
    """--rate-limiter-max-delay: longest back-off of a binding; only without PriorityBasedScheduling."""

    rate_limiter_qps: float = 10.0
    """--rate-limiter-qps: failed bindings tried again per second; only without PriorityBasedScheduling."""

    rate_limiter_bucket_size: int = 100
    """--rate-limiter-bucket-size: how many may exceed that; only without PriorityBasedScheduling."""

    health_probe_bind_address: str = ":10351"
    """--health-probe-bind-address: where /healthz and /readyz are served; 0 turns them off."""

    metrics_bind_address: str = ":10351"
    """--metrics-bind-address: where /metrics is served; 0 turns it off."""

    lease_name: str = "karmada-scheduler"
    """--leader-elect-resource-name: name of the lease."""

    election: LeaderElectionOptions = field(default_factory=LeaderElectionOptions)

    feature_gates: Mapping[str, bool] = field(default_factory=lambda: dict(FEATURE_GATES))
    """--feature-gates: features to turn on or off, as name=true,name=false."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """--log-level: how much is logged."""

    log_format: Literal["text", "json"] = "text"
    """--log-format: lines for people, or one JSON object per line."""

    def check(self) -> None:
        """Raises StartError for what cannot work."""
        if not self.scheduler_name:
            raise StartError("--scheduler-name must not be empty")
        for address in (self.health_probe_bind_address, self.metrics_bind_address):
            split_address(address)

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
    options = parse_flags(
        SchedulerOptions,
        sys.argv[1:] if argv is None else argv,
        prog="karmada-scheduler",
        description="Chooses member clusters for resource bindings.",
    )
    setup_logging(level=options.log_level, form=options.log_format)
    return run_process(lambda: run(options), loop_factory=uvloop.new_event_loop)


async def run(options: SchedulerOptions, *, access: Access | None = None, clock: Clock = SYSTEM_CLOCK) -> int:
    """Run until cancelled, or until leadership is lost (exit code 1)."""
    options.check()
    access = access or _access(options)
    health = Health()
    async with AsyncExitStack() as stack:
        await _serve(stack, options, health)
        client = await stack.enter_async_context(
            Client(
                access,
                user_agent="karmada-scheduler",
                qps=options.kube_api_qps,
                burst=options.kube_api_burst,
                clock=clock,
            )
        )
        clusters = Informer(client, CLUSTERS, transform=without_conditions, clock=clock)
        bindings = [
            Informer(client, resource, transform=without_member_status, clock=clock)
            for resource in (RESOURCE_BINDINGS, CLUSTER_RESOURCE_BINDINGS)
        ]
        informers: list[Informer[Any]] = [clusters, *bindings]
        health.ready["caches"] = lambda: _unsynced(informers)
        for informer in informers:
            await stack.enter_async_context(informer)
        recorder = await stack.enter_async_context(
            EventRecorder(client, component=options.scheduler_name, clock=clock)
        )
        scheduler = Scheduler(
            bindings=bindings,
            clusters=clusters,
            client=client,
            recorder=recorder,
            queue=make_queue(options, clock=clock),
            options=options.cycle,
            clock=clock,
        )
        if not options.election.leader_elect:
            await scheduler.run()
            return 0
        lease_client = await stack.enter_async_context(Client(access, user_agent="karmada-scheduler"))
        return await _lead(options, lease_client, client, scheduler, clock)


async def _lead(
    options: SchedulerOptions, lease_client: Client, client: Client, scheduler: Scheduler, clock: Clock
) -> int:
    election = LeaderElection(
        lease_client,
        name=options.lease_name,
        namespace=options.election.namespace,
        lease_seconds=options.election.lease_seconds,
        renew_seconds=options.election.renew_seconds,
        retry_seconds=options.election.retry_seconds,
        clock=clock,
    )
    client.set_fence(election.require)
    try:
        await election.run_as_leader(scheduler.run)
    except LeadershipLost as error:
        log.error("leadership lost", extra={"error": str(error)})
        return 1
    return 0


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


def without_member_status(binding: Object) -> Object:
    """A binding without what members report of each copy: the scheduler reads only how healthy they are."""
    status = binding.get("status")
    if isinstance(status, dict):
        for item in status.get("aggregatedStatus") or ():
            item.pop("status", None)
    return binding


def without_conditions(cluster: Object) -> Object:
    """A Cluster without its conditions: heartbeats must not make new facts."""
    status = cluster.get("status")
    if isinstance(status, dict):
        status.pop("conditions", None)
    return cluster


def split_address(address: str) -> tuple[str, int] | None:
    """(host, port) of `host:port` or `:port`; None for "0", which turns the listener off.

    Raises StartError.
    """
    if address == "0":
        return None
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise StartError(f'"{address}" is no address: use host:port, :port, or 0 for none')
    return host.strip("[]"), int(port)


async def _serve(stack: AsyncExitStack, options: SchedulerOptions, health: Health) -> None:
    """Health and metrics, on one listener where both have the same address."""
    flags = {
        options.metrics_bind_address: "--metrics-bind-address",
        options.health_probe_bind_address: "--health-probe-bind-address",
    }
    for address, flag in flags.items():
        found = split_address(address)
        if found is not None:
            await stack.enter_async_context(serve_health(*found, health=health, flag=flag))


def _access(options: SchedulerOptions) -> Access:
    try:
        access = load_kubeconfig(options.kubeconfig or None)
    except KubeconfigError as error:
        raise StartError(str(error)) from error
    return replace(access, server=options.master) if options.master else access


def _unsynced(informers: Sequence[Informer[Any]]) -> str:
    waiting = [
        f"{informer.resource.gvr.group_resource} {informer.trouble}".strip()
        for informer in informers
        if not informer.synced
    ]
    return "not synced: " + ", ".join(waiting) if waiting else ""
