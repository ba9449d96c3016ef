"""The settings of karmada-controller-manager: flags, feature gates, and which controllers are on.

In: flags as Karmada has them, with its names and defaults unless a docstring says otherwise. Settings of one
stage alone live in that stage and join in here.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import override

from controllers.binding.controller import BindingOptions
from controllers.cluster.health import ClusterMonitorOptions
from controllers.detector.controller import DetectorOptions
from controllers.detector.resources import SkippedApis
from controllers.failover.graceful import GracefulEvictionOptions
from controllers.failover.taint_manager import TaintManagerOptions
from controllers.kube.certificate_signing import SigningOptions
from controllers.options import ControllerOptions
from controllers.quota.enforcement import QuotaOptions
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


@dataclass(frozen=True)
class ControllerManagerOptions(ControllerOptions):
    """The settings of karmada-controller-manager."""

    OFF_BY_DEFAULT = OFF_BY_DEFAULT
    SELECTABLE = SELECTABLE

    lease_name: str = NAME

    stock_controllers: bool = True
    """--enable-kube-controllers: also delete the content of namespaces, collect garbage, aggregate
    ClusterRoles, sign certificates and look after bootstrap tokens; turn it off where a
    kube-controller-manager serves the control plane."""

    concurrent_namespace_syncs: int = 1
    """--concurrent-namespace-syncs: namespaces given to members at the same time."""

    detector: DetectorOptions = field(default_factory=DetectorOptions)
    binding: BindingOptions = field(default_factory=BindingOptions)
    cluster_monitor: ClusterMonitorOptions = field(default_factory=ClusterMonitorOptions)
    graceful_eviction: GracefulEvictionOptions = field(default_factory=GracefulEvictionOptions)
    taint_manager: TaintManagerOptions = field(default_factory=TaintManagerOptions)
    quota: QuotaOptions = field(default_factory=QuotaOptions)
    signing: SigningOptions = field(default_factory=SigningOptions)

    @override
    def check(self) -> None:
        """Raises StartError for what cannot work."""
        super().check()
        self.signing.check()
        try:
            SkippedApis.parse(self.detector.skipped_propagating_apis)
        except ValueError as error:
            raise StartError(f"--skipped-propagating-apis: {error}") from error
        for pattern in self.detector.skipped_propagating_namespaces:
            try:
                re.compile(pattern)
            except re.error as error:
                raise StartError(f"--skipped-propagating-namespaces: {pattern}: {error}") from error
