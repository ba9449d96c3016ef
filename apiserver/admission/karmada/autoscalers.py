"""FederatedHPA and CronFederatedHPA: what is filled in, and what is refused."""

import zoneinfo
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from apiserver.admission.broken_rules import duplicate, invalid_value
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.cron import schedule_problem
from apiserver.admission.karmada.refusals import refusing
from apiserver.admission.karmada.written_form import written_form
from apiserver.admission.scaling import default_behavior, default_metrics, reference_errors, spec_errors
from karmada.api.errors import FieldError
from karmada.api.groups.autoscaling import FederatedHPASpec
from karmada.api.objects import Object

SOURCES: Final = ("ContainerResource", "Object", "Pods", "Resource")
GROUP_VERSION: Final = "autoscaling.karmada.io/v1alpha1"
MAX_INT32: Final = 2_147_483_647


def _default(autoscaler: Object, context: AdmissionContext) -> None:
    spec = autoscaler.get("spec")
    if not isinstance(spec, dict):
        return  # the schema says so
    if spec.get("minReplicas") is None:
        spec["minReplicas"] = 1
    default_metrics(spec)
    if (behavior := spec.get("behavior")) is not None:
        default_behavior(behavior, keep_tolerance=False)
    written_form(FederatedHPASpec)(spec)


def _judge(autoscaler: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    return spec_errors(autoscaler.get("spec") or {}, least=1, sources=SOURCES)


def _judge_cron(autoscaler: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    return cron_errors(autoscaler.get("spec") or {})


def cron_errors(spec: Object) -> list[FieldError]:
    """Every broken rule of a CronFederatedHPA's spec."""
    reference = spec.get("scaleTargetRef") or {}
    kind = reference.get("kind") or ""
    of_autoscaler = reference.get("apiVersion") == GROUP_VERSION
    if of_autoscaler and kind != "FederatedHPA":
        text = f"invalid scaleTargetRef kind: {kind}, only support FederatedHPA"
        return [invalid_value("spec.scaleTargetRef.kind", kind, text)]
    rules = spec.get("rules") or ()
    errors = reference_errors(reference, "spec.scaleTargetRef")
    errors += _name_errors(rules)
    for index, rule in enumerate(rules):
        path = f"spec.rules[{index}]"
        schedule = rule.get("schedule") or ""
        if schedule_problem(schedule, sunday_is_seven=True):
            errors.append(invalid_value(f"{path}.schedule", schedule, "invalid cron format"))
        zone = rule.get("timeZone")
        if zone is not None and not is_time_zone(zone):
            errors.append(invalid_value(f"{path}.timeZone", zone, f"unknown time zone {zone}"))
        errors += _limits_errors(rule, path) if of_autoscaler else _replicas_errors(rule, path, kind)
    return errors


def _name_errors(rules: Sequence[Object]) -> list[FieldError]:
    names = [rule.get("name") or "" for rule in rules]
    return [
        duplicate(f"spec.rules[{index}].name", name)
        for index, name in enumerate(names)
        if name in names[:index]
    ]


def _replicas_errors(rule: Object, path: str, kind: str) -> list[FieldError]:
    where, replicas = f"{path}.targetReplicas", rule.get("targetReplicas")
    if replicas is None:
        return [invalid_value(where, "", f"targetReplicas cannot be nil if you want to scale {kind}")]
    if replicas < 0:
        return [invalid_value(where, replicas, "targetReplicas should be larger than or equal to 0")]
    return []


def _limits_errors(rule: Object, path: str) -> list[FieldError]:
    low, high = rule.get("targetMinReplicas"), rule.get("targetMaxReplicas")
    if low is None and high is None:
        text = (
            "targetMinReplicas and targetMaxReplicas cannot be nil at the same time if you want to scale "
            "FederatedHPA"
        )
        return [invalid_value(f"{path}.targetMinReplicas", "", text)]
    errors: list[FieldError] = []
    for name, value in (("targetMinReplicas", low), ("targetMaxReplicas", high)):
        if value is not None and value <= 0:
            errors.append(invalid_value(f"{path}.{name}", value, f"{name} should be larger than 0"))
    least = 1 if low is None else low
    if least > (MAX_INT32 if high is None else high):
        text = "targetMaxReplicas should be larger than or equal to targetMinReplicas"
        errors.append(invalid_value(f"{path}.targetMinReplicas", least, text))
    return errors


@lru_cache(maxsize=256)
def is_time_zone(name: str) -> bool:
    """Whether name can be loaded; "" is UTC."""
    if name in ("", "UTC", "Local"):
        return True
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


FEDERATED_RULES: Final = Rules(default=_default, refuse=refusing("federatedhpa", _judge))
CRON_RULES: Final = Rules(refuse=refusing("cronfederatedhpa", _judge_cron))
