"""ReplicaSet -> pods: as many as wanted, youngest and least ready deleted first.

In: ReplicaSets and their pods. Out: pods, ReplicaSet status. deployments.py makes the ReplicaSets,
kubelet.py runs the pods.
"""

from typing import Final

from controllers.simulator.owned import OwnedPods
from controllers.simulator.workload import (
    condition,
    deletion_order,
    is_active,
    is_ready,
    merge_conditions,
    pod_from,
)
from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.kubernetes import REPLICA_SETS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, generation_of, is_deleting, uid_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import Requeue, WorkQueue

BURST_PODS: Final = 500
"""Pods created or deleted in one pass."""


class ReplicaSetController:
    """Keeps the pods of ReplicaSets."""

    name = "replicaset"

    def __init__(
        self, *, replica_sets: Informer[Object], pods: OwnedPods, client: Client, clock: Clock
    ) -> None:
        self._replica_sets = replica_sets
        self._pods = pods
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            queue.add(change.key)

        self._replica_sets.add_handler(changed, name=self.name)
        self._pods.notify(REPLICA_SETS, queue)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        replica_set = self._replica_sets.cache.get(key)
        if replica_set is None:
            return None
        active = [pod for pod in self._pods.of(replica_set) if is_active(pod)]
        failure: ApiError | None = None
        if not is_deleting(replica_set):
            try:
                active = await self._scale(replica_set, active)
            except ApiError as error:  # a quota, an admission webhook: told in the status, then tried again
                failure = error
        await self._write_status(replica_set, active, failure)
        if failure is not None:
            raise failure
        return None

    async def _scale(self, replica_set: Object, active: list[Object]) -> list[Object]:
        wanted = wanted_replicas(replica_set)
        template = replica_set["spec"].get("template") or {}
        missing = min(wanted - len(active), BURST_PODS)
        created = [
            await self._pods.create(replica_set, pod_from(replica_set, template)) for _ in range(missing)
        ]
        surplus = sorted(active, key=deletion_order)[: max(0, len(active) - wanted)]
        for pod in surplus[:BURST_PODS]:
            await self._pods.delete(replica_set, pod)
        gone = {uid_of(pod) for pod in surplus}
        return [pod for pod in (*active, *created) if uid_of(pod) not in gone]

    async def _write_status(
        self, replica_set: Object, active: list[Object], failure: ApiError | None
    ) -> None:
        status = replica_set_status(replica_set, active, failure, now=rfc3339(self._clock.now()))
        try:
            await self._client.update_status(
                REPLICA_SETS,
                REPLICA_SETS.key_of(replica_set),
                lambda live: {**live, "status": status},
                cached=replica_set,
            )
        except NotFound:
            return


def wanted_replicas(obj: Object) -> int:
    replicas = obj["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def replica_set_status(
    replica_set: Object, active: list[Object], failure: ApiError | None, *, now: str
) -> Object:
    ready = sum(map(is_ready, active))
    status: Object = {"replicas": len(active)}
    if active:
        status["fullyLabeledReplicas"] = len(active)
    if ready:
        status["readyReplicas"] = status["availableReplicas"] = ready
    status["observedGeneration"] = generation_of(replica_set)
    present = (replica_set.get("status") or {}).get("conditions") or []
    if failure is not None:
        failed = condition("ReplicaFailure", "True", "FailedCreate", failure.message)
        status["conditions"] = merge_conditions(present, [failed], now=now)
    elif kept := [each for each in present if each["type"] != "ReplicaFailure"]:
        status["conditions"] = kept
    return status
