"""work.karmada.io/v1alpha1: the older form of bindings, served for reading, never stored.

to_v1alpha1 and to_v1alpha2 convert plain JSON. What the other version does not know is lost, as in Karmada.
"""

from typing import Final

from karmada.api.groups.meta import Condition, Root
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Int32, Model, ResourceList, empty, field
from karmada.api.objects import Object

GROUP: Final = "work.karmada.io"
VERSION: Final = "v1alpha1"


class TargetCluster(Model):
    """A cluster chosen by the scheduler."""

    name: str = field("Cluster.", default="", required=True)
    replicas: Int32 = field("Replicas there.", default=0)


class ObjectReference(Model):
    """The propagated resource template."""

    api_version: str = field("ApiVersion.", default="", required=True)
    kind: str = field("Kind.", default="", required=True)
    name: str = field("Name.", default="", required=True)
    namespace: str = field("Namespace.", default="")
    replicas: Int32 = field("Replica count.", default=0)
    resource_per_replicas: ResourceList = field("Resources of one replica.", factory=dict)
    resource_version: str = field("Last seen resource version.", default="")


class ResourceBindingSpec(Model):
    """What is propagated and where to."""

    clusters: list[TargetCluster] = field("Scheduling result.", factory=list)
    resource: ObjectReference = field("The propagated object.", factory=empty(ObjectReference), required=True)


class AggregatedStatusItem(Model):
    """State in one cluster."""

    applied: bool = field("Applied in the cluster.", default=False)
    applied_message: str = field("Error text.", default="")
    cluster_name: str = field("Cluster.", default="", required=True)
    status: Object | None = field("Reflected status.", preserve_unknown=True)


class ResourceBindingStatus(Model):
    """What was observed of a binding."""

    aggregated_status: list[AggregatedStatusItem] = field("Per-cluster state.", factory=list)
    conditions: list[Condition] = field("Conditions.", factory=list)


class ResourceBinding(Root):
    """The journey of one resource template."""

    spec: ResourceBindingSpec = field("Desired state.", factory=empty(ResourceBindingSpec), required=True)
    status: ResourceBindingStatus = field("Observed state.", factory=empty(ResourceBindingStatus))


RESOURCE_BINDINGS: Final[Resource[ResourceBinding]] = Resource(
    GroupVersionResource(GROUP, VERSION, "resourcebindings"),
    "ResourceBinding",
    namespaced=True,
    model=ResourceBinding,
)
CLUSTER_RESOURCE_BINDINGS: Final[Resource[ResourceBinding]] = Resource(
    GroupVersionResource(GROUP, VERSION, "clusterresourcebindings"),
    "ClusterResourceBinding",
    namespaced=False,
    model=ResourceBinding,
)


_TEMPLATE_KEYS: Final = ("apiVersion", "kind", "namespace", "name", "resourceVersion")
_STATUS_KEYS: Final = ("clusterName", "status", "applied", "appliedMessage")


def to_v1alpha1(binding: Object) -> Object:
    """A v1alpha2 binding in its older form."""
    spec = binding.get("spec") or {}
    resource = _picked(spec.get("resource") or {}, _TEMPLATE_KEYS)
    requirements = spec.get("replicaRequirements") or {}
    if "resourceRequest" in requirements:
        resource["resourcePerReplicas"] = requirements["resourceRequest"]
    if "replicas" in spec:
        resource["replicas"] = spec["replicas"]
    return _converted(binding, "v1alpha1", {"resource": resource})


def to_v1alpha2(binding: Object) -> Object:
    """A v1alpha1 binding in the stored form."""
    resource = (binding.get("spec") or {}).get("resource") or {}
    spec: Object = {"resource": _picked(resource, _TEMPLATE_KEYS)}
    if "resourcePerReplicas" in resource:
        spec["replicaRequirements"] = {"resourceRequest": resource["resourcePerReplicas"]}
    if "replicas" in resource:
        spec["replicas"] = resource["replicas"]
    return _converted(binding, "v1alpha2", spec)


def _converted(binding: Object, version: str, spec: Object) -> Object:
    """binding with a new spec, plus the parts that both versions share."""
    clusters = (binding.get("spec") or {}).get("clusters")
    if clusters is not None:
        spec["clusters"] = [_picked(cluster, ("name", "replicas")) for cluster in clusters]
    converted = {**binding, "apiVersion": f"{GROUP}/{version}", "spec": spec}
    if (status := binding.get("status")) is not None:
        converted["status"] = _picked(status, ("conditions",))
        if "aggregatedStatus" in status:
            items = status["aggregatedStatus"]
            converted["status"]["aggregatedStatus"] = [_picked(item, _STATUS_KEYS) for item in items]
    return converted


def _picked(obj: Object, keys: tuple[str, ...]) -> Object:
    return {key: obj[key] for key in keys if key in obj}
