"""Role, ClusterRole and their bindings; Lease: defaults and rules."""

from collections.abc import Sequence
from typing import Any, Final

from apiserver.admission.broken_rules import (
    each_invalid,
    invalid_value,
    not_negative,
    not_supported,
    required,
)
from apiserver.admission.context import AdmissionContext, Rules
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.validation import dns_subdomain_errors, path_segment_errors

GROUP: Final = "rbac.authorization.k8s.io"
ROLE_KINDS: Final = ("Role", "ClusterRole")
SUBJECT_KINDS: Final = ("ServiceAccount", "User", "Group")


def _judge_role(role: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, rule in enumerate(role.get("rules") or ()):
        errors += _rule_errors(rule, f"rules[{index}]", namespaced=bool(context.namespace))
    return errors


def _rule_errors(rule: Object, path: str, *, namespaced: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    if not rule.get("verbs"):
        errors.append(required(f"{path}.verbs", "verbs must contain at least one value"))
    if urls := rule.get("nonResourceURLs"):
        if namespaced:
            text = "namespaced rules cannot apply to non-resource URLs"
            errors.append(invalid_value(f"{path}.nonResourceURLs", urls, text))
        if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(invalid_value(f"{path}.nonResourceURLs", urls, text))
        return errors
    if not rule.get("apiGroups"):
        text = "resource rules must supply at least one api group"
        errors.append(required(f"{path}.apiGroups", text))
    if not rule.get("resources"):
        text = "resource rules must supply at least one resource"
        errors.append(required(f"{path}.resources", text))
    return errors


def _default_binding(binding: Object, context: AdmissionContext) -> None:
    reference = binding.get("roleRef")
    if reference and not reference.get("apiGroup"):
        reference["apiGroup"] = GROUP
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group") and not subject.get("apiGroup"):
            subject["apiGroup"] = GROUP


def _judge_binding(binding: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors: list[FieldError] = []
    reference: Any = binding.get("roleRef") or {}
    if (group := reference.get("apiGroup") or "") != GROUP:
        errors.append(not_supported("roleRef.apiGroup", group, (GROUP,)))
    kinds = ROLE_KINDS if context.namespace else ("ClusterRole",)
    if (kind := reference.get("kind") or "") not in kinds:
        errors.append(not_supported("roleRef.kind", kind, kinds))
    if not (name := reference.get("name") or ""):
        errors.append(required("roleRef.name"))
    else:
        errors += each_invalid("roleRef.name", name, path_segment_errors(name))
    subjects: Sequence[Object] = binding.get("subjects") or ()
    for index, subject in enumerate(subjects):
        errors += _subject_errors(subject, f"subjects[{index}]", namespaced=bool(context.namespace))
    if old is not None and reference != old.get("roleRef"):
        errors.append(invalid_value("roleRef", reference, "cannot change roleRef"))
    return errors


def _subject_errors(subject: Object, path: str, *, namespaced: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    name, kind = subject.get("name") or "", subject.get("kind") or ""
    group = subject.get("apiGroup") or ""
    if not name:
        errors.append(required(f"{path}.name"))
    if kind == "ServiceAccount":
        if name:
            errors += each_invalid(f"{path}.name", name, dns_subdomain_errors(name))
        if group:
            errors.append(not_supported(f"{path}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            errors.append(required(f"{path}.namespace"))
    elif kind in SUBJECT_KINDS:
        if group != GROUP:
            errors.append(not_supported(f"{path}.apiGroup", group, (GROUP,)))
    else:
        errors.append(not_supported(f"{path}.kind", kind, SUBJECT_KINDS))
    return errors


def _judge_lease(lease: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    spec = lease.get("spec") or {}
    errors: list[FieldError] = []
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        errors.append(invalid_value("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    return errors + not_negative("spec.leaseTransitions", spec.get("leaseTransitions"))


ROLE_RULES: Final = Rules(validate=_judge_role)
BINDING_RULES: Final = Rules(default=_default_binding, validate=_judge_binding)
LEASE_RULES: Final = Rules(validate=_judge_lease)
