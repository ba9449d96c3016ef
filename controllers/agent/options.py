"""The settings of karmada-agent, with Karmada's names and defaults unless a docstring says otherwise.

In: flags. Out: frozen options; what the new Cluster says of itself. Settings of one stage alone live in that
stage and join in here.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from typing_extensions import override

from controllers.certificates.rotation import RotationOptions
from controllers.cluster.heartbeat import HeartbeatOptions
from controllers.options import ControllerOptions
from karmada.api.groups.cluster import PULL
from karmada.api.names import KARMADA_CLUSTER_NAMESPACE
from karmada.client.kubeconfig import Access, KubeconfigError, load_kubeconfig
from karmada.client.registration import Registration, RegistrationError, require_cluster_name
from karmada.runtime.observe import StartError

NAME: Final = "karmada-agent"
OFF_BY_DEFAULT: Final = frozenset({"certRotation"})
SELECTABLE: Final = OFF_BY_DEFAULT | {
    "clusterStatus",
    "endpointsliceCollect",
    "execution",
    "serviceExport",
    "workStatus",
}
"""Every name --controllers takes; process.py says which of them this version has."""
KUBE_CREDENTIALS: Final = "KubeCredentials"
KUBE_IMPERSONATOR: Final = "KubeImpersonator"
REPORTED: Final = frozenset({KUBE_CREDENTIALS, KUBE_IMPERSONATOR})


@dataclass(frozen=True)
class AgentOptions(ControllerOptions):
    """The settings of karmada-agent."""

    OFF_BY_DEFAULT = OFF_BY_DEFAULT
    SELECTABLE = SELECTABLE

    kubeconfig: str = ""
    """--kubeconfig: kubeconfig of the member; without it $KUBECONFIG, ~/.kube/config, in-cluster."""

    master: str = ""
    """--master: address of the member's API server, overriding the one in its kubeconfig."""

    lease_name: str = ""
    """--leader-elect-resource-name: name of the lease in the control plane; karmada-agent-CLUSTER when none
    is given."""

    karmada_kubeconfig: str = ""
    """--karmada-kubeconfig: kubeconfig of the control plane. When the file changes, the agent goes on with
    what it says then."""

    karmada_context: str = ""
    """--karmada-context: context inside that file; the current one when none is given."""

    cluster_name: str = ""
    """--cluster-name: the name of the member in the control plane."""

    cluster_namespace: str = KARMADA_CLUSTER_NAMESPACE
    """--cluster-namespace: namespace of the Secrets that hold the member's credentials, on both sides."""

    cluster_api_endpoint: str = ""
    """--cluster-api-endpoint: address the control plane reaches the member at; the one the agent uses when
    none is given."""

    proxy_server_address: str = ""
    """--proxy-server-address: proxy the control plane reaches the member through."""

    cluster_provider: str = ""
    """--cluster-provider: provider of the member."""

    cluster_region: str = ""
    """--cluster-region: region of the member."""

    cluster_zones: tuple[str, ...] = ()
    """--cluster-zones: zones of the member."""

    report_secrets: tuple[str, ...] = (KUBE_CREDENTIALS, KUBE_IMPERSONATOR)
    """--report-secrets: credentials the control plane gets: KubeCredentials to act in the member,
    KubeImpersonator to act there as its own users, or None."""

    concurrent_cluster_syncs: int = 5
    """--concurrent-cluster-syncs: without effect; there is one cluster."""

    heartbeat: HeartbeatOptions = field(default_factory=HeartbeatOptions)
    rotation: RotationOptions = field(default_factory=RotationOptions)

    @override
    def check(self) -> None:
        """Raises StartError for what cannot work."""
        super().check()
        if not self.cluster_name:
            raise StartError("--cluster-name must be given")
        try:
            require_cluster_name(self.cluster_name)
        except RegistrationError as error:
            raise StartError(str(error)) from error
        odd = set(self.report_secrets) - REPORTED - {"None"}
        if odd or ("None" in self.report_secrets and len(self.report_secrets) > 1):
            raise StartError(
                f"--report-secrets={','.join(self.report_secrets)}: use "
                f"{', '.join(sorted(REPORTED))}, or None alone"
            )

    @property
    def is_registered(self) -> bool:
        """Whether the kubeconfig that registration leaves is there."""
        return not self.karmada_kubeconfig or Path(self.karmada_kubeconfig).exists()

    @override
    def access(self) -> Access:
        """Of the control plane. Raises StartError."""
        if not self.karmada_kubeconfig:
            raise StartError("--karmada-kubeconfig must be given")
        try:
            return load_kubeconfig(self.karmada_kubeconfig, context=self.karmada_context)
        except KubeconfigError as error:
            raise StartError(str(error)) from error

    def member_access(self) -> Access:
        """Raises StartError."""
        return super().access()

    @property
    def registration(self) -> Registration:
        return Registration(
            name=self.cluster_name,
            namespace=self.cluster_namespace,
            sync_mode=PULL,
            provider=self.cluster_provider,
            region=self.cluster_region,
            zones=self.cluster_zones,
            api_endpoint=self.cluster_api_endpoint,
            proxy_url=self.proxy_server_address,
            credentials=KUBE_CREDENTIALS in self.report_secrets,
            impersonator=KUBE_IMPERSONATOR in self.report_secrets,
        )
