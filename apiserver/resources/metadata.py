"""metadata: what the server sets, what a client may not touch, and the rules every object's metadata keeps.

In: objects around a write. Out: the object changed in place, or field errors in the stock words. Used by
handlers/.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from karmada.api.errors import FieldError
from karmada.api.gvk import split_api_version
from karmada.api.objects import Object
from karmada.api.validation import (
    cluster_name_errors,
    dns_label_errors,
    dns_subdomain_errors,
    label_value_errors,
    path_segment_errors,
    qualified_name_errors,
)

MAX_ANNOTATION_BYTES: Final = 262_144
ORPHAN: Final = "orphan"
FOREGROUND: Final = "foregroundDeletion"
_SERVER_FIELDS: Final = ("selfLink", "deletionTimestamp", "deletionGracePeriodSeconds")
_KEPT_FIELDS: Final = ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "uid")

NameRule = Callable[[str], tuple[str, ...]]
_PATH_SEGMENT_NAMES: Final = frozenset({"roles", "rolebindings", "clusterroles", "clusterrolebindings"})
_LABEL_NAMES: Final = frozenset({"namespaces", "services"})


def name_rule(group: str, resource: str) -> NameRule:
    """The rule names of this resource keep."""
    if group == "rbac.authorization.k8s.io" and resource in _PATH_SEGMENT_NAMES:
        return path_segment_errors
    if (group, resource) == ("apiregistration.k8s.io", "apiservices"):
        return path_segment_errors  # `v1.` is that of the core group
    if group == "" and resource in _LABEL_NAMES:
        return dns_label_errors
    if group == "cluster.karmada.io" and resource == "clusters":
        return cluster_name_errors
    return dns_subdomain_errors


def prepare_new(metadata: Object, *, uid: str, now: str) -> None:
    """Take out what a client may not set on create, put in what the server does."""
    for field in _SERVER_FIELDS:
        metadata.pop(field, None)
    metadata["uid"] = uid
    metadata["creationTimestamp"] = now


def carry_over(new: Object, old: Object) -> None:
    """Metadata fields of new that only the server changes come from old."""
    new.pop("selfLink", None)
    for field in _KEPT_FIELDS:
        if field in old:
            new[field] = old[field]
        else:
            new.pop(field, None)


def dedup_owners(metadata: Object) -> list[str]:
    """Drop repeated owner references in place; the uids that were repeated."""
    owners = metadata.get("ownerReferences")
    if not isinstance(owners, list) or len(owners) < 2:
        return []
    kept: list[Any] = []
    repeated: list[str] = []
    for owner in owners:
        if owner in kept:
            repeated.append(owner.get("uid") or "")
        else:
            kept.append(owner)
    if repeated:
        metadata["ownerReferences"] = kept
    return list(dict.fromkeys(repeated))


def duplicate_owner_warning(uids: list[str]) -> str:
    return (
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in "
        "1.20+, and may "
        "reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
        + ", ".join(uids)
    )


# -- rules --------------------------------------------------------------------------------------------------


def metadata_errors(
    metadata: Object, *, rule: NameRule, namespaced: bool, typed: bool, full: bool = True
) -> list[FieldError]:
    """Broken rules of an object that is about to be stored. full False leaves the name out (updates)."""
    errors: list[FieldError] = []
    if full:
        errors += _name_errors(metadata, rule)
        errors += _namespace_errors(metadata, namespaced=namespaced)
    if (labels := metadata.get("labels")) is not None:
        errors += label_errors(labels, "metadata.labels")
    if (annotations := metadata.get("annotations")) is not None:
        errors += annotation_errors(annotations, "metadata.annotations")
    if (owners := metadata.get("ownerReferences")) is not None:
        errors += _owner_errors(owners)
    if (finalizers := metadata.get("finalizers")) is not None:
        errors += finalizer_errors(finalizers, "metadata.finalizers", qualified=typed)
    return errors


def update_errors(new: Object, old: Object) -> list[FieldError]:
    """Broken rules between two versions of an object's metadata."""
    errors: list[FieldError] = []
    if old.get("deletionTimestamp"):
        known = set(old.get("finalizers") or ())
        added = [finalizer for finalizer in new.get("finalizers") or () if finalizer not in known]
        if added:
            listed = "{" + ", ".join(json.dumps(finalizer) for finalizer in added) + "}"
            errors.append(
                _forbidden(
                    "metadata.finalizers",
                    "no new finalizers can be added if the object is being deleted, found new finalizers "
                    "[]string" + listed,
                )
            )
    errors += [
        invalid_value(f"metadata.{field}", new.get(field) or "", "field is immutable")
        for field in ("name", "namespace")
        if (new.get(field) or "") != (old.get(field) or "")
    ]
    return errors


def _name_errors(metadata: Object, rule: NameRule) -> list[FieldError]:
    name = metadata.get("name") or ""
    prefix = metadata.get("generateName") or ""
    errors = [
        invalid_value("metadata.generateName", prefix, text)
        for text in (rule(prefix.rstrip("-") or prefix) if prefix else ())
    ]
    if not name:
        errors.append(
            FieldError(
                "FieldValueRequired", "metadata.name", "Required value: name or generateName is required"
            )
        )
        return errors
    return errors + [invalid_value("metadata.name", name, text) for text in rule(name)]


def _namespace_errors(metadata: Object, *, namespaced: bool) -> list[FieldError]:
    namespace = metadata.get("namespace") or ""
    if not namespaced:
        return [_forbidden("metadata.namespace", "not allowed on this type")] if namespace else []
    if not namespace:
        return [FieldError("FieldValueRequired", "metadata.namespace", "Required value")]
    return [invalid_value("metadata.namespace", namespace, text) for text in dns_label_errors(namespace)]


def label_errors(labels: Mapping[str, str], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for key, value in labels.items():
        errors += [invalid_value(path, key, text) for text in qualified_name_errors(key)]
        errors += [invalid_value(path, value, text) for text in label_value_errors(value)]
    return errors


def annotation_errors(annotations: Mapping[str, str], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    size = 0
    for key, value in annotations.items():
        errors += [invalid_value(path, key, text) for text in qualified_name_errors(key.lower())]
        size += len(key) + len(value)
    if size * 4 > MAX_ANNOTATION_BYTES:
        size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > MAX_ANNOTATION_BYTES:
        errors.append(
            FieldError(
                "FieldValueTooLong", path, f"Too long: may not be more than {MAX_ANNOTATION_BYTES} bytes"
            )
        )
    return errors


def finalizer_errors(finalizers: list[str], path: str, *, qualified: bool) -> list[FieldError]:
    """qualified: names without a domain are only known ones, as for built-in kinds."""
    errors: list[FieldError] = []
    for index, finalizer in enumerate(finalizers):
        errors += [
            invalid_value(f"{path}[{index}]", finalizer, text) for text in qualified_name_errors(finalizer)
        ]
        known = "/" in finalizer or finalizer in (ORPHAN, FOREGROUND, "kubernetes")
        if qualified and not known and not qualified_name_errors(finalizer):
            errors.append(
                invalid_value(
                    path, finalizer, "name is neither a standard finalizer name nor is it fully qualified"
                )
            )
    if ORPHAN in finalizers and FOREGROUND in finalizers:
        errors.append(
            invalid_value(path, finalizers, f"finalizer {ORPHAN} and {FOREGROUND} cannot be both set")
        )
    return errors


def _owner_errors(owners: list[Object]) -> list[FieldError]:
    errors: list[FieldError] = []
    controllers: list[Object] = []
    for owner in owners:
        path = "metadata.ownerReferences"
        group, version = split_api_version(owner.get("apiVersion") or "")
        if not version:
            errors.append(
                invalid_value(
                    f"{path}.apiVersion", owner.get("apiVersion") or "", "version must not be empty"
                )
            )
        errors += [
            invalid_value(f"{path}.{field}", "", f"{field} must not be empty")
            for field in ("kind", "name", "uid")
            if not owner.get(field)
        ]
        if (group, version, owner.get("kind")) == ("", "v1", "Event"):
            errors.append(invalid_value(path, owner, "/v1, Kind=Event is disallowed from being an owner"))
        if owner.get("controller"):
            controllers.append(owner)
    if len(controllers) > 1:
        first, second = (f"{owner.get('kind')}/{owner.get('name')}" for owner in controllers[:2])
        errors.append(
            invalid_value(
                "metadata.ownerReferences",
                owners,
                'Only one reference can have Controller set to true. Found "true" in references for '
                f"{first} and {second}",
            )
        )
    return errors


def invalid_value(field: str, value: Any, text: str) -> FieldError:
    """`Invalid value: V: text`, V as the stock server shows it."""
    shown = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return FieldError("FieldValueInvalid", field, f"Invalid value: {shown}: {text}")


def _forbidden(field: str, text: str) -> FieldError:
    return FieldError("FieldValueForbidden", field, f"Forbidden: {text}")
