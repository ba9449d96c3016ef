"""The arithmetic of a Deployment's rolling update. Pure; deployments.py acts on it.

Keeps the rules of kube-controller-manager: surge rounds up, unavailability down and never both zero; the new
ReplicaSet grows into the room the surge leaves, the old ones shrink by what availability allows.
"""

from collections.abc import Sequence
from typing import Final

from controllers.simulator.replica_sets import wanted_replicas
from controllers.simulator.workload import (
    POD_TEMPLATE_HASH_LABEL,
    condition,
    controller_reference,
    merge_conditions,
    template_hash,
)
from karmada.api.objects import (
    Object,
    annotations_of,
    generation_of,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
)

REVISION_ANNOTATION: Final = "deployment.kubernetes.io/revision"
DESIRED_REPLICAS_ANNOTATION: Final = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS_ANNOTATION: Final = "deployment.kubernetes.io/max-replicas"
DEFAULT_HISTORY: Final = 10
NOT_COPIED: Final = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION_ANNOTATION,
        DESIRED_REPLICAS_ANNOTATION,
        MAX_REPLICAS_ANNOTATION,
    }
)


def find_new_replica_set(deployment: Object, owned: Sequence[Object]) -> Object | None:
    """The ReplicaSet with the Deployment's own template; the oldest when there are several."""
    wanted = _without_hash(deployment["spec"]["template"])
    matching = [each for each in owned if _without_hash(each["spec"]["template"]) == wanted]
    return min(
        matching,
        key=lambda each: (each["metadata"].get("creationTimestamp", ""), name_of(each)),
        default=None,
    )


def new_replica_set(deployment: Object, owned: Sequence[Object]) -> Object:
    """The ReplicaSet to create for the Deployment's template, at the size the first step allows."""
    template = deployment["spec"]["template"]
    short = template_hash(template)
    metadata = template.get("metadata") or {}
    labels = {**(metadata.get("labels") or {}), POD_TEMPLATE_HASH_LABEL: short}
    selector = deployment["spec"]["selector"]
    annotations = {
        name: value for name, value in annotations_of(deployment).items() if name not in NOT_COPIED
    }
    replicas = wanted_replicas(deployment)
    surge, _ = bounds(deployment)
    annotations |= {
        REVISION_ANNOTATION: str(next_revision(owned)),
        DESIRED_REPLICAS_ANNOTATION: str(replicas),
        MAX_REPLICAS_ANNOTATION: str(replicas + surge),
    }
    replica_set: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(deployment)}-{short}",
            "namespace": namespace_of(deployment),
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": {
            "replicas": 0,
            "selector": {
                **selector,
                "matchLabels": {**(selector.get("matchLabels") or {}), POD_TEMPLATE_HASH_LABEL: short},
            },
            "template": {**template, "metadata": {**metadata, "labels": labels}},
        },
    }
    replica_set["spec"]["replicas"] = _new_size(deployment, 0, owned)
    return replica_set


def next_revision(owned: Sequence[Object]) -> int:
    return 1 + max((int(annotations_of(each).get(REVISION_ANNOTATION) or 0) for each in owned), default=0)


def bounds(deployment: Object) -> tuple[int, int]:
    """(surge, unavailable) in pods."""
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, 0
    rolling = strategy.get("rollingUpdate") or {}
    replicas = wanted_replicas(deployment)
    surge = _scaled(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = _scaled(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, replicas)


def plan_scale(deployment: Object, new: Object | None, owned: Sequence[Object]) -> dict[str, int]:
    """uid of a ReplicaSet -> replicas it should have after this step."""
    old = [each for each in owned if new is None or uid_of(each) != uid_of(new)]
    replicas = wanted_replicas(deployment)
    if deployment["spec"].get("paused"):
        active = [each for each in owned if wanted_replicas(each) > 0]
        return {uid_of(active[0]): replicas} if len(active) == 1 else {}
    assert new is not None
    recreate = (deployment["spec"].get("strategy") or {}).get("type") == "Recreate"
    if recreate:
        running = any((each.get("status") or {}).get("replicas", 0) for each in old)
        plan = {uid_of(each): 0 for each in old}
        plan[uid_of(new)] = wanted_replicas(new) if running else replicas
        return plan
    plan = {uid_of(new): _new_size(deployment, wanted_replicas(new), old)}
    if plan[uid_of(new)] == wanted_replicas(new):
        plan |= _shrink_old(deployment, new, old)
    return plan


def surplus_history(deployment: Object, new: Object | None, owned: Sequence[Object]) -> list[Object]:
    """Old ReplicaSets beyond revisionHistoryLimit, oldest first."""
    limit = deployment["spec"].get("revisionHistoryLimit", DEFAULT_HISTORY)
    idle = [
        each
        for each in owned
        if (new is None or uid_of(each) != uid_of(new))
        and wanted_replicas(each) == 0
        and not (each.get("status") or {}).get("replicas")
        and (each.get("status") or {}).get("observedGeneration") == generation_of(each)
    ]
    idle.sort(key=lambda each: int(annotations_of(each).get(REVISION_ANNOTATION) or 0))
    return idle[: max(0, len(idle) - limit)]


def deployment_status(deployment: Object, new: Object | None, owned: Sequence[Object], *, now: str) -> Object:
    total = sum((each.get("status") or {}).get("replicas", 0) for each in owned)
    available = sum((each.get("status") or {}).get("availableReplicas", 0) for each in owned)
    ready = sum((each.get("status") or {}).get("readyReplicas", 0) for each in owned)
    updated = (new.get("status") or {}).get("replicas", 0) if new is not None else 0
    replicas = wanted_replicas(deployment)
    counts = {
        "observedGeneration": generation_of(deployment),
        "replicas": total,
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": available,
        "unavailableReplicas": max(0, max(total, replicas) - available),
    }
    status: Object = {name: value for name, value in counts.items() if value}
    complete = updated == replicas and total == replicas and available == replicas
    conditions = _conditions(deployment, new, available=available, complete=complete)
    present = (deployment.get("status") or {}).get("conditions") or []
    status["conditions"] = merge_conditions(present, conditions, now=now)
    return status


def _conditions(deployment: Object, new: Object | None, *, available: int, complete: bool) -> list[Object]:
    _, unavailable = bounds(deployment)
    conditions = []
    if available >= wanted_replicas(deployment) - unavailable:
        conditions.append(
            condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        )
    else:
        conditions.append(
            condition(
                "Available",
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
            )
        )
    if new is None:
        return conditions
    name = name_of(new)
    if complete:
        text = f'ReplicaSet "{name}" has successfully progressed.'
        conditions.append(condition("Progressing", "True", "NewReplicaSetAvailable", text))
    else:
        text = f'ReplicaSet "{name}" is progressing.'
        conditions.append(condition("Progressing", "True", "ReplicaSetUpdated", text))
    return conditions


def _new_size(deployment: Object, current: int, old: Sequence[Object]) -> int:
    replicas = wanted_replicas(deployment)
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return 0 if any((each.get("status") or {}).get("replicas", 0) for each in old) else replicas
    surge, _ = bounds(deployment)
    total = current + sum(map(wanted_replicas, old))
    if current >= replicas:
        return replicas
    room = replicas + surge - total
    return current if room <= 0 else current + min(room, replicas - current)


def _shrink_old(deployment: Object, new: Object, old: Sequence[Object]) -> dict[str, int]:
    replicas = wanted_replicas(deployment)
    _, unavailable = bounds(deployment)
    minimum = replicas - unavailable
    new_unavailable = wanted_replicas(new) - (new.get("status") or {}).get("availableReplicas", 0)
    total = wanted_replicas(new) + sum(map(wanted_replicas, old))
    budget = total - minimum - new_unavailable
    plan: dict[str, int] = {}
    oldest = sorted(old, key=lambda each: int(annotations_of(each).get(REVISION_ANNOTATION) or 0))
    for each in oldest:
        size = wanted_replicas(each)
        cut = max(0, min(size, budget))
        if cut:
            plan[uid_of(each)] = size - cut
            budget -= cut
    return plan


def _scaled(value: int | str, replicas: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * replicas
    return -(-share // 100) if up else share // 100


def _without_hash(template: Object) -> Object:
    metadata = template.get("metadata") or {}
    labels = {name: value for name, value in labels_of(template).items() if name != POD_TEMPLATE_HASH_LABEL}
    return {**template, "metadata": {**metadata, "labels": labels}}
