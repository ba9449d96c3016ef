"""multicluster.x-k8s.io: services exported from and imported into clusters."""

from typing import Final

from karmada.api.groups.meta import Condition, Root
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Int32, Model, empty, field

GROUP: Final = "multicluster.x-k8s.io"
VERSION: Final = "v1alpha1"


class ServiceExportStatus(Model):
    """State of the export."""

    conditions: list[Condition] = field(
        "Known types Valid and Conflict.",
        factory=list,
        list_type="map",
        list_map_keys=("type",),
    )


class ServiceExport(Root):
    """Offers the Service of the same name to other clusters."""

    status: ServiceExportStatus = field("Export state.", factory=empty(ServiceExportStatus))


class ServicePort(Model):
    """A port of the imported service."""

    app_protocol: str | None = field("Application protocol.")
    name: str = field("Port name.", default="")
    port: Int32 = field("Port number (no range check).", default=0, required=True)
    protocol: str = field("TCP, UDP or SCTP; TCP is meant when absent (no structural default).", default="")


class ClientIPConfig(Model):
    """How long a client stays with one endpoint."""

    timeout_seconds: Int32 | None = field(
        "Sticky time, documented range 1 to 86400, default 10800 (neither enforced).",
    )


class SessionAffinityConfig(Model):
    """Settings of session affinity."""

    client_ip: ClientIPConfig | None = field("Client IP affinity.", alias="clientIP")


class ServiceImportSpec(Model):
    """The imported service."""

    ips: list[str] = field("Virtual IP for type ClusterSetIP.", factory=list, max_items=1)
    ports: list[ServicePort] = field("Service ports.", factory=list, required=True, list_type="atomic")
    session_affinity: str = field("ClientIP or None (not enforced).", default="")
    session_affinity_config: SessionAffinityConfig | None = field("Affinity settings.")
    type: str = field("Kind of import.", default="", required=True, enum=("ClusterSetIP", "Headless"))


class ClusterStatus(Model):
    """A cluster that exports the service."""

    cluster: str = field("Cluster name.", default="", required=True)


class ServiceImportStatus(Model):
    """Where the service comes from."""

    clusters: list[ClusterStatus] = field(
        "Exporting clusters.",
        factory=list,
        list_type="map",
        list_map_keys=("cluster",),
    )


class ServiceImport(Root):
    """A service of other clusters, made available here."""

    spec: ServiceImportSpec = field("Imported service.", factory=empty(ServiceImportSpec))
    status: ServiceImportStatus = field("Import state.", factory=empty(ServiceImportStatus))


SERVICE_EXPORTS: Final[Resource[ServiceExport]] = Resource(
    GroupVersionResource(GROUP, VERSION, "serviceexports"),
    "ServiceExport",
    namespaced=True,
    model=ServiceExport,
)
SERVICE_IMPORTS: Final[Resource[ServiceImport]] = Resource(
    GroupVersionResource(GROUP, VERSION, "serviceimports"),
    "ServiceImport",
    namespaced=True,
    model=ServiceImport,
)
