"""What a delete does to an object, pure: remove it, mark it, or nothing new.

In: the stored object, DeleteOptions, the kind's strategy and the time. Out: a Plan. handlers/delete.py
carries it out inside the store's read-modify-write.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from apiserver.handlers.options import DeleteOptions
from apiserver.resources.definition import ResourceDefinition
from apiserver.resources.metadata import FOREGROUND, ORPHAN
from karmada.api.objects import Object
from karmada.runtime.clock import parse_rfc3339, rfc3339

DEFAULT_POD_GRACE_SECONDS: Final = 30
CRD_CLEANUP: Final = "customresourcecleanup.apiextensions.k8s.io"
_FINISHED_PHASES: Final = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Plan:
    """marked is the object to store instead, for `mark`."""

    action: Literal["remove", "mark", "keep"]
    marked: Object | None = None


def plan_deletion(
    definition: ResourceDefinition, obj: Object, options: DeleteOptions, *, now: datetime
) -> Plan:
    """obj is not changed."""
    strategy = definition.strategy
    grace = _grace_seconds(obj, options) if strategy.graceful else 0
    metadata = obj["metadata"]
    deleting = bool(metadata.get("deletionTimestamp"))
    finalizers = _finalizers(definition, metadata.get("finalizers") or [], options)
    if deleting:
        return _again(obj, grace, finalizers, graceful=strategy.graceful, now=now)
    marked = _special_mark(definition, obj, now)
    if marked is None and not grace and not finalizers:
        return Plan("remove")
    result = marked or obj
    kept = dict(result["metadata"])
    kept["deletionTimestamp"] = rfc3339(now + timedelta(seconds=grace))
    if not _is_namespace(definition):
        kept["deletionGracePeriodSeconds"] = grace
    if kept.get("generation"):
        kept["generation"] += 1
    extra = [CRD_CLEANUP] if _is_crd(definition) and CRD_CLEANUP not in finalizers else []
    _set_finalizers(kept, [*finalizers, *extra])
    return Plan("mark", {**result, "metadata": kept})


def _again(obj: Object, grace: int, finalizers: list[str], *, graceful: bool, now: datetime) -> Plan:
    """A repeated delete: the grace period may only shrink, propagation may still be chosen."""
    metadata = dict(obj["metadata"])
    pending = metadata.get("deletionGracePeriodSeconds")
    changed = finalizers != (metadata.get("finalizers") or [])
    if graceful and pending and grace < pending:
        if not grace and not finalizers:
            return Plan("remove")
        started = parse_rfc3339(metadata["deletionTimestamp"]) - timedelta(seconds=pending)
        metadata["deletionTimestamp"] = rfc3339(max(started + timedelta(seconds=grace), now))
        metadata["deletionGracePeriodSeconds"] = grace
        changed = True
    if not changed:
        if not finalizers and not pending and not (obj.get("spec") or {}).get("finalizers"):
            return Plan("remove")
        return Plan("keep")
    _set_finalizers(metadata, finalizers)
    return Plan("mark", {**obj, "metadata": metadata})


def _grace_seconds(obj: Object, options: DeleteOptions) -> int:
    """How long a pod may take to end; one that no node runs goes at once."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    if not spec.get("nodeName") or status.get("phase") in _FINISHED_PHASES:
        return 0
    if options.grace_period_seconds is not None:
        return options.grace_period_seconds
    grace = spec.get("terminationGracePeriodSeconds")
    return DEFAULT_POD_GRACE_SECONDS if grace is None else int(grace)


def _finalizers(definition: ResourceDefinition, present: list[str], options: DeleteOptions) -> list[str]:
    """The finalizers that the propagation policy leaves."""
    kept = [finalizer for finalizer in present if finalizer not in (ORPHAN, FOREGROUND)]
    if not definition.strategy.propagates:
        return kept
    policy = options.propagation_policy
    if not policy:
        if ORPHAN in present or FOREGROUND in present:
            return present
        policy = "Orphan" if definition.strategy.orphan_by_default else "Background"
    added = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(policy, [])
    same = [*kept, *added]
    return present if sorted(same) == sorted(present) else same


def _set_finalizers(metadata: Object, finalizers: list[str]) -> None:
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)


def _is_namespace(definition: ResourceDefinition) -> bool:
    return (definition.gvr.group, definition.gvr.resource) == ("", "namespaces")


def _is_crd(definition: ResourceDefinition) -> bool:
    return definition.gvr.resource == "customresourcedefinitions"


def _special_mark(definition: ResourceDefinition, obj: Object, now: datetime) -> Object | None:
    """Kinds that stay for a while after their deletion was asked for: the object with its status saying
    so."""
    if _is_namespace(definition):
        if not (obj.get("spec") or {}).get("finalizers"):
            return None
        return {**obj, "status": {**(obj.get("status") or {}), "phase": "Terminating"}}
    if not _is_crd(definition):
        return None
    status = dict(obj.get("status") or {})
    condition = {
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": rfc3339(now),
        "reason": "InstanceDeletionPending",
        "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
    }
    others = [item for item in status.get("conditions") or [] if item.get("type") != "Terminating"]
    status["conditions"] = [*others, condition]
    return {**obj, "status": status}
