"""What a Deployment says of its rollout: counts, and conditions that `kubectl rollout status` reads. Pure.

In: a Deployment and its ReplicaSets as they are. Out: its new status, and when to look again because a
deadline ends. Conditions and messages are kube-controller-manager's.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from controllers.simulator.rollout import bounds
from controllers.simulator.workload import condition, wanted_replicas
from karmada.api.objects import Object, generation_of, name_of
from karmada.runtime.clock import parse_rfc3339, rfc3339

NO_DEADLINE: Final = (1 << 31) - 1

AVAILABLE = condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
NOT_AVAILABLE = condition(
    "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
)
PAUSED = condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
RESUMED = condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")


def deployment_status(
    deployment: Object, new: Object | None, old: Sequence[Object], *, created: bool, now: datetime
) -> Object:
    """created: the new ReplicaSet was made in this pass."""
    status = _counts(deployment, new, old)
    before = deployment.get("status") or {}
    conditions = list(before.get("conditions") or ())
    unavailable = bounds(deployment)[1]
    enough = _number(status, "availableReplicas") >= wanted_replicas(deployment) - unavailable
    conditions = with_condition(conditions, AVAILABLE if enough else NOT_AVAILABLE, now=now)
    if deadline_seconds(deployment) is None:
        conditions = _without(conditions, "Progressing")
    else:
        conditions = _with_progress(deployment, status, conditions, new, created=created, now=now)
    failure = _failure([*([new] if new is not None else []), *old])
    conditions = (
        _without(conditions, "ReplicaFailure")
        if failure is None
        else with_condition(conditions, failure, now=now)
    )
    return {**status, "conditions": conditions}


def seconds_to_deadline(deployment: Object, status: Object, *, now: datetime) -> float | None:
    """When a rollout that makes no progress has to be called overdue; None when it cannot be."""
    seconds = deadline_seconds(deployment)
    progress = _find(status.get("conditions") or (), "Progressing")
    settled = ("NewReplicaSetAvailable", "ProgressDeadlineExceeded")
    if (
        seconds is None
        or progress is None
        or progress["reason"] in settled
        or deployment["spec"].get("paused")
    ):
        return None
    due = parse_rfc3339(progress["lastUpdateTime"]) + timedelta(seconds=seconds + 1)
    return max(1.0, (due - now).total_seconds())


def is_complete(deployment: Object, status: Object) -> bool:
    replicas = wanted_replicas(deployment)
    fields = ("updatedReplicas", "replicas", "availableReplicas")
    return all(_number(status, field) == replicas for field in fields)


def deadline_seconds(deployment: Object) -> int | None:
    seconds: int | None = deployment["spec"].get("progressDeadlineSeconds")
    return None if seconds is None or seconds >= NO_DEADLINE else seconds


def with_condition(conditions: Sequence[Object], wanted: Object, *, now: datetime) -> list[Object]:
    """conditions with wanted put in, unless one with the same status and reason is there."""
    present = _find(conditions, wanted["type"])
    if present is not None and (present["status"], present["reason"]) == (wanted["status"], wanted["reason"]):
        return list(conditions)
    return _put(conditions, wanted, now=now)


def _put(conditions: Sequence[Object], wanted: Object, *, now: datetime) -> list[Object]:
    present = _find(conditions, wanted["type"])
    moment = rfc3339(now)
    moved = moment
    if present is not None and present["status"] == wanted["status"]:
        moved = present.get("lastTransitionTime", moment)
    fresh = {**wanted, "lastUpdateTime": moment, "lastTransitionTime": moved}
    return [*_without(conditions, wanted["type"]), fresh]


def _counts(deployment: Object, new: Object | None, old: Sequence[Object]) -> Object:
    everyone = [*([new] if new is not None else []), *old]
    available = _sum(everyone, "availableReplicas")
    counts = {
        "observedGeneration": generation_of(deployment),
        "replicas": _sum(everyone, "replicas"),
        "updatedReplicas": _sum([new] if new is not None else [], "replicas"),
        "readyReplicas": _sum(everyone, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(map(wanted_replicas, everyone)) - available),
    }
    status: Object = {name: value for name, value in counts.items() if value}
    collisions = (deployment.get("status") or {}).get("collisionCount")
    return status if collisions is None else {**status, "collisionCount": collisions}


def _with_progress(
    deployment: Object,
    status: Object,
    conditions: list[Object],
    new: Object | None,
    *,
    created: bool,
    now: datetime,
) -> list[Object]:
    current = _find(conditions, "Progressing")
    reason = current["reason"] if current is not None else ""
    if deployment["spec"].get("paused"):
        overdue = reason == "ProgressDeadlineExceeded"
        return conditions if overdue else with_condition(conditions, PAUSED, now=now)
    if reason == PAUSED["reason"]:
        conditions = with_condition(conditions, RESUMED, now=now)
    if new is not None and created:
        text = f'Created new replica set "{name_of(new)}"'
        return with_condition(
            conditions, condition("Progressing", "True", "NewReplicaSetCreated", text), now=now
        )
    if new is not None and current is None:
        text = f'Found new replica set "{name_of(new)}"'
        conditions = with_condition(
            conditions, condition("Progressing", "True", "FoundNewReplicaSet", text), now=now
        )
    if reason == "NewReplicaSetAvailable" and _number(status, "replicas") == _number(
        status, "updatedReplicas"
    ):
        return conditions
    subject = f'ReplicaSet "{name_of(new)}"' if new is not None else f'Deployment "{name_of(deployment)}"'
    if is_complete(deployment, status):
        text = f"{subject} has successfully progressed."
        done = condition("Progressing", "True", "NewReplicaSetAvailable", text)
        return with_condition(conditions, done, now=now)
    if _moves(deployment.get("status") or {}, status):
        moving = condition("Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.")
        return _put(conditions, moving, now=now)
    if _is_overdue(deployment, _find(conditions, "Progressing"), now=now):
        text = f"{subject} has timed out progressing."
        late = condition("Progressing", "False", "ProgressDeadlineExceeded", text)
        return with_condition(conditions, late, now=now)
    return conditions


def _moves(before: Object, after: Object) -> bool:
    """More new pods, fewer old ones, or more that are ready or available."""

    def old(status: Object) -> int:
        return _number(status, "replicas") - _number(status, "updatedReplicas")

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old(after) < old(before) or any(_number(after, each) > _number(before, each) for each in grown)


def _is_overdue(deployment: Object, progress: Object | None, *, now: datetime) -> bool:
    seconds = deadline_seconds(deployment)
    if progress is None or seconds is None or progress["reason"] == "NewReplicaSetAvailable":
        return False
    if progress["reason"] == "ProgressDeadlineExceeded":
        return True
    return now > parse_rfc3339(progress["lastUpdateTime"]) + timedelta(seconds=seconds)


def _failure(replica_sets: Iterable[Object]) -> Object | None:
    for each in replica_sets:
        found = _find((each.get("status") or {}).get("conditions") or (), "ReplicaFailure")
        if found is not None:
            return condition("ReplicaFailure", found["status"], found["reason"], found.get("message", ""))
    return None


def _find(conditions: Iterable[Object], kind: str) -> Object | None:
    return next((each for each in conditions if each["type"] == kind), None)


def _without(conditions: Iterable[Object], kind: str) -> list[Object]:
    return [each for each in conditions if each["type"] != kind]


def _sum(replica_sets: Iterable[Object], field: str) -> int:
    return sum(_number(each.get("status") or {}, field) for each in replica_sets)


def _number(status: Object, field: str) -> int:
    return status.get(field) or 0
