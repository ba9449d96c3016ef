"""The arithmetic of a Deployment's rollout. Pure; deployments.py acts on it, deployment_status.py reports.

Keeps the rules of kube-controller-manager: surge rounds up, unavailability down and never both zero; the new
ReplicaSet grows into the room the surge leaves, the old ones shrink by what availability allows; a Deployment
scaled in the middle of a rollout spreads the difference in proportion.
"""

from collections.abc import Sequence
from typing import Any, Final

from controllers.simulator.workload import (
    POD_TEMPLATE_HASH_LABEL,
    controller_reference,
    template_hash,
    wanted_replicas,
)
from karmada.api.objects import (
    Object,
    annotations_of,
    generation_of,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
    with_annotations,
)

REVISION_ANNOTATION: Final = "deployment.kubernetes.io/revision"
REVISION_HISTORY_ANNOTATION: Final = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS_ANNOTATION: Final = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS_ANNOTATION: Final = "deployment.kubernetes.io/max-replicas"
DEFAULT_HISTORY: Final = 10
NOT_COPIED: Final = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        REVISION_ANNOTATION,
        REVISION_HISTORY_ANNOTATION,
        DESIRED_REPLICAS_ANNOTATION,
        MAX_REPLICAS_ANNOTATION,
    }
)

Sizes = dict[str, int]
"""uid of a ReplicaSet -> replicas it should have after this step."""


def find_new_replica_set(deployment: Object, owned: Sequence[Object]) -> Object | None:
    """The ReplicaSet with the Deployment's own template; the oldest when there are several."""
    wanted = _without_hash(deployment["spec"]["template"])
    matching = [each for each in owned if _without_hash(each["spec"]["template"]) == wanted]
    return min(matching, key=_age, default=None)


def new_replica_set(deployment: Object, owned: Sequence[Object]) -> Object:
    """The ReplicaSet to create for the Deployment's template, at the size the first step allows."""
    template = deployment["spec"]["template"]
    short = template_hash(
        template, collision_count=(deployment.get("status") or {}).get("collisionCount") or 0
    )
    metadata = template.get("metadata") or {}
    labels = {**(metadata.get("labels") or {}), POD_TEMPLATE_HASH_LABEL: short}
    selector = deployment["spec"]["selector"]
    spec: Object = {
        "replicas": 0 if is_recreate(deployment) else new_size(deployment, 0, owned),
        "selector": {
            **selector,
            "matchLabels": {**(selector.get("matchLabels") or {}), POD_TEMPLATE_HASH_LABEL: short},
        },
        "template": {**template, "metadata": {**metadata, "labels": labels}},
    }
    if seconds := deployment["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = seconds
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(deployment)}-{short}",
            "namespace": namespace_of(deployment),
            "labels": labels,
            "annotations": {
                **copied_annotations(deployment),
                REVISION_ANNOTATION: str(next_revision(owned)),
                **_size_annotations(deployment),
            },
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": spec,
    }


def copied_annotations(deployment: Object) -> dict[str, str]:
    return {name: value for name, value in annotations_of(deployment).items() if name not in NOT_COPIED}


def as_newest(deployment: Object, new: Object, old: Sequence[Object]) -> Object:
    """new with the newest revision (a template may have come back) and what it takes over from its
    Deployment."""
    annotations = copied_annotations(deployment)
    revision, wanted = revision_of(new), next_revision(old)
    if revision < wanted:
        annotations[REVISION_ANNOTATION] = str(wanted)
        if revision:
            history = annotations_of(new).get(REVISION_HISTORY_ANNOTATION, "")
            annotations[REVISION_HISTORY_ANNOTATION] = f"{history},{revision}" if history else str(revision)
    spec = new["spec"]
    seconds = deployment["spec"].get("minReadySeconds") or 0
    if (spec.get("minReadySeconds") or 0) != seconds:
        spec = {**spec, "minReadySeconds": seconds}
    if spec is new["spec"] and annotations.items() <= annotations_of(new).items():
        return new
    return {**with_annotations(new, annotations), "spec": spec}


def revision_of(obj: Object) -> int:
    """0 when it has none, or something that is no number."""
    text = annotations_of(obj).get(REVISION_ANNOTATION, "")
    return int(text) if text.isdecimal() else 0


def next_revision(owned: Sequence[Object]) -> int:
    return 1 + max(map(revision_of, owned), default=0)


def bounds(deployment: Object) -> tuple[int, int]:
    """(surge, unavailable) in pods."""
    if is_recreate(deployment):
        return 0, 0
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    replicas = wanted_replicas(deployment)
    surge = scaled(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = scaled(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, replicas)


def is_recreate(deployment: Object) -> bool:
    return bool((deployment["spec"].get("strategy") or {}).get("type") == "Recreate")


def is_scaled(deployment: Object, owned: Sequence[Object]) -> bool:
    """Its replicas changed since a ReplicaSet that runs was last sized."""
    wanted = str(wanted_replicas(deployment))
    return any(
        annotations_of(each).get(DESIRED_REPLICAS_ANNOTATION, wanted) != wanted for each in _running(owned)
    )


def sized(replica_set: Object, replicas: int, deployment: Object) -> Object:
    """replica_set at that size, with the Deployment's size noted on it."""
    noted = with_annotations(replica_set, _size_annotations(deployment))
    return {**noted, "spec": {**replica_set["spec"], "replicas": replicas}}


def _size_annotations(deployment: Object) -> dict[str, str]:
    replicas = wanted_replicas(deployment)
    return {
        DESIRED_REPLICAS_ANNOTATION: str(replicas),
        MAX_REPLICAS_ANNOTATION: str(replicas + bounds(deployment)[0]),
    }


def plan_scale(deployment: Object, new: Object | None, old: Sequence[Object]) -> Sizes:
    """The Deployment was scaled, or is paused: no step of a rollout, only its size."""
    replicas = wanted_replicas(deployment)
    everyone = [*([new] if new is not None else []), *old]
    running = _running(everyone)
    if len(running) <= 1:
        latest = running[0] if running else new or max(old, key=_age, default=None)
        return {} if latest is None else {uid_of(latest): replicas}
    if new is not None and _is_saturated(deployment, new):
        return {uid_of(new): replicas} | {uid_of(each): 0 for each in _running(old)}
    return {} if is_recreate(deployment) else _in_proportion(deployment, running)


def plan_rolling(deployment: Object, new: Object, old: Sequence[Object]) -> Sizes:
    """The next step of a rolling update."""
    size = new_size(deployment, wanted_replicas(new), old)
    if size != wanted_replicas(new):
        return {uid_of(new): size}
    return _shrink_old(deployment, new, old)


def new_size(deployment: Object, current: int, old: Sequence[Object]) -> int:
    replicas = wanted_replicas(deployment)
    if current >= replicas:
        return replicas
    surge, _ = bounds(deployment)
    room = replicas + surge - current - sum(map(wanted_replicas, old))
    return current if room <= 0 else current + min(room, replicas - current)


def surplus_history(deployment: Object, old: Sequence[Object]) -> list[Object]:
    """Old ReplicaSets beyond revisionHistoryLimit, oldest first."""
    limit = deployment["spec"].get("revisionHistoryLimit", DEFAULT_HISTORY)
    idle = [
        each
        for each in old
        if wanted_replicas(each) == 0
        and not _status(each, "replicas")
        and _status(each, "observedGeneration") >= generation_of(each)
    ]
    idle.sort(key=revision_of)
    return idle[: max(0, len(idle) - limit)]


def scaled(value: Any, replicas: int, *, up: bool) -> int:
    """A number of pods, or a share of replicas such as "25%". What is neither counts as 0."""
    if isinstance(value, int):
        return max(0, value)
    digits = str(value).removesuffix("%")
    if not digits.isdecimal():
        return 0
    share = int(digits) * replicas
    return -(-share // 100) if up else share // 100


def _shrink_old(deployment: Object, new: Object, old: Sequence[Object]) -> Sizes:
    running = sorted(_running(old), key=_age)
    minimum = wanted_replicas(deployment) - bounds(deployment)[1]
    new_unavailable = wanted_replicas(new) - _status(new, "availableReplicas")
    sizes = {uid_of(each): wanted_replicas(each) for each in running}
    budget = wanted_replicas(new) + sum(sizes.values()) - minimum - new_unavailable
    for each in running:  # first what is not available anyway
        cut = max(0, min(budget, sizes[uid_of(each)] - _status(each, "availableReplicas")))
        sizes[uid_of(each)] -= cut
        budget -= cut
    spare = sum(_status(each, "availableReplicas") for each in (new, *running)) - minimum
    spare = min(spare, budget)
    for each in running:
        cut = max(0, min(spare, sizes[uid_of(each)]))
        sizes[uid_of(each)] -= cut
        spare -= cut
    return {
        uid_of(each): sizes[uid_of(each)] for each in running if sizes[uid_of(each)] != wanted_replicas(each)
    }


def _in_proportion(deployment: Object, running: Sequence[Object]) -> Sizes:
    """Share out what is to be added (or taken), the largest first; rounding errors go to the first."""
    replicas = wanted_replicas(deployment)
    allowed = replicas + bounds(deployment)[0] if replicas else 0
    to_add = allowed - sum(map(wanted_replicas, running))
    newer_first = sorted(running, key=_age, reverse=to_add > 0)
    ordered = sorted(newer_first, key=wanted_replicas, reverse=True)
    sizes: Sizes = {}
    added = 0
    for each in ordered:
        share = _share(deployment, each)
        left = to_add - added
        share = max(0, min(share, left)) if to_add > 0 else min(0, max(share, left))
        sizes[uid_of(each)] = wanted_replicas(each) + share
        added += share
    first = uid_of(ordered[0])
    sizes[first] = max(0, sizes[first] + to_add - added)
    return sizes


def _share(deployment: Object, replica_set: Object) -> int:
    """How much replica_set grows when the Deployment grows."""
    current = wanted_replicas(replica_set)
    replicas = wanted_replicas(deployment)
    if replicas == 0:
        return -current
    text = annotations_of(replica_set).get(MAX_REPLICAS_ANNOTATION, "")
    before = int(text) if text.isdecimal() and int(text) else _status(deployment, "replicas")
    if not before:
        return 0
    return int(current * (replicas + bounds(deployment)[0]) / before + 0.5) - current


def _is_saturated(deployment: Object, new: Object) -> bool:
    replicas = wanted_replicas(deployment)
    noted = annotations_of(new).get(DESIRED_REPLICAS_ANNOTATION)
    return wanted_replicas(new) == replicas == _status(new, "availableReplicas") and noted == str(replicas)


def _running(replica_sets: Sequence[Object]) -> list[Object]:
    return [each for each in replica_sets if wanted_replicas(each) > 0]


def _status(obj: Object, field: str) -> int:
    return (obj.get("status") or {}).get(field) or 0


def _age(obj: Object) -> tuple[str, str]:
    """Sorts the oldest first."""
    return (obj.get("metadata") or {}).get("creationTimestamp") or "", name_of(obj)


def _without_hash(template: Object) -> Object:
    metadata = template.get("metadata") or {}
    labels = {name: value for name, value in labels_of(template).items() if name != POD_TEMPLATE_HASH_LABEL}
    kept = {name: value for name, value in metadata.items() if name != "creationTimestamp" and value}
    return {**template, "metadata": {**kept, "labels": labels}}
