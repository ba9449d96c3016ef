"""What workload controllers share: pods made from templates, and what a pod is worth.

Pure, except Pending, which remembers writes that the cache does not show yet, so that no pod is made twice.
Words and generated names are kube-controller-manager's: `{owner}-{hash}`, pod-template-hash, controller
references.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from karmada.api.names import hash_suffix
from karmada.api.objects import (
    Object,
    controller_of,
    is_deleting,
    name_of,
    namespace_of,
    uid_of,
    with_metadata,
)
from karmada.runtime.clock import parse_rfc3339

POD_TEMPLATE_HASH_LABEL: Final = "pod-template-hash"
CONTROLLER_REVISION_HASH_LABEL: Final = "controller-revision-hash"
BURST_PODS: Final = 500
"""Pods of one owner that are created or deleted in one pass."""
SOON: Final = "9999-12-31T23:59:59Z"
"""Stands for the deletion time that the server has given a pod and the cache does not show yet."""


def controller_reference(owner: Object) -> Object:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_controlled_by(obj: Object, owner: Object) -> bool:
    controller = controller_of(obj)
    return controller is not None and controller.get("uid") == uid_of(owner)


def controller_uid(obj: Object) -> Iterable[str]:
    """Index values: the uid of the controlling owner."""
    controller = controller_of(obj)
    return (controller["uid"],) if controller else ()


def template_hash(template: Object, *, collision_count: int = 0) -> str:
    """A short, stable name for a pod template, in the alphabet Kubernetes uses."""
    text = orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    if collision_count:
        text += str(collision_count).encode()
    return hash_suffix(hashlib.blake2s(text).hexdigest())


def pod_from(
    owner: Object,
    template: Object,
    *,
    name: str = "",
    labels: dict[str, str] | None = None,
    finalizers: Sequence[str] = (),
    spec: Object | None = None,
) -> Object:
    """A pod of template, controlled by owner; without name it gets a generated one. spec overrides fields."""
    metadata = template.get("metadata") or {}
    pod_metadata: Object = {
        "namespace": namespace_of(owner),
        "labels": {**(metadata.get("labels") or {}), **(labels or {})},
        "ownerReferences": [controller_reference(owner)],
    }
    if annotations := metadata.get("annotations"):
        pod_metadata["annotations"] = annotations
    if finalizers:
        pod_metadata["finalizers"] = list(finalizers)
    if name:
        pod_metadata["name"] = name
    else:
        pod_metadata["generateName"] = f"{name_of(owner)}-"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": pod_metadata,
        "spec": {**(template.get("spec") or {}), **(spec or {})},
    }


def wanted_replicas(obj: Object) -> int:
    replicas = obj["spec"].get("replicas")
    return 1 if replicas is None else max(0, int(replicas))


def phase_of(pod: Object) -> str:
    phase: str = (pod.get("status") or {}).get("phase") or "Pending"
    return phase


def is_finished(pod: Object) -> bool:
    return phase_of(pod) in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """Counts against the replicas of its owner."""
    return not is_finished(pod) and not is_deleting(pod)


def is_ready(pod: Object) -> bool:
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in (pod.get("status") or {}).get("conditions") or ()
    )


def ready_since(pod: Object) -> str:
    """When it became ready, RFC 3339; "" while it is not."""
    for each in (pod.get("status") or {}).get("conditions") or ():
        if each["type"] == "Ready" and each["status"] == "True":
            return each.get("lastTransitionTime") or ""
    return ""


def count_available(
    pods: Iterable[Object], *, min_ready_seconds: int, now: datetime
) -> tuple[int, float | None]:
    """(pods that have been ready long enough, seconds until the next one will have been)."""
    available, wait = 0, None
    for pod in pods:
        if not is_ready(pod):
            continue
        left = _seconds_left(ready_since(pod), min_ready_seconds, now) if min_ready_seconds else 0.0
        if left <= 0:
            available += 1
        elif wait is None or left < wait:
            wait = left
    return available, wait


def _seconds_left(since: str, seconds: int, now: datetime) -> float:
    return seconds - (now - parse_rfc3339(since)).total_seconds() if since else 0.0


def deletion_order(pod: Object) -> tuple[Any, ...]:
    """Pods to delete first sort first: unassigned, pending, not ready, youngest."""
    created = (pod.get("metadata") or {}).get("creationTimestamp") or ""
    assigned = bool((pod.get("spec") or {}).get("nodeName"))
    age = tuple(-ord(character) for character in created)
    return (assigned, phase_of(pod) == "Running", is_ready(pod), age, name_of(pod))


def condition(kind: str, status: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def merge_conditions(present: Iterable[Object], wanted: Iterable[Object], *, now: str) -> list[Object]:
    """present with wanted put in; times move only when something of a condition changed."""
    merged = {each["type"]: each for each in present}
    for each in wanted:
        old = merged.get(each["type"])
        if old is not None and all(old.get(field) == value for field, value in each.items()):
            continue
        moved = old is None or old["status"] != each["status"]
        transition = now if moved or old is None else old.get("lastTransitionTime", now)
        merged[each["type"]] = {**each, "lastTransitionTime": transition, "lastUpdateTime": now}
    return list(merged.values())


class Pending:
    """Pods created or deleted by us that the cache does not show yet."""

    def __init__(self) -> None:
        self._created: dict[str, dict[str, Object]] = {}
        self._deleted: dict[str, Object] = {}

    def created(self, owner_uid: str, obj: Object) -> None:
        self._created.setdefault(owner_uid, {})[uid_of(obj)] = obj

    def deleted(self, obj: Object) -> None:
        self._deleted[uid_of(obj)] = obj

    def seen(self, obj: Object) -> None:
        """The cache shows obj now, or showed its end."""
        controller = controller_of(obj)
        owner_uid = controller["uid"] if controller else ""
        if created := self._created.get(owner_uid):
            created.pop(uid_of(obj), None)
            if not created:
                del self._created[owner_uid]
        if is_deleting(obj):
            self._deleted.pop(uid_of(obj), None)

    def gone(self, obj: Object) -> None:
        self.seen(obj)
        self._deleted.pop(uid_of(obj), None)

    def complete(self, owner_uid: str, cached: Sequence[Object]) -> list[Object]:
        """What the owner has: cached, plus what we made; what we deleted shows as being deleted."""
        created = self._created.get(owner_uid, {})
        if not created and not self._deleted:
            return list(cached)
        known = {uid_of(obj) for obj in cached}
        extra = [obj for uid, obj in created.items() if uid not in known]
        return [self._marked(obj) for obj in (*cached, *extra)]

    def _marked(self, obj: Object) -> Object:
        if uid_of(obj) not in self._deleted or is_deleting(obj):
            return obj
        return with_metadata(obj, deletionTimestamp=SOON)

    def __len__(self) -> int:
        return len(self._deleted) + sum(map(len, self._created.values()))
