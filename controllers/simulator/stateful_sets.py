"""StatefulSet -> pods with ordinals, one after the other unless told otherwise, and their claims.

In: StatefulSets and their pods. Out: pods `{name}-{ordinal}`, PersistentVolumeClaims, a ControllerRevision
per template, StatefulSet status. What comes next is stateful_pods.py.
"""

from controllers.simulator.owned import OwnedPods
from controllers.simulator.revisions import ensure_revision, revision_name, revisions_of, template_in
from controllers.simulator.stateful_pods import (
    claims_for,
    next_actions,
    ordinal_of,
    revision_for,
    stateful_pod,
    stateful_set_status,
)
from controllers.simulator.workload import count_available
from karmada.api.errors import AlreadyExists, NotFound
from karmada.api.groups.kubernetes import PERSISTENT_VOLUME_CLAIMS, STATEFUL_SETS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, is_deleting, name_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock
from karmada.runtime.controller import Requeue, WorkQueue


class StatefulSetController:
    """Keeps the pods of StatefulSets."""

    name = "statefulset"

    def __init__(
        self, *, stateful_sets: Informer[Object], pods: OwnedPods, client: Client, clock: Clock
    ) -> None:
        self._stateful_sets = stateful_sets
        self._pods = pods
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            queue.add(change.key)

        self._stateful_sets.add_handler(changed, name=self.name)
        self._pods.notify(STATEFUL_SETS, self._stateful_sets, queue)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        stateful_set = self._stateful_sets.cache.get(key)
        if stateful_set is None or is_deleting(stateful_set):
            return None
        revision = revision_name(stateful_set)
        status = stateful_set.get("status") or {}
        if status.get("updateRevision") != revision:
            current = status.get("currentRevision") or revision
            await ensure_revision(self._client, stateful_set, revision, used=(current,))
        pods: dict[int, Object] = {}
        for pod in await self._pods.claim(stateful_set):
            ordinal = ordinal_of(stateful_set, pod)
            if ordinal is not None:
                pods[ordinal] = pod
        actions = next_actions(stateful_set, pods, revision)
        for ordinal in actions.create:
            pods[ordinal] = await self._create(stateful_set, ordinal, revision)
        for pod in actions.delete:
            await self._pods.delete(pod)
            pods = {ordinal: each for ordinal, each in pods.items() if each is not pod}
        return await self._report(stateful_set, list(pods.values()), revision)

    async def _report(self, stateful_set: Object, pods: list[Object], revision: str) -> Requeue | None:
        available, wait = count_available(
            (pod for pod in pods if not is_deleting(pod)),
            min_ready_seconds=stateful_set["spec"].get("minReadySeconds") or 0,
            now=self._clock.now(),
        )
        status = stateful_set_status(stateful_set, pods, revision, available=available)
        try:
            await self._client.update_status(
                STATEFUL_SETS,
                STATEFUL_SETS.key_of(stateful_set),
                lambda live: {**live, "status": status},
                cached=stateful_set,
            )
        except NotFound:
            return None
        return None if wait is None else Requeue(after=wait)

    async def _create(self, stateful_set: Object, ordinal: int, update: str) -> Object:
        revision = revision_for(stateful_set, ordinal, update=update)
        template = stateful_set["spec"]["template"]
        if revision != update:
            for known in await revisions_of(self._client, stateful_set):
                if name_of(known) == revision:
                    template = template_in(known)
        for claim in claims_for(stateful_set, ordinal):
            try:
                await self._client.create(PERSISTENT_VOLUME_CLAIMS, claim)
            except AlreadyExists:
                continue
        return await self._pods.create(stateful_set, stateful_pod(stateful_set, template, ordinal, revision))
