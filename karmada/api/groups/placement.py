"""policy.karmada.io: what policies select (templates, clusters) and how a placement spreads replicas over
clusters.

policy.py offers these models together with the policies that use them.
"""

from karmada.api.groups.meta import LabelSelector, NodeSelectorRequirement, Toleration
from karmada.api.model import Int64, Model, empty, field


class FieldSelector(Model):
    """Properties of a Cluster to match: provider, region and zone."""

    match_expressions: list[NodeSelectorRequirement] = field(
        "Node-selector style requirements, ANDed.",
        factory=list,
    )


class ClusterAffinity(Model):
    """Which clusters are meant; all given parts must hold."""

    cluster_names: list[str] = field("When non-empty, only these clusters match.", factory=list)
    exclude: list[str] = field(
        "Clusters that never match (Go name ExcludeClusters; the JSON key is exclude).",
        factory=list,
    )
    field_selector: FieldSelector | None = field("Match on provider/region/zone of the Cluster spec.")
    label_selector: LabelSelector | None = field("Match on Cluster labels.")


class ResourceSelector(Model):
    """Which resource templates are meant."""

    api_version: str = field("ApiVersion of the target.", default="", required=True)
    kind: str = field("Kind of the target.", default="", required=True)
    label_selector: LabelSelector | None = field("Match by labels; ignored when name is set.")
    name: str = field("Match by name; empty = all.", default="")
    namespace: str = field(
        "Empty = inherit (namespaced policies: filled with the policy's namespace by the mutating webhook).",
        default="",
    )


class OverflowAffinityTerm(ClusterAffinity):
    """A further tier of clusters for a group that lacks capacity."""

    affinity_name: str = field("Tier name.", default="", required=True, min_length=1, max_length=32)


class ClusterAffinityTerm(ClusterAffinity):
    """One of several alternative groups of clusters."""

    affinity_name: str = field(
        "Group name, unique within the policy.",
        default="",
        required=True,
        min_length=1,
        max_length=32,
    )
    overflow_affinities: list[OverflowAffinityTerm] = field(
        "Extra tiers added in order when the group lacks capacity, removed in reverse order; a "
        "cluster counts in the first tier naming it.",
        factory=list,
    )


class StaticClusterWeight(Model):
    """A fixed weight for some clusters."""

    target_cluster: ClusterAffinity = field(
        "Clusters the weight applies to.",
        factory=empty(ClusterAffinity),
        required=True,
    )
    weight: Int64 = field("Weight.", default=0, required=True, minimum=1)


class ClusterPreferences(Model):
    """Weights of clusters."""

    dynamic_weight: str = field(
        "Weight by available replicas; overrides the static list.",
        default="",
        enum=("AvailableReplicas",),
    )
    static_weight_list: list[StaticClusterWeight] = field("Fixed weights.", factory=list)


class ReplicaSchedulingStrategy(Model):
    """How replicas are split over clusters."""

    replica_division_preference: str = field(
        "Aggregated = as few clusters as possible, Weighted = by weights; meaningful for Divided.",
        default="",
        enum=("Aggregated", "Weighted"),
    )
    replica_scheduling_type: str = field(
        "Duplicated = full count everywhere, Divided = split.",
        default="",
        schema_default="Divided",
        enum=("Duplicated", "Divided"),
    )
    weight_preference: ClusterPreferences | None = field("Weights for Weighted; absent = equal weights.")


class SpreadConstraint(Model):
    """How many groups of clusters to spread over."""

    max_groups: int = field("Upper bound of selected groups, 0 = none.", default=0)
    min_groups: int = field("Lower bound of selected groups, webhook default 1.", default=0)
    spread_by_field: str = field(
        "Group clusters by this Cluster property, webhook default cluster.",
        default="",
        enum=("cluster", "region", "zone", "provider"),
    )
    spread_by_label: str = field("Group clusters by this label key; excludes spreadByField.", default="")


class WorkloadAffinityTerm(Model):
    """Workloads grouped by the value of a label of their templates."""

    group_by_label_key: str = field(
        "Template label whose value names the group (groups are per namespace).",
        default="",
        required=True,
    )


class WorkloadAffinity(Model):
    """Which workloads to keep together or apart."""

    affinity: WorkloadAffinityTerm | None = field(
        "Co-locate workloads of one group; the first member of a group is unconstrained.",
    )
    anti_affinity: WorkloadAffinityTerm | None = field("Keep workloads of one group on different clusters.")


class Placement(Model):
    """Where and how to schedule."""

    cluster_affinities: list[ClusterAffinityTerm] = field(
        "Ordered cluster groups; the first group that can be scheduled is used; excludes clusterAffinity.",
        factory=list,
    )
    cluster_affinity: ClusterAffinity | None = field("Single cluster filter; excludes clusterAffinities.")
    cluster_tolerations: list[Toleration] = field("Cluster taints that are tolerated.", factory=list)
    replica_scheduling: ReplicaSchedulingStrategy | None = field(
        "How replicas are split; absent behaves as Duplicated.",
    )
    spread_constraints: list[SpreadConstraint] = field("Group spreading rules.", factory=list)
    workload_affinity: WorkloadAffinity | None = field("Affinity between workloads (gate WorkloadAffinity).")
