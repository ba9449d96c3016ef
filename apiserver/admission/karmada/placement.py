"""Placement: affinities, spread constraints, tolerations and workload affinity that contradict themselves.

Used by the policies; cluster affinities also by overrides and the resource registry. Pure.
"""

from collections.abc import Sequence
from typing import Any, Final

from apiserver.admission.broken_rules import each_invalid, invalid_value, not_supported
from apiserver.admission.karmada.refusals import declared
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.validation import qualified_name_errors

CLUSTER_FIELDS: Final = ("provider", "region", "zone")
CRITERIA: Final = ("labelSelector", "fieldSelector", "clusterNames", "exclude")


def placement_errors(placement: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    groups = placement.get("clusterAffinities") or []
    if placement.get("clusterAffinity") is not None and groups:
        text = "clusterAffinities cannot co-exist with clusterAffinity"
        errors.append(invalid_value(path, declared(placement), text))
    if any(group.get("overflowAffinities") for group in groups):
        errors += _overflow_scheduling_errors(placement.get("replicaScheduling"), groups, path)
    errors += affinity_errors(placement.get("clusterAffinity"), f"{path}.clusterAffinity")
    errors += _group_errors(groups, f"{path}.clusterAffinities")
    errors += _spread_errors(placement.get("spreadConstraints") or [], f"{path}.spreadConstraints")
    errors += _workload_affinity_errors(placement.get("workloadAffinity") or {}, f"{path}.workloadAffinity")
    return errors + [
        not_supported(f"{path}.clusterTolerations[{index}].operator", operator, ("", "Exists", "Equal"))
        for index, toleration in enumerate(placement.get("clusterTolerations") or ())
        if (operator := toleration.get("operator")) in ("Lt", "Gt")
    ]


def affinity_errors(affinity: Object | None, path: str) -> list[FieldError]:
    """The field selector of a cluster affinity; only its first odd expression is named."""
    selector = (affinity or {}).get("fieldSelector") or {}
    for expression in selector.get("matchExpressions") or ():
        key, operator = expression.get("key") or "", expression.get("operator") or ""
        text = ""
        if key not in CLUSTER_FIELDS:
            text = f'unsupported key "{key}", must be provider, region, or zone'
        elif operator not in ("In", "NotIn"):
            text = f'unsupported operator "{operator}", must be In or NotIn'
        if text:
            return [invalid_value(f"{path}.fieldSelector", declared(selector), text)]
    return []


def _group_errors(groups: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    known: set[str] = set()
    for index, group in enumerate(groups):
        where, name = f"{path}[{index}]", group.get("affinityName") or ""
        errors += each_invalid(where, name, qualified_name_errors(name))
        if name in known:
            text = "each affinity term in a policy must have a unique name"
            errors.append(invalid_value(path, declared(groups), text))
        known.add(name)
        errors += affinity_errors(group, where)
        if tiers := group.get("overflowAffinities"):
            errors += _tier_errors(group, tiers, f"{where}.overflowAffinities")
    return errors


def _tier_errors(group: Object, tiers: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if not any(group.get(name) is not None for name in CRITERIA):
        text = "overflowAffinities requires a non-empty cluster affinity"
        errors.append(invalid_value(path, declared(tiers), text))
    known = {group.get("affinityName")}
    for index, tier in enumerate(tiers):
        where, name = f"{path}[{index}]", tier.get("affinityName") or ""
        errors += each_invalid(f"{where}.affinityName", name, qualified_name_errors(name))
        if name in known:
            text = "each overflow affinity must have a unique name within its affinity term"
            errors.append(invalid_value(f"{where}.affinityName", name, text))
        known.add(name)
        errors += affinity_errors(tier, where)
    return errors


def _overflow_scheduling_errors(scheduling: Any, groups: Sequence[Object], path: str) -> list[FieldError]:
    """Overflow needs a way of dividing that knows how much a cluster can take."""
    strategy = scheduling or {}
    preference = strategy.get("replicaDivisionPreference")
    dynamic = bool((strategy.get("weightPreference") or {}).get("dynamicWeight"))
    divided = strategy.get("replicaSchedulingType") == "Divided"
    if divided and (preference == "Aggregated" or (preference == "Weighted" and dynamic)):
        return []
    text = (
        "overflowAffinities is only supported when replicaScheduling is Divided with Aggregated preference "
        "or with dynamic weights"
    )
    return [
        invalid_value(f"{path}.clusterAffinities[{index}].overflowAffinities", declared(tiers), text)
        for index, group in enumerate(groups)
        if (tiers := group.get("overflowAffinities"))
    ]


def _spread_errors(constraints: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    times_used: dict[str, int] = {}
    for index, constraint in enumerate(constraints):
        by_field = constraint.get("spreadByField")
        if by_field:
            times_used[by_field] = times_used.get(by_field, 0) + 1
        errors += _constraint_errors(constraint, f"{path}[{index}]")
    errors += [
        invalid_value(path, declared(constraints), f"multiple {name} spread constraints are not allowed")
        for name, times in times_used.items()
        if times > 1
    ]
    if times_used and "cluster" not in times_used:
        text = (
            "the cluster spread constraint must be enabled in one of the constraints in case of "
            "SpreadByField is enabled"
        )
        errors.append(invalid_value(path, declared(constraints), text))
    return errors


def _constraint_errors(constraint: Object, path: str) -> list[FieldError]:
    least, most = constraint.get("minGroups") or 0, constraint.get("maxGroups") or 0
    both = bool(constraint.get("spreadByField") and constraint.get("spreadByLabel"))
    problems = (
        (both, "spreadByLabel should not co-exist with spreadByField"),
        (least < 0, "minGroups lower than 0 is not allowed"),
        (most < 0, "maxGroups lower than 0 is not allowed"),
        (0 < most < least, "maxGroups lower than minGroups is not allowed"),
    )
    return [invalid_value(path, declared(constraint), text) for broken, text in problems if broken]


def _workload_affinity_errors(affinity: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    keys: list[str] = []
    for side in ("affinity", "antiAffinity"):
        if (term := affinity.get(side)) is not None:
            key = term.get("groupByLabelKey") or ""
            errors += each_invalid(f"{path}.{side}.groupByLabelKey", key, qualified_name_errors(key))
            keys.append(key)
    if len(keys) == 2 and keys[0] == keys[1]:
        text = "affinity and antiAffinity must not use the same groupByLabelKey"
        errors.append(invalid_value(path, declared(affinity), text))
    return errors
