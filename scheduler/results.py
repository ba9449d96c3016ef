"""What a decision leaves behind: the patch of the spec, the condition, the texts of events. Pure.

In: a binding, a Decision, errors of writing it. Out: patches as plain JSON, empty where nothing differs.
cycle.py sends them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import orjson

from karmada.api.conditions import with_condition
from karmada.api.errors import ApiError
from karmada.api.groups.work import ResourceBinding
from karmada.api.objects import Object
from karmada.api.wellknown import (
    APPLIED_PLACEMENT_ANNOTATION,
    BINDING_SCHEDULED_REASON,
    NO_CLUSTER_FIT_REASON,
    QUOTA_EXCEEDED_REASON,
    SCHEDULED,
    SCHEDULER_ERROR_REASON,
    UNSCHEDULABLE_REASON,
)
from scheduler.assign import Target
from scheduler.decide import Decision, title
from scheduler.framework import NoClusterFit, Unschedulable
from scheduler.placement import CompiledPlacement, normal_placement
from scheduler.triggers import is_later

SUCCESS_MESSAGE: Final = "Binding has been scheduled successfully."


# --- spec -----------------------------------------------------------------------------------------


def spec_patch(binding: ResourceBinding, placement: CompiledPlacement, decision: Decision) -> Object:
    """The merge patch that makes binding what was decided; {} when it is that already.

    The order of targets means nothing, so a new order alone is no change.
    """
    if decision.targets is None:
        return {}
    patch: dict[str, Any] = {}
    if not _records(binding.metadata.annotations.get(APPLIED_PLACEMENT_ANNOTATION), placement):
        patch["metadata"] = {"annotations": {APPLIED_PLACEMENT_ANNOTATION: placement.text}}
    present = sorted(Target.of(target) for target in binding.spec.clusters)
    if present != sorted(decision.targets):
        patch["spec"] = {"clusters": [_target_json(target) for target in decision.targets] or None}
    return patch


def _records(annotation: str | None, placement: CompiledPlacement) -> bool:
    if annotation == placement.text:
        return True
    if not annotation:
        return False
    try:
        applied = normal_placement(orjson.loads(annotation))
    except orjson.JSONDecodeError:
        return False
    return bool(applied == orjson.loads(placement.text))


def _target_json(target: Target) -> Object:
    encoded: Object = {"name": target.name}
    if target.replicas:
        encoded["replicas"] = target.replicas
    if target.components:
        encoded["components"] = [{"name": name, "replicas": count} for name, count in target.components]
    return encoded


# --- condition ------------------------------------------------------------------------------------


class Next(Enum):
    """What the queue does with the binding after a pass."""

    FORGET = "nothing left to do"
    RETRY = "try again after a back-off"
    PARK = "try again when something changes"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The condition Scheduled and what comes next."""

    succeeded: bool
    reason: str
    message: str
    next: Next


SUCCESS: Final = Outcome(
    succeeded=True, reason=BINDING_SCHEDULED_REASON, message=SUCCESS_MESSAGE, next=Next.FORGET
)


def outcome_of(errors: Sequence[Exception]) -> Outcome:
    """errors: why the decision failed, then why writing it failed; none is success.

    "No cluster fits" alone is final until an event. Beside an error of writing it is worth another try.
    """
    if not errors:
        return SUCCESS
    wrote = any(isinstance(error, ApiError) for error in errors)
    text = _aggregate(errors) if wrote else str(errors[0])
    for error in errors:
        if isinstance(error, Unschedulable):
            return Outcome(succeeded=False, reason=UNSCHEDULABLE_REASON, message=text, next=Next.PARK)
    for error in errors:
        if isinstance(error, NoClusterFit):
            after = Next.RETRY if wrote else Next.FORGET
            return Outcome(succeeded=False, reason=NO_CLUSTER_FIT_REASON, message=text, next=after)
        if isinstance(error, ApiError) and is_quota_exceeded(error):
            return Outcome(succeeded=False, reason=QUOTA_EXCEEDED_REASON, message=str(error), next=Next.RETRY)
    after = Next.FORGET if all(map(_is_namespace_ending, errors)) else Next.RETRY
    return Outcome(succeeded=False, reason=SCHEDULER_ERROR_REASON, message=text, next=after)


def is_quota_exceeded(error: ApiError) -> bool:
    return error.status_code == 403 and "QuotaExceeded" in (error.reason, error.to_status().get("reason"))


def _is_namespace_ending(error: Exception) -> bool:
    causes = error.details.get("causes") or () if isinstance(error, ApiError) else ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


def _aggregate(errors: Iterable[Exception]) -> str:
    texts = list(dict.fromkeys(str(error) for error in errors))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"


def status_changes(
    binding: ResourceBinding,
    outcome: Outcome,
    *,
    now: str,
    observed_generation: int,
    group: str | None = None,
    decided_anew: bool = False,
) -> Object:
    """The fields of the status that tell the outcome and do not do so yet, as a merge patch of the status.

    observed_generation, group and the time of scheduling are only recorded for a success. decided_anew: the
    spec was written or a reschedule was asked for, so the time moves even where nothing else does.
    """
    status = binding.status
    conditions = with_condition(
        status.conditions,
        type=SCHEDULED,
        status="True" if outcome.succeeded else "False",
        reason=outcome.reason,
        message=outcome.message,
        now=now,
    )
    changes: Object = {}
    if conditions is not status.conditions:
        changes["conditions"] = [condition.to_json() for condition in conditions]
    if outcome.succeeded:
        if group is not None and group != status.scheduler_observing_affinity_name:
            changes["schedulerObservingAffinityName"] = group
        if observed_generation != status.scheduler_observed_generation:
            changes["schedulerObservedGeneration"] = observed_generation
        if changes or decided_anew:
            changes["lastScheduledTime"] = _scheduled_time(binding, now)
    return changes


def _scheduled_time(binding: ResourceBinding, now: str) -> str:
    """now, or the time of a reschedule request from a clock that is ahead: the request is met either way."""
    requested = binding.spec.reschedule_triggered_at
    return requested if requested and is_later(requested, now) else now


def observed_changes(binding: ResourceBinding, generation: int) -> Object:
    """A pass that found nothing to do leaves only this."""
    if binding.status.scheduler_observed_generation == generation:
        return {}
    return {"schedulerObservedGeneration": generation}


# --- events ---------------------------------------------------------------------------------------


def success_text(binding: ResourceBinding, targets: Iterable[Target]) -> str:
    """As Karmada words it, with a colon for namespaced bindings only."""
    listed = ", ".join(f"{target.name}:{target.replicas}" for target in targets)
    colon = ":" if binding.metadata.namespace else ""
    return f"{SUCCESS_MESSAGE} Result{colon} {{{listed}}}"


def group_failure_text(binding: ResourceBinding, index: int, message: str) -> str:
    """As Karmada words it, misspelling included: tools look for it."""
    return f"failed to schedule {title(binding)} with clusterAffiliates index({index}): {message}"


def deleting_text(binding: ResourceBinding) -> str:
    meta = binding.metadata
    if meta.namespace:
        return f"skip schedule deleting resourceBinding: {meta.namespace}/{meta.name}"
    return f"skip schedule deleting clusterResourceBinding: {meta.name}"


def resource_reference(binding: ResourceBinding) -> Object:
    """The template of binding, as an event names it."""
    resource = binding.spec.resource
    reference = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
        "uid": resource.uid,
    }
    return {name: value for name, value in reference.items() if value}


def binding_reference(binding: ResourceBinding) -> Object:
    """binding itself, as an event names it."""
    meta = binding.metadata
    reference = {
        "apiVersion": binding.api_version,
        "kind": binding.kind,
        "namespace": meta.namespace,
        "name": meta.name,
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
    }
    return {name: value for name, value in reference.items() if value}
