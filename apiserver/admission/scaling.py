"""Horizontal autoscalers: defaults and rules that HorizontalPodAutoscaler and FederatedHPA share. Pure.

In: the spec of one of them. Out: the spec completed in place, or its broken rules in the stock words.
"""

from collections.abc import Iterable
from typing import Any, Final

from apiserver.admission.broken_rules import each_invalid, forbidden, invalid_value, not_supported, required
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.quantity import Quantity, QuantityError
from karmada.api.validation import dns_label_errors, path_segment_errors

DEFAULT_UTILIZATION: Final = 80
MAX_STABILIZATION_SECONDS: Final = 3600
MAX_PERIOD_SECONDS: Final = 1800
SELECT_POLICIES: Final = ("Disabled", "Max", "Min")
POLICY_TYPES: Final = ("Percent", "Pods")
TARGET_TYPES: Final = ("AverageValue", "Utilization", "Value")
_NATIVE: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_SOURCES: Final = {
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "External": "external",
}

# -- defaults -----------------------------------------------------------------------------------------------


def default_metrics(spec: Object) -> None:
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": DEFAULT_UTILIZATION}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def default_behavior(behavior: Object, *, keep_tolerance: bool) -> None:
    """Both directions are completed once behavior is given."""
    up: Object = {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15},
        ],
    }
    down: Object = {
        "selectPolicy": "Max",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    }
    kept = ["stabilizationWindowSeconds", "selectPolicy", "policies"]
    if keep_tolerance:
        kept.append("tolerance")
    for direction, rules in (("scaleUp", up), ("scaleDown", down)):
        given = behavior.get(direction) or {}
        behavior[direction] = rules | {
            name: value for name in kept if (value := given.get(name)) is not None and value != []
        }


# -- rules --------------------------------------------------------------------------------------------------


def spec_errors(spec: Object, *, least: int, sources: Iterable[str]) -> list[FieldError]:
    """least: the smallest minReplicas; sources: the metric types that are taken."""
    errors: list[FieldError] = []
    minimum, maximum = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    if minimum is not None and minimum < least:
        text = f"must be greater than or equal to {least}"
        errors.append(invalid_value("spec.minReplicas", minimum, text))
    if maximum < 1:
        errors.append(invalid_value("spec.maxReplicas", maximum, "must be greater than 0"))
    if minimum is not None and maximum < minimum:
        text = "must be greater than or equal to `minReplicas`"
        errors.append(invalid_value("spec.maxReplicas", maximum, text))
    errors += reference_errors(spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef")
    supported = sorted(sources)
    for index, metric in enumerate(spec.get("metrics") or ()):
        errors += _metric_errors(metric, f"spec.metrics[{index}]", supported)
    behavior = spec.get("behavior") or {}
    for direction in ("scaleUp", "scaleDown"):
        if (rules := behavior.get(direction)) is not None:
            errors += _rules_errors(rules, f"spec.behavior.{direction}")
    return errors


def reference_errors(reference: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for part in ("kind", "name"):
        value = reference.get(part) or ""
        errors += _path_segment(value, f"{path}.{part}")
    return errors


def _path_segment(value: str, path: str) -> list[FieldError]:
    return each_invalid(path, value, path_segment_errors(value)) if value else [required(path)]


def _metric_errors(metric: Object, path: str, supported: list[str]) -> list[FieldError]:
    kind = metric.get("type") or ""
    errors = [] if kind else [required(f"{path}.type", "must specify a metric source type")]
    if kind not in supported:
        errors.append(not_supported(f"{path}.type", kind, supported))
    given = [name for name in _SOURCES.values() if metric.get(name) is not None]
    expected = _SOURCES.get(kind, "")
    if kind in supported and expected not in given:
        text = "must populate information for the given metric source"
        errors.append(required(f"{path}.{expected}", text))
    if expected in given:
        text = "must populate the given metric source only"
        errors += [
            forbidden(f"{path}.{name}", text)
            for name in given
            if name != expected and (name != "external" or "External" in supported)
        ]
    for name, check in _CHECKS.items():
        if name in given:
            return errors + check(metric[name], f"{path}.{name}")
    return errors


def _object_errors(source: Object, path: str) -> list[FieldError]:
    errors = reference_errors(source.get("describedObject") or {}, f"{path}.describedObject")
    errors += _identifier_errors(source, path) + _target_errors(source, path)
    target = source.get("target") or {}
    if target.get("value") is None and target.get("averageValue") is None:
        text = "must set either a target value or averageValue"
        errors.append(required(f"{path}.target.averageValue", text))
    return errors


def _external_errors(source: Object, path: str) -> list[FieldError]:
    errors = _identifier_errors(source, path) + _target_errors(source, path)
    target = source.get("target") or {}
    value, average = target.get("value"), target.get("averageValue")
    if value is None and average is None:
        text = "must set either a target value for metric or a per-pod target"
        errors.append(required(f"{path}.target.averageValue", text))
    if value is not None and average is not None:
        text = "may not set both a target value for metric and a per-pod target"
        errors.append(forbidden(f"{path}.target.value", text))
    return errors


def _pods_errors(source: Object, path: str) -> list[FieldError]:
    errors = _identifier_errors(source, path) + _target_errors(source, path)
    if (source.get("target") or {}).get("averageValue") is None:
        text = "must specify a positive target averageValue"
        errors.append(required(f"{path}.target.averageValue", text))
    return errors


def _resource_errors(source: Object, path: str) -> list[FieldError]:
    errors = [] if source.get("name") else [required(f"{path}.name", "must specify a resource name")]
    errors += _target_errors(source, path)
    target = source.get("target") or {}
    utilization, average = target.get("averageUtilization"), target.get("averageValue")
    if utilization is None and average is None:
        text = "must set either a target raw value or a target utilization"
        errors.append(required(f"{path}.target.averageUtilization", text))
    if utilization is not None and average is not None:
        text = "may not set both a target raw value and a target utilization"
        errors.append(forbidden(f"{path}.target.averageValue", text))
    return errors


def _container_resource_errors(source: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    name, container = source.get("name") or "", source.get("container") or ""
    if name and "/" not in name and name not in _NATIVE:
        errors.append(invalid_value(f"{path}.name", name, "must be a standard resource for containers"))
    if not container:
        errors.append(required(f"{path}.container", "must specify a container"))
    else:
        errors += each_invalid(f"{path}.container", container, dns_label_errors(container))
    return errors + _resource_errors(source, path)


_CHECKS: Final = {
    "object": _object_errors,
    "external": _external_errors,
    "pods": _pods_errors,
    "resource": _resource_errors,
    "containerResource": _container_resource_errors,
}
"""The first one given is looked at in depth."""


def _identifier_errors(source: Object, path: str) -> list[FieldError]:
    name = (source.get("metric") or {}).get("name") or ""
    where = f"{path}.metric.name"
    if not name:
        return [required(where, "must specify a metric name")]
    return each_invalid(where, name, path_segment_errors(name))


def _target_errors(source: Object, path: str) -> list[FieldError]:
    target, where = source.get("target") or {}, f"{path}.target"
    errors: list[FieldError] = []
    kind = target.get("type") or ""
    if not kind:
        errors.append(required(f"{where}.type", "must specify a metric target type"))
    if kind not in TARGET_TYPES:
        text = "must be either Utilization, Value, or AverageValue"
        errors.append(invalid_value(f"{where}.type", kind, text))
    for name in ("value", "averageValue"):
        value = target.get(name)
        if value is not None and not _is_positive(value):
            errors.append(invalid_value(f"{where}.{name}", value, "must be positive"))
    utilization = target.get("averageUtilization")
    if utilization is not None and utilization < 1:
        errors.append(invalid_value(f"{where}.averageUtilization", utilization, "must be greater than 0"))
    return errors


def _is_positive(value: Any) -> bool:
    try:
        return Quantity.parse(value) > Quantity.of(0)
    except QuantityError:
        return False


def _rules_errors(rules: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    window = rules.get("stabilizationWindowSeconds")
    if window is not None and window < 0:
        text = "must be greater than or equal to zero"
        errors.append(invalid_value(f"{path}.stabilizationWindowSeconds", window, text))
    if window is not None and window > MAX_STABILIZATION_SECONDS:
        text = f"must be less than or equal to {MAX_STABILIZATION_SECONDS}"
        errors.append(invalid_value(f"{path}.stabilizationWindowSeconds", window, text))
    select = rules.get("selectPolicy")
    if select is not None and select not in SELECT_POLICIES:
        errors.append(not_supported(f"{path}.selectPolicy", select, SELECT_POLICIES))
    policies = rules.get("policies") or ()
    if not policies:
        errors.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(policies):
        errors += _policy_errors(policy, f"{path}.policies[{index}]")
    return errors


def _policy_errors(policy: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if policy.get("type") not in POLICY_TYPES:
        errors.append(not_supported(f"{path}.type", policy.get("type") or "", POLICY_TYPES))
    value, period = policy.get("value") or 0, policy.get("periodSeconds") or 0
    if value <= 0:
        errors.append(invalid_value(f"{path}.value", value, "must be greater than zero"))
    if period <= 0:
        errors.append(invalid_value(f"{path}.periodSeconds", period, "must be greater than zero"))
    if period > MAX_PERIOD_SECONDS:
        text = f"must be less than or equal to {MAX_PERIOD_SECONDS}"
        errors.append(invalid_value(f"{path}.periodSeconds", period, text))
    return errors
