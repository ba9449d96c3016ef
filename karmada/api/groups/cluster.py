"""cluster.karmada.io: Cluster, a member of the control plane.

The API server keeps it as typed storage without schema checks; the required marks below are documentation
only. Rules and defaults live in the API server's admission.
"""

from typing import Final

from karmada.api.groups.meta import Condition, Root, Taint
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Int32, Model, QuantityText, ResourceList, empty, field

GROUP: Final = "cluster.karmada.io"
VERSION: Final = "v1alpha1"
PUSH: Final = "Push"
PULL: Final = "Pull"


class LocalSecretReference(Model):
    """A Secret of the control plane."""

    name: str = field("Secret name.", default="", required=True)
    namespace: str = field("Secret namespace.", default="", required=True)


class ResourceModelRange(Model):
    """The interval of one resource in a grade: min inclusive, max exclusive."""

    max: QuantityText = field(
        "Exclusive upper bound; the last model's bound is forced to 9223372036854775807.",
        default="0",
        required=True,
    )
    min: QuantityText = field("Inclusive lower bound.", default="0", required=True)
    name: str = field(
        "Resource name (documented set: cpu, memory, storage, ephemeral-storage; not enforced).",
        default="",
        required=True,
    )


class ResourceModel(Model):
    """One grade of the node size model."""

    grade: Int32 = field("Index of the model.", default=0, required=True)
    ranges: list[ResourceModelRange] = field("One interval per resource.", factory=list, required=True)


class ClusterSpec(Model):
    """What a cluster is and how to reach it."""

    api_endpoint: str = field(
        "Address of the member API server; in practice https://host[:port].",
        default="",
    )
    id: str = field(
        "Unique cluster id: the ClusterProperty cluster.clusterset.k8s.io if defined, else the uid "
        "of the member's kube-system namespace; filled at registration.",
        default="",
    )
    impersonator_secret_ref: LocalSecretReference | None = field(
        "Secret whose token may impersonate users; needed by the proxy.",
    )
    insecure_skip_tls_verification: bool = field(
        "Skip verification of the member's serving certificate; default false.",
        default=False,
        alias="insecureSkipTLSVerification",
    )
    provider: str = field("Cloud provider name.", default="")
    proxy_header: dict[str, str] = field(
        "Headers for the HTTP proxy; a value holding several header values separates them with commas.",
        factory=dict,
    )
    proxy_url: str = field("Proxy used to reach the member.", default="", alias="proxyURL")
    region: str = field("Region name.", default="")
    resource_models: list[ResourceModel] = field(
        "Node grading model; defaulted and normalized.",
        factory=list,
    )
    secret_ref: LocalSecretReference | None = field("Secret with token and caBundle to access the member.")
    sync_mode: str = field(
        "Push: control plane applies; Pull: agent in the member pulls.",
        default="",
        required=True,
    )
    taints: list[Taint] = field("Taints repelling workloads without matching toleration.", factory=list)
    zone: str = field("Deprecated single zone, moved into zones on write.", default="")
    zones: list[str] = field("Failure zones.", factory=list)


class APIResource(Model):
    """One resource of a group version."""

    kind: str = field("Kind name.", default="", required=True)
    name: str = field("Plural name.", default="", required=True)


class APIEnablement(Model):
    """The resources of one group version found in the member."""

    group_version: str = field("Group/version or version.", default="", required=True)
    resources: list[APIResource] = field("Resources of that group version.", factory=list)


class NodeSummary(Model):
    """How many nodes there are."""

    ready_num: Int32 = field("Ready nodes.", default=0)
    total_num: Int32 = field("All nodes.", default=0)


class AllocatableModeling(Model):
    """How many nodes fall in one grade."""

    count: Int32 = field("Nodes in that grade.", default=0, required=True)
    grade: Int32 = field("Model grade.", default=0, required=True)


class ResourceSummary(Model):
    """How much there is, is used and is waited for."""

    allocatable: ResourceList = field("Sum of node allocatable.", factory=dict)
    allocatable_modelings: list[AllocatableModeling] = field(
        "Histogram of nodes per model grade.",
        factory=list,
    )
    allocated: ResourceList = field("Requests of scheduled pods.", factory=dict)
    allocating: ResourceList = field("Requests of pods not yet scheduled.", factory=dict)


class ClusterStatus(Model):
    """What was observed of a cluster."""

    api_enablements: list[APIEnablement] = field("APIs found in the member.", factory=list)
    conditions: list[Condition] = field("Observed conditions.", factory=list)
    kubernetes_version: str = field("Member's Kubernetes version.", default="")
    node_summary: NodeSummary | None = field("Node counts.")
    remedy_actions: list[str] = field(
        "Actions requested by Remedy objects (e.g. TrafficControl).",
        factory=list,
    )
    resource_summary: ResourceSummary | None = field("Capacity overview.")


class Cluster(Root):
    """A member cluster."""

    spec: ClusterSpec = field("Desired state.", factory=empty(ClusterSpec), required=True)
    status: ClusterStatus = field("Observed state.", factory=empty(ClusterStatus))


CLUSTERS: Final = Resource[Cluster](
    GroupVersionResource(GROUP, VERSION, "clusters"), "Cluster", namespaced=False, model=Cluster
)
