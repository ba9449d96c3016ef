"""What policies select: which templates (ResourceSelector), which taints (tolerations). Pure.

Used by the detector, the binding controllers, the scheduler and failover; an invalid selector never matches.
Which clusters are meant is in cluster_affinity.py.
"""

from collections.abc import Iterable
from typing import Final

from karmada.api.groups.meta import Taint, Toleration
from karmada.api.groups.policy import ResourceSelector
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


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """An empty effect or key means any; operators other than Exists and Equal never match."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator in ("", "Equal"):
        return toleration.value == taint.value
    return toleration.operator == "Exists"
