"""ConfigMap, Secret, PriorityClass and the access kinds: defaults and immutability."""

import base64
from typing import Final

from apiserver.admission.context import AdmissionContext, Rules
from apiserver.resources.metadata import invalid_value
from karmada.api.errors import FieldError
from karmada.api.objects import Object, annotations_of

OPAQUE: Final = "Opaque"
ACCOUNT_TOKEN: Final = "kubernetes.io/service-account-token"
ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
RBAC_GROUP: Final = "rbac.authorization.k8s.io"
FROZEN: Final = "Forbidden: field is immutable when `immutable` is set"
REQUIRED_KEYS: Final = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _default_secret(secret: Object, context: AdmissionContext) -> None:
    if not secret.get("type"):
        secret["type"] = OPAQUE
    plain = secret.pop("stringData", None)
    if isinstance(plain, dict):
        encoded = {name: base64.b64encode(str(value).encode()).decode() for name, value in plain.items()}
        secret["data"] = {**(secret.get("data") or {}), **encoded}


def _validate_secret(secret: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors = frozen_errors(secret, old, ("data",))
    if old is not None and secret.get("type") != old.get("type"):
        errors.append(invalid_value("type", secret.get("type"), "field is immutable"))
    kind = secret.get("type") or ""
    if kind == ACCOUNT_TOKEN and not annotations_of(secret).get(ACCOUNT_NAME):
        errors.append(
            FieldError("FieldValueRequired", f"metadata.annotations[{ACCOUNT_NAME}]", "Required value")
        )
    present = secret.get("data") or {}
    errors += [
        FieldError("FieldValueRequired", f"data[{name}]", "Required value")
        for name in REQUIRED_KEYS.get(kind, ())
        if name not in present
    ]
    return errors


def _validate_config_map(
    config_map: Object, old: Object | None, context: AdmissionContext
) -> list[FieldError]:
    errors = frozen_errors(config_map, old, ("data", "binaryData"))
    binary = config_map.get("binaryData") or {}
    errors += [
        invalid_value(f"data[{name}]", name, "duplicate of key present in binaryData")
        for name in config_map.get("data") or {}
        if name in binary
    ]
    return errors


def frozen_errors(obj: Object, old: Object | None, fields: tuple[str, ...]) -> list[FieldError]:
    """What may not change any more once `immutable` was set."""
    if old is None or not old.get("immutable"):
        return []
    errors = [
        FieldError("FieldValueForbidden", name, FROZEN)
        for name in fields
        if (obj.get(name) or {}) != (old.get(name) or {})
    ]
    if not obj.get("immutable"):
        errors.append(FieldError("FieldValueForbidden", "immutable", FROZEN))
    return errors


def _default_binding(binding: Object, context: AdmissionContext) -> None:
    role = binding.get("roleRef")
    if isinstance(role, dict) and not role.get("apiGroup"):
        role["apiGroup"] = RBAC_GROUP
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group") and not subject.get("apiGroup"):
            subject["apiGroup"] = RBAC_GROUP


def _validate_binding(binding: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    if old is not None and binding.get("roleRef") != old.get("roleRef"):
        return [invalid_value("roleRef", binding.get("roleRef"), "cannot change roleRef")]
    return []


def _default_priority_class(obj: Object, context: AdmissionContext) -> None:
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


RULES: Final = {
    ("", "secrets"): Rules(default=_default_secret, validate=_validate_secret),
    ("", "configmaps"): Rules(validate=_validate_config_map),
    (RBAC_GROUP, "rolebindings"): Rules(default=_default_binding, validate=_validate_binding),
    (RBAC_GROUP, "clusterrolebindings"): Rules(default=_default_binding, validate=_validate_binding),
    ("scheduling.k8s.io", "priorityclasses"): Rules(default=_default_priority_class),
}
