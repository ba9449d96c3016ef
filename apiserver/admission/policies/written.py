"""Policies and their bindings as they are written: defaults, and whether their expressions can be used.

In: policies and bindings of both kinds. Out: defaults in place, field errors in Kubernetes' words.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from apiserver.admission.broken_rules import (
    duplicate,
    each_invalid,
    forbidden,
    invalid_value,
    not_supported,
    required,
)
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.kubernetes.webhook_configurations import rule_errors
from apiserver.admission.match_conditions import condition_errors, expression_errors
from apiserver.admission.policies.mutation import JSON_PATCH, OBJECT, expression_options
from apiserver.admission.policies.policy import PolicyScope, condition_variables
from apiserver.admission.webhooks.matching import ADMISSION_GROUP
from apiserver.schema.cel import CompileError, compile_program
from apiserver.schema.cel.types import BOOL, NULL, STRING, Type, list_of
from karmada.api.errors import FieldError
from karmada.api.objects import Object, name_of
from karmada.api.validation import qualified_name_errors

_REASONS: Final = ("Forbidden", "Invalid", "RequestEntityTooLarge")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATCH_PARTS: Final = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}


def _default_policy(policy: Object, context: AdmissionContext) -> None:
    spec = policy.get("spec") or {}
    spec.setdefault("failurePolicy", "Fail")
    if matching := spec.get("matchConstraints"):
        _default_matching(matching)


def _default_binding(binding: Object, context: AdmissionContext) -> None:
    if matching := (binding.get("spec") or {}).get("matchResources"):
        _default_matching(matching)


def _default_matching(matching: Object) -> None:
    matching.setdefault("matchPolicy", "Equivalent")
    matching.setdefault("namespaceSelector", {})
    matching.setdefault("objectSelector", {})
    for part in ("resourceRules", "excludeResourceRules"):
        for rule in matching.get(part) or ():
            rule.setdefault("scope", "*")


# -- policies -----------------------------------------------------------------------------------------------


def _judge_validating(policy: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = policy.get("spec") or {}
    if old is not None and old.get("spec") == spec:
        return []
    errors, scope = _shared_errors(spec)
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        text = "validations or auditAnnotations must be non-empty"
        errors += [required("spec.validations", text), required("spec.auditAnnotations", text)]
    types = scope.types
    for index, item in enumerate(spec.get("validations") or ()):
        errors += _validation_errors(item, f"spec.validations[{index}]", types)
    return errors + _annotation_errors(spec, name_of(policy), types)


def _judge_mutating(policy: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = policy.get("spec") or {}
    if old is not None and old.get("spec") == spec:
        return []
    errors, scope = _shared_errors(spec)
    if not spec.get("mutations"):
        errors.append(required("spec.mutations", "mutations must contain at least one item"))
    for index, item in enumerate(spec.get("mutations") or ()):
        errors += _mutation_errors(item, f"spec.mutations[{index}]", scope.types)
    if not spec.get("reinvocationPolicy"):
        errors.append(required("spec.reinvocationPolicy"))
    return errors


def _shared_errors(spec: Mapping[str, Any]) -> tuple[list[FieldError], PolicyScope]:
    errors: list[FieldError] = []
    kind = spec.get("paramKind")
    if kind is not None:
        missing = [part for part in ("apiVersion", "kind") if not kind.get(part)]
        errors += [required(f"spec.paramKind.{part}") for part in missing]
    errors += _matching_errors(spec.get("matchConstraints"))
    variables = condition_variables(has_params=kind is not None)
    conditions = spec.get("matchConditions") or ()
    errors += condition_errors(conditions, "spec.matchConditions", variables=variables)
    scope = PolicyScope(has_params=kind is not None)
    for index, item in enumerate(spec.get("variables") or ()):
        errors += _variable_errors(item, f"spec.variables[{index}]", scope)
    return errors, scope


def _matching_errors(matching: Mapping[str, Any] | None) -> list[FieldError]:
    if matching is None:
        return [required("spec.matchConstraints")]
    if not matching.get("resourceRules"):
        return [required("spec.matchConstraints.resourceRules")]
    return [
        error
        for index, rule in enumerate(matching["resourceRules"])
        for error in rule_errors(rule, f"spec.matchConstraints.resourceRules[{index}]")
    ]


def _variable_errors(item: Mapping[str, Any], path: str, scope: PolicyScope) -> list[FieldError]:
    name, expression = item.get("name") or "", item.get("expression") or ""
    errors: list[FieldError] = []
    if not name.strip():
        errors.append(required(f"{path}.name", "name is not specified"))
    elif not _IDENTIFIER.fullmatch(name):
        errors.append(invalid_value(f"{path}.name", name, "must be a valid CEL identifier"))
    if not expression.strip():
        return [*errors, required(f"{path}.expression", "expression is not specified")]
    try:
        scope.add(name, compile_program(expression, scope.types).type)
    except CompileError as error:
        errors.append(invalid_value(f"{path}.expression", expression, f"compilation failed: {error}"))
    return errors


def _validation_errors(item: Mapping[str, Any], path: str, types: Mapping[str, Type]) -> list[FieldError]:
    expression, message = item.get("expression") or "", item.get("message") or ""
    errors: list[FieldError] = []
    if not expression.strip():
        errors.append(required(f"{path}.expression", "expression is not specified"))
    else:
        errors += expression_errors(f"{path}.expression", expression, types, BOOL)
    words = item.get("messageExpression") or ""
    if words and not words.strip():
        errors.append(invalid_value(f"{path}.messageExpression", words, "must be non-empty if specified"))
    elif words:
        errors += expression_errors(f"{path}.messageExpression", words, types, STRING)
    if message and not message.strip():
        errors.append(invalid_value(f"{path}.message", message, "message must be non-empty if specified"))
    elif "\n" in message.strip():
        errors.append(invalid_value(f"{path}.message", message, "must not contain line breaks"))
    reason = item.get("reason")
    if reason is not None and reason not in _REASONS:
        errors.append(not_supported(f"{path}.reason", reason, _REASONS))
    return errors


def _annotation_errors(spec: Mapping[str, Any], name: str, types: Mapping[str, Type]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, item in enumerate(spec.get("auditAnnotations") or ()):
        path, key = f"spec.auditAnnotations[{index}]", item.get("key") or ""
        full = f"{name}/{key}"
        errors += each_invalid(f"{path}.key", full, qualified_name_errors(full))
        expression = item.get("valueExpression") or ""
        if not expression.strip():
            text = "valueExpression is not specified"
            errors.append(required(f"{path}.valueExpression", text))
        else:
            errors += expression_errors(f"{path}.valueExpression", expression, types, STRING, NULL)
        if key in seen:
            errors.append(duplicate(f"{path}.key", key))
        seen.add(key)
    return errors


def _mutation_errors(item: Mapping[str, Any], path: str, types: Mapping[str, Type]) -> list[FieldError]:
    kind = item.get("patchType") or ""
    if kind not in _PATCH_PARTS:
        return [] if kind else [required(f"{path}.patchType")]
    errors: list[FieldError] = []
    part = _PATCH_PARTS[kind]
    for other_kind, other in _PATCH_PARTS.items():
        if other != part and item.get(other) is not None:
            text = f"must not be specified when patchType is not {other_kind}"
            errors.append(forbidden(f"{path}.{other}", text))
    if item.get(part) is None:
        return [*errors, required(f"{path}.{part}", f"must be specified when patchType is {kind}")]
    expression = item[part].get("expression") or ""
    if not expression.strip():
        return [*errors, required(f"{path}.{part}.expression", "expression is not specified")]
    result = list_of(JSON_PATCH) if kind == "JSONPatch" else OBJECT
    where = f"{path}.{part}.expression"
    return errors + expression_errors(where, expression, types, result, **expression_options())


# -- bindings -----------------------------------------------------------------------------------------------


def _judge_validating_binding(
    binding: Object, old: Object | None, context: AdmissionContext
) -> list[FieldError]:
    actions: list[str] = (binding.get("spec") or {}).get("validationActions") or []
    errors = _binding_errors(binding)
    path = "spec.validationActions"
    if not actions:
        errors.append(required(path))
    for index, action in enumerate(actions):
        if action in actions[:index]:
            errors.append(duplicate(f"{path}[{index}]", action))
    if {"Deny", "Warn"} <= set(actions):
        text = "must not contain both Deny and Warn (repeating the same validation failure information in "
        text += "the API response and headers serves no purpose)"
        errors.append(forbidden(path, text))
    return errors


def _judge_binding(binding: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    return _binding_errors(binding)


def _binding_errors(binding: Object) -> list[FieldError]:
    spec = binding.get("spec") or {}
    errors = [] if spec.get("policyName") else [required("spec.policyName")]
    ref = spec.get("paramRef")
    if ref is None:
        return errors
    path = "spec.paramRef"
    if ref.get("name") and ref.get("selector") is not None:
        text = "name and selector are mutually exclusive"
        errors += [forbidden(f"{path}.name", text), forbidden(f"{path}.selector", text)]
    elif not ref.get("name") and ref.get("selector") is None:
        errors.append(required(path, "one of name or selector must be specified"))
    if ref.get("parameterNotFoundAction") is None:
        errors.append(required(f"{path}.parameterNotFoundAction"))
    return errors


POLICY_RULES: Final = {
    (ADMISSION_GROUP, "mutatingadmissionpolicies"): Rules(default=_default_policy, validate=_judge_mutating),
    (ADMISSION_GROUP, "mutatingadmissionpolicybindings"): Rules(
        default=_default_binding, validate=_judge_binding
    ),
    (ADMISSION_GROUP, "validatingadmissionpolicies"): Rules(
        default=_default_policy, validate=_judge_validating
    ),
    (ADMISSION_GROUP, "validatingadmissionpolicybindings"): Rules(
        default=_default_binding, validate=_judge_validating_binding
    ),
}
