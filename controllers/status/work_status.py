"""Member object -> Work status: what each applied object looks like in its member, and whether it is healthy.

In: changes of managed objects in members. Out: manifestStatuses of the Work the object names. Before:
execution/ applies Works and follows their kinds. After: binding_status.py sums up. Writes only what
changed.
"""

from dataclasses import dataclass
from typing import Any, Final

from controllers.members import Members, work_of
from karmada.api.errors import NotFound
from karmada.api.groups.work import WORKS, ManifestStatus, ResourceIdentifier, Work
from karmada.api.gvk import GroupVersionKind, ObjectKey
from karmada.api.names import cluster_of_execution_namespace
from karmada.api.objects import Object, name_of, namespace_of
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.client.newest import Newest
from karmada.interpreter.chain import Interpreter, InterpreterError, Operation
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

HEALTHY: Final = "Healthy"
UNKNOWN: Final = "Unknown"


@dataclass(frozen=True, slots=True)
class MemberObject:
    """One object in one member."""

    cluster: str
    key: ObjectKey


class WorkStatusController:
    """Keys are objects in members."""

    name = "work-status-controller"

    def __init__(
        self,
        *,
        works: Informer[Work],
        members: Members,
        interpreter: Interpreter,
        client: Client,
        recorder: EventRecorder,
    ) -> None:
        self._works = works
        self._members = members
        self._interpreter = interpreter
        self._client = client
        self._recorder = recorder
        self._newest: Newest[Work] = Newest(lambda work: work.metadata.resource_version)

    def watch(self, queue: WorkQueue[MemberObject]) -> None:
        def changed(cluster: str, change: Change[Object]) -> None:
            work = work_of(change.new)
            if work is not None and cluster_of_execution_namespace(work.namespace) == cluster:
                queue.add(MemberObject(cluster, change.key), priority=LOW_PRIORITY if change.initial else 0)

        self._members.add_handler(changed)

    async def reconcile(self, key: MemberObject) -> Requeue | None:
        observed = self._members.cached(key.cluster, key.key)
        work_key = work_of(observed)
        if observed is None or work_key is None:
            return None  # the status of an object that is gone is kept
        work = self._newest.of(work_key, self._works.cache.get(work_key))
        if work is None or work.metadata.deletion_timestamp:
            return None
        ordinal = ordinal_of(work, observed)
        if ordinal is None:
            return None
        status = await self._status(work, observed, ordinal)
        # One status per Work, that of the object that moved last, as Karmada keeps it. Its own Works hold one
        # manifest; of a user's Work with several, clients see the last one.
        statuses = [status]
        if statuses == work.status.manifest_statuses:
            return None
        # A merge patch: conditions are the execution controller's, and the two do not collide.
        patch = {"status": {"manifestStatuses": [item.to_json() for item in statuses]}}
        try:
            written = await self._client.patch(WORKS, work_key, patch, subresource="status")
        except NotFound:
            self._newest.forget(work_key)
            return None
        self._newest.wrote(work_key, written)
        return None

    async def _status(self, work: Work, observed: Object, ordinal: int) -> ManifestStatus:
        gvk = GroupVersionKind.of(observed)
        try:
            reflected = await self._interpreter.reflect_status(observed)
        except InterpreterError as error:
            text = f"Reflect status for object({_path(observed)}) failed, err: {error}"
            self._recorder.event(work, type="Warning", reason="ReflectStatusFailed", message=text)
            raise
        identifier = identifier_of(observed, ordinal)
        fields: dict[str, Any] = {"identifier": identifier, "health": await self._health(work, observed, gvk)}
        if reflected is not None:
            fields["status"] = reflected
        return ManifestStatus(**fields)

    async def _health(self, work: Work, observed: Object, gvk: GroupVersionKind) -> str:
        if not self._interpreter.handles(gvk, Operation.HEALTH):
            return HEALTHY
        health = await self._interpreter.interpret_health(observed)
        if health == UNKNOWN:
            text = f"Failed to interpret health of object({_path(observed)})"
            self._recorder.event(work, type="Warning", reason="InterpretHealthFailed", message=text)
        return health


def identifier_of(observed: Object, ordinal: int) -> ResourceIdentifier:
    """Which manifest it is; the core group and no namespace are left out."""
    gvk = GroupVersionKind.of(observed)
    fields: Object = {
        "ordinal": ordinal,
        "version": gvk.version,
        "kind": gvk.kind,
        "resource": "",
        "name": name_of(observed),
    }
    optional = {"group": gvk.group, "namespace": namespace_of(observed)}
    return ResourceIdentifier.model_validate(
        fields | {name: value for name, value in optional.items() if value}
    )


def ordinal_of(work: Work, observed: Object) -> int | None:
    """Which manifest of the Work the object comes from."""
    wanted = _identity(observed)
    for ordinal, manifest in enumerate(work.spec.workload.manifests):
        if _identity(manifest) == wanted:
            return ordinal
    return None


def shard_of(key: MemberObject) -> str:
    return key.cluster


def _identity(obj: Object) -> tuple[object, ...]:
    return obj.get("apiVersion"), obj.get("kind"), namespace_of(obj), name_of(obj)


def _path(obj: Object) -> str:
    return f"{obj.get('kind')}/{namespace_of(obj)}/{name_of(obj)}"
