"""FederatedResourceQuota: names and amounts of resources; assignments that fit into the overall limits."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from apiserver.admission.broken_rules import each_invalid, invalid_value
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.karmada.refusals import refusing
from apiserver.admission.resource_names import quota_name_errors, quota_value_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object, name_of
from karmada.api.quantity import Quantity, QuantityError
from karmada.api.validation import LABEL_MAX, cluster_name_errors

_ZERO: Final = Quantity.of(0)


def _judge(quota: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    return quota_errors(quota)


def quota_errors(quota: Object) -> list[FieldError]:
    name, spec = name_of(quota), quota.get("spec") or {}
    errors: list[FieldError] = []
    if len(name) > LABEL_MAX:
        text = f"must be no more than {LABEL_MAX} characters"
        errors.append(invalid_value("metadata.name", name, text))
    for path, cluster, amounts in _amounts(spec, quota.get("status") or {}):
        if cluster is not None:
            errors += each_invalid(f"{path}.clusterName", cluster, cluster_name_errors(cluster))
        for part, resources in amounts.items():
            errors += _resource_errors(resources or {}, f"{path}.{part}")
    return errors + assignment_errors(spec)


def _amounts(spec: Object, status: Object) -> Iterator[tuple[str, str | None, Mapping[str, Any]]]:
    """Every place that holds amounts: its path, its cluster if it is about one, the lists by name."""
    yield "spec", None, {"overall": spec.get("overall")}
    for index, item in enumerate(spec.get("staticAssignments") or ()):
        path = f"spec.staticAssignments[{index}]"
        yield path, item.get("clusterName") or "", {"hard": item.get("hard")}
    yield "status", None, {name: status.get(name) for name in ("overall", "overallUsed")}
    for index, item in enumerate(status.get("aggregatedStatus") or ()):
        amounts = {name: item.get(name) for name in ("hard", "used")}
        yield f"status.aggregatedStatus[{index}]", item.get("clusterName") or "", amounts


def _resource_errors(resources: Mapping[str, Any], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for name, value in resources.items():
        where = f"{path}[{name}]"
        errors += quota_name_errors(name, where) + quota_value_errors(name, value, where)
    return errors


def assignment_errors(spec: Object) -> list[FieldError]:
    """What clusters are given must be limited overall, and must not add up to more."""
    overall = spec.get("overall") or {}
    errors: list[FieldError] = []
    sums: dict[str, Quantity] = {}
    for index, item in enumerate(spec.get("staticAssignments") or ()):
        for name, value in (item.get("hard") or {}).items():
            sums[name] = sums.get(name, _ZERO) + _quantity(value)
            if name not in overall:
                where = f"spec.staticAssignments[{index}].hard[{name}]"
                text = "assignment resourceName is not exist in overall"
                errors.append(invalid_value(where, name, text))
    errors += [
        invalid_value(f"spec.overall[{name}]", str(_quantity(value)), "overall is less than assignments")
        for name, value in overall.items()
        if name in sums and _quantity(value) < sums[name]
    ]
    return errors


def _quantity(value: Any) -> Quantity:
    try:
        return Quantity.parse(value)
    except QuantityError:
        return _ZERO  # the schema says so


RULES: Final = Rules(refuse=refusing("federatedresourcequota", _judge))
