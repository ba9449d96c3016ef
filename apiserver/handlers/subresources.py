"""Subresources that are views of the whole object: what of a write to them counts.

In: the object a client sent to `status`, `finalize`, `approval`, ... and the stored one. Out: the whole
object that the write makes. write.py treats the rest like any update. Others (scale, binding, eviction) have
their own modules.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from apiserver.resources.definition import ResourceDefinition
from karmada.api.objects import Object

Projection = Callable[[ResourceDefinition, Object, Object], Object]


def projection(subresource: str) -> Projection:
    return _PROJECTIONS[subresource]


def is_view(subresource: str) -> bool:
    return subresource in _PROJECTIONS


def _status(definition: ResourceDefinition, new: Object, old: Object) -> Object:
    return definition.strategy.reset_on_status_update(new, old)


def _finalize(definition: ResourceDefinition, new: Object, old: Object) -> Object:
    """Only spec.finalizers of a Namespace."""
    spec = {**(old.get("spec") or {}), "finalizers": (new.get("spec") or {}).get("finalizers")}
    if not spec["finalizers"]:
        del spec["finalizers"]
    return _with_part(old, new, "spec", spec)


def _approval(definition: ResourceDefinition, new: Object, old: Object) -> Object:
    """Only the conditions of a CertificateSigningRequest, and its metadata."""
    status = {name: value for name, value in (old.get("status") or {}).items() if name != "conditions"}
    if conditions := (new.get("status") or {}).get("conditions"):
        status["conditions"] = conditions
    return {**old, "metadata": new["metadata"], "status": status}


def _ephemeral_containers(definition: ResourceDefinition, new: Object, old: Object) -> Object:
    spec = {**old["spec"], "ephemeralContainers": (new.get("spec") or {}).get("ephemeralContainers")}
    return _with_part(old, new, "spec", spec)


def _resize(definition: ResourceDefinition, new: Object, old: Object) -> Object:
    """Only the resources and resize policies of containers."""
    spec = dict(old["spec"])
    wanted = new.get("spec") or {}
    for part in ("containers", "initContainers"):
        if spec.get(part):
            spec[part] = [_resized(container, wanted.get(part) or ()) for container in spec[part]]
    return _with_part(old, new, "spec", spec)


def _resized(container: Object, wanted: Any) -> Object:
    match = next((item for item in wanted if item.get("name") == container.get("name")), None)
    if match is None:
        return container
    return {**container, **{field: match[field] for field in ("resources", "resizePolicy") if field in match}}


def _with_part(old: Object, new: Object, part: str, value: Object) -> Object:
    """old with one part replaced and the metadata that decides about the write from new."""
    metadata = dict(old["metadata"])
    for field in ("managedFields", "resourceVersion"):
        if field in new["metadata"]:
            metadata[field] = new["metadata"][field]
    return {**old, "metadata": metadata, part: value}


_PROJECTIONS: Final[Mapping[str, Projection]] = {
    "status": _status,
    "finalize": _finalize,
    "approval": _approval,
    "ephemeralcontainers": _ephemeral_containers,
    "resize": _resize,
}
