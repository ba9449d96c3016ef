"""Cluster key: its execution namespace, finalizer and condition taints; and all of it again on the way out.

In: Clusters, and what a leaving one waits for: its execution namespace, bindings that still name it. Out:
the namespace, one update of the Cluster with taints and finalizer. Next: status.py begins once the
finalizer is there. Leaving goes in order: Works (each takes its objects out of the member first), the
namespace, the bindings, the finalizer.
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

from controllers.cluster.taints import taints_for, taints_message
from karmada.api.conditions import find_condition, is_condition_true
from karmada.api.errors import AlreadyExists, ApiError, NotFound
from karmada.api.groups.cluster import CLUSTERS, PULL, Cluster
from karmada.api.groups.kubernetes import NAMESPACES
from karmada.api.groups.meta import ObjectMeta
from karmada.api.groups.work import WORKS, ResourceBinding, Work
from karmada.api.gvk import ObjectKey
from karmada.api.names import cluster_of_execution_namespace, execution_namespace, is_execution_namespace
from karmada.api.objects import Object, is_deleting
from karmada.api.wellknown import (
    CLUSTER_FINALIZER,
    CLUSTER_READY,
    EVENT_CREATE_EXECUTION_SPACE_FAILED,
    EVENT_CREATE_EXECUTION_SPACE_SUCCEED,
    EVENT_REMOVE_EXECUTION_SPACE_FAILED,
    EVENT_REMOVE_EXECUTION_SPACE_SUCCEED,
    EVENT_TAINT_CLUSTER_FAILED,
    EVENT_TAINT_CLUSTER_SUCCEED,
    EXECUTION_FINALIZER,
    KARMADA_SYSTEM_LABEL,
    KARMADA_SYSTEM_VALUE,
)
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.client.newest import Newest
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

REMOVAL_POLL_SECONDS: Final = 10.0
"""A leaving cluster is woken by what it waits for; this is in case an event is missed."""


class ClusterController:
    """Keys are Clusters. bindings: the informers of both scopes."""

    name = "cluster-controller"

    def __init__(
        self,
        *,
        clusters: Informer[Cluster],
        namespaces: Informer[Object],
        works: Informer[Work],
        bindings: Sequence[Informer[ResourceBinding]],
        client: Client,
        recorder: EventRecorder,
        clock: Clock,
    ) -> None:
        self._clusters = clusters
        self._namespaces = namespaces
        self._works = works
        self._bindings = bindings
        self._client = client
        self._recorder = recorder
        self._clock = clock
        self._newest: Newest[Cluster] = Newest(lambda cluster: cluster.metadata.resource_version)
        self._leaving: set[str] = set()
        """Clusters that wait for bindings to let go of them."""

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def cluster_changed(change: Change[Cluster]) -> None:
            queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def namespace_changed(change: Change[Object]) -> None:
            # One that somebody deletes under a living cluster is made again.
            if change.new is None and is_execution_namespace(change.key.name):
                queue.add(CLUSTERS.key("", cluster_of_execution_namespace(change.key.name)))

        def binding_changed(change: Change[ResourceBinding]) -> None:
            if not self._leaving or change.old is None:
                return
            after = targets_of(change.new) if change.new is not None else frozenset()
            for name in (targets_of(change.old) - after) & self._leaving:
                queue.add(CLUSTERS.key("", name))

        self._clusters.add_handler(cluster_changed, name=self.name)
        self._namespaces.add_handler(namespace_changed, name=self.name)
        for bindings in self._bindings:
            bindings.add_handler(binding_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        cluster = self._newest.of(key, self._clusters.cache.get(key))
        if cluster is None:
            self._leaving.discard(key.name)
            return None
        if cluster.metadata.deletion_timestamp is not None:
            return await self._remove(key, cluster)
        await self._ensure_execution_namespace(cluster)
        await self._mark(key, cluster)
        return None

    # --- a cluster that is here -----------------------------------------------------------------------------

    async def _ensure_execution_namespace(self, cluster: Cluster) -> None:
        name = execution_namespace(cluster.metadata.name)
        if self._namespaces.cache.named("", name) is not None:
            return
        labels = {KARMADA_SYSTEM_LABEL: KARMADA_SYSTEM_VALUE}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        try:
            await self._client.create(NAMESPACES, namespace)
        except AlreadyExists:
            return
        except ApiError as error:
            self._warn(cluster, EVENT_CREATE_EXECUTION_SPACE_FAILED, str(error))
            raise
        text = f"Created execution space({name}) for cluster({cluster.metadata.name})."
        self._tell(cluster, EVENT_CREATE_EXECUTION_SPACE_SUCCEED, text)

    async def _mark(self, key: ObjectKey, cluster: Cluster) -> None:
        """Taints and the finalizer, in one update."""
        now = rfc3339(self._clock.now())
        before = cluster

        def change(live: Cluster) -> Cluster:
            nonlocal before
            before = live
            return marked(live, now=now)

        try:
            after = await self._client.update(CLUSTERS, key, change, cached=cluster)
        except NotFound:
            return
        except ApiError as error:
            if marked(cluster, now=now).spec.taints is not cluster.spec.taints:
                self._warn(cluster, EVENT_TAINT_CLUSTER_FAILED, f"Taint cluster failed: {error}")
            raise
        if after is before:
            return
        self._newest.wrote(key, after)
        if after.spec.taints != before.spec.taints:
            text = f"Taint cluster succeed: {taints_message(after.spec.taints)}."
            self._tell(after, EVENT_TAINT_CLUSTER_SUCCEED, text)

    # --- a cluster that leaves ------------------------------------------------------------------------------

    async def _remove(self, key: ObjectKey, cluster: Cluster) -> Requeue | None:
        if CLUSTER_FINALIZER not in cluster.metadata.finalizers:
            return None
        if cluster.spec.sync_mode == PULL and not is_condition_true(cluster.status.conditions, CLUSTER_READY):
            await self._release_works(execution_namespace(key.name))
        if not await self._namespace_is_gone(cluster):
            return Requeue(after=REMOVAL_POLL_SECONDS)
        self._leaving.add(key.name)
        if self._is_target(key.name):
            log.info("cluster waits for bindings to leave it", extra={"cluster": key.name})
            return Requeue(after=REMOVAL_POLL_SECONDS)
        try:
            await self._client.update(CLUSTERS, key, without_finalizer, cached=cluster)
        except NotFound:
            return None
        log.info("cluster removed", extra={"cluster": key.name})
        return None

    async def _namespace_is_gone(self, cluster: Cluster) -> bool:
        """Ask for its deletion, once. Read live: nothing may be left behind because our cache was late."""
        name = execution_namespace(cluster.metadata.name)
        key = NAMESPACES.key("", name)
        try:
            if is_deleting(await self._client.get(NAMESPACES, key)):
                return False
            await self._client.delete(NAMESPACES, key, missing_ok=False)
        except NotFound:
            return True
        except ApiError as error:
            self._warn(cluster, EVENT_REMOVE_EXECUTION_SPACE_FAILED, str(error))
            raise
        text = f"Removed execution space({name}) for cluster({cluster.metadata.name})."
        self._tell(cluster, EVENT_REMOVE_EXECUTION_SPACE_SUCCEED, text)
        return False

    async def _release_works(self, namespace: str) -> None:
        """Nobody is in the member to take the objects out: let the Works go without it."""
        for work in self._works.cache.list(namespace):
            if EXECUTION_FINALIZER in work.metadata.finalizers:
                key = WORKS.key(namespace, work.metadata.name)
                try:
                    await self._client.update(WORKS, key, without_execution_finalizer, cached=work)
                except NotFound:
                    continue

    def _is_target(self, cluster: str) -> bool:
        return any(
            cluster in targets_of(binding) for bindings in self._bindings for binding in bindings.cache.list()
        )

    def _tell(self, cluster: Cluster, reason: str, message: str) -> None:
        self._recorder.event(cluster, type="Normal", reason=reason, message=message)

    def _warn(self, cluster: Cluster, reason: str, message: str) -> None:
        self._recorder.event(cluster, type="Warning", reason=reason, message=message)


def marked(cluster: Cluster, *, now: str) -> Cluster:
    """cluster with the taints its condition asks for and with our finalizer; itself if it has both."""
    ready = find_condition(cluster.status.conditions, CLUSTER_READY)
    taints = taints_for(cluster.spec.taints, ready, now=now)
    update: dict[str, Any] = {}
    if taints is not cluster.spec.taints:
        # None rather than an empty list: the field is left out, as it was before the first taint.
        update["spec"] = cluster.spec.model_copy(update={"taints": taints or None})
    if CLUSTER_FINALIZER not in cluster.metadata.finalizers:
        finalizers = [*cluster.metadata.finalizers, CLUSTER_FINALIZER]
        update["metadata"] = cluster.metadata.model_copy(update={"finalizers": finalizers})
    return cluster.model_copy(update=update) if update else cluster


def without_finalizer(cluster: Cluster) -> Cluster:
    metadata = _without(cluster.metadata, CLUSTER_FINALIZER)
    return cluster if metadata is cluster.metadata else cluster.model_copy(update={"metadata": metadata})


def without_execution_finalizer(work: Work) -> Work:
    metadata = _without(work.metadata, EXECUTION_FINALIZER)
    return work if metadata is work.metadata else work.model_copy(update={"metadata": metadata})


def _without(metadata: ObjectMeta, finalizer: str) -> ObjectMeta:
    if finalizer not in metadata.finalizers:
        return metadata
    kept = [item for item in metadata.finalizers if item != finalizer]
    return metadata.model_copy(update={"finalizers": kept})


def targets_of(binding: ResourceBinding) -> frozenset[str]:
    """The clusters it is scheduled to."""
    return frozenset(target.name for target in binding.spec.clusters)
