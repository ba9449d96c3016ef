"""Policy + template -> binding: what a binding should say, and how that is laid over a stored one. Pure.

In: a policy, a claimed template, what the interpreter said about replicas. Out: desired_binding() for a new
binding, merged() for one that exists. apply.py reads, asks and writes.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from controllers.detector import claim
from karmada.api.groups.meta import ObjectMeta, OwnerReference
from karmada.api.groups.policy import PropagationPolicy, WorkloadAffinityTerm
from karmada.api.groups.work import (
    CLUSTER_RESOURCE_BINDINGS,
    RESOURCE_BINDINGS,
    BindingSchedulePriority,
    BindingSuspension,
    Component,
    ObjectReference,
    ReplicaRequirements,
    ResourceBinding,
    ResourceBindingSpec,
    WorkloadAffinityGroups,
)
from karmada.api.gvk import Resource
from karmada.api.model import Model
from karmada.api.names import affinity_group, binding_name
from karmada.api.objects import Object, labels_of, name_of, namespace_of, resource_version_of, uid_of
from karmada.api.wellknown import BINDING_FINALIZER, CLUSTER_RESOURCE_BINDING_FINALIZER

M = TypeVar("M", bound=Model)

FROM_POLICY: Final = frozenset(
    {
        "resource",
        "replica_requirements",
        "replicas",
        "components",
        "propagate_deps",
        "scheduler_name",
        "placement",
        "failover",
        "conflict_resolution",
        "preserve_resources_on_deletion",
        "schedule_priority",
        "workload_affinity_groups",
    }
)
"""Fields of a binding's spec that the detector owns; the others belong to scheduler, failover and
dependencies.
"""


class OwnerMismatch(Exception):
    """The stored binding belongs to another object of this name; it goes with that object."""


@dataclass(frozen=True, slots=True)
class Interpreted:
    """What the interpreter found in a template: replicas, or components instead."""

    replicas: int = 0
    requirements: ReplicaRequirements | None = None
    components: tuple[Component, ...] = ()


def binding_scope(template: Object) -> Resource[ResourceBinding]:
    """Where the binding of a template lives: beside it, or cluster-wide."""
    return RESOURCE_BINDINGS if namespace_of(template) else CLUSTER_RESOURCE_BINDINGS


def desired_binding(
    policy: PropagationPolicy,
    template: Object,
    interpreted: Interpreted,
    *,
    priority: int | None = None,
    affinity_groups: bool = False,
) -> ResourceBinding:
    """The binding of a claimed template. priority: resolved schedulePriority; affinity_groups: the gate."""
    namespaced = bool(namespace_of(template))
    marks = claim.marks(policy)
    metadata = ObjectMeta.model_validate(
        _given(
            name=binding_name(template["kind"], name_of(template)),
            namespace=namespace_of(template) or None,
            labels=dict(marks.labels),
            annotations=dict(marks.annotations),
            owner_references=[_owner(template)],
            finalizers=[BINDING_FINALIZER if namespaced else CLUSTER_RESOURCE_BINDING_FINALIZER],
        )
    )
    asked = policy.spec
    groups = _affinity_groups(policy, template) if affinity_groups and namespaced else None
    spec = ResourceBindingSpec.model_validate(
        _given(
            resource=_reference(template),
            replicas=interpreted.replicas or None,
            replica_requirements=interpreted.requirements,
            components=list(interpreted.components) or None,
            propagate_deps=asked.propagate_deps or None,
            scheduler_name=asked.scheduler_name or None,
            placement=asked.placement,
            failover=asked.failover,
            conflict_resolution=asked.conflict_resolution or None,
            preserve_resources_on_deletion=asked.preserve_resources_on_deletion,
            suspension=_suspension(policy),
            schedule_priority=None if priority is None else BindingSchedulePriority(priority=priority),
            workload_affinity_groups=groups,
        )
    )
    return ResourceBinding(metadata=metadata, spec=spec)


def merged(stored: ResourceBinding, desired: ResourceBinding, *, edited_at: str = "") -> ResourceBinding:
    """stored brought to desired: labels and annotations added, what the policy owns replaced, the rest kept.

    edited_at is the resourceVersion at which the template's content was last seen to change ("" = not since
    the start). spec.resource.resourceVersion only says "the template changed", so versions that differ by
    status writes alone are left as recorded. Raises OwnerMismatch.
    """
    _check_owner(stored, desired)
    spec = {
        name: getattr(stored.spec, name)
        for name in stored.spec.model_fields_set
        if name not in FROM_POLICY and name != "suspension"
    }
    spec |= {name: getattr(desired.spec, name) for name in desired.spec.model_fields_set & FROM_POLICY}
    if not _is_news(stored.spec.resource, desired.spec.resource, edited_at):
        spec["resource"] = stored.spec.resource
    suspension = _merged_suspension(stored.spec.suspension, desired.spec.suspension)
    if suspension is not None:
        spec["suspension"] = suspension
    return stored.model_copy(
        update={
            "metadata": _merged_metadata(stored.metadata, desired.metadata),
            "spec": ResourceBindingSpec.model_validate(spec),
        }
    )


def released(binding: ResourceBinding, scope: claim.PolicyScope, *, held_by: str = "") -> ResourceBinding:
    """binding without its claim; untouched when held_by is given and another policy holds it by now."""
    metadata = binding.metadata
    if held_by and metadata.labels.get(scope.id_label) != held_by:
        return binding
    bare = claim.unmarked(claim.Marks(metadata.labels, metadata.annotations), scope)
    return binding.model_copy(
        update={
            "metadata": metadata.model_copy(
                update={"labels": dict(bare.labels), "annotations": dict(bare.annotations)}
            )
        }
    )


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that have a value, so that absent ones are not written."""
    return {name: value for name, value in fields.items() if value is not None}


def _owner(template: Object) -> OwnerReference:
    return OwnerReference(
        api_version=template["apiVersion"],
        kind=template["kind"],
        name=name_of(template),
        uid=uid_of(template),
        controller=True,
        block_owner_deletion=True,
    )


def _reference(template: Object) -> ObjectReference:
    return ObjectReference.model_validate(
        _given(
            api_version=template["apiVersion"],
            kind=template["kind"],
            namespace=namespace_of(template) or None,
            name=name_of(template),
            uid=uid_of(template),
            resource_version=resource_version_of(template),
        )
    )


def _suspension(policy: PropagationPolicy) -> BindingSuspension | None:
    if (asked := policy.spec.suspension) is None:
        return None
    return BindingSuspension.model_validate(
        _given(dispatching=asked.dispatching, dispatching_on_clusters=asked.dispatching_on_clusters)
    )


def _merged_suspension(
    stored: BindingSuspension | None, desired: BindingSuspension | None
) -> BindingSuspension | None:
    """The dispatching part is the policy's, the scheduling part stays whoever set it."""
    scheduling = None if stored is None else stored.scheduling
    if scheduling is None:
        return desired
    fields = {} if desired is None else {name: getattr(desired, name) for name in desired.model_fields_set}
    return BindingSuspension.model_validate({**fields, "scheduling": scheduling})


def _affinity_groups(policy: PropagationPolicy, template: Object) -> WorkloadAffinityGroups | None:
    if (affinity := policy.spec.placement.workload_affinity) is None:
        return None
    labels = labels_of(template)

    def group(term: WorkloadAffinityTerm | None) -> str | None:
        key = "" if term is None else term.group_by_label_key
        return affinity_group(key, labels[key]) if key in labels else None

    groups = _given(
        affinity_group=group(affinity.affinity), anti_affinity_group=group(affinity.anti_affinity)
    )
    return WorkloadAffinityGroups.model_validate(groups) if groups else None


def _check_owner(stored: ResourceBinding, desired: ResourceBinding) -> None:
    wanted = desired.metadata.owner_references[0]
    for owner in stored.metadata.owner_references:
        if owner.controller and owner.uid != wanted.uid:
            raise OwnerMismatch(
                f"failed to update binding {stored.metadata.name} due to different owner reference UID, "
                "will try again later after binding is garbage collected"
            )


def _merged_metadata(stored: ObjectMeta, desired: ObjectMeta) -> ObjectMeta:
    present = claim.Marks(stored.labels, stored.annotations)
    if claim.NAMESPACED.id_label in desired.labels:
        present = claim.unmarked(present, claim.CLUSTER)
    missing = [finalizer for finalizer in desired.finalizers if finalizer not in stored.finalizers]
    update: dict[str, Any] = {
        "labels": {**present.labels, **desired.labels},
        "annotations": {**present.annotations, **desired.annotations},
        "owner_references": desired.owner_references,
    }
    if missing:
        update["finalizers"] = [*stored.finalizers, *missing]
    return stored.model_copy(update=update)


def _is_news(recorded: ObjectReference, current: ObjectReference, edited_at: str) -> bool:
    """Whether the reference must be rewritten: another object, or content newer than what is recorded."""
    same = {"resource_version": ""}
    if recorded.model_copy(update=same) != current.model_copy(update=same):
        return True
    if recorded.resource_version == current.resource_version:
        return False
    return not recorded.resource_version or is_older(recorded.resource_version, edited_at)


def is_older(version: str, than: str) -> bool:
    """Whether a resourceVersion comes before another; "" comes before everything."""
    if not (version and than):
        return bool(than) and not version
    if version.isdecimal() and than.isdecimal():
        return int(version) < int(than)
    return version != than  # opaque to us: any difference counts
