"""What an update must keep of the object in the member, and whether there is anything to write. Pure.

The manifest of a Work says what Karmada wants; labels and annotations that others put on the object stay,
those Karmada put there earlier and withdrew go. controller.py acts.
"""

from typing import Any

from karmada.api.objects import Object, annotations_of, is_deleting, labels_of, metadata_of
from karmada.api.wellknown import (
    CONFLICT_RESOLUTION_ANNOTATION,
    CONFLICT_RESOLUTION_OVERWRITE,
    MANAGED_ANNOTATIONS_ANNOTATION,
    MANAGED_LABELS_ANNOTATION,
    TEMPLATE_GENERATION_ANNOTATION,
)


def may_overwrite(desired: Object) -> bool:
    """Whether an object that Karmada does not manage may be taken over."""
    return annotations_of(desired).get(CONFLICT_RESOLUTION_ANNOTATION) == CONFLICT_RESOLUTION_OVERWRITE


def retain_metadata(desired: Object, observed: Object) -> Object:
    """desired with the metadata of observed that an update has to carry."""
    metadata = {**metadata_of(desired)}
    for name in ("resourceVersion", "finalizers", "ownerReferences"):
        metadata.pop(name, None)
        if name in metadata_of(observed):
            metadata[name] = metadata_of(observed)[name]
    managed = annotations_of(observed)
    for name, wanted, present, withdrawn in (
        ("annotations", annotations_of(desired), managed, managed.get(MANAGED_ANNOTATIONS_ANNOTATION, "")),
        ("labels", labels_of(desired), labels_of(observed), managed.get(MANAGED_LABELS_ANNOTATION, "")),
    ):
        ours = set(withdrawn.split(",")) if withdrawn else set()
        kept = {key: value for key, value in present.items() if key not in ours}
        if merged := {**kept, **wanted}:
            metadata[name] = merged
        else:
            metadata.pop(name, None)
    return {**desired, "metadata": metadata}


def is_contained(desired: Any, observed: Any) -> bool:
    """Every field of desired is in observed with the same value. Lists have to agree in length and order;
    fields the server added are ignored, and so are empty values, which servers drop."""
    if isinstance(desired, dict):
        if not isinstance(observed, dict):
            return not desired
        return all(
            is_contained(value, observed[name]) if name in observed else _is_empty(value)
            for name, value in desired.items()
        )
    if isinstance(desired, list):
        if not isinstance(observed, list) or len(desired) != len(observed):
            return False
        return all(is_contained(one, other) for one, other in zip(desired, observed, strict=True))
    return bool(desired == observed)


def is_settled(desired: Object, observed: Object) -> bool:
    """Nothing to write: desired, already with what is retained, is in the member."""
    if is_deleting(observed):
        return False
    metadata, present = metadata_of(desired), metadata_of(observed)
    for name in ("labels", "annotations"):
        if (metadata.get(name) or {}) != (present.get(name) or {}):
            return False
    content = {name: value for name, value in desired.items() if name not in ("metadata", "status")}
    if not is_contained(content, observed):
        return False
    # A field that was taken out of the manifest shows in the template generation it carries; where there is
    # none (ConfigMaps, Secrets, roles), nothing may be in the member that is not in the manifest.
    if TEMPLATE_GENERATION_ANNOTATION in annotations_of(desired):
        return True
    return is_contained({name: value for name, value in observed.items() if name in content}, content)


def _is_empty(value: Any) -> bool:
    return value is None or value in ({}, [], "")
