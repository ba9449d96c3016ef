"""HorizontalPodAutoscaler and PodDisruptionBudget: defaults and first rules."""

from typing import Any, Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.resources.metadata import invalid_value
from karmada.api.errors import FieldError
from karmada.api.objects import Object

CPU_TARGET: Final = 80
PERIOD_SECONDS: Final = 15


def _default(autoscaler: Object, context: AdmissionContext) -> None:
    spec = autoscaler.setdefault("spec", {})
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": CPU_TARGET}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if isinstance(behavior, dict):
        _default_rules(
            behavior,
            "scaleUp",
            {"stabilizationWindowSeconds": 0},
            [("Pods", 4), ("Percent", 100)],
        )
        _default_rules(behavior, "scaleDown", {}, [("Percent", 100)])


def _default_rules(behavior: Object, name: str, fields: Object, policies: list[tuple[str, int]]) -> None:
    rules = behavior.setdefault(name, {})
    for field, value in fields.items():
        rules.setdefault(field, value)
    rules.setdefault("selectPolicy", "Max")
    if not rules.get("policies"):
        rules["policies"] = [
            {"type": kind, "value": value, "periodSeconds": PERIOD_SECONDS} for kind, value in policies
        ]


def _prepare(autoscaler: Object, old: Object | None, context: AdmissionContext) -> None:
    if old is None:
        autoscaler["status"] = {"desiredReplicas": 0, "currentMetrics": None}


def _validate(autoscaler: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if context.subresource:
        return []
    spec = autoscaler.get("spec") or {}
    largest: Any = spec.get("maxReplicas")
    smallest: Any = spec.get("minReplicas")
    if isinstance(largest, int) and isinstance(smallest, int) and largest < smallest:
        text = "must be greater than or equal to `minReplicas`"
        return [invalid_value("spec.maxReplicas", largest, text)]
    return []


def _validate_budget(budget: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = budget.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        return [invalid_value("spec", spec, "minAvailable and maxUnavailable cannot be both set")]
    return []


def _prepare_budget(budget: Object, old: Object | None, context: AdmissionContext) -> None:
    if old is None:
        counters = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        budget["status"] = dict.fromkeys(counters, 0)


RULES: Final = {
    ("autoscaling", "horizontalpodautoscalers"): Rules(
        default=_default, prepare=_prepare, validate=_validate
    ),
    ("policy", "poddisruptionbudgets"): Rules(prepare=_prepare_budget, validate=_validate_budget),
}
