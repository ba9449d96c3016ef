"""How many pods of a Deployment cannot be placed on any node, and since when. Pure.

In: a Deployment, its ReplicaSets, their pods. Out: a count, for the descheduler.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from karmada.api.objects import Object, metadata_of, uid_of

HASH_LABEL: Final = "pod-template-hash"
ENDED: Final = frozenset({"Succeeded", "Failed"})
LONG_PAST: Final = datetime(1970, 1, 1, tzinfo=UTC)


def controller_uid(obj: Object) -> str:
    """The uid of what controls obj; "" when nothing does."""
    owners = metadata_of(obj).get("ownerReferences") or ()
    return next((str(owner.get("uid") or "") for owner in owners if owner.get("controller")), "")


def current_replica_set(deployment: Object, replica_sets: Iterable[Object]) -> Object | None:
    """The oldest ReplicaSet of the Deployment with the same pod template."""
    wanted = _template(deployment)
    mine = [
        found
        for found in replica_sets
        if controller_uid(found) == uid_of(deployment) and _template(found) == wanted
    ]
    return min(mine, key=lambda found: str(metadata_of(found).get("creationTimestamp") or ""), default=None)


def _template(workload: Object) -> Any:
    """The pod template without the label that tells one ReplicaSet from another."""
    template = (workload.get("spec") or {}).get("template") or {}
    metadata = template.get("metadata") or {}
    labels = {name: value for name, value in (metadata.get("labels") or {}).items() if name != HASH_LABEL}
    annotations = metadata.get("annotations") or {}
    return {"labels": labels, "annotations": annotations, "spec": template.get("spec")}


def count_unschedulable(pods: Iterable[Object], *, now: datetime, threshold_seconds: float) -> int:
    """Pods that no node would take for longer than that. A negative time counts as none."""
    latest = now - timedelta(seconds=max(0.0, threshold_seconds))
    return sum(1 for pod in pods if _is_stuck(pod, latest))


def _is_stuck(pod: Object, latest: datetime) -> bool:
    status = pod.get("status") or {}
    if status.get("phase") in ENDED:
        return False
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled":
            stuck = condition.get("status") == "False" and condition.get("reason") == "Unschedulable"
            return stuck and _moment(condition.get("lastTransitionTime")) < latest
    return False


def _moment(text: Any) -> datetime:
    """When; a time that is missing or unreadable is long past."""
    try:
        moment = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return LONG_PAST
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
