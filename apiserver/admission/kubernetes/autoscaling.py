"""HorizontalPodAutoscaler and PodDisruptionBudget: defaults and rules."""

from typing import Final

from apiserver.admission.broken_rules import invalid_value
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.judging import of_main_resource
from apiserver.admission.kubernetes.pod_rules import selector_errors
from apiserver.admission.kubernetes.workload_rules import amount_errors, at_most_all_errors
from apiserver.admission.scaling import (
    DEFAULT_UTILIZATION,
    default_behavior,
    default_metrics,
    spec_errors,
)
from karmada.api.errors import FieldError
from karmada.api.objects import Object, annotations_of

SOURCES: Final = ("ContainerResource", "External", "Object", "Pods", "Resource")
METRICS_ANNOTATION: Final = "autoscaling.alpha.kubernetes.io/metrics"


def _default(autoscaler: Object, context: AdmissionContext) -> None:
    spec = autoscaler["spec"]
    spec.setdefault("minReplicas", 1)
    if context.resource.version == "v1":
        has_metrics = METRICS_ANNOTATION in annotations_of(autoscaler)
        if spec.get("targetCPUUtilizationPercentage") is None and not has_metrics:
            spec["targetCPUUtilizationPercentage"] = DEFAULT_UTILIZATION
        return
    default_metrics(spec)
    if (behavior := spec.get("behavior")) is not None:
        default_behavior(behavior, keep_tolerance=True)


def _judge(autoscaler: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = autoscaler["spec"]
    errors = spec_errors(spec, least=1, sources=SOURCES)
    reference = spec.get("scaleTargetRef") or {}
    core = reference.get("kind") in ("ReplicationController",)
    version = reference.get("apiVersion") or ""
    if version and "/" not in version and not core:
        text = "apiVersion must specify API group"
        errors.append(invalid_value("spec.scaleTargetRef.apiVersion", version, text))
    return errors


def _judge_budget(budget: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = budget["spec"]
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    errors: list[FieldError] = []
    if least is not None and most is not None:
        errors.append(invalid_value("spec", spec, "minAvailable and maxUnavailable cannot be both set"))
    for name, amount in (("minAvailable", least), ("maxUnavailable", most)):
        if amount is not None:
            errors += amount_errors(amount, f"spec.{name}") + at_most_all_errors(amount, f"spec.{name}")
    return errors + selector_errors(spec.get("selector"), "spec.selector")


AUTOSCALER_RULES: Final = Rules(default=_default, validate=of_main_resource(_judge))
BUDGET_RULES: Final = Rules(validate=of_main_resource(_judge_budget))
