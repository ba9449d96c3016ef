"""operator.karmada.io: Karmada, a control plane that an operator installs into a host cluster.

Served by the host cluster, not by the Karmada control plane.
"""

from typing import Final

from pydantic import ConfigDict

from karmada.api.groups.meta import Condition, Root, Toleration
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Int32, Int64, IntOrString, Model, empty, field
from karmada.api.objects import Object

GROUP: Final = "operator.karmada.io"
VERSION: Final = "v1alpha1"


class PodDisruptionBudgetConfig(Model):
    """How many pods may be missing: exactly one of the two fields."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "has(self.minAvailable) || has(self.maxUnavailable)",
                    "message": "one of minAvailable and maxUnavailable must be set",
                },
                {
                    "rule": "!(has(self.minAvailable) && has(self.maxUnavailable))",
                    "message": "minAvailable and maxUnavailable must not both be set",
                },
            ]
        }
    )

    min_available: IntOrString | None = field("Pods that must stay, as a number or percentage.")
    max_unavailable: IntOrString | None = field("Pods that may be missing, as a number or percentage.")


class CommonSettings(Model):
    """What every component can be told."""

    image_repository: str = field("Image repository.", default="")
    image_tag: str = field("Image tag.", default="")
    image_pull_policy: str = field("Pull policy.", default="")
    replicas: Int32 | None = field("Replicas.")
    labels: dict[str, str] = field("Pod metadata.", factory=dict)
    annotations: dict[str, str] = field("Pod metadata.", factory=dict)
    resources: Object | None = field("Resources.", schema_type="io.k8s.api.core.v1.ResourceRequirements")
    priority_class_name: str = field("Priority class.", default="", schema_default="system-node-critical")
    pod_disruption_budget_config: PodDisruptionBudgetConfig | None = field("PDB; absent = none.")
    tolerations: list[Toleration] = field("Tolerations.", factory=list)
    affinity: Object | None = field("Affinity.", schema_type="io.k8s.api.core.v1.Affinity")


class LocalSecretReference(Model):
    """A Secret of the host cluster."""

    name: str = field("Secret name; must be the name the operator derives.", default="")
    namespace: str = field("Secret namespace.", default="")


class ExternalEtcd(Model):
    """An etcd that exists already."""

    endpoints: list[str] = field("Member endpoints.", factory=list, required=True)
    secret_ref: LocalSecretReference = field(
        "Secret with ca.crt, tls.crt, tls.key.",
        factory=empty(LocalSecretReference),
        required=True,
    )


class VolumeData(Model):
    """Where etcd keeps its data."""

    empty_dir: Object | None = field(
        "Pod-local directory.",
        schema_type="io.k8s.api.core.v1.EmptyDirVolumeSource",
    )
    host_path: Object | None = field("Host directory.", schema_type="io.k8s.api.core.v1.HostPathVolumeSource")
    volume_claim: Object | None = field(
        "PVC template.",
        schema_type="io.k8s.api.core.v1.PersistentVolumeClaimTemplate",
    )


class LocalEtcd(CommonSettings):
    """An etcd in the host cluster."""

    peer_cert_sans: list[str] = field(
        "Extra SANs of the peer certificate.",
        factory=list,
        alias="peerCertSANs",
    )
    server_cert_sans: list[str] = field(
        "Extra SANs of the server certificate.",
        factory=list,
        alias="serverCertSANs",
    )
    volume_data: VolumeData | None = field("Data volume, one of three modes.")


class Etcd(Model):
    """Which etcd to use."""

    external: ExternalEtcd | None = field("Use an existing etcd; excludes local.")
    local: LocalEtcd | None = field("Run etcd in the host cluster (CommonSettings inlined).")


class KarmadaAPIServer(CommonSettings):
    """Settings of the Karmada API server."""

    cert_sans: list[str] = field("Extra SANs.", factory=list, alias="certSANs")
    extra_args: dict[str, str] = field("Extra or overriding flags, without dashes.", factory=dict)
    extra_volume_mounts: list[Object] = field(
        "Extra mounts.",
        factory=list,
        schema_type="io.k8s.api.core.v1.VolumeMount",
    )
    extra_volumes: list[Object] = field(
        "Extra volumes.",
        factory=list,
        schema_type="io.k8s.api.core.v1.Volume",
    )
    feature_gates: dict[str, bool] = field("Feature gates.", factory=dict)
    load_balancer_class: str | None = field("Class for type LoadBalancer.")
    service_annotations: dict[str, str] = field("Annotations of the Service.", factory=dict)
    service_subnet: str | None = field("Service CIDR, defaulted to 10.96.0.0/12.")
    service_type: str = field(
        "Service type.",
        default="",
        schema_default="ClusterIP",
        enum=("ClusterIP", "NodePort", "LoadBalancer"),
    )
    sidecar_containers: list[Object] = field(
        "Sidecars of the API server pod.",
        factory=list,
        schema_type="io.k8s.api.core.v1.Container",
    )


class KarmadaAggregatedAPIServer(CommonSettings):
    """Settings of karmada-aggregated-apiserver."""

    cert_sans: list[str] = field("Extra SANs.", factory=list, alias="certSANs")
    extra_args: dict[str, str] = field("Extra flags.", factory=dict)
    feature_gates: dict[str, bool] = field("Feature gates.", factory=dict)


class KarmadaControllerManager(CommonSettings):
    """Settings of karmada-controller-manager."""

    controllers: list[str] = field("Controllers to run (*, name, -name).", factory=list)
    extra_args: dict[str, str] = field("Extra flags.", factory=dict)
    feature_gates: dict[str, bool] = field("Feature gates.", factory=dict)


class KarmadaDescheduler(CommonSettings):
    """Settings of karmada-descheduler."""

    extra_args: dict[str, str] = field("Extra flags.", factory=dict)


class KarmadaMetricsAdapter(CommonSettings):
    """Settings of karmada-metrics-adapter."""

    extra_args: dict[str, str] = field("Extra flags.", factory=dict)


class KarmadaScheduler(CommonSettings):
    """Settings of karmada-scheduler."""

    extra_args: dict[str, str] = field("Extra flags.", factory=dict)
    feature_gates: dict[str, bool] = field("Feature gates.", factory=dict)


class KarmadaSearch(CommonSettings):
    """Settings of karmada-search."""

    extra_args: dict[str, str] = field("Extra flags.", factory=dict)


class KarmadaWebhook(CommonSettings):
    """Settings of karmada-webhook."""

    extra_args: dict[str, str] = field("Extra flags.", factory=dict)


class KubeControllerManager(CommonSettings):
    """Settings of kube-controller-manager."""

    controllers: list[str] = field("Controllers to run.", factory=list)
    extra_args: dict[str, str] = field("Extra flags.", factory=dict)
    feature_gates: dict[str, bool] = field("Feature gates.", factory=dict)


class KarmadaComponents(Model):
    """Settings per component."""

    etcd: Etcd = field("Etcd; required once components is given.", factory=empty(Etcd), required=True)
    karmada_api_server: KarmadaAPIServer | None = field(
        "Kube-apiserver used as Karmada API server.",
        alias="karmadaAPIServer",
    )
    karmada_aggregated_api_server: KarmadaAggregatedAPIServer | None = field(
        "Karmada-aggregated-apiserver.",
        alias="karmadaAggregatedAPIServer",
    )
    karmada_controller_manager: KarmadaControllerManager | None = field("Karmada-controller-manager.")
    karmada_descheduler: KarmadaDescheduler | None = field("Karmada-descheduler, only installed if given.")
    karmada_metrics_adapter: KarmadaMetricsAdapter | None = field("Karmada-metrics-adapter.")
    karmada_scheduler: KarmadaScheduler | None = field("Karmada-scheduler.")
    karmada_search: KarmadaSearch | None = field("Karmada-search, only installed if given.")
    karmada_webhook: KarmadaWebhook | None = field("Karmada-webhook.")
    kube_controller_manager: KubeControllerManager | None = field("Kube-controller-manager.")


class ProxyConfig(Model):
    """A proxy for the download."""

    proxy_url: str = field("Proxy URL.", default="", alias="proxyURL", required=True)


class HTTPSource(Model):
    """Where to download from."""

    proxy: ProxyConfig | None = field("Download proxy.")
    url: str = field("Tarball URL.", default="", required=True)


class CRDTarball(Model):
    """Where the CRDs come from."""

    crd_download_policy: str | None = field(
        "Download always or only when not cached.",
        schema_default="IfNotPresent",
        enum=("Always", "IfNotPresent"),
    )
    http_source: HTTPSource | None = field("HTTP(S) source.")


class CustomCertificate(Model):
    """Certificates to use."""

    api_server_ca_cert: LocalSecretReference | None = field(
        "Secret with tls.crt and tls.key of a CA for the API server.",
        alias="apiServerCACert",
    )
    leaf_cert_validity_days: Int32 | None = field(
        "Validity of leaf certificates, default one year.",
        minimum=1,
    )


class Networking(Model):
    """Names inside the host cluster."""

    dns_domain: str | None = field("DNS domain, defaulted to cluster.local.")


class HostCluster(Model):
    """The cluster to install into."""

    api_endpoint: str = field("API endpoint.", default="")
    networking: Networking | None = field("Networking.")
    secret_ref: LocalSecretReference | None = field("Secret with token and caBundle.")


class ImageRegistry(Model):
    """A registry for all images."""

    registry: str = field("Host name of the registry.", default="", required=True)


class KarmadaSpec(Model):
    """The control plane wanted."""

    components: KarmadaComponents | None = field("Component settings.")
    crd_tarball: CRDTarball | None = field(
        "Where to get the CRDs; absent = GitHub release of the operator's version.",
    )
    custom_certificate: CustomCertificate | None = field("Certificate customization.")
    feature_gates: dict[str, bool] = field("Feature gates of Karmada components.", factory=dict)
    host_cluster: HostCluster | None = field("Cluster to install into; absent = the operator's own.")
    private_registry: ImageRegistry | None = field("Registry for all images.")
    suspend: bool | None = field("True = do not reconcile.")


class APIServerService(Model):
    """The Service of the Karmada API server."""

    name: str = field("Service name (same namespace).", default="", required=True)


class KarmadaStatus(Model):
    """What was observed of the control plane."""

    api_server_service: APIServerService | None = field("Service of the Karmada API server.")
    conditions: list[Condition] = field("Condition Ready.", factory=list)
    karmada_version: str = field("Installed Karmada version.", default="")
    kubernetes_version: str = field("API server version.", default="")
    observed_generation: Int64 = field("Generation handled.", default=0)
    secret_ref: LocalSecretReference | None = field("Secret holding the admin kubeconfig.")


class Karmada(Root):
    """A Karmada control plane to run in a host cluster."""

    spec: KarmadaSpec = field("Desired control plane.", factory=empty(KarmadaSpec))
    status: KarmadaStatus = field("Observed state.", factory=empty(KarmadaStatus))


KARMADAS: Final[Resource[Karmada]] = Resource(
    GroupVersionResource(GROUP, VERSION, "karmadas"),
    "Karmada",
    namespaced=True,
    model=Karmada,
)
