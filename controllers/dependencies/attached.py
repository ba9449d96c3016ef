"""What an attached binding says: the binding of an object that the templates of other bindings need. Pure.

In: the independent binding that needs it, the object, the binding as stored, the others that need it. Out: a
new binding, a stored one brought up to date, or one that an independent has let go of. It has no placement
of its own: it goes where spec.requiredBy says, one snapshot per independent. When a policy selects the object
as well, the binding has a placement, and what policies decide is left to them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from karmada.api.errors import Conflict
from karmada.api.groups.meta import ObjectMeta, OwnerReference
from karmada.api.groups.work import BindingSnapshot, ObjectReference, ResourceBinding, ResourceBindingSpec
from karmada.api.gvk import ObjectKey
from karmada.api.names import binding_name, binding_reference_key, namespaced_key
from karmada.api.objects import Object, name_of, namespace_of, resource_version_of, uid_of
from karmada.api.wellknown import (
    BINDING_DEPENDED_BY_LABEL_PREFIX,
    BINDING_FINALIZER,
    RESOURCE_BINDING_PERMANENT_ID_LABEL,
)

ABORT: Final = "Abort"
OVERWRITE: Final = "Overwrite"

Lookup: TypeAlias = Callable[[BindingSnapshot], ResourceBinding | None]
"""The binding a snapshot was taken of."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What an attached binding takes over from those that need it."""

    conflict_resolution: str
    preserve_resources_on_deletion: bool
    conflicts: tuple[str, ...] = ()
    """What they disagree about, in words."""


def depended_by_label(namespace: str, name: str) -> str:
    """The label of attached bindings that tells which binding needs them."""
    return BINDING_DEPENDED_BY_LABEL_PREFIX + binding_reference_key(namespace, name)


def attached_name(obj: Object) -> str:
    return binding_name(obj["kind"], name_of(obj))


def depended_by(binding: ResourceBinding) -> list[str]:
    """Where an attached binding is found again: namespace and label of each binding that needs it."""
    namespace = binding.metadata.namespace
    return [
        f"{namespace}/{label}"
        for label in binding.metadata.labels
        if label.startswith(BINDING_DEPENDED_BY_LABEL_PREFIX)
    ]


def snapshot_of(independent: ResourceBinding) -> BindingSnapshot:
    metadata, clusters = independent.metadata, independent.spec.clusters
    fields: dict[str, Any] = {"namespace": metadata.namespace, "name": metadata.name}
    if clusters:
        fields["clusters"] = clusters
    return BindingSnapshot.model_validate(fields)


def inherited(referrers: Iterable[ResourceBinding]) -> Inherited:
    """The stronger choice wins: overwriting, preserving."""
    specs = [binding.spec for binding in referrers]
    overwrite = {spec.conflict_resolution == OVERWRITE for spec in specs}
    preserve = {bool(spec.preserve_resources_on_deletion) for spec in specs}
    conflicts = []
    if len(overwrite) > 1:
        conflicts.append(f"ConflictResolution conflicted ({OVERWRITE} vs {ABORT})")
    if len(preserve) > 1:
        conflicts.append("PreserveResourcesOnDeletion conflicted (true vs false)")
    return Inherited(OVERWRITE if True in overwrite else ABORT, True in preserve, tuple(conflicts))


def new_attached(independent: ResourceBinding, obj: Object) -> ResourceBinding:
    """The binding of an object that has none yet."""
    chosen = inherited([independent])
    return ResourceBinding(
        metadata=ObjectMeta(
            namespace=independent.metadata.namespace,
            name=attached_name(obj),
            labels=_label(independent),
            owner_references=[_owner(obj)],
            finalizers=[BINDING_FINALIZER],
        ),
        spec=ResourceBindingSpec(
            resource=_reference(obj),
            required_by=[snapshot_of(independent)],
            conflict_resolution=chosen.conflict_resolution,
            preserve_resources_on_deletion=chosen.preserve_resources_on_deletion,
        ),
    )


def attached(
    stored: ResourceBinding, independent: ResourceBinding, obj: Object, others: Lookup, *, edited_at: str = ""
) -> ResourceBinding:
    """stored, needed by independent as that is now. Raises Conflict while stored belongs to an earlier obj.

    edited_at is the resourceVersion at which the content of obj was last seen to change; newer ones that came
    with a status alone are no news.
    """
    if stored.metadata.deletion_timestamp is not None:
        return stored  # it comes back when it has gone
    _check_owner(stored, obj)
    snapshots = _with_snapshot(stored.spec.required_by, snapshot_of(independent))
    fields: dict[str, Any] = {"required_by": snapshots}
    if _is_news(stored.spec.resource, reference := _reference(obj), edited_at):
        fields["resource"] = reference
    if stored.spec.placement is None:
        chosen = inherited(_referrers(snapshots, independent, others))
        fields["conflict_resolution"] = chosen.conflict_resolution
        fields["preserve_resources_on_deletion"] = chosen.preserve_resources_on_deletion
    metadata = stored.metadata
    update: dict[str, Any] = {
        "labels": {**metadata.labels, **_label(independent)},
        "owner_references": [_owner(obj)],
    }
    if BINDING_FINALIZER not in metadata.finalizers:
        update["finalizers"] = [*metadata.finalizers, BINDING_FINALIZER]
    return _with_spec(stored, fields, metadata.model_copy(update=update))


def detached(stored: ResourceBinding, independent: ObjectKey, others: Lookup) -> ResourceBinding:
    """stored, not needed any more by independent."""
    label = depended_by_label(independent.namespace, independent.name)
    snapshots = [item for item in stored.spec.required_by if not _is_of(item, independent)]
    if label not in stored.metadata.labels and len(snapshots) == len(stored.spec.required_by):
        return stored
    fields: dict[str, Any] = {"required_by": snapshots or None}
    if stored.spec.placement is None:
        chosen = inherited(_referrers(snapshots, None, others)) if snapshots else None
        fields["conflict_resolution"] = chosen.conflict_resolution if chosen else None
        fields["preserve_resources_on_deletion"] = chosen.preserve_resources_on_deletion if chosen else None
    labels = {name: value for name, value in stored.metadata.labels.items() if name != label}
    return _with_spec(stored, fields, stored.metadata.model_copy(update={"labels": labels}))


def conflicts_about(
    binding: ResourceBinding, independent: ResourceBinding, others: Lookup
) -> tuple[str, ...]:
    """What those that need an attached binding disagree about. independent is known better than by others."""
    if binding.spec.placement is not None:
        return ()
    return inherited(_referrers(binding.spec.required_by, independent, others)).conflicts


def _label(independent: ResourceBinding) -> dict[str, str]:
    metadata = independent.metadata
    label = depended_by_label(metadata.namespace, metadata.name)
    return {label: metadata.labels.get(RESOURCE_BINDING_PERMANENT_ID_LABEL, "")}


def _owner(obj: Object) -> OwnerReference:
    return OwnerReference(
        api_version=obj["apiVersion"],
        kind=obj["kind"],
        name=name_of(obj),
        uid=uid_of(obj),
        controller=True,
        block_owner_deletion=True,
    )


def _reference(obj: Object) -> ObjectReference:
    fields = {
        "api_version": obj["apiVersion"],
        "kind": obj["kind"],
        "namespace": namespace_of(obj),
        "name": name_of(obj),
        "uid": uid_of(obj),
        "resource_version": resource_version_of(obj),
    }
    return ObjectReference.model_validate({name: value for name, value in fields.items() if value})


def _check_owner(stored: ResourceBinding, obj: Object) -> None:
    for owner in stored.metadata.owner_references:
        if owner.controller and owner.uid != uid_of(obj):
            name = namespaced_key(stored.metadata.namespace, stored.metadata.name)
            raise Conflict(
                f"failed to update resourceBinding({name}) due to different owner reference UID, "
                "will try again later after binding is garbage collected"
            )


def _with_snapshot(snapshots: Sequence[BindingSnapshot], snapshot: BindingSnapshot) -> list[BindingSnapshot]:
    """snapshots with that of one independent in its place, or at the end."""
    mine = (snapshot.namespace, snapshot.name)
    if all((item.namespace, item.name) != mine for item in snapshots):
        return [*snapshots, snapshot]
    return [snapshot if (item.namespace, item.name) == mine else item for item in snapshots]


def _is_of(snapshot: BindingSnapshot, independent: ObjectKey) -> bool:
    return (snapshot.namespace, snapshot.name) == (independent.namespace, independent.name)


def _referrers(
    snapshots: Iterable[BindingSnapshot], independent: ResourceBinding | None, others: Lookup
) -> list[ResourceBinding]:
    """The bindings the snapshots are of. One that is gone decides nothing any more."""
    found = []
    for snapshot in snapshots:
        if independent is not None and (snapshot.namespace, snapshot.name) == (
            independent.metadata.namespace,
            independent.metadata.name,
        ):
            found.append(independent)
        elif (other := others(snapshot)) is not None:
            found.append(other)
    return found


def _is_news(recorded: ObjectReference, current: ObjectReference, edited_at: str) -> bool:
    """Whether the reference must be rewritten: another object, or content newer than what is recorded."""
    same = {"resource_version": ""}
    if recorded.model_copy(update=same) != current.model_copy(update=same):
        return True
    version = recorded.resource_version
    if version == current.resource_version:
        return False
    if not version:
        return True
    if version.isdecimal() and edited_at.isdecimal():
        return int(version) < int(edited_at)
    return bool(edited_at) and version != edited_at


def _with_spec(binding: ResourceBinding, fields: dict[str, Any], metadata: ObjectMeta) -> ResourceBinding:
    """binding with these fields of its spec, None meaning absent, and this metadata."""
    spec = binding.spec
    kept = {name: getattr(spec, name) for name in spec.model_fields_set if name not in fields}
    kept |= {name: value for name, value in fields.items() if value is not None}
    return binding.model_copy(update={"spec": ResourceBindingSpec.model_validate(kept), "metadata": metadata})
