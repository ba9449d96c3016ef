"""CustomResourceDefinition: its defaults, and the rules without which it could not be served."""

from typing import Any, Final

from apiserver.admission.broken_rules import forbidden, not_supported, required
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.crd_schemas import schema_errors
from apiserver.admission.kubernetes.webhook_configurations import client_config_errors
from apiserver.resources import custom
from apiserver.resources.metadata import invalid_value
from karmada.api.errors import FieldError
from karmada.api.objects import Object, annotations_of, name_of
from karmada.api.validation import dns_1035_label_errors, dns_subdomain_errors

_APPROVAL: Final = "api-approved.kubernetes.io"
_IMMUTABLE: Final = (
    ("spec", "group"),
    ("spec", "scope"),
    ("spec", "names", "plural"),
    ("spec", "names", "kind"),
)
_STRATEGIES: Final = ("None", "Webhook")
_SCOPES: Final = ("Cluster", "Namespaced")


def _default(crd: Object, context: AdmissionContext) -> None:
    custom.default_definition(crd)


def _prepare(crd: Object, old: Object | None, context: AdmissionContext) -> None:
    custom.prepare_definition(crd, old)


def _validate(crd: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
    errors = _identity_errors(crd) + _version_errors(crd)
    if old is not None and custom.is_established(old):
        errors += [
            invalid_value(".".join(path), _at(crd, path), "field is immutable")
            for path in _IMMUTABLE
            if _at(crd, path) != _at(old, path)
        ]
    errors += schema_errors(crd, old)
    return errors + _stored_version_errors(crd) + conversion_errors(crd)


def _identity_errors(crd: Object) -> list[FieldError]:
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    group, plural = spec.get("group") or "", names.get("plural") or ""
    errors: list[FieldError] = []
    if name_of(crd) != f"{plural}.{group}":
        errors.append(
            invalid_value("metadata.name", name_of(crd), 'must be spec.names.plural+"."+spec.group')
        )
    if not group:
        errors.append(FieldError("FieldValueRequired", "spec.group", "Required value"))
    elif "." not in group:
        errors.append(invalid_value("spec.group", group, "should be a domain with at least one dot"))
    else:
        errors += [invalid_value("spec.group", group, text) for text in dns_subdomain_errors(group)]
    for field in ("plural", "kind"):
        if not names.get(field):
            errors.append(FieldError("FieldValueRequired", f"spec.names.{field}", "Required value"))
    if plural:
        errors += [invalid_value("spec.names.plural", plural, text) for text in dns_1035_label_errors(plural)]
    if spec.get("scope") not in _SCOPES:
        text = f'Unsupported value: "{spec.get("scope") or ""}": supported values: "Cluster", "Namespaced"'
        errors.append(FieldError("FieldValueNotSupported", "spec.scope", text))
    return errors + _approval_errors(crd, group)


def _approval_errors(crd: Object, group: str) -> list[FieldError]:
    protected = any(group == owner or group.endswith("." + owner) for owner in ("k8s.io", "kubernetes.io"))
    approval = annotations_of(crd).get(_APPROVAL, "")
    if not protected or approval.startswith(("https://", "unapproved")):
        return []
    text = (
        f'Required value: protected groups must have approval annotation "{_APPROVAL}", '
        "see https://github.com/kubernetes/enhancements/pull/1111"
    )
    return [FieldError("FieldValueRequired", f"metadata.annotations[{_APPROVAL}]", text)]


def _version_errors(crd: Object) -> list[FieldError]:
    versions = (crd.get("spec") or {}).get("versions") or []
    errors: list[FieldError] = []
    names = [version.get("name") or "" for version in versions]
    if sum(bool(version.get("storage")) for version in versions) != 1:
        errors.append(
            invalid_value(
                "spec.versions", versions, "must have exactly one version marked as storage version"
            )
        )
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        errors += [
            invalid_value(f"{path}.name", names[index], text) for text in dns_1035_label_errors(names[index])
        ]
        if names[index] in names[:index]:
            errors.append(
                FieldError("FieldValueDuplicate", f"{path}.name", f'Duplicate value: "{names[index]}"')
            )
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            errors.append(
                FieldError("FieldValueRequired", f"{path}.schema.openAPIV3Schema", "Required value")
            )
    return errors


def _stored_version_errors(crd: Object) -> list[FieldError]:
    names = {version.get("name") for version in (crd.get("spec") or {}).get("versions") or ()}
    stored = (crd.get("status") or {}).get("storedVersions") or []
    return [
        invalid_value(
            f"status.storedVersions[{index}]",
            version,
            f"missing from spec.versions; {version} was previously a storage version, and must remain in "
            "spec.versions "
            f"until a storage migration ensures no data remains persisted in {version} and removes "
            f"{version} from "
            "status.storedVersions",
        )
        for index, version in enumerate(stored)
        if version not in names
    ]


def conversion_errors(crd: Object) -> list[FieldError]:
    """A webhook that converts can be called, and is only there where one is wanted."""
    conversion = (crd.get("spec") or {}).get("conversion") or {}
    strategy, webhook = conversion.get("strategy") or "", conversion.get("webhook")
    path = "spec.conversion"
    if strategy not in _STRATEGIES:
        return [not_supported(f"{path}.strategy", strategy, _STRATEGIES)]
    if strategy == "None":
        if webhook is None:
            return []
        text = "should not be set when strategy is not set to Webhook"
        return [forbidden(f"{path}.webhook", text)]
    if webhook is None:
        return [required(f"{path}.webhook", "required when strategy is set to Webhook")]
    errors = _review_errors(webhook.get("conversionReviewVersions") or [], f"{path}.webhook")
    return errors + client_config_errors(webhook.get("clientConfig"), f"{path}.webhook.clientConfig")


def _review_errors(versions: list[Any], path: str) -> list[FieldError]:
    where = f"{path}.conversionReviewVersions"
    if not versions:
        return [required(where)]
    if not {"v1", "v1beta1"} & set(versions):
        return [invalid_value(where, versions, "must include at least one of v1, v1beta1")]
    return []


def _at(obj: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        obj = (obj or {}).get(step)
    return obj


CRD_RULES: Final = Rules(default=_default, prepare=_prepare, validate=_validate)
