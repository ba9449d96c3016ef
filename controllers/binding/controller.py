"""Binding key: orphans, eviction barrier, Works.

In: bindings (the scheduler's targets), override policies, Clusters. Out: one Work per target cluster, deleted
Works, the binding's finalizer. Before: the detector and the scheduler write bindings. Next: execution brings
Works to members. One class for ResourceBinding and ClusterResourceBinding; what differs is in
render.BindingScope.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from controllers.binding.override import Applied, Overridden, OverrideFailed, overridden
from controllers.binding.render import (
    BindingScope,
    MissingShare,
    RenderedWork,
    completions_by_cluster,
    is_workload,
    preserved_labels,
    purged_clusters,
    rendered_work,
    with_completions,
)
from controllers.binding.triggers import affected, binding_is_news, cluster_is_news, policy_is_news
from controllers.targets import kept_clusters, target_clusters
from controllers.templates import Templates
from controllers.works import WorkIsDeleting, Works, Written
from karmada.api import wellknown
from karmada.api.errors import ApiError, InternalError, NotFound
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.policy import CLUSTER_OVERRIDE_POLICIES, OVERRIDE_POLICIES, OverridePolicy
from karmada.api.groups.work import ResourceBinding, TargetCluster, Work
from karmada.api.gvk import GroupVersionKind, ObjectKey
from karmada.api.names import execution_namespace, namespaced_key
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informers
from karmada.interpreter.chain import Interpreter, Operation
from karmada.interpreter.errors import InterpreterError
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

DIRECT_PURGE_POLL_SECONDS: Final = 5.0
"""A binding waits for purged Works by their deletion events; this is in case one is missed."""
WRITES_AT_ONCE: Final = 16
"""Works of one binding written at the same time."""
EXPECTED: Final = (ApiError, OverrideFailed, InterpreterError, MissingShare)
"""What users' objects and servers can cause; anything else is a fault of ours and keeps its traceback."""
TARGET_INDEX: Final = "target-cluster"


@dataclass(frozen=True, slots=True)
class BindingOptions:
    """How bindings become Works."""

    concurrent_resourcebinding_syncs: int = 5
    """--concurrent-resourcebinding-syncs: ResourceBindings reconciled at the same time."""
    concurrent_clusterresourcebinding_syncs: int = 5
    """--concurrent-clusterresourcebinding-syncs: ClusterResourceBindings reconciled at the same time."""


class BindingController:
    """Reconciles the bindings of one scope. stateful_failover: the gate StatefulFailoverInjection."""

    def __init__(
        self,
        *,
        scope: BindingScope,
        informers: Informers,
        templates: Templates,
        works: Works,
        interpreter: Interpreter,
        client: Client,
        recorder: EventRecorder,
        stateful_failover: bool = False,
    ) -> None:
        self.name = scope.controller
        self._scope = scope
        self._bindings = informers.ensure(scope.bindings)
        self._bindings.cache.add_index(TARGET_INDEX, _targets_of)
        self._clusters = informers.ensure(CLUSTERS)
        self._cluster_overrides = informers.ensure(CLUSTER_OVERRIDE_POLICIES)
        self._overrides = informers.ensure(OVERRIDE_POLICIES)
        self._templates = templates
        self._works = works
        self._interpreter = interpreter
        self._client = client
        self._recorder = recorder
        self._stateful_failover = stateful_failover

    # --- what wakes a binding -------------------------------------------------------------------------------

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def binding_changed(change: Change[ResourceBinding]) -> None:
            if binding_is_news(change.old, change.new):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def cluster_changed(change: Change[Cluster]) -> None:
            if not change.initial and cluster_is_news(change.old, change.new):
                for key in self._bindings.cache.keys_by_index(TARGET_INDEX, change.key.name):
                    queue.add(key, priority=LOW_PRIORITY)

        def work_changed(change: Change[Work]) -> None:
            if (key := self._binding_to_tell(change)) is not None:
                queue.add(key)

        self._bindings.add_handler(binding_changed, name=f"{self.name} bindings")
        self._clusters.add_handler(cluster_changed, name=f"{self.name} clusters")
        self._works.informer.add_handler(work_changed, name=f"{self.name} works")
        self._watch_overrides(queue)

    def _watch_overrides(self, queue: WorkQueue[ObjectKey]) -> None:
        def overrides_changed(change: Change[OverridePolicy]) -> None:
            if not change.initial and policy_is_news(change.old, change.new):
                beside = self._bindings.cache.list(change.key.namespace)
                for binding in affected(beside, (change.old, change.new)):
                    queue.add(self._key_of(binding))

        self._cluster_overrides.add_handler(overrides_changed, name=f"{self.name} cluster overrides")
        if self._scope.bindings.namespaced:
            self._overrides.add_handler(overrides_changed, name=f"{self.name} overrides")

    def _binding_to_tell(self, change: Change[Work]) -> ObjectKey | None:
        """The binding a Work names: when the Work went, or when it came and the binding has gone."""
        work = change.old if change.new is None else change.new
        annotations = {} if work is None else work.metadata.annotations
        name = annotations.get(self._scope.name_annotation)
        if name is None or (change.new is not None and change.old is not None):
            return None
        key = self._scope.bindings.key(annotations.get(self._scope.namespace_annotation, ""), name)
        is_known = self._bindings.cache.get(key) is not None
        return key if is_known is (change.new is None) else None

    # --- one binding ----------------------------------------------------------------------------------------

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        await self._wait_synced()
        binding = self._bindings.cache.get(key)
        if binding is None:
            await self._delete_left_behind(key)
            return None
        if binding.metadata.deletion_timestamp:
            await self._release(key, binding)
            return None
        await self._delete_orphans(binding)
        if self._is_purging(binding):
            return Requeue(after=DIRECT_PURGE_POLL_SECONDS)
        template = await self._templates.of(binding.spec.resource)
        if template is None:
            return None
        await self._sync_works(binding, template)
        return None

    async def _wait_synced(self) -> None:
        """Without every Work, Cluster and override policy known, what is missing would look like a change."""
        for wait in (
            self._bindings.wait_synced,
            self._works.informer.wait_synced,
            self._clusters.wait_synced,
            self._cluster_overrides.wait_synced,
            self._overrides.wait_synced,
        ):
            await wait()

    async def _release(self, key: ObjectKey, binding: ResourceBinding) -> None:
        """Ask for the deletion of every Work, without waiting for it; then the binding may go."""
        works = self._works.of_binding(self._id_of(binding))
        _raise_first(await _each(works, self._works.delete))
        try:
            await self._client.update(self._scope.bindings, key, self._without_finalizer, cached=binding)
        except NotFound:
            log.debug("binding went while it was released", extra={"binding": str(key)})

    def _without_finalizer(self, binding: ResourceBinding) -> ResourceBinding:
        metadata = binding.metadata
        if self._scope.finalizer not in metadata.finalizers:
            return binding
        kept = [name for name in metadata.finalizers if name != self._scope.finalizer]
        return binding.model_copy(update={"metadata": metadata.model_copy(update={"finalizers": kept})})

    async def _delete_left_behind(self, key: ObjectKey) -> None:
        """Works of a binding that went while they were being written: nobody else would ever delete them."""
        works = self._works.naming_binding(key.namespace, key.name)
        if not works:
            return
        try:
            await self._client.get(self._scope.bindings, key)
        except NotFound:
            _raise_first(await _each(works, self._works.delete))

    async def _delete_orphans(self, binding: ResourceBinding) -> None:
        kept = {execution_namespace(cluster) for cluster in kept_clusters(binding.spec)}
        orphans = [
            work
            for work in self._works.of_binding(self._id_of(binding))
            if work.metadata.namespace not in kept
        ]
        failed = [error for error in await _each(orphans, self._works.delete) if isinstance(error, Exception)]
        if failed:
            self._warn(binding, wellknown.EVENT_CLEANUP_WORK_FAILED, str(failed[0]))
            _raise_first(failed)

    def _is_purging(self, binding: ResourceBinding) -> bool:
        """Whether a copy that must go before anything else is still there, be it terminating."""
        purged = {execution_namespace(cluster) for cluster in purged_clusters(binding.spec)}
        return bool(purged) and any(
            work.metadata.namespace in purged for work in self._works.of_binding(self._id_of(binding))
        )

    async def _sync_works(self, binding: ResourceBinding, template: Object) -> None:
        """Every target on its own: what fails for one does not hold up the others."""
        targets = target_clusters(binding.spec)
        shares = completions_by_cluster(binding.spec, template, targets)
        injected = preserved_labels(binding.spec, targets) if self._stateful_failover else {}

        async def sync(target: TargetCluster) -> Written:
            return await self._sync_work(binding, template, target, shares, injected)

        results = await _each(targets, sync)
        failed = [result for result in results if isinstance(result, Exception)]
        name = namespaced_key(binding.metadata.namespace, binding.metadata.name)
        what = f"{self._scope.bindings.kind}({name})"
        if errors := [error for error in failed if not isinstance(error, WorkIsDeleting)]:
            for subject in (binding, template):
                self._warn(subject, wellknown.EVENT_SYNC_WORK_FAILED, _message(errors))
            _raise_first([error for error in errors if not isinstance(error, EXPECTED)])
            raise InternalError(f"failed to sync work of {what}: {_message(errors)}") from errors[0]
        # A Work that is still being deleted wakes the binding when it has gone (work_changed).
        if any(result in (Written.CREATED, Written.UPDATED) for result in results):
            log.info("works written", extra={"binding": what, "clusters": len(targets)})
            message = f"Sync work of {what} successful."
            for subject in (binding, template):
                self._recorder.event(
                    subject, type=wellknown.NORMAL, reason=wellknown.EVENT_SYNC_WORK_SUCCEED, message=message
                )

    async def _sync_work(
        self,
        binding: ResourceBinding,
        template: Object,
        target: TargetCluster,
        shares: Mapping[str, int] | None,
        injected: Mapping[str, str],
    ) -> Written:
        manifest = await self._with_replicas(binding, template, target)
        if shares is not None:
            manifest = with_completions(manifest, shares, target.name)
        changed = self._overridden(template, manifest, target.name)
        work = rendered_work(
            self._scope, binding, template, changed, cluster=target.name, injected_labels=injected
        )
        written = await self._ensure(work)
        if written is not Written.NOTHING:
            self._say_applied(template, target.name, [*changed.cluster_overrides, *changed.overrides])
        return written

    async def _ensure(self, work: RenderedWork) -> Written:
        return await self._works.ensure(
            namespace=work.namespace,
            name=work.name,
            manifests=[work.manifest],
            labels=work.labels,
            annotations=work.annotations,
            suspend_dispatching=work.suspend_dispatching,
            preserve_resources_on_deletion=work.preserve_resources_on_deletion,
        )

    async def _with_replicas(
        self, binding: ResourceBinding, template: Object, target: TargetCluster
    ) -> Object:
        """Also when duplicated, so that no override-free copy can get more replicas than were scheduled."""
        gvk = GroupVersionKind.of(template)
        if is_workload(binding.spec) and self._interpreter.handles(gvk, Operation.REVISE_REPLICA):
            return await self._interpreter.revise_replica(template, target.replicas)
        return template

    def _overridden(self, template: Object, manifest: Object, name: str) -> Overridden:
        cluster = self._clusters.cache.named("", name)
        if cluster is None:
            raise NotFound(f'clusters.cluster.karmada.io "{name}" not found')
        namespace = manifest["metadata"].get("namespace") or ""
        try:
            return overridden(
                manifest,
                cluster,
                cluster_policies=self._cluster_overrides.cache.list(),
                policies=self._overrides.cache.list(namespace) if namespace else (),
            )
        except OverrideFailed as error:
            message = f"Apply {error.title} for cluster({name}) failed: {error}"
            self._warn(template, wellknown.EVENT_APPLY_OVERRIDE_POLICY_FAILED, message)
            raise

    def _say_applied(self, template: Object, cluster: str, applied: Iterable[Applied]) -> None:
        for rule in applied:
            self._recorder.event(
                template,
                type=wellknown.NORMAL,
                reason=wellknown.EVENT_APPLY_OVERRIDE_POLICY_SUCCEED,
                message=f"Apply {rule.title} for cluster({cluster}) succeed.",
            )

    def _warn(self, subject: Object | ResourceBinding, reason: str, message: str) -> None:
        self._recorder.event(subject, type=wellknown.WARNING, reason=reason, message=message)

    def _key_of(self, binding: ResourceBinding) -> ObjectKey:
        return self._scope.bindings.key(binding.metadata.namespace, binding.metadata.name)

    def _id_of(self, binding: ResourceBinding) -> str:
        return binding.metadata.labels.get(self._scope.id_label, "")


def _targets_of(binding: ResourceBinding) -> list[str]:
    return [cluster.name for cluster in target_clusters(binding.spec)]


async def _each(items: Sequence[T], act: Callable[[T], Awaitable[R]]) -> list[R | BaseException]:
    """act on each, some at a time; the result or the exception of each."""
    results: list[R | BaseException] = []
    for start in range(0, len(items), WRITES_AT_ONCE):
        batch = items[start : start + WRITES_AT_ONCE]
        results += await asyncio.gather(*(act(item) for item in batch), return_exceptions=True)
    return results


def _raise_first(results: Iterable[object]) -> None:
    for result in results:
        if isinstance(result, BaseException):
            raise result


def _message(errors: Sequence[Exception]) -> str:
    texts = list(dict.fromkeys(str(error) for error in errors))
    return texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
