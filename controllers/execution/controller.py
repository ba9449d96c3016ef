"""Work -> member: keep the manifests of each Work applied in the cluster its namespace names.

In: Work keys, drifted member objects (drift.py). Out: member objects, Work conditions. Before: binding/
writes Works. After: status/ reads members back. Never touches bindings. retain.py decides what an update
keeps.
"""

import logging
from dataclasses import dataclass
from typing import Final

from controllers.execution.drift import drifted
from controllers.execution.release import released_manifest
from controllers.execution.retain import is_settled, may_overwrite, retain_metadata
from controllers.members import Members, MemberUnavailable, is_managed
from karmada.api.conditions import find_condition, is_condition_true, with_condition
from karmada.api.errors import AlreadyExists, ApiError, Conflict, NotFound
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.work import WORKS, Work
from karmada.api.gvk import GroupVersionKind, ObjectKey, Resource
from karmada.api.names import cluster_of_execution_namespace, execution_namespace, is_execution_namespace
from karmada.api.objects import Object, annotations_of, name_of, namespace_of, resource_version_of
from karmada.api.wellknown import (
    APPLIED_FAILED_REASON,
    APPLIED_SUCCESSFUL_REASON,
    CLUSTER_READY,
    DISPATCHING_REASON,
    EXECUTION_FINALIZER,
    SUSPEND_DISPATCHING_REASON,
    TEMPLATE_UID_ANNOTATION,
    WORK_APPLIED,
    WORK_DISPATCHING,
)
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.client.mapper import Mapper
from karmada.interpreter.chain import Interpreter, Operation
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

CONFLICT_TRIES: Final = 5
DISPATCHING_TEXT: Final = "Work is being dispatched to member clusters."
SUSPENDED_TEXT: Final = "Work dispatching is in a suspended state."
APPLIED_TEXT: Final = "Manifest has been successfully applied"


class NotApplied(Exception):
    """A manifest could not be brought to its member; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass over the manifests of a Work came to."""

    total: int
    failures: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        if not self.failures:
            return APPLIED_TEXT
        applied = self.total - len(self.failures)
        text = self.failures[0] if len(self.failures) == 1 else "[" + ", ".join(self.failures) + "]"
        return f"Failed to apply all manifests ({applied}/{self.total}): {text}"


class ExecutionController:
    """Keys are Works. sync_mode is the mode of the clusters served here: Push, or Pull in the agent."""

    name = "execution-controller"

    def __init__(
        self,
        *,
        works: Informer[Work],
        clusters: Informer[Cluster],
        members: Members,
        mapper: Mapper,
        interpreter: Interpreter,
        client: Client,
        recorder: EventRecorder,
        clock: Clock,
        sync_mode: str = "Push",
    ) -> None:
        self._works = works
        self._clusters = clusters
        self._members = members
        self._mapper = mapper
        self._interpreter = interpreter
        self._client = client
        self._recorder = recorder
        self._clock = clock
        self._sync_mode = sync_mode
        self._unsettled: set[ObjectKey] = set()
        """Works that changed, or whose objects did, since this process applied them."""

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def work_changed(change: Change[Work]) -> None:
            if is_execution_namespace(change.key.namespace) and asks_for_work(change):
                if not change.initial:
                    self._unsettled.add(change.key)
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def cluster_changed(change: Change[Cluster]) -> None:
            if lets_works_go_on(change):
                for key in self._works.cache.keys(execution_namespace(change.key.name)):
                    queue.add(key, priority=LOW_PRIORITY)

        def member_changed(cluster: str, change: Change[Object]) -> None:
            work = drifted(change, recorded_version=self._members.version(cluster, change.key))
            if work is not None:
                self._unsettled.add(work)
                queue.add(work)

        self._members.add_handler(member_changed)
        self._works.add_handler(work_changed, name=self.name)
        self._clusters.add_handler(cluster_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        work = self._works.cache.get(key)
        if work is None:
            self._unsettled.discard(key)
            return None
        name = cluster_of_execution_namespace(key.namespace)
        cluster = self._clusters.cache.named("", name)
        if cluster is None:
            return None  # queued again when the Cluster comes
        if cluster.spec.sync_mode != self._sync_mode:
            return None
        if work.metadata.deletion_timestamp:
            await self._remove(key, work, cluster)
            return None
        if work.spec.suspend_dispatching:
            await self._write_status(key, work, outcome=None)
            return None
        if not is_ready(cluster):
            await self._write_status(key, work, outcome=None)
            return None  # cluster_changed brings it back
        await self._apply(key, work, name)
        return None

    async def _apply(self, key: ObjectKey, work: Work, cluster: str) -> None:
        settled = is_applied(work) and key not in self._unsettled
        self._unsettled.discard(key)
        failures: list[str] = []
        manifests = work.spec.workload.manifests
        for manifest in manifests:
            try:
                wrote = await self._apply_manifest(cluster, manifest, settled=settled)
            except (ApiError, NotApplied, MemberUnavailable) as error:
                failures.append(str(error))
                self._tell_template(manifest, cluster, failure=str(error))
            else:
                if wrote:
                    self._tell_template(manifest, cluster, failure="")
        outcome = Outcome(len(manifests), tuple(failures))
        await self._write_status(key, work, outcome=outcome)
        subject = f"Sync work({key.namespace}/{key.name}) to cluster({cluster})"
        if failures:
            self._unsettled.add(key)
            text = f"{subject} failed, err: {outcome.message}"
            self._recorder.event(work, type="Warning", reason="SyncFailed", message=text)
            raise NotApplied(outcome.message)
        if not settled:
            self._recorder.event(work, type="Normal", reason="SyncSucceed", message=f"{subject} successful.")

    async def _apply_manifest(self, cluster: str, manifest: Object, *, settled: bool) -> bool:
        """Create or update one object. settled: only drift can have changed it. Returns whether it wrote."""
        resource = await self._mapper.resource_for(GroupVersionKind.of(manifest))
        key = resource.key_of(manifest)
        await self._members.informer(cluster, resource)
        observed = await self._members.observe(cluster, resource, key, live=settled)
        if observed is None:
            try:
                await self._members.create(cluster, resource, manifest)
                return True
            except AlreadyExists:
                observed = await self._live(cluster, resource, key)
        for _ in range(CONFLICT_TRIES):
            try:
                return await self._update(cluster, resource, manifest, observed, settled=settled)
            except Conflict:
                observed = await self._live(cluster, resource, key)
        raise NotApplied(f"resource({_path(manifest)}) in cluster({cluster}) keeps changing")

    async def _update(
        self, cluster: str, resource: Resource[Object], manifest: Object, observed: Object, *, settled: bool
    ) -> bool:
        if not is_managed(observed) and not may_overwrite(manifest):
            raise NotApplied(
                f"resource(kind={resource.kind}, {_path(manifest)}) already exists in the cluster "
                f"{cluster} and the work.karmada.io/conflict-resolution strategy value is empty, Karmada "
                "will not manage this resource"
            )
        desired = retain_metadata(manifest, observed)
        if self._interpreter.handles(resource.gvk, Operation.RETAIN):
            desired = await self._interpreter.retain(desired, observed)
        if settled and is_settled(desired, observed):
            self._members.record(cluster, resource.key_of(observed), resource_version_of(observed))
            return False
        replaced = await self._members.replace(cluster, resource, desired)
        return resource_version_of(replaced) != resource_version_of(observed)

    async def _live(self, cluster: str, resource: Resource[Object], key: ObjectKey) -> Object:
        return await (await self._members.client(cluster)).get(resource, key)

    async def _remove(self, key: ObjectKey, work: Work, cluster: Cluster) -> None:
        """Delete or let go of the member objects, then drop the finalizer."""
        name = cluster.metadata.name
        if work.spec.preserve_resources_on_deletion:
            for manifest in work.spec.workload.manifests:
                await self._let_go(name, manifest)
        elif is_ready(cluster):
            for manifest in work.spec.workload.manifests:
                resource = await self._mapper.resource_for(GroupVersionKind.of(manifest))
                await self._members.delete(name, resource, resource.key_of(manifest))
        elif not cluster.metadata.deletion_timestamp:
            return  # kept until the member is back; cluster_changed brings it back
        await self._drop_finalizer(key, work)

    async def _let_go(self, cluster: str, manifest: Object) -> None:
        """Take our marks off the member object; one that is gone already is fine."""
        resource = await self._mapper.resource_for(GroupVersionKind.of(manifest))
        observed = await self._members.observe(cluster, resource, resource.key_of(manifest))
        if observed is None:
            return
        released = released_manifest(manifest, namespaced=resource.namespaced)
        await self._update(cluster, resource, released, observed, settled=False)

    async def _drop_finalizer(self, key: ObjectKey, work: Work) -> None:
        def change(live: Work) -> Work:
            kept = [item for item in live.metadata.finalizers if item != EXECUTION_FINALIZER]
            if len(kept) == len(live.metadata.finalizers):
                return live
            return live.model_copy(update={"metadata": live.metadata.model_copy(update={"finalizers": kept})})

        try:
            await self._client.update(WORKS, key, change, cached=work)
        except NotFound:
            return

    async def _write_status(self, key: ObjectKey, work: Work, *, outcome: Outcome | None) -> None:
        """Conditions in one write, if they changed. outcome None: nothing was tried."""
        now = rfc3339(self._clock.now())
        suspended = bool(work.spec.suspend_dispatching)

        def change(live: Work) -> Work:
            conditions = with_condition(
                live.status.conditions,
                type=WORK_DISPATCHING,
                status="False" if suspended else "True",
                reason=SUSPEND_DISPATCHING_REASON if suspended else DISPATCHING_REASON,
                message=SUSPENDED_TEXT if suspended else DISPATCHING_TEXT,
                now=now,
            )
            if outcome is not None:
                conditions = with_condition(
                    conditions,
                    type=WORK_APPLIED,
                    status="False" if outcome.failures else "True",
                    reason=APPLIED_FAILED_REASON if outcome.failures else APPLIED_SUCCESSFUL_REASON,
                    message=outcome.message,
                    now=now,
                )
            if conditions is live.status.conditions:
                return live
            status = live.status.model_copy(update={"conditions": conditions})
            return live.model_copy(update={"status": status})

        if dispatching_status(work) != ("False" if suspended else "True"):
            text = SUSPENDED_TEXT if suspended else DISPATCHING_TEXT
            self._recorder.event(work, type="Normal", reason="WorkDispatching", message=text)
        try:
            await self._client.update_status(WORKS, key, change, cached=work)
        except NotFound:
            return

    def _tell_template(self, manifest: Object, cluster: str, *, failure: str) -> None:
        """An event on the template, as far as the manifest says which one that is."""
        uid = annotations_of(manifest).get(TEMPLATE_UID_ANNOTATION)
        if not uid:
            return
        reference = {
            "apiVersion": manifest["apiVersion"],
            "kind": manifest["kind"],
            "metadata": {"name": name_of(manifest), "namespace": namespace_of(manifest), "uid": uid},
        }
        if failure:
            subject = f"Failed to create or update resource({_path(manifest)})"
            text = f"{subject} in member cluster({cluster}): {failure}"
            self._recorder.event(reference, type="Warning", reason="SyncFailed", message=text)
        else:
            text = f"Successfully applied resource({_path(manifest)}) to cluster {cluster}"
            self._recorder.event(reference, type="Normal", reason="SyncSucceed", message=text)


def is_ready(cluster: Cluster) -> bool:
    return is_condition_true(cluster.status.conditions, CLUSTER_READY)


def is_applied(work: Work) -> bool:
    return is_condition_true(work.status.conditions, WORK_APPLIED)


def asks_for_work(change: Change[Work]) -> bool:
    """A Work that is new, that changed in its spec, or that is to go."""
    before, after = change.old, change.new
    if before is None or after is None:
        return after is not None
    old, new = before.metadata, after.metadata
    return old.generation != new.generation or old.deletion_timestamp != new.deletion_timestamp


def lets_works_go_on(change: Change[Cluster]) -> bool:
    """A member that came back gets what it missed at once; one that is being removed lets its Works go."""
    before, after = change.old, change.new
    if after is None:
        return False
    if before is None:
        return True
    came_back = is_ready(after) and not is_ready(before)
    leaves = after.metadata.deletion_timestamp is not None and before.metadata.deletion_timestamp is None
    return came_back or leaves


def dispatching_status(work: Work) -> str:
    """Its condition: "True", "False", or "" when nothing was said yet."""
    found = find_condition(work.status.conditions, WORK_DISPATCHING)
    return found.status if found is not None else ""


def shard_of(key: ObjectKey) -> str:
    """Each member has workers of its own."""
    return key.namespace


def _path(manifest: Object) -> str:
    namespace = namespace_of(manifest)
    return f"{namespace}/{name_of(manifest)}" if namespace else name_of(manifest)
