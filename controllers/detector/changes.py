"""What an update of a template means: nothing, a change, a change by a user. Pure."""

from typing import Any

from karmada.api.objects import Object, annotations_of, labels_of, metadata_of
from karmada.api.wellknown import is_karmada_owned_key


def same_specification(old: Object, new: Object) -> bool:
    """Whether two versions differ at most in status, managed fields and resource version."""
    return _content(old) == _content(new) and _metadata(old) == _metadata(new)


def changed_by_user(old: Object, new: Object) -> bool:
    """Whether they differ in more than labels and annotations of Karmada, and the generation those bumped."""
    return _content(old) != _content(new) or _users_metadata(old) != _users_metadata(new)


def _content(obj: Object) -> Object:
    return {name: value for name, value in obj.items() if name not in ("status", "metadata")}


def _metadata(obj: Object) -> dict[str, Any]:
    return {
        name: value
        for name, value in metadata_of(obj).items()
        if name not in ("managedFields", "resourceVersion")
    }


def _users_metadata(obj: Object) -> dict[str, Any]:
    metadata = _metadata(obj)
    metadata.pop("generation", None)
    for name, values in (("labels", labels_of(obj)), ("annotations", annotations_of(obj))):
        metadata.pop(name, None)
        if kept := {key: value for key, value in values.items() if not is_karmada_owned_key(key)}:
            metadata[name] = kept
    return metadata
