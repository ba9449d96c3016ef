"""Quota key: each member with an assignment gets a ResourceQuota.

In: FederatedResourceQuotas, Clusters, Works that are left over. Out: one Work per assigned cluster. Next:
execution/ applies it, status.py reads back what members say. A member without an assignment gets none.
"""

from collections.abc import Container, Sequence
from typing import Final

from controllers.quota.works import (
    QuotaWorks,
    assignments,
    cluster_of,
    quota_labels,
    quota_of,
    quota_work_name,
    resource_quota,
)
from controllers.works import WorkIsDeleting, Works, Written
from karmada.api import wellknown
from karmada.api.errors import ApiError, Forbidden, InternalError, NotFound
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import FederatedResourceQuota
from karmada.api.groups.work import Work
from karmada.api.gvk import ObjectKey
from karmada.api.model import ResourceList
from karmada.api.names import (
    cluster_of_execution_namespace,
    execution_namespace,
    is_execution_namespace,
    namespaced_key,
)
from karmada.api.objects import Object, is_deleting
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

ASSIGNED_INDEX: Final = "assigned-cluster"


class QuotaSyncController:
    """Keys are FederatedResourceQuotas."""

    name = "federated-resource-quota-sync-controller"

    def __init__(
        self,
        *,
        quotas: Informer[FederatedResourceQuota],
        clusters: Informer[Cluster],
        namespaces: Informer[Object],
        works: Works,
        recorder: EventRecorder,
    ) -> None:
        self._quotas = quotas
        self._quotas.cache.add_index(ASSIGNED_INDEX, _assigned)
        self._clusters = clusters
        self._namespaces = namespaces
        self._works = works
        self._quota_works = QuotaWorks(works)
        self._recorder = recorder

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def quota_changed(change: Change[FederatedResourceQuota]) -> None:
            old, new = change.old, change.new
            if old is None or new is None or old.spec.static_assignments != new.spec.static_assignments:
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def work_changed(change: Change[Work]) -> None:
            """One that went is made anew, one that is there at the start may have lost its quota."""
            work = change.old if change.new is None else change.new if change.initial else None
            if work is not None and (key := quota_of(work)) is not None:
                queue.add(key, priority=LOW_PRIORITY if change.initial else 0)

        self._quotas.add_handler(quota_changed, name=self.name)
        self._quota_works.informer.add_handler(work_changed, name=self.name)
        self._watch_clusters(queue)

    def _watch_clusters(self, queue: WorkQueue[ObjectKey]) -> None:
        def cluster_changed(change: Change[Cluster]) -> None:
            if change.old is None and not change.initial:
                assigned_to(change.key.name)

        def namespace_changed(change: Change[Object]) -> None:
            """That of a cluster's Works came: from now on they can be written."""
            name = change.key.name
            if change.old is None and not change.initial and is_execution_namespace(name):
                assigned_to(cluster_of_execution_namespace(name))

        def assigned_to(cluster: str) -> None:
            for key in self._quotas.cache.keys_by_index(ASSIGNED_INDEX, cluster):
                queue.add(key)

        self._clusters.add_handler(cluster_changed, name=self.name)
        self._namespaces.add_handler(namespace_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        for informer in (self._quotas, self._clusters, self._namespaces, self._quota_works.informer):
            await informer.wait_synced()
        quota = self._quotas.cache.get(key)
        wanted = {} if quota is None else {item.cluster: item.hard for item in assignments(quota)}
        errors = await self._delete_others(key, wanted)
        written = 0
        for cluster in filter(self._has_room, wanted):
            try:
                written += await self._ensure(key, cluster, wanted[cluster])
            except ApiError as error:
                errors.append(error)
        if quota is not None:
            self._say(quota, errors, written)
        if errors:
            raise InternalError(_text(errors)) from errors[0]
        return None

    async def _delete_others(self, key: ObjectKey, wanted: Container[str]) -> list[ApiError]:
        """Works of clusters that have no assignment (any more)."""
        errors: list[ApiError] = []
        for work in self._quota_works.of(key):
            if cluster_of(work) not in wanted:
                try:
                    await self._works.delete(work)
                except ApiError as error:
                    errors.append(error)
        return errors

    async def _ensure(self, key: ObjectKey, cluster: str, hard: ResourceList) -> bool:
        """Whether the Work had to be written."""
        try:
            written = await self._works.ensure(
                namespace=execution_namespace(cluster),
                name=quota_work_name(key),
                manifests=[resource_quota(key, hard)],
                labels=quota_labels(key),
            )
        except WorkIsDeleting:
            return False  # it wakes its quota when it has gone
        except (NotFound, Forbidden):
            if self._has_room(cluster):
                raise
            return False  # the cluster is on its way out
        return written is not Written.NOTHING

    def _has_room(self, cluster: str) -> bool:
        """Whether Works can be written for this cluster; when that begins, an event tells."""
        if self._clusters.cache.named("", cluster) is None:
            return False
        space = self._namespaces.cache.named("", execution_namespace(cluster))
        return space is not None and not is_deleting(space)

    def _say(self, quota: FederatedResourceQuota, errors: list[ApiError], written: int) -> None:
        """Success only with a write: an event for every look would itself be a write."""
        metadata = quota.metadata
        name = namespaced_key(metadata.namespace, metadata.name)
        if errors:
            self._recorder.event(
                quota,
                type=wellknown.WARNING,
                reason=wellknown.EVENT_SYNC_WORK_FAILED,
                message=_text(errors),
            )
        elif written:
            self._recorder.event(
                quota,
                type=wellknown.NORMAL,
                reason=wellknown.EVENT_SYNC_WORK_SUCCEED,
                message=f"Sync works for FederatedResourceQuota({name}) succeed.",
            )


def _assigned(quota: FederatedResourceQuota) -> list[str]:
    return [item.cluster for item in assignments(quota)]


def _text(errors: Sequence[ApiError]) -> str:
    texts = list(dict.fromkeys(str(error) for error in errors))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
