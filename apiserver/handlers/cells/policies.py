"""Cells of access control, admission, registration and flow control."""

from typing import Any, Final

from apiserver.handlers.cells.fields import (
    AGE,
    CREATED_AT,
    NAME,
    NONE,
    UNSET,
    Cell,
    Shown,
    at,
    condition,
    count,
    number,
    selector_text,
    text,
)
from karmada.api.objects import Object


def role_reference(obj: Object) -> str:
    return f"{at(obj, 'roleRef', 'kind') or ''}/{at(obj, 'roleRef', 'name') or ''}"


def subjects(kind: str) -> Cell:
    """Names of the subjects of one kind; service accounts with their namespace."""

    def cell(obj: Object) -> str:
        chosen = [subject for subject in obj.get("subjects") or () if subject.get("kind") == kind]
        return ", ".join(_subject(subject) for subject in chosen)

    return cell


def _subject(subject: Object) -> str:
    name = str(subject.get("name") or "")
    return f"{subject.get('namespace') or ''}/{name}" if subject.get("kind") == "ServiceAccount" else name


def parameter_kind(obj: Object) -> str:
    kind = at(obj, "spec", "paramKind")
    return f"{kind.get('apiVersion')}/{kind.get('kind')}" if kind else UNSET


def parameter_reference(obj: Object) -> str:
    reference = at(obj, "spec", "paramRef")
    if not reference:
        return UNSET
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    return selector_text(reference.get("selector")) or UNSET


def api_service(obj: Object) -> str:
    service = at(obj, "spec", "service")
    return f"{service.get('namespace')}/{service.get('name')}" if service else "Local"


def api_available(obj: Object) -> str:
    available = condition(obj, "Available")
    if not available:
        return "Unknown"
    status = str(available.get("status") or "Unknown")
    return status if status == "True" else f"{status} ({available.get('reason') or ''})"


def limited(*path: str) -> Cell:
    def cell(obj: Object) -> Shown:
        value: Any = at(obj, "spec", "limited", *path)
        return NONE if value is None else value

    return cell


def missing_priority_level(obj: Object) -> str:
    return str(condition(obj, "Dangling").get("status") or "?")


_BINDING: Final = (
    NAME,
    role_reference,
    AGE,
    subjects("User"),
    subjects("Group"),
    subjects("ServiceAccount"),
)
_ADMISSION_BINDING: Final = (NAME, text("spec", "policyName"), parameter_reference, AGE)
_WEBHOOKS: Final = (NAME, count(("webhooks",)), AGE)

CELLS: Final[dict[tuple[str, str], tuple[Cell, ...]]] = {
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): (
        NAME,
        count(("spec", "mutations")),
        parameter_kind,
        AGE,
    ),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): _ADMISSION_BINDING,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOKS,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): (
        NAME,
        count(("spec", "validations")),
        parameter_kind,
        AGE,
    ),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): _ADMISSION_BINDING,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOKS,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (NAME, CREATED_AT),
    ("apiregistration.k8s.io", "APIService"): (NAME, api_service, api_available, AGE),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): (
        NAME,
        text("spec", "priorityLevelConfiguration", "name"),
        number("spec", "matchingPrecedence"),
        text("spec", "distinguisherMethod", "type", default=NONE),
        AGE,
        missing_priority_level,
    ),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): (
        NAME,
        text("spec", "type"),
        limited("nominalConcurrencyShares"),
        limited("limitResponse", "queuing", "queues"),
        limited("limitResponse", "queuing", "handSize"),
        limited("limitResponse", "queuing", "queueLengthLimit"),
        AGE,
    ),
    ("rbac.authorization.k8s.io", "ClusterRole"): (NAME, CREATED_AT),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _BINDING,
    ("rbac.authorization.k8s.io", "Role"): (NAME, CREATED_AT),
    ("rbac.authorization.k8s.io", "RoleBinding"): _BINDING,
}
