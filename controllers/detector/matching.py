"""Which policy wins a template. Pure.

In: policies of one kind and a template. Out: the winner, and the index keys under which controller.py finds
the policies worth asking. A namespaced policy beats a cluster policy before this module is asked.
"""

from collections.abc import Iterable

from karmada.api.groups.policy import PropagationPolicy
from karmada.api.objects import Object, name_of, namespace_of
from karmada.api.selection import NO_MATCH, highest_rank, selects


def explicit_priority(policy: PropagationPolicy) -> int:
    return policy.spec.priority or 0


def is_lazy(policy: PropagationPolicy) -> bool:
    """Whether changes of the policy wait for the next change of each template."""
    return policy.spec.activation_preference == "Lazy"


def matches(policy: PropagationPolicy, template: Object) -> bool:
    return selects(policy.spec.resource_selectors, template)


def winner(policies: Iterable[PropagationPolicy], template: Object) -> PropagationPolicy | None:
    """Highest explicit priority, then the most precise selector, then the alphabetically first name."""
    best: PropagationPolicy | None = None
    best_rank = (0, 0)
    for policy in policies:
        if policy.metadata.deletion_timestamp:
            continue
        precision = highest_rank(policy.spec.resource_selectors, template)
        if precision == NO_MATCH:
            continue
        rank = (explicit_priority(policy), precision)
        if (
            best is None
            or rank > best_rank
            or (rank == best_rank and policy.metadata.name < best.metadata.name)
        ):
            best, best_rank = policy, rank
    return best


def selector_keys(policy: PropagationPolicy) -> set[str]:
    """Index keys of a policy: what each selector fixes. lookup_keys asks for them."""
    return {
        _key(
            selector.api_version,
            selector.kind,
            selector.namespace or policy.metadata.namespace,
            selector.name,
        )
        for selector in policy.spec.resource_selectors
    }


def lookup_keys(template: Object) -> list[str]:
    """Every index key a selector that matches template can have."""
    api_version, kind = template.get("apiVersion") or "", template.get("kind") or ""
    namespace, name = namespace_of(template), name_of(template)
    places = (namespace, "") if namespace else ("",)
    return [_key(api_version, kind, place, wanted) for place in places for wanted in (name, "")]


def _key(api_version: str, kind: str, namespace: str, name: str) -> str:
    return f"{api_version}|{kind}|{namespace}|{name}"
