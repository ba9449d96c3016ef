"""The settings of karmada-controller-manager: flags, feature gates, and which controllers are on.

In: flags as Karmada has them, with its names and defaults unless a docstring says otherwise. Settings of one
stage alone live in that stage and join in here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import override

from controllers.binding.controller import BindingOptions
from controllers.cluster.health import ClusterMonitorOptions
from controllers.cluster.status import ClusterStatusOptions
from controllers.detector.controller import DetectorOptions
from controllers.detector.resources import SkippedApis
from controllers.failover.graceful import GracefulEvictionOptions
from controllers.failover.taint_manager import TaintManagerOptions
from controllers.members import MemberOptions
from controllers.quota.enforcement import QuotaOptions
from karmada.client.process import LedProcessOptions
from karmada.runtime.gates import default_gates
from karmada.runtime.observe import StartError

NAME: Final = "karmada-controller-manager"

OFF_BY_DEFAULT: Final = frozenset({"hpaScaleTargetMarker", "deploymentReplicasSyncer"})
SELECTABLE: Final = OFF_BY_DEFAULT | {
    "agentcsrapproving",
    "applicationFailover",
    "binding",
    "bindingStatus",
    "cluster",
    "clusterStatus",
    "clustertaintpolicy",
    "cronFederatedHorizontalPodAutoscaler",
    "endpointSlice",
    "endpointsliceCollect",
    "endpointsliceDispatch",
    "execution",
    "federatedHorizontalPodAutoscaler",
    "federatedResourceQuotaEnforcement",
    "federatedResourceQuotaStatus",
    "federatedResourceQuotaSync",
    "gracefulEviction",
    "multiclusterservice",
    "namespace",
    "remedy",
    "serviceExport",
    "serviceImport",
    "unifiedAuth",
    "workStatus",
    "workloadRebalancer",
}
"""Every name --controllers takes; builders.py says which of them this version has."""


@dataclass(frozen=True, slots=True)
class AcceptedOptions:
    """Flags that deployments of Karmada pass and that mean nothing here."""

    resync_period_seconds: float = 0.0
    """--resync-period: without effect; caches do not drift."""
    rate_limiter_base_delay_seconds: float = 0.005
    """--rate-limiter-base-delay: without effect; queues back off from 5ms."""
    rate_limiter_max_delay_seconds: float = 1000.0
    """--rate-limiter-max-delay: without effect; queues back off up to 30s."""
    rate_limiter_qps: float = 10.0
    """--rate-limiter-qps: without effect; each key backs off by itself."""
    rate_limiter_bucket_size: int = 100
    """--rate-limiter-bucket-size: without effect; each key backs off by itself."""


@dataclass(frozen=True)
class ControllerManagerOptions(LedProcessOptions):
    """The settings of karmada-controller-manager."""

    health_probe_bind_address: str = ":10357"
    lease_name: str = NAME

    controllers: tuple[str, ...] = ("*",)
    """--controllers: controllers to run: * for all that are on by default, foo for foo, -foo to leave foo
    out."""

    stock_controllers: bool = True
    """--enable-kube-controllers: also delete the content of namespaces, collect garbage and aggregate
    ClusterRoles; turn it off where a kube-controller-manager serves the control plane."""

    concurrent_cluster_syncs: int = 5
    """--concurrent-cluster-syncs: Clusters reconciled at the same time."""

    concurrent_work_syncs: int = 5
    """--concurrent-work-syncs: Works, and objects of Works, reconciled at the same time in each member."""

    concurrent_namespace_syncs: int = 1
    """--concurrent-namespace-syncs: namespaces given to members at the same time."""

    detector: DetectorOptions = field(default_factory=DetectorOptions)
    binding: BindingOptions = field(default_factory=BindingOptions)
    members: MemberOptions = field(default_factory=MemberOptions)
    cluster_status: ClusterStatusOptions = field(default_factory=ClusterStatusOptions)
    cluster_monitor: ClusterMonitorOptions = field(default_factory=ClusterMonitorOptions)
    graceful_eviction: GracefulEvictionOptions = field(default_factory=GracefulEvictionOptions)
    taint_manager: TaintManagerOptions = field(default_factory=TaintManagerOptions)
    quota: QuotaOptions = field(default_factory=QuotaOptions)

    feature_gates: Mapping[str, bool] = field(default_factory=default_gates)
    """--feature-gates: features to turn on or off, as name=true,name=false."""

    accepted: AcceptedOptions = field(default_factory=AcceptedOptions)

    @override
    def check(self) -> None:
        """Raises StartError for what cannot work."""
        super().check()
        try:
            SkippedApis.parse(self.detector.skipped_propagating_apis)
        except ValueError as error:
            raise StartError(f"--skipped-propagating-apis: {error}") from error
        for pattern in self.detector.skipped_propagating_namespaces:
            try:
                re.compile(pattern)
            except re.error as error:
                raise StartError(f"--skipped-propagating-namespaces: {pattern}: {error}") from error
        unknown = {token.removeprefix("-") for token in self.controllers} - SELECTABLE - {"*"}
        if unknown:
            raise StartError(f"--controllers: no such controller: {', '.join(sorted(unknown))}")

    def runs(self, name: str) -> bool:
        """Whether a selectable controller is on: the first token that names it decides, else `*`."""
        for token in self.controllers:
            if token.removeprefix("-") == name:
                return not token.startswith("-")
        return "*" in self.controllers and name not in OFF_BY_DEFAULT
