"""Quota key: each member with an assignment gets a ResourceQuota.

In: FederatedResourceQuotas, Clusters, Works that are left over. Out: one Work per assigned cluster. Next:
execution/ applies it, status.py reads back what members say. A member without an assignment gets none.
"""

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
from karmada.api.errors import ApiError, InternalError
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import FederatedResourceQuota
from karmada.api.groups.work import Work
from karmada.api.gvk import ObjectKey
from karmada.api.names import execution_namespace
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
            if (
                old is None
                or new is None
                or old.spec.static_assignments != new.spec.static_assignments
            ):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def space_changed(change: Change[Object]) -> None:
            """The execution namespace of a cluster came: from now on its Works can be written."""
            if change.old is None and not change.initial:
                for key in self._quotas.cache.keys():
                    if change.key.name in map(execution_namespace, _assigned_to(self._quotas.cache.get(key))):
                        queue.add(key)

        def work_changed(change: Change[Work]) -> None:
            """One that went is made anew, one that is there at the start may have lost its quota."""
            work = change.old if change.new is None else change.new if change.initial else None
            if work is not None and (key := quota_of(work)) is not None:
                queue.add(key, priority=LOW_PRIORITY if change.initial else 0)

        self._quotas.add_handler(quota_changed, name=self.name)
        self._namespaces.add_handler(space_changed, name=self.name)
        self._quota_works.informer.add_handler(work_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        for wait in (self._quotas, self._clusters, self._namespaces, self._quota_works.informer):
            await wait.wait_synced()
        quota = self._quotas.cache.get(key)
        wanted = {} if quota is None else {item.cluster: item.hard for item in assignments(quota)}
        errors: list[ApiError] = []
        for work in self._quota_works.of(key):
            if cluster_of(work) not in wanted:
                errors += await _failures(self._works.delete(work))
        if quota is None:
            _raise(errors)
            return None
        wrote = False
        for cluster, hard in wanted.items():
            if self._has_room(cluster):
                ...
        return None
