"""Deployment -> ReplicaSets: one per pod template, scaled as a rolling update allows.

In: Deployments and their ReplicaSets. Out: ReplicaSets, Deployment status. replica_sets.py turns them into
pods. The arithmetic is rollout.py, the words are deployment_status.py. Every pass decides on what the caches
show and writes against the versions it saw: a stale pass loses, and the watch brings the next one.
"""

import logging
from typing import Final

from controllers.simulator.deployment_status import deployment_status, is_complete, seconds_to_deadline
from controllers.simulator.owned import OwnedPods, orphan_namespace, selector_of
from controllers.simulator.rollout import (
    REVISION_ANNOTATION,
    Sizes,
    as_newest,
    find_new_replica_set,
    is_recreate,
    is_scaled,
    new_replica_set,
    plan_rolling,
    plan_scale,
    sized,
    surplus_history,
)
from controllers.simulator.workload import controller_reference, controller_uid, is_finished, wanted_replicas
from karmada.api.errors import AlreadyExists, Conflict, NotFound
from karmada.api.groups.kubernetes import DEPLOYMENTS, REPLICA_SETS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import (
    Object,
    annotations_of,
    controller_of,
    is_deleting,
    labels_of,
    namespace_of,
    owners_of,
    uid_of,
    with_annotations,
    with_metadata,
)
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock
from karmada.runtime.controller import Requeue, WorkQueue

log = logging.getLogger(__name__)

CONTROLLED: Final = "controller-uid"
ORPHANS: Final = "orphans"


class DeploymentController:
    """Rolls Deployments out."""

    name = "deployment"

    def __init__(
        self,
        *,
        deployments: Informer[Object],
        replica_sets: Informer[Object],
        pods: OwnedPods,
        client: Client,
        clock: Clock,
    ) -> None:
        self._deployments = deployments
        self._replica_sets = replica_sets
        self._pods = pods
        self._client = client
        self._clock = clock
        replica_sets.cache.add_index(CONTROLLED, controller_uid)
        replica_sets.cache.add_index(ORPHANS, orphan_namespace)

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def deployment_changed(change: Change[Object]) -> None:
            queue.add(change.key)

        def replica_set_changed(change: Change[Object]) -> None:
            replica_set = change.new if change.new is not None else change.old
            assert replica_set is not None
            controller = controller_of(replica_set)
            if controller is not None and controller["kind"] == "Deployment":
                queue.add(DEPLOYMENTS.key(change.key.namespace, controller["name"]))
            elif controller is None and change.new is not None:
                for deployment in self._deployments.cache.list(change.key.namespace):
                    if selector_of(deployment).matches(labels_of(change.new)):
                        queue.add(DEPLOYMENTS.key_of(deployment))

        def pod_changed(change: Change[Object]) -> None:
            """The last old pod of a Recreate is gone: the new ones may come."""
            controller = controller_of(change.old) if change.new is None and change.old else None
            if controller is not None and controller["kind"] == "ReplicaSet":
                owner = self._replica_sets.cache.named(change.key.namespace, controller["name"])
                above = controller_of(owner) if owner is not None else None
                if above is not None and above["kind"] == "Deployment":
                    queue.add(DEPLOYMENTS.key(change.key.namespace, above["name"]))

        self._deployments.add_handler(deployment_changed, name=self.name)
        self._replica_sets.add_handler(replica_set_changed, name=self.name)
        self._pods.informer.add_handler(pod_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        deployment = self._deployments.cache.get(key)
        if deployment is None:
            return None
        try:
            return await self._step(deployment)
        except (Conflict, NotFound) as error:
            log.debug("rollout moved on", extra={"key": str(key), "error": str(error)})
            return Requeue(after=1.0)  # the watch usually comes first

    async def _step(self, deployment: Object) -> Requeue | None:
        if is_deleting(deployment):
            return None
        owned = await self._claim(deployment)
        new = find_new_replica_set(deployment, owned)
        old = [each for each in owned if new is None or uid_of(each) != uid_of(new)]
        if new is not None and (wanted := as_newest(deployment, new, old)) is not new:
            new = await self._client.replace(REPLICA_SETS, wanted)
        created = False
        if deployment["spec"].get("paused") or is_scaled(deployment, owned):
            sizes = plan_scale(deployment, new, old)
        elif is_recreate(deployment) and (any(map(wanted_replicas, old)) or self._run_still(old)):
            sizes = {uid_of(each): 0 for each in old if wanted_replicas(each)}
        elif new is None:
            new = await self._create_new(deployment, old)
            created, sizes = True, {}
            if is_recreate(deployment):
                sizes = {uid_of(new): wanted_replicas(deployment)}
        else:
            recreate = {uid_of(new): wanted_replicas(deployment)}
            sizes = recreate if is_recreate(deployment) else plan_rolling(deployment, new, old)
        deployment = await self._mark_revision(deployment, new)
        new, old = await self._scale(deployment, new, old, sizes)
        return await self._report(deployment, new, old, created=created)

    async def _claim(self, deployment: Object) -> list[Object]:
        """Its ReplicaSets; those nobody owns and it selects are taken in."""
        owned = self._replica_sets.cache.by_index(CONTROLLED, uid_of(deployment))
        selector = selector_of(deployment)
        for each in self._replica_sets.cache.by_index(ORPHANS, namespace_of(deployment)):
            if not is_deleting(each) and selector.matches(labels_of(each)):
                owners = [*owners_of(each), controller_reference(deployment)]
                owned.append(
                    await self._client.replace(REPLICA_SETS, with_metadata(each, ownerReferences=owners))
                )
        return owned

    def _run_still(self, replica_sets: list[Object]) -> bool:
        return any(not is_finished(pod) for each in replica_sets for pod in self._pods.of(each))

    async def _create_new(self, deployment: Object, old: list[Object]) -> Object:
        wanted = new_replica_set(deployment, old)
        try:
            return await self._client.create(REPLICA_SETS, wanted)
        except AlreadyExists:
            key = REPLICA_SETS.key_of(wanted)
            live = await self._client.get(REPLICA_SETS, key)
            controller = controller_of(live)
            ours = controller is not None and controller["uid"] == uid_of(deployment)
            if ours and find_new_replica_set(deployment, [live]) is not None:
                return live  # the cache is behind
            await self._count_collision(deployment)
            raise

    async def _count_collision(self, deployment: Object) -> None:
        """Another ReplicaSet has the name: the next try hashes to another one."""
        count = ((deployment.get("status") or {}).get("collisionCount") or 0) + 1

        def change(live: Object) -> Object:
            return {**live, "status": {**(live.get("status") or {}), "collisionCount": count}}

        await self._client.update_status(
            DEPLOYMENTS, DEPLOYMENTS.key_of(deployment), change, cached=deployment
        )

    async def _mark_revision(self, deployment: Object, new: Object | None) -> Object:
        revision = annotations_of(new).get(REVISION_ANNOTATION) if new is not None else None
        if revision is None or annotations_of(deployment).get(REVISION_ANNOTATION) == revision:
            return deployment
        return await self._client.replace(
            DEPLOYMENTS, with_annotations(deployment, {REVISION_ANNOTATION: revision})
        )

    async def _scale(
        self, deployment: Object, new: Object | None, old: list[Object], sizes: Sizes
    ) -> tuple[Object | None, list[Object]]:
        """Write the sizes of this step; returns the ReplicaSets as they are now."""

        async def scale(replica_set: Object) -> Object:
            size = sizes.get(uid_of(replica_set))
            if size is None:
                return replica_set
            wanted = sized(replica_set, size, deployment)
            return replica_set if wanted == replica_set else await self._client.replace(REPLICA_SETS, wanted)

        return None if new is None else await scale(new), [await scale(each) for each in old]

    async def _report(
        self, deployment: Object, new: Object | None, old: list[Object], *, created: bool
    ) -> Requeue | None:
        now = self._clock.now()
        status = deployment_status(deployment, new, old, created=created, now=now)
        if is_complete(deployment, status) or deployment["spec"].get("paused"):
            for each in surplus_history(deployment, old):
                await self._client.delete(REPLICA_SETS, REPLICA_SETS.key_of(each), uid=uid_of(each))
        if status != deployment.get("status"):
            await self._client.replace(DEPLOYMENTS, {**deployment, "status": status}, subresource="status")
        wait = seconds_to_deadline(deployment, status, now=now)
        return None if wait is None else Requeue(after=wait)
