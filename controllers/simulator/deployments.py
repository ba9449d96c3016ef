"""Deployment -> ReplicaSets: one per pod template, scaled as a rolling update allows.

In: Deployments and their ReplicaSets. Out: ReplicaSets, Deployment status with the conditions that `kubectl
rollout status` reads. replica_sets.py turns them into pods. The arithmetic is rollout.py.
"""

from controllers.simulator.rollout import (
    REVISION_ANNOTATION,
    deployment_status,
    find_new_replica_set,
    new_replica_set,
    next_revision,
    plan_scale,
    surplus_history,
)
from controllers.simulator.workload import controller_uid
from karmada.api.errors import AlreadyExists, NotFound
from karmada.api.groups.kubernetes import DEPLOYMENTS, REPLICA_SETS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import (
    Object,
    annotations_of,
    controller_of,
    is_deleting,
    name_of,
    namespace_of,
    uid_of,
    with_annotations,
)
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import Requeue, WorkQueue

INDEX = "controller-uid"


class DeploymentController:
    """Rolls Deployments out."""

    name = "deployment"

    def __init__(
        self,
        *,
        deployments: Informer[Object],
        replica_sets: Informer[Object],
        client: Client,
        clock: Clock,
    ) -> None:
        self._deployments = deployments
        self._replica_sets = replica_sets
        self._client = client
        self._clock = clock
        replica_sets.cache.add_index(INDEX, controller_uid)

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def deployment_changed(change: Change[Object]) -> None:
            queue.add(change.key)

        def replica_set_changed(change: Change[Object]) -> None:
            replica_set = change.new if change.new is not None else change.old
            controller = controller_of(replica_set) if replica_set is not None else None
            if controller is not None and controller["kind"] == "Deployment":
                queue.add(DEPLOYMENTS.key(change.key.namespace, controller["name"]))

        self._deployments.add_handler(deployment_changed, name=self.name)
        self._replica_sets.add_handler(replica_set_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        deployment = self._deployments.cache.get(key)
        if deployment is None or is_deleting(deployment):
            return None
        owned = self._replica_sets.cache.by_index(INDEX, uid_of(deployment))
        new = find_new_replica_set(deployment, owned)
        if new is None and not deployment["spec"].get("paused"):
            new = await self._create_new(deployment, owned)
            owned = [*owned, new]
        elif new is not None:
            new = await self._keep_revision(new, owned)
        deployment = await self._mark_revision(deployment, new)
        owned = await self._scale(deployment, new, owned)
        for replica_set in surplus_history(deployment, new, owned):
            await self._client.delete(REPLICA_SETS, REPLICA_SETS.key_of(replica_set), uid=uid_of(replica_set))
        await self._write_status(deployment, new, owned)
        return None

    async def _create_new(self, deployment: Object, owned: list[Object]) -> Object:
        wanted = new_replica_set(deployment, owned)
        try:
            return await self._client.create(REPLICA_SETS, wanted)
        except AlreadyExists:
            live = await self._client.get(
                REPLICA_SETS, REPLICA_SETS.key(namespace_of(wanted), name_of(wanted))
            )
            controller = controller_of(live)
            if controller is not None and controller["uid"] == uid_of(deployment):
                return live  # ours; the cache is behind
            raise

    async def _keep_revision(self, new: Object, owned: list[Object]) -> Object:
        """A template that came back becomes the newest revision again."""
        revision = next_revision([each for each in owned if each is not new])
        if int(annotations_of(new).get(REVISION_ANNOTATION) or 0) >= revision:
            return new
        key = REPLICA_SETS.key_of(new)
        return await self._client.update(
            REPLICA_SETS,
            key,
            lambda live: with_annotations(live, {REVISION_ANNOTATION: str(revision)}),
            cached=new,
        )

    async def _mark_revision(self, deployment: Object, new: Object | None) -> Object:
        revision = annotations_of(new).get(REVISION_ANNOTATION) if new is not None else None
        if revision is None or annotations_of(deployment).get(REVISION_ANNOTATION) == revision:
            return deployment
        try:
            return await self._client.update(
                DEPLOYMENTS,
                DEPLOYMENTS.key_of(deployment),
                lambda live: with_annotations(live, {REVISION_ANNOTATION: revision}),
                cached=deployment,
            )
        except NotFound:
            return deployment

    async def _scale(self, deployment: Object, new: Object | None, owned: list[Object]) -> list[Object]:
        """Write the replica counts of this step; returns the ReplicaSets as they are now."""
        plan = plan_scale(deployment, new, owned)
        scaled = []
        for replica_set in owned:
            wanted = plan.get(uid_of(replica_set))
            if wanted is None or wanted == replica_set["spec"].get("replicas"):
                scaled.append(replica_set)
                continue

            def change(live: Object, replicas: int = wanted) -> Object:
                return {**live, "spec": {**live["spec"], "replicas": replicas}}

            key = REPLICA_SETS.key_of(replica_set)
            scaled.append(await self._client.update(REPLICA_SETS, key, change, cached=replica_set))
        return scaled

    async def _write_status(self, deployment: Object, new: Object | None, owned: list[Object]) -> None:
        status = deployment_status(deployment, new, owned, now=rfc3339(self._clock.now()))
        try:
            await self._client.update_status(
                DEPLOYMENTS,
                DEPLOYMENTS.key_of(deployment),
                lambda live: {**live, "status": status},
                cached=deployment,
            )
        except NotFound:
            return
