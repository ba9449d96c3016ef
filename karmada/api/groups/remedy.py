"""remedy.karmada.io: Remedy, actions for clusters in trouble."""

from typing import Final

from karmada.api.groups.meta import Root
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.model import Model, empty, field

GROUP: Final = "remedy.karmada.io"
VERSION: Final = "v1alpha1"


class RemedyClusterAffinity(Model):
    """Clusters by name; not the ClusterAffinity of policies."""

    cluster_names: list[str] = field(
        "Cluster names (this type is not the policy ClusterAffinity).",
        factory=list,
    )


class ClusterConditionRequirement(Model):
    """A Cluster condition to compare."""

    condition_status: str = field("Expected status.", default="", required=True)
    condition_type: str = field(
        "Condition type, known value ServiceDomainNameResolutionReady (not enforced).",
        default="",
        required=True,
    )
    operator: str = field("Comparison.", default="", required=True, enum=("Equal", "NotEqual"))


class DecisionMatch(Model):
    """One trigger."""

    cluster_condition_match: ClusterConditionRequirement | None = field("Compares a Cluster condition.")


class RemedySpec(Model):
    """Which actions to ask for, and when."""

    actions: list[str] = field(
        "Actions to request, known value TrafficControl (not enforced); empty = none.",
        factory=list,
    )
    cluster_affinity: RemedyClusterAffinity | None = field("Clusters concerned; absent = all.")
    decision_matches: list[DecisionMatch] = field("Triggers, ORed; empty = always triggered.", factory=list)


class Remedy(Root):
    """Actions for clusters in trouble."""

    spec: RemedySpec = field("Strategy.", factory=empty(RemedySpec), required=True)


REMEDIES: Final[Resource[Remedy]] = Resource(
    GroupVersionResource(GROUP, VERSION, "remedies"),
    "Remedy",
    namespaced=False,
    model=Remedy,
)
