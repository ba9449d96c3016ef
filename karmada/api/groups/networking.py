"""networking.karmada.io: services and ingresses that span clusters."""

from typing import Final

from karmada.api.groups.meta import CONDITION_TYPE_PATTERN, Condition, Root
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Int32, Model, empty, field

GROUP: Final = "networking.karmada.io"
VERSION: Final = "v1alpha1"


class TypedLocalObjectReference(Model):
    """An object of the same namespace."""

    api_group: str | None = field("Group, absent = core.")
    kind: str = field("Kind.", default="", required=True)
    name: str = field("Name.", default="", required=True)


class ServiceBackendPort(Model):
    """A Service port by name or number."""

    name: str = field("Port name.", default="")
    number: Int32 = field("Port number.", default=0)


class IngressServiceBackend(Model):
    """A Service and one of its ports."""

    name: str = field("Service name.", default="", required=True)
    port: ServiceBackendPort = field(
        "Port by name or number.",
        factory=empty(ServiceBackendPort),
        map_type="atomic",
    )


class IngressBackend(Model):
    """Where requests go: a Service or another object."""

    resource: TypedLocalObjectReference | None = field("Object backend; excludes service.", map_type="atomic")
    service: IngressServiceBackend | None = field("Service backend; excludes resource.")


class HTTPIngressPath(Model):
    """One path and where it leads."""

    backend: IngressBackend = field("Target.", factory=empty(IngressBackend), required=True)
    path: str = field("Path.", default="")
    path_type: str | None = field("Exact, Prefix or ImplementationSpecific.", required=True)


class HTTPIngressRuleValue(Model):
    """Paths of one host."""

    paths: list[HTTPIngressPath] = field("Path rules.", factory=list, required=True, list_type="atomic")


class IngressRule(Model):
    """Paths of one host."""

    host: str = field("Host name, *. wildcard allowed, empty = all.", default="")
    http: HTTPIngressRuleValue | None = field("HTTP paths.")


class IngressTLS(Model):
    """Which certificate serves which hosts."""

    hosts: list[str] = field("Hosts of the certificate.", factory=list, list_type="atomic")
    secret_name: str = field("Certificate secret.", default="")


class IngressSpec(Model):
    """Hosts, paths and where they lead."""

    default_backend: IngressBackend | None = field("Backend for unmatched requests.")
    ingress_class_name: str | None = field("Ingress class.")
    rules: list[IngressRule] = field("Host rules.", factory=list, list_type="atomic")
    tls: list[IngressTLS] = field("TLS settings.", factory=list, list_type="atomic")


class IngressPortStatus(Model):
    """State of one port of a load balancer."""

    error: str = field(
        "Error code.",
        default="",
        required=True,
        max_length=316,
        pattern=CONDITION_TYPE_PATTERN,
    )
    port: Int32 = field("Port.", default=0, required=True)
    protocol: str = field("TCP, UDP or SCTP.", default="", required=True)


class IngressLoadBalancerIngress(Model):
    """One address of a load balancer."""

    hostname: str = field("DNS name.", default="")
    ip: str = field("IP address.", default="")
    ports: list[IngressPortStatus] = field("Port states.", factory=list, list_type="atomic")


class IngressLoadBalancerStatus(Model):
    """Addresses of the load balancer."""

    ingress: list[IngressLoadBalancerIngress] = field("Ingress points.", factory=list, list_type="atomic")


class ServiceLocation(Model):
    """Clusters that hold a Service."""

    clusters: list[str] = field("Cluster names.", factory=list)
    name: str = field("Service name.", default="", required=True)


class MultiClusterIngressStatus(Model):
    """What was observed of the ingress."""

    load_balancer: IngressLoadBalancerStatus = field(
        "Load balancer addresses.",
        factory=empty(IngressLoadBalancerStatus),
    )
    service_locations: list[ServiceLocation] = field("Clusters that host the backend services.", factory=list)
    traffic_block_clusters: list[str] = field(
        "Clusters whose backends must not receive traffic.",
        factory=list,
    )


class MultiClusterIngress(Root):
    """An Ingress whose backends live in several clusters."""

    spec: IngressSpec = field("Ingress definition.", factory=empty(IngressSpec))
    status: MultiClusterIngressStatus = field("State.", factory=empty(MultiClusterIngressStatus))


class ClusterSelector(Model):
    """One cluster by name."""

    name: str = field("Cluster.", default="", required=True)


class ExposurePort(Model):
    """A Service port to expose."""

    name: str = field("Port name as in the Service.", default="")
    port: Int32 = field("Port number.", default=0, required=True)


class ExposureRange(Model):
    """Clusters to expose to; not used any more."""

    cluster_names: list[str] = field("Cluster names.", factory=list)


class MultiClusterServiceSpec(Model):
    """From which clusters a Service is offered to which."""

    consumer_clusters: list[ClusterSelector] = field(
        "Clusters that may use the service; empty = all.",
        factory=list,
    )
    ports: list[ExposurePort] = field("Ports to expose; empty = all.", factory=list)
    provider_clusters: list[ClusterSelector] = field(
        "Clusters that back the service; empty = all.",
        factory=list,
    )
    range: ExposureRange = field("Deprecated exposure range.", factory=empty(ExposureRange))
    service_consumption_clusters: list[str] = field("Deprecated, use consumerClusters.", factory=list)
    service_provision_clusters: list[str] = field("Deprecated, use providerClusters.", factory=list)
    types: list[str] = field(
        "Exposure type (a list with at most one distinct value): CrossCluster or LoadBalancer.",
        factory=list,
        required=True,
    )


class PortStatus(Model):
    """State of one port of a load balancer."""

    error: str = field(
        "Error code.",
        default="",
        required=True,
        max_length=316,
        pattern=CONDITION_TYPE_PATTERN,
    )
    port: Int32 = field("Port.", default=0, required=True)
    protocol: str = field("Protocol.", default="", required=True)


class LoadBalancerIngress(Model):
    """One address of a load balancer."""

    hostname: str = field("DNS name.", default="")
    ip: str = field("IP address.", default="")
    ip_mode: str | None = field("VIP or Proxy.")
    ports: list[PortStatus] = field("Port states.", factory=list, list_type="atomic")


class LoadBalancerStatus(Model):
    """Addresses of the load balancer."""

    ingress: list[LoadBalancerIngress] = field("Ingress points.", factory=list, list_type="atomic")


class ServiceStatus(Model):
    """What was observed of the service."""

    conditions: list[Condition] = field(
        "Observed conditions.",
        factory=list,
        list_type="map",
        list_map_keys=("type",),
    )
    load_balancer: LoadBalancerStatus = field("Load balancer addresses.", factory=empty(LoadBalancerStatus))


class MultiClusterService(Root):
    """A Service offered across clusters, named like it."""

    spec: MultiClusterServiceSpec = field("Exposure.", factory=empty(MultiClusterServiceSpec), required=True)
    status: ServiceStatus = field("Core/v1 ServiceStatus.", factory=empty(ServiceStatus))


MULTI_CLUSTER_INGRESSES: Final[Resource[MultiClusterIngress]] = Resource(
    GroupVersionResource(GROUP, VERSION, "multiclusteringresses"),
    "MultiClusterIngress",
    namespaced=True,
    model=MultiClusterIngress,
)
MULTI_CLUSTER_SERVICES: Final[Resource[MultiClusterService]] = Resource(
    GroupVersionResource(GROUP, VERSION, "multiclusterservices"),
    "MultiClusterService",
    namespaced=True,
    model=MultiClusterService,
)
