"""Rules of pod specs, in the stock words. containers.py and volumes.py judge the parts.

In: a spec with its defaults, and its path. Out: broken rules. Closed value sets were checked by the schema.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from apiserver.admission.broken_rules import (
    duplicate,
    each_invalid,
    forbidden,
    invalid_value,
    not_supported,
    required,
)
from apiserver.admission.kubernetes.containers import (
    container_errors,
    ephemeral_container_errors,
    init_container_errors,
)
from apiserver.admission.kubernetes.volumes import volume_errors
from apiserver.resources.metadata import annotation_errors, label_errors
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.selectors import InvalidSelector, from_label_selector
from karmada.api.validation import dns_label_errors, dns_subdomain_errors, qualified_name_errors

TOLERATION_OPERATORS: Final = ("Equal", "Exists")
MAX_SYSCTL: Final = 253
_SYSCTL: Final = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?", re.ASCII)
_MAX_INT32: Final = 2_147_483_647


def template_errors(template: Object, path: str) -> list[FieldError]:
    metadata = template.get("metadata") or {}
    errors: list[FieldError] = []
    if labels := metadata.get("labels"):
        errors += label_errors(labels, f"{path}.metadata.labels")
    if annotations := metadata.get("annotations"):
        errors += annotation_errors(annotations, f"{path}.metadata.annotations")
    return errors + pod_spec_errors(template.get("spec") or {}, f"{path}.spec")


def pod_spec_errors(spec: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    names: dict[str, Object] = {}
    if volumes := spec.get("volumes"):
        errors += volume_errors(volumes, f"{path}.volumes")
        names = {volume.get("name") or "": volume for volume in volumes}
    containers = spec.get("containers")
    if not containers:
        errors.append(required(f"{path}.containers"))
    else:
        errors += container_errors(containers, f"{path}.containers", names)
    if init := spec.get("initContainers"):
        errors += init_container_errors(init, containers or (), f"{path}.initContainers", names)
    if ephemeral := spec.get("ephemeralContainers"):
        others = [*(containers or ()), *(init or ())]
        errors += ephemeral_container_errors(ephemeral, others, f"{path}.ephemeralContainers")
    return errors + _scalar_errors(spec, path) + _rarer_errors(spec, path)


def _scalar_errors(spec: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    seconds = spec.get("activeDeadlineSeconds")
    if seconds is not None and not 1 <= seconds <= _MAX_INT32:
        text = f"must be between 1 and {_MAX_INT32}, inclusive"
        errors.append(invalid_value(f"{path}.activeDeadlineSeconds", seconds, text))
    for name, rule in _NAMED.items():
        if value := spec.get(name):
            errors += each_invalid(f"{path}.{name}", value, rule(value))
    if selector := spec.get("nodeSelector"):
        errors += label_errors(selector, f"{path}.nodeSelector")
    return errors


_NAMED: Final = {
    "serviceAccountName": dns_subdomain_errors,
    "nodeName": dns_subdomain_errors,
    "hostname": dns_label_errors,
    "subdomain": dns_label_errors,
    "priorityClassName": dns_subdomain_errors,
    "runtimeClassName": dns_subdomain_errors,
    "schedulerName": qualified_name_errors,
}


def _rarer_errors(spec: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if tolerations := spec.get("tolerations"):
        errors += toleration_errors(tolerations, f"{path}.tolerations")
    if spec.get("dnsPolicy") == "None" and not (spec.get("dnsConfig") or {}).get("nameservers"):
        text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        errors.append(required(f"{path}.dnsConfig.nameservers", text))
    if constraints := spec.get("topologySpreadConstraints"):
        errors += _spread_errors(constraints, f"{path}.topologySpreadConstraints")
    if affinity := spec.get("affinity"):
        errors += _affinity_errors(affinity, f"{path}.affinity")
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        kind = gate.get("conditionType") or ""
        where = f"{path}.readinessGates[{index}].conditionType"
        errors += each_invalid(where, kind, qualified_name_errors(kind))
    if gates := spec.get("schedulingGates"):
        errors += _gate_errors(gates, f"{path}.schedulingGates")
    if sysctls := (spec.get("securityContext") or {}).get("sysctls"):
        errors += _sysctl_errors(sysctls, f"{path}.securityContext.sysctls")
    return errors


def _sysctl_errors(sysctls: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    known: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        name, where = sysctl.get("name") or "", f"{path}[{index}].name"
        if not name:
            errors.append(required(where))
        elif len(name) > MAX_SYSCTL or not _SYSCTL.fullmatch(name):
            text = f"must have at most {MAX_SYSCTL} characters and match regex ^{_SYSCTL.pattern}$"
            errors.append(invalid_value(where, name, text))
        elif name in known:
            errors.append(duplicate(where, name))
        known.add(name)
    return errors


def toleration_errors(tolerations: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, toleration in enumerate(tolerations):
        where = f"{path}[{index}]"
        key, operator = toleration.get("key") or "", toleration.get("operator") or ""
        value, effect = toleration.get("value") or "", toleration.get("effect") or ""
        if key:
            errors += each_invalid(f"{where}.key", key, qualified_name_errors(key))
        elif operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            errors.append(invalid_value(f"{where}.operator", operator, text))
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            errors.append(invalid_value(f"{where}.effect", effect, text))
        if operator == "Exists" and value:
            text = "value must be empty when `operator` is 'Exists'"
            errors.append(invalid_value(f"{where}.operator", value, text))
        if operator not in ("", *TOLERATION_OPERATORS):
            errors.append(not_supported(f"{where}.operator", operator, TOLERATION_OPERATORS))
    return errors


def _spread_errors(constraints: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    known: set[tuple[Any, Any]] = set()
    for index, constraint in enumerate(constraints):
        where = f"{path}[{index}]"
        skew = constraint.get("maxSkew") or 0
        if skew <= 0:
            errors.append(invalid_value(f"{where}.maxSkew", skew, "must be greater than zero"))
        key = constraint.get("topologyKey") or ""
        if not key:
            errors.append(required(f"{where}.topologyKey", "can not be empty"))
        pair = (key, constraint.get("whenUnsatisfiable"))
        if pair in known:
            text = "{" + f"{pair[0]}, {pair[1]}" + "}"
            errors.append(duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", text))
        known.add(pair)
        errors += selector_errors(constraint.get("labelSelector"), f"{where}.labelSelector")
    return errors


def _gate_errors(gates: Sequence[Object], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    names = [gate.get("name") or "" for gate in gates]
    for index, name in enumerate(names):
        errors += each_invalid(f"{path}[{index}]", name, qualified_name_errors(name))
        if name in names[:index]:
            errors.append(duplicate(f"{path}[{index}]", name))
    return errors


# -- affinity -----------------------------------------------------------------------------------------------


def _affinity_errors(affinity: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if node := affinity.get("nodeAffinity"):
        where = f"{path}.nodeAffinity"
        selector = node.get("requiredDuringSchedulingIgnoredDuringExecution")
        if selector is not None and not selector.get("nodeSelectorTerms"):
            part = "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
            text = "must have at least one node selector term"
            errors.append(required(f"{where}.{part}", text))
        for index, term in enumerate(node.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
            part = f"{where}.preferredDuringSchedulingIgnoredDuringExecution[{index}].weight"
            errors += _weight_errors(term.get("weight") or 0, part)
    for side in ("podAffinity", "podAntiAffinity"):
        if pods := affinity.get(side):
            errors += _pod_affinity_errors(pods, f"{path}.{side}")
    return errors


def _pod_affinity_errors(pods: Object, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, term in enumerate(pods.get("requiredDuringSchedulingIgnoredDuringExecution") or ()):
        where = f"{path}.requiredDuringSchedulingIgnoredDuringExecution[{index}]"
        errors += _pod_affinity_term_errors(term, where)
    for index, weighted in enumerate(pods.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        where = f"{path}.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
        errors += _weight_errors(weighted.get("weight") or 0, f"{where}.weight")
        errors += _pod_affinity_term_errors(weighted.get("podAffinityTerm") or {}, f"{where}.podAffinityTerm")
    return errors


def _pod_affinity_term_errors(term: Object, path: str) -> list[FieldError]:
    errors = selector_errors(term.get("labelSelector"), f"{path}.labelSelector")
    key = term.get("topologyKey") or ""
    if not key:
        errors.append(required(f"{path}.topologyKey", "can not be empty"))
    return errors + each_invalid(f"{path}.topologyKey", key, qualified_name_errors(key))


def _weight_errors(weight: int, path: str) -> list[FieldError]:
    if 1 <= weight <= 100:
        return []
    return [invalid_value(path, weight, "must be in the range 1-100")]


# -- selectors ----------------------------------------------------------------------------------------------


def selector_errors(selector: Object | None, path: str) -> list[FieldError]:
    """A label selector; labels that cannot match are refused as well."""
    if not selector:
        return []
    errors: list[FieldError] = []
    if labels := selector.get("matchLabels"):
        errors += label_errors(labels, f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        errors += _requirement_errors(requirement, f"{path}.matchExpressions[{index}]")
    return errors


def _requirement_errors(requirement: Object, path: str) -> list[FieldError]:
    operator, values = requirement.get("operator") or "", requirement.get("values") or ()
    key = requirement.get("key") or ""
    errors: list[FieldError] = []
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be specified when `operator` is 'In' or 'NotIn'"
            errors.append(required(f"{path}.values", text))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(forbidden(f"{path}.values", text))
    else:
        errors.append(invalid_value(f"{path}.operator", operator, "not a valid selector operator"))
    return errors + each_invalid(f"{path}.key", key, qualified_name_errors(key))


def selects(selector: Object, labels: dict[str, str]) -> bool | None:
    """Whether selector means labels; None for one that is no selector."""
    if "matchExpressions" not in selector:
        return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    try:
        return from_label_selector(selector).matches(labels)
    except InvalidSelector:
        return None
