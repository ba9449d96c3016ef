"""The shape every Kubernetes object shares: metadata, owners, finalizers, private copies.

Objects are plain JSON dicts. What a cache hands out is read-only: private_copy is the one way to a dict you
may change. The with_/without_ functions return a new object that shares what they did not touch.
"""

from typing import Any, TypeAlias

import orjson

Object: TypeAlias = dict[str, Any]


def private_copy(obj: Object) -> Object:
    """A deep copy of plain JSON."""
    copied: Object = orjson.loads(orjson.dumps(obj))
    return copied


def metadata_of(obj: Object) -> Object:
    return obj.get("metadata") or {}


def name_of(obj: Object) -> str:
    return metadata_of(obj).get("name") or ""


def namespace_of(obj: Object) -> str:
    return metadata_of(obj).get("namespace") or ""


def uid_of(obj: Object) -> str:
    return metadata_of(obj).get("uid") or ""


def generation_of(obj: Object) -> int:
    return metadata_of(obj).get("generation") or 0


def resource_version_of(obj: Object) -> str:
    return metadata_of(obj).get("resourceVersion") or ""


def labels_of(obj: Object) -> dict[str, str]:
    return metadata_of(obj).get("labels") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    return metadata_of(obj).get("annotations") or {}


def finalizers_of(obj: Object) -> list[str]:
    return metadata_of(obj).get("finalizers") or []


def owners_of(obj: Object) -> list[Object]:
    return metadata_of(obj).get("ownerReferences") or []


def controller_of(obj: Object) -> Object | None:
    """The owner reference with controller: true, if any."""
    return next((owner for owner in owners_of(obj) if owner.get("controller")), None)


def is_deleting(obj: Object) -> bool:
    return bool(metadata_of(obj).get("deletionTimestamp"))


def with_metadata(obj: Object, **fields: Any) -> Object:
    """obj with metadata fields (wire names) replaced; a value of None removes the field."""
    metadata = {**metadata_of(obj), **fields}
    return {**obj, "metadata": {name: value for name, value in metadata.items() if value is not None}}


def with_finalizer(obj: Object, finalizer: str) -> Object:
    present = finalizers_of(obj)
    return obj if finalizer in present else with_metadata(obj, finalizers=[*present, finalizer])


def without_finalizer(obj: Object, finalizer: str) -> Object:
    present = finalizers_of(obj)
    if finalizer not in present:
        return obj
    return with_metadata(obj, finalizers=[item for item in present if item != finalizer] or None)


def with_labels(obj: Object, labels: dict[str, str]) -> Object:
    """obj with these labels added or replaced."""
    return with_metadata(obj, labels={**labels_of(obj), **labels})


def with_annotations(obj: Object, annotations: dict[str, str]) -> Object:
    """obj with these annotations added or replaced."""
    return with_metadata(obj, annotations={**annotations_of(obj), **annotations})
