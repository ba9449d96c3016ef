"""What the selectors of policies mean: which templates (ResourceSelector), which clusters (ClusterAffinity,
tolerations).

Pure. Used by the detector, the binding controllers, the scheduler and failover; an invalid selector never
matches.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.meta import NodeSelectorRequirement, Taint, Toleration
from karmada.api.groups.policy import ClusterAffinity, ResourceSelector
from karmada.api.objects import Object, labels_of, name_of, namespace_of
from karmada.api.selectors import InvalidSelector, from_label_selector

NO_MATCH: Final = 0
MATCHES_ALL: Final = 1
MATCHES_LABELS: Final = 2
MATCHES_NAME: Final = 3


def selector_rank(selector: ResourceSelector, obj: Object) -> int:
    """How precisely a selector means obj: NO_MATCH < MATCHES_ALL < MATCHES_LABELS < MATCHES_NAME."""
    if selector.kind != obj.get("kind") or selector.api_version != obj.get("apiVersion"):
        return NO_MATCH
    if selector.namespace and selector.namespace != namespace_of(obj):
        return NO_MATCH
    if selector.name:
        return MATCHES_NAME if selector.name == name_of(obj) else NO_MATCH
    if selector.label_selector is None:
        return MATCHES_ALL
    try:
        matcher = from_label_selector(selector.label_selector)
    except InvalidSelector:
        return NO_MATCH
    return MATCHES_LABELS if matcher.matches(labels_of(obj)) else NO_MATCH


def highest_rank(selectors: Iterable[ResourceSelector], obj: Object) -> int:
    """The rank of the selector that means obj most precisely."""
    return max((selector_rank(selector, obj) for selector in selectors), default=NO_MATCH)


def selects(selectors: Iterable[ResourceSelector], obj: Object) -> bool:
    return any(selector_rank(selector, obj) for selector in selectors)


def cluster_matches(affinity: ClusterAffinity, cluster: Cluster) -> bool:
    """Whether everything the affinity gives holds for the cluster."""
    name = cluster.metadata.name
    if name in affinity.exclude or (affinity.cluster_names and name not in affinity.cluster_names):
        return False
    if affinity.label_selector is not None:
        try:
            if not from_label_selector(affinity.label_selector).matches(cluster.metadata.labels):
                return False
        except InvalidSelector:
            return False
    if affinity.field_selector is None:
        return True
    return all(_field_holds(item, cluster) for item in affinity.field_selector.match_expressions)


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """An empty effect or key means any; operators other than Exists and Equal never match."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator in ("", "Equal"):
        return toleration.value == taint.value
    return toleration.operator == "Exists"


def _field_holds(requirement: NodeSelectorRequirement, cluster: Cluster) -> bool:
    if requirement.key == "zone":
        return _zones_hold(requirement, cluster.spec.zones)
    fields = {"provider": cluster.spec.provider, "region": cluster.spec.region}
    return _value_holds(requirement, fields.get(requirement.key) or None)


def _value_holds(requirement: NodeSelectorRequirement, value: str | None) -> bool:
    values = requirement.values
    match requirement.operator:
        case "In":
            return value is not None and value in values
        case "NotIn":
            return bool(values) and value not in values
        case "Exists":
            return not values and value is not None
        case "DoesNotExist":
            return not values and value is None
        case "Gt" | "Lt":
            return value is not None and _compares(requirement.operator, value, values)
        case _:
            return False


def _compares(operator: str, value: str, values: Sequence[str]) -> bool:
    try:
        (bound,) = values
        left, right = int(value), int(bound)
    except ValueError:
        return False
    return left > right if operator == "Gt" else left < right


def _zones_hold(requirement: NodeSelectorRequirement, zones: Sequence[str]) -> bool:
    match requirement.operator:
        case "In":
            return any(zone in requirement.values for zone in zones)
        case "NotIn":
            return not any(zone in requirement.values for zone in zones)
        case "Exists":
            return bool(zones)
        case "DoesNotExist":
            return not zones
        case _:
            return False
