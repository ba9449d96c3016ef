"""ReplicaSet (or ReplicationController) -> pods: as many as wanted, youngest and least ready deleted first.

In: ReplicaSets and their pods. Out: pods, ReplicaSet status. deployments.py makes the ReplicaSets,
kubelet.py runs the pods. The two kinds differ in data only.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from controllers.simulator.owned import OwnedPods
from controllers.simulator.workload import (
    BURST_PODS,
    condition,
    count_available,
    deletion_order,
    is_active,
    is_ready,
    merge_conditions,
    pod_from,
    wanted_replicas,
)
from karmada.api.errors import ApiError, NotFound
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object, generation_of, is_deleting, labels_of, uid_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import Requeue, WorkQueue

AT_ONCE: Final = 16
"""Creates or deletes of one ReplicaSet under way at the same time."""


class ReplicaSetController:
    """Keeps the pods of ReplicaSets; resource may be REPLICATION_CONTROLLERS."""

    def __init__(
        self,
        *,
        resource: Resource[Object],
        replica_sets: Informer[Object],
        pods: OwnedPods,
        client: Client,
        clock: Clock,
    ) -> None:
        self.name = resource.kind.lower()
        self._resource = resource
        self._replica_sets = replica_sets
        self._pods = pods
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            queue.add(change.key)

        self._replica_sets.add_handler(changed, name=self.name)
        self._pods.notify(self._resource, self._replica_sets, queue)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        replica_set = self._replica_sets.cache.get(key)
        if replica_set is None:
            return None
        failure: ApiError | None = None
        if is_deleting(replica_set):
            active = [pod for pod in self._pods.of(replica_set) if is_active(pod)]
        else:
            active = [pod for pod in await self._pods.claim(replica_set) if is_active(pod)]
            try:
                active = await self._scale(replica_set, active)
            except ApiError as error:  # a quota, an admission webhook: told in the status, then tried again
                failure = error
        wait = await self._write_status(replica_set, active, failure)
        if failure is not None:
            raise failure
        return Requeue(after=wait) if wait is not None else None

    async def _scale(self, replica_set: Object, active: list[Object]) -> list[Object]:
        missing = wanted_replicas(replica_set) - len(active)
        if missing > 0:
            return [*active, *await self._create(replica_set, min(missing, BURST_PODS))]
        surplus = sorted(active, key=deletion_order)[: min(-missing, BURST_PODS)]
        for start in range(0, len(surplus), AT_ONCE):
            async with asyncio.TaskGroup() as group:
                for pod in surplus[start : start + AT_ONCE]:
                    group.create_task(self._pods.delete(pod), name=f"{self.name} delete")
        gone = set(map(uid_of, surplus))
        return [pod for pod in active if uid_of(pod) not in gone]

    async def _create(self, replica_set: Object, count: int) -> list[Object]:
        """Create count pods, one first, then more and more at a time: what fails for one fails for all."""
        template = replica_set["spec"].get("template") or {}
        created: list[Object] = []
        batch = 1
        while len(created) < count:
            size = min(batch, count - len(created))
            results = await asyncio.gather(
                *(self._pods.create(replica_set, pod_from(replica_set, template)) for _ in range(size)),
                return_exceptions=True,
            )
            created += [result for result in results if not isinstance(result, BaseException)]
            for result in results:
                if isinstance(result, BaseException):
                    raise result
            batch = min(batch * 2, AT_ONCE)
        return created

    async def _write_status(
        self, replica_set: Object, active: list[Object], failure: ApiError | None
    ) -> float | None:
        """Returns the seconds until more pods count as available, if there are any."""
        now = self._clock.now()
        minimum = replica_set["spec"].get("minReadySeconds") or 0
        available, wait = count_available(active, min_ready_seconds=minimum, now=now)
        status = replica_set_status(
            replica_set, active, failure=failure, available=available, now=rfc3339(now)
        )
        try:
            await self._client.update_status(
                self._resource,
                self._resource.key_of(replica_set),
                lambda live: {**live, "status": status},
                cached=replica_set,
            )
        except NotFound:
            return None
        return wait


def replica_set_status(
    replica_set: Object, active: Sequence[Object], *, failure: ApiError | None, available: int, now: str
) -> Object:
    template = replica_set["spec"].get("template") or {}
    wanted = labels_of(template).items()
    labeled = sum(wanted <= labels_of(pod).items() for pod in active)
    counts = {
        "fullyLabeledReplicas": labeled,
        "readyReplicas": sum(map(is_ready, active)),
        "availableReplicas": available,
        "observedGeneration": generation_of(replica_set),
    }
    status: Object = {"replicas": len(active)} | {name: value for name, value in counts.items() if value}
    present = (replica_set.get("status") or {}).get("conditions") or []
    if failure is not None:
        less = wanted_replicas(replica_set) >= len(active)
        failed = condition(
            "ReplicaFailure", "True", "FailedCreate" if less else "FailedDelete", failure.message
        )
        status["conditions"] = [
            _without_update_time(each) for each in merge_conditions(present, [failed], now=now)
        ]
    elif kept := [each for each in present if each["type"] != "ReplicaFailure"]:
        status["conditions"] = kept
    return status


def _without_update_time(each: Object) -> Object:
    """Only Deployments have lastUpdateTime in their conditions."""
    return {name: value for name, value in each.items() if name != "lastUpdateTime"}
