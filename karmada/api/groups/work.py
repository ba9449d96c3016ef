"""work.karmada.io: bindings (template to clusters) and Works (manifests for one cluster).

ResourceBinding also reads ClusterResourceBinding objects: they differ in scope only. Manifests and statuses
inside stay plain JSON. The older binding version is in work_v1alpha1.py.
"""

from typing import Final

from karmada.api.groups.meta import REASON_PATTERN, Condition, NodeSelector, Root, Toleration
from karmada.api.groups.policy import FailoverBehavior, Placement, SuspendClusters
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Int32, Int64, Model, ResourceList, Time, empty, field
from karmada.api.objects import Object

GROUP: Final = "work.karmada.io"


class WorkloadTemplate(Model):
    """The manifests of a Work."""

    manifests: list[Object] = field(
        "Complete Kubernetes objects, stored verbatim; controllers always write exactly one.",
        factory=list,
        items_preserve_unknown=True,
    )


class WorkSpec(Model):
    """What to apply in the member."""

    preserve_resources_on_deletion: bool | None = field(
        "Keep the member resources when the Work is deleted; absent = false.",
    )
    suspend_dispatching: bool | None = field(
        "True = do not apply to the member (status collection continues).",
    )
    workload: WorkloadTemplate = field("Manifests.", factory=empty(WorkloadTemplate))


class ResourceIdentifier(Model):
    """Which manifest of a Work."""

    group: str = field("API group.", default="")
    kind: str = field("Kind.", default="", required=True)
    name: str = field("Object name.", default="", required=True)
    namespace: str = field("Object namespace, empty for cluster-scoped.", default="")
    ordinal: int = field("Index in manifests.", default=0, required=True)
    resource: str = field("Plural resource name.", default="", required=True)
    version: str = field("API version.", default="", required=True)


class ManifestStatus(Model):
    """State of one manifest in the member."""

    health: str = field("Interpreted health.", default="", enum=("Healthy", "Unhealthy", "Unknown"))
    identifier: ResourceIdentifier = field(
        "Which manifest.",
        factory=empty(ResourceIdentifier),
        required=True,
    )
    status: Object | None = field("Reflected status of the member object.", preserve_unknown=True)


class WorkStatus(Model):
    """What was observed of a Work."""

    conditions: list[Condition] = field("Observed conditions.", factory=list)
    manifest_statuses: list[ManifestStatus] = field("Per-manifest state.", factory=list)


class Work(Root):
    """Manifests to keep applied in the cluster whose execution namespace the Work is in."""

    spec: WorkSpec = field("Desired content.", factory=empty(WorkSpec), required=True)
    status: WorkStatus = field("Observed state.", factory=empty(WorkStatus))


class TargetClusterComponent(Model):
    """Replicas of one component in a cluster."""

    name: str = field("Component name.", default="", required=True)
    replicas: Int32 = field("Replicas of it in this cluster.", default=0, required=True)


class TargetCluster(Model):
    """A cluster chosen by the scheduler."""

    components: list[TargetClusterComponent] = field(
        "Replicas per component (gate MultiplePodTemplatesScheduling).",
        factory=list,
    )
    name: str = field("Cluster.", default="", required=True)
    replicas: Int32 = field("Replicas in this cluster.", default=0)


class NodeClaim(Model):
    """What a replica asks of its node."""

    hard_node_affinity: NodeSelector | None = field("The pod's required node affinity.")
    node_selector: dict[str, str] = field("The pod's node selector.", factory=dict)
    tolerations: list[Toleration] = field("The pod's tolerations.", factory=list)


class ComponentReplicaRequirements(Model):
    """What one replica of a component needs."""

    node_claim: NodeClaim | None = field("Node constraints.")
    priority_class_name: str = field("Pod priority class.", default="")
    resource_request: ResourceList = field("Resources of one replica.", factory=dict)


class Component(Model):
    """One pod template of a workload that has several."""

    name: str = field(
        "Component name, unique; emptiness and duplicates checked by webhook when the gate is on.",
        default="",
        required=True,
        max_length=32,
    )
    replica_requirements: ComponentReplicaRequirements | None = field("Requirement of one replica.")
    replicas: Int32 = field("Replica count of the component.", default=0, required=True)


class GracefulEvictionTask(Model):
    """A copy that leaves a cluster once its replacement is ready."""

    clusters_before_failover: list[str] = field("Clusters that ran the application before.", factory=list)
    creation_timestamp: Time | None = field("Set by the system.")
    from_cluster: str = field("Cluster being evicted.", default="", required=True)
    grace_period_seconds: Int32 | None = field(
        "Wait limit; excludes suppressDeletion (documented, not validated).",
    )
    message: str = field("Explanation.", default="", max_length=1024)
    preserved_label_state: dict[str, str] = field("Labels to inject into the new copy.", factory=dict)
    producer: str = field("Controller that asked for the eviction.", default="", required=True)
    purge_mode: str = field(
        "How to deal with the old copy.",
        default="",
        enum=("Directly", "Gracefully", "Never"),
    )
    reason: str = field(
        "CamelCase reason.",
        default="",
        required=True,
        min_length=1,
        max_length=32,
        pattern=REASON_PATTERN,
    )
    replicas: Int32 | None = field("Replicas to evict, for replicated workloads.")
    suppress_deletion: bool | None = field("Keep the old copy until someone intervenes.")


class ReplicaRequirements(Model):
    """What one replica needs."""

    namespace: str = field("Namespace of the workload.", default="")
    node_claim: NodeClaim | None = field("Node constraints.")
    priority_class_name: str = field("Pod priority class.", default="")
    resource_request: ResourceList = field("Resources of one replica.", factory=dict)


class BindingSnapshot(Model):
    """The scheduling result of a binding that depends on this one."""

    clusters: list[TargetCluster] = field("Their scheduling result.", factory=list)
    name: str = field("Binding name.", default="", required=True)
    namespace: str = field("Binding namespace; empty = ClusterResourceBinding.", default="")


class ObjectReference(Model):
    """The propagated resource template."""

    api_version: str = field("ApiVersion.", default="", required=True)
    kind: str = field("Kind.", default="", required=True)
    name: str = field("Name.", default="", required=True)
    namespace: str = field("Namespace, empty for cluster-scoped.", default="")
    resource_version: str = field("Last seen resource version.", default="")
    uid: str = field("Uid.", default="")


class BindingSchedulePriority(Model):
    """Priority in the scheduling queue, resolved to a number."""

    priority: Int32 = field("Higher is scheduled earlier.", default=0, schema_default=0)


class BindingSuspension(Model):
    """What not to dispatch or schedule for now."""

    dispatching: bool | None = field("True = dispatch nowhere.")
    dispatching_on_clusters: SuspendClusters | None = field("Dispatch not to these.")
    scheduling: bool | None = field(
        "True = scheduler ignores the binding; effective only before the first scheduling.",
    )


class WorkloadAffinityGroups(Model):
    """Affinity groups, resolved from the template's labels."""

    affinity_group: str = field("<labelKey>=<labelValue>.", default="")
    anti_affinity_group: str = field("<labelKey>=<labelValue>.", default="")


class ResourceBindingSpec(Model):
    """What is propagated, how, and where the scheduler put it."""

    clusters: list[TargetCluster] = field("Scheduling result.", factory=list)
    components: list[Component] = field(
        "Per pod-template requirements (gate MultiplePodTemplatesScheduling); meant to replace "
        "replicas and replicaRequirements.",
        factory=list,
    )
    conflict_resolution: str = field(
        "Inherited from the policy.",
        default="",
        schema_default="Abort",
        enum=("Abort", "Overwrite"),
    )
    failover: FailoverBehavior | None = field("Inherited from the policy.")
    graceful_eviction_tasks: list[GracefulEvictionTask] = field("Evictions in progress.", factory=list)
    placement: Placement | None = field("Inherited from the policy.")
    preserve_resources_on_deletion: bool | None = field("Inherited; copied into all Works.")
    propagate_deps: bool = field("Inherited from the policy.", default=False)
    replica_requirements: ReplicaRequirements | None = field("Requirement of one replica.")
    replicas: Int32 = field("Replica count of the template.", default=0)
    required_by: list[BindingSnapshot] = field("Bindings that depend on this resource.", factory=list)
    reschedule_triggered_at: Time | None = field(
        "Manual reschedule request, effective when later than status.lastScheduledTime.",
    )
    resource: ObjectReference = field("The propagated object.", factory=empty(ObjectReference), required=True)
    schedule_priority: BindingSchedulePriority | None = field("Scheduling priority.")
    scheduler_name: str = field("Inherited from the policy.", default="")
    suspension: BindingSuspension | None = field("Suspension; first two parts inherited from the policy.")
    workload_affinity_groups: WorkloadAffinityGroups | None = field(
        "Resolved affinity groups (ResourceBinding only).",
    )


class AggregatedStatusItem(Model):
    """State in one cluster."""

    applied: bool = field("Applied in the cluster.", default=False)
    applied_message: str = field("Error text if not.", default="")
    cluster_name: str = field("Cluster.", default="", required=True)
    health: str = field("Interpreted health.", default="", enum=("Healthy", "Unhealthy", "Unknown"))
    status: Object | None = field("Reflected status.", preserve_unknown=True)


class ResourceBindingStatus(Model):
    """What was observed of a binding."""

    aggregated_status: list[AggregatedStatusItem] = field("Per-cluster state.", factory=list)
    conditions: list[Condition] = field("Observed conditions.", factory=list)
    last_scheduled_time: Time | None = field("Last successful scheduling.")
    scheduler_observed_generation: Int64 = field("Generation handled by the scheduler.", default=0)
    scheduler_observing_affinity_name: str = field(
        "Affinity group in use (Go field SchedulerObservedAffinityName).",
        default="",
    )


class ResourceBinding(Root):
    """The journey of one resource template. Also reads ClusterResourceBinding objects."""

    spec: ResourceBindingSpec = field("Desired state.", factory=empty(ResourceBindingSpec), required=True)
    status: ResourceBindingStatus = field("Observed state.", factory=empty(ResourceBindingStatus))


WORKS: Final[Resource[Work]] = Resource(
    GroupVersionResource(GROUP, "v1alpha1", "works"), "Work", namespaced=True, model=Work
)
RESOURCE_BINDINGS: Final[Resource[ResourceBinding]] = Resource(
    GroupVersionResource(GROUP, "v1alpha2", "resourcebindings"),
    "ResourceBinding",
    namespaced=True,
    model=ResourceBinding,
)
CLUSTER_RESOURCE_BINDINGS: Final[Resource[ResourceBinding]] = Resource(
    GroupVersionResource(GROUP, "v1alpha2", "clusterresourcebindings"),
    "ClusterResourceBinding",
    namespaced=False,
    model=ResourceBinding,
)
