"""policy.karmada.io: what to propagate where, and what to change on the way.

PropagationPolicy also reads ClusterPropagationPolicy objects, OverridePolicy also ClusterOverridePolicy: they
differ in scope only. Defaults and rules beyond the schema live in the API server's admission.
"""

from typing import Final

from karmada.api.groups.meta import Root
from karmada.api.groups.overrides import (
    CommandArgsOverrider,
    FieldOverrider,
    ImageOverrider,
    ImagePredicate,
    JSONPatchOperation,
    LabelAnnotationOverrider,
    Overriders,
    OverrideSpec,
    PlaintextOverrider,
    RuleWithCluster,
    YAMLPatchOperation,
)
from karmada.api.groups.placement import (
    ClusterAffinity,
    ClusterAffinityTerm,
    ClusterPreferences,
    FieldSelector,
    OverflowAffinityTerm,
    Placement,
    ReplicaSchedulingStrategy,
    ResourceSelector,
    SpreadConstraint,
    StaticClusterWeight,
    WorkloadAffinity,
    WorkloadAffinityTerm,
)
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Int32, Model, ResourceList, empty, field

__all__ = [
    "CLUSTER_OVERRIDE_POLICIES",
    "CLUSTER_PROPAGATION_POLICIES",
    "CLUSTER_TAINT_POLICIES",
    "FEDERATED_RESOURCE_QUOTAS",
    "GROUP",
    "OVERRIDE_POLICIES",
    "PROPAGATION_POLICIES",
    "VERSION",
    "ApplicationFailoverBehavior",
    "ClusterAffinity",
    "ClusterAffinityTerm",
    "ClusterFailoverBehavior",
    "ClusterPreferences",
    "ClusterQuotaStatus",
    "ClusterTaintPolicy",
    "ClusterTaintPolicySpec",
    "CommandArgsOverrider",
    "DecisionConditions",
    "FailoverBehavior",
    "FederatedResourceQuota",
    "FederatedResourceQuotaSpec",
    "FederatedResourceQuotaStatus",
    "FieldOverrider",
    "FieldSelector",
    "ImageOverrider",
    "ImagePredicate",
    "JSONPatchOperation",
    "LabelAnnotationOverrider",
    "MatchCondition",
    "OverflowAffinityTerm",
    "OverridePolicy",
    "OverrideSpec",
    "Overriders",
    "Placement",
    "PlaintextOverrider",
    "PolicyTaint",
    "PropagationPolicy",
    "PropagationSpec",
    "ReplicaSchedulingStrategy",
    "ResourceSelector",
    "RuleWithCluster",
    "SchedulePriority",
    "SpreadConstraint",
    "StatePreservation",
    "StatePreservationRule",
    "StaticClusterAssignment",
    "StaticClusterWeight",
    "SuspendClusters",
    "Suspension",
    "WorkloadAffinity",
    "WorkloadAffinityTerm",
    "YAMLPatchOperation",
]

GROUP: Final = "policy.karmada.io"
VERSION: Final = "v1alpha1"


class StatePreservationRule(Model):
    """One value to take from the status and to inject as a label."""

    alias_label_name: str = field("Label key under which the value is injected.", default="", required=True)
    json_path: str = field(
        "Kubernetes JSONPath template evaluated against the resource's status object (so "
        "{.availableReplicas}, without .status).",
        default="",
        required=True,
    )


class StatePreservation(Model):
    """State that moves with a workload."""

    rules: list[StatePreservationRule] = field("Values to carry over.", factory=list, required=True)


class DecisionConditions(Model):
    """When an application counts as failed."""

    toleration_seconds: Int32 | None = field(
        "Seconds of unhealthiness tolerated; 0 = at once.",
        schema_default=300,
    )


class ApplicationFailoverBehavior(Model):
    """What to do when an application fails."""

    decision_conditions: DecisionConditions = field(
        "When to act (all must hold).",
        factory=empty(DecisionConditions),
        required=True,
    )
    grace_period_seconds: Int32 | None = field(
        "Longest wait before the old copy is deleted; only with Gracefully, webhook default 600.",
    )
    purge_mode: str = field(
        "Directly = evict first, Gracefully = after the replacement is healthy or the grace period "
        "is over, Never = leave it.",
        default="",
        schema_default="Gracefully",
        enum=("Directly", "Gracefully", "Never"),
    )
    state_preservation: StatePreservation | None = field(
        "State carried over (gate StatefulFailoverInjection).",
    )


class ClusterFailoverBehavior(Model):
    """What to do when a cluster fails."""

    purge_mode: str = field(
        "As above, without Never.",
        default="",
        schema_default="Gracefully",
        enum=("Directly", "Gracefully"),
    )
    state_preservation: StatePreservation | None = field("As above.")


class FailoverBehavior(Model):
    """How workloads move on failures."""

    application: ApplicationFailoverBehavior | None = field(
        "Failover on application failure; needs spec.propagateDeps: true.",
    )
    cluster: ClusterFailoverBehavior | None = field(
        "Failover on cluster failure; absent = controller flag no-execute-taint-eviction-purge-mode decides.",
    )


class SchedulePriority(Model):
    """Priority in the scheduling queue."""

    priority_class_name: str = field("PriorityClass (scheduling.k8s.io/v1) name.", default="", required=True)
    priority_class_source: str = field(
        "Only KubePriorityClass is accepted; PodPriorityClass and FederatedPriorityClass are named "
        "in code but not implemented.",
        default="",
        required=True,
        enum=("KubePriorityClass",),
    )


class SuspendClusters(Model):
    """Clusters to hold back."""

    cluster_names: list[str] = field("Cluster names.", factory=list)


class Suspension(Model):
    """What not to dispatch for now."""

    dispatching: bool | None = field("True stops dispatching to all clusters.")
    dispatching_on_clusters: SuspendClusters | None = field("Stop dispatching to some clusters.")


class PropagationSpec(Model):
    """What to propagate, where to and how."""

    activation_preference: str = field(
        "Lazy: a policy change reaches a template only when the template itself changes next; "
        "absent: at once.",
        default="",
        enum=("Lazy",),
    )
    association: bool = field("Deprecated predecessor of propagateDeps.", default=False)
    conflict_resolution: str = field(
        "What to do when the resource already exists unmanaged in the member.",
        default="",
        schema_default="Abort",
        enum=("Abort", "Overwrite"),
    )
    dependent_overrides: list[str] = field(
        "Names of overrides that must exist before the policy takes effect (OverridePolicy for pp, "
        "ClusterOverridePolicy for cpp).",
        factory=list,
    )
    failover: FailoverBehavior | None = field(
        "Migration behaviour; absent = no application failover, cluster failover as configured globally.",
    )
    placement: Placement = field("Where to schedule; absent = any cluster.", factory=empty(Placement))
    preemption: str = field(
        "Whether templates claimed by a lower-priority policy may be taken over.",
        default="",
        schema_default="Never",
        enum=("Always", "Never"),
    )
    preserve_resources_on_deletion: bool | None = field(
        "Keep member resources when the template is deleted; absent = false.",
    )
    priority: Int32 | None = field("Policy priority, higher wins.", schema_default=0)
    propagate_deps: bool = field("Also propagate referenced resources.", default=False)
    resource_selectors: list[ResourceSelector] = field(
        "What to propagate; must be explicit.",
        factory=list,
        required=True,
        min_items=1,
    )
    schedule_priority: SchedulePriority | None = field("Scheduling queue priority of the resulting binding.")
    scheduler_name: str = field(
        "Scheduler responsible for the binding; immutable.",
        default="",
        schema_default="default-scheduler",
    )
    suspension: Suspension | None = field("Stop dispatching; absent = not suspended.")


class StaticClusterAssignment(Model):
    """The ResourceQuota of one cluster."""

    cluster_name: str = field("Cluster.", default="", required=True)
    hard: ResourceList = field("Hard limits of the ResourceQuota there.", factory=dict, required=True)


class FederatedResourceQuotaSpec(Model):
    """Desired limits."""

    overall: ResourceList = field("Hard limit per resource over all clusters.", factory=dict, required=True)
    static_assignments: list[StaticClusterAssignment] = field(
        "ResourceQuotas to create in given clusters; others get none.",
        factory=list,
    )


class ClusterQuotaStatus(Model):
    """Limits and usage in one cluster."""

    cluster_name: str = field("Cluster.", default="", required=True)
    hard: ResourceList = field("Limits enforced there (core/v1 ResourceQuotaStatus inlined).", factory=dict)
    used: ResourceList = field("Usage there.", factory=dict)


class FederatedResourceQuotaStatus(Model):
    """Enforced limits and usage."""

    aggregated_status: list[ClusterQuotaStatus] = field("Per-cluster quota status.", factory=list)
    overall: ResourceList = field("Enforced overall limits.", factory=dict)
    overall_used: ResourceList = field("Total usage in the namespace.", factory=dict)


class FederatedResourceQuota(Root):
    """A resource quota over all clusters."""

    spec: FederatedResourceQuotaSpec = field(
        "Desired limits.",
        factory=empty(FederatedResourceQuotaSpec),
        required=True,
    )
    status: FederatedResourceQuotaStatus = field(
        "Enforced limits and usage.",
        factory=empty(FederatedResourceQuotaStatus),
    )


class MatchCondition(Model):
    """A Cluster condition and the status values that match."""

    condition_type: str = field("Type in the Cluster's status.conditions.", default="", required=True)
    operator: str = field("In or NotIn (not enforced).", default="", required=True)
    status_values: list[str] = field("True, False, Unknown (not enforced).", factory=list, required=True)


class PolicyTaint(Model):
    """A taint that a ClusterTaintPolicy manages."""

    effect: str = field("Taint effect (only NoExecute is examined by admission).", default="", required=True)
    key: str = field("Taint key.", default="", required=True)
    value: str = field("Taint value.", default="")


class ClusterTaintPolicySpec(Model):
    """When to taint which clusters."""

    add_on_conditions: list[MatchCondition] = field(
        "All must match to add the taints; empty = never add.",
        factory=list,
    )
    remove_on_conditions: list[MatchCondition] = field(
        "All must match to remove the taints; empty = never remove.",
        factory=list,
    )
    taints: list[PolicyTaint] = field(
        "Taints managed by this policy; edits take effect at the next trigger.",
        factory=list,
        required=True,
        min_items=1,
    )
    target_clusters: ClusterAffinity | None = field(
        "Clusters concerned; absent = all; clusters that stop matching keep their taints.",
    )


class PropagationPolicy(Root):
    """Which resource templates go where. Also reads ClusterPropagationPolicy objects."""

    spec: PropagationSpec = field("Desired behavior.", factory=empty(PropagationSpec), required=True)


class OverridePolicy(Root):
    """What differs per cluster. Also reads ClusterOverridePolicy objects."""

    spec: OverrideSpec = field("Desired behavior.", factory=empty(OverrideSpec), required=True)


class ClusterTaintPolicy(Root):
    """Taints that follow from Cluster conditions."""

    spec: ClusterTaintPolicySpec = field(
        "Desired behavior.", factory=empty(ClusterTaintPolicySpec), required=True
    )


PROPAGATION_POLICIES: Final[Resource[PropagationPolicy]] = Resource(
    GroupVersionResource(GROUP, VERSION, "propagationpolicies"),
    "PropagationPolicy",
    namespaced=True,
    model=PropagationPolicy,
)
CLUSTER_PROPAGATION_POLICIES: Final[Resource[PropagationPolicy]] = Resource(
    GroupVersionResource(GROUP, VERSION, "clusterpropagationpolicies"),
    "ClusterPropagationPolicy",
    namespaced=False,
    model=PropagationPolicy,
)
OVERRIDE_POLICIES: Final[Resource[OverridePolicy]] = Resource(
    GroupVersionResource(GROUP, VERSION, "overridepolicies"),
    "OverridePolicy",
    namespaced=True,
    model=OverridePolicy,
)
CLUSTER_OVERRIDE_POLICIES: Final[Resource[OverridePolicy]] = Resource(
    GroupVersionResource(GROUP, VERSION, "clusteroverridepolicies"),
    "ClusterOverridePolicy",
    namespaced=False,
    model=OverridePolicy,
)
FEDERATED_RESOURCE_QUOTAS: Final[Resource[FederatedResourceQuota]] = Resource(
    GroupVersionResource(GROUP, VERSION, "federatedresourcequotas"),
    "FederatedResourceQuota",
    namespaced=True,
    model=FederatedResourceQuota,
)
CLUSTER_TAINT_POLICIES: Final[Resource[ClusterTaintPolicy]] = Resource(
    GroupVersionResource(GROUP, VERSION, "clustertaintpolicies"),
    "ClusterTaintPolicy",
    namespaced=False,
    model=ClusterTaintPolicy,
)
