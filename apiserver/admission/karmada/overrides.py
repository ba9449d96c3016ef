"""OverridePolicy and ClusterOverridePolicy: rules that contradict themselves or point nowhere."""

from typing import Any, Final

from apiserver.admission.broken_rules import invalid_value, required
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.karmada.placement import affinity_errors
from apiserver.admission.karmada.propagation import fill_namespaces, namespace_errors
from apiserver.admission.karmada.refusals import declared, refusing
from apiserver.admission.karmada.written_form import written_form
from apiserver.resources.metadata import annotation_errors, label_errors
from karmada.api.errors import FieldError
from karmada.api.groups.policy import OverrideSpec
from karmada.api.objects import Object

POINTER_ERROR: Final = 'JSON pointer must be empty or start with a "/"\nJSON pointer error'
_CONTENT: Final = (
    "plaintext",
    "imageOverrider",
    "commandOverrider",
    "argsOverrider",
    "labelsOverrider",
    "annotationsOverrider",
)
"""What makes the deprecated overriders count as given; field overriders do not."""


def _default(policy: Object, context: AdmissionContext) -> None:
    spec = policy.get("spec")
    if isinstance(spec, dict):
        fill_namespaces(spec.get("resourceSelectors") or (), context.namespace)
        written_form(OverrideSpec)(spec)


def _judge(policy: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = policy.get("spec") or {}
    errors = override_errors(spec)
    return errors + namespace_errors(spec.get("resourceSelectors") or (), context.namespace)


def override_errors(spec: Object) -> list[FieldError]:
    """Every broken rule of a spec, whatever its scope."""
    target = spec.get("targetCluster")
    errors = affinity_errors(target, "spec.targetCluster")
    rules = spec.get("overrideRules")
    if rules is None:
        return errors
    if target is not None:
        text = "overrideRules and targetCluster can't co-exist"
        errors.append(invalid_value("spec.targetCluster", declared(target), text))
    overriders = spec.get("overriders") or {}
    if any(overriders.get(name) for name in _CONTENT):
        text = "overrideRules and overriders can't co-exist"
        errors.append(invalid_value("spec.overriders", declared(overriders), text))
    for index, rule in enumerate(rules):
        path = f"spec.overrideRules[{index}]"
        errors += _overrider_errors(rule.get("overriders") or {}, f"{path}.overriders")
        errors += affinity_errors(rule.get("targetCluster"), f"{path}.targetCluster")
    return errors


def _overrider_errors(overriders: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, item in enumerate(overriders.get("annotationsOverrider") or ()):
        errors += annotation_errors(item.get("value") or {}, f"{path}.annotationsOverrider[{index}].value")
    for index, item in enumerate(overriders.get("labelsOverrider") or ()):
        errors += label_errors(item.get("value") or {}, f"{path}.labelsOverrider[{index}].value")
    for index, item in enumerate(overriders.get("imageOverrider") or ()):
        if (predicate := item.get("predicate")) is not None:
            pointer = predicate.get("path") or ""
            errors += _pointer_errors(f"{path}.imageOverrider[{index}].predicate.path", pointer)
    for index, item in enumerate(overriders.get("fieldOverrider") or ()):
        errors += _field_overrider_errors(item, f"{path}.fieldOverrider[{index}]")
    return errors


def _field_overrider_errors(overrider: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    documents = {name: overrider.get(name) or () for name in ("yaml", "json")}
    if all(documents.values()):
        text = "FieldOverrider has both YAML and JSON set. Only one is allowed"
        errors.append(invalid_value(path, declared(overrider), text))
    if not any(documents.values()):
        errors.append(required(path, "FieldOverrider must have either JSON or YAML set"))
    errors += _pointer_errors(f"{path}.fieldPath", overrider.get("fieldPath") or "")
    for name, operations in documents.items():
        for index, operation in enumerate(operations):
            errors += _operation_errors(operation, f"{path}.{name}[{index}]")
    return errors


def _operation_errors(operation: Object, path: str) -> list[FieldError]:
    errors = _pointer_errors(f"{path}.subPath", operation.get("subPath") or "")
    value: Any = operation.get("value")
    if operation.get("operator") == "remove":
        if value is not None:
            errors.append(invalid_value(f"{path}.value", value, "value is not allowed for remove operation"))
    elif value is None:
        errors.append(invalid_value(f"{path}.value", None, "value is required for add or replace operation"))
    return errors


def _pointer_errors(path: str, pointer: str) -> list[FieldError]:
    if not pointer or pointer.startswith("/"):
        return []
    return [invalid_value(path, pointer, POINTER_ERROR)]


NAMESPACED_RULES: Final = Rules(default=_default, refuse=refusing("overridepolicy", _judge))
CLUSTER_RULES: Final = Rules(refuse=refusing("clusteroverridepolicy", _judge))
