"""Namespace deletion: empty a namespace that is being deleted, then let it go.

In: Namespaces with a deletionTimestamp and the finalizer `kubernetes`. Out: deletes of everything in them,
the five deletion conditions, and at last a PUT on /finalize. Keeps kube-controller-manager's order (pods
first) and texts; roles go last, as agents need theirs to let go of Works. Neighbours: garbage_collector.py
removes what was owned; service_accounts.py fills new namespaces.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from karmada.api.codec import dumps
from karmada.api.errors import ApiError, Conflict, MethodNotAllowed, NotFound
from karmada.api.groups.kubernetes import NAMESPACES, PODS, ROLES
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object, finalizers_of, is_deleting, name_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.client.mapper import DiscoveredResource, Mapper
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import Requeue, WorkQueue

KUBERNETES_FINALIZER: Final = "kubernetes"
REMAINING_POLL_SECONDS: Final = 0.3
"""How soon to look again at content that has finalizers or a grace period."""
REMAINING_POLL_CAP_SECONDS: Final = 5.0
RIGHTS: Final = 2
"""The rank of roles and their bindings: they go last."""


@dataclass(slots=True)
class Remains:
    """What one pass found left. resources counts objects by `resource.group`, finalizers objects by
    finalizer."""

    resources: Counter[str] = field(default_factory=Counter)
    finalizers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    undiscovered: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.resources or self.failures or self.undiscovered)

    def note(self, resource: DiscoveredResource, items: list[Object]) -> None:
        if not items:
            return
        self.resources[_dotted(resource)] += len(items)
        for item in items:
            self.finalizers.update(finalizers_of(item))


class NamespaceController:
    """Empties namespaces that are being deleted."""

    name = "namespace"

    def __init__(self, *, namespaces: Informer[Object], client: Client, mapper: Mapper, clock: Clock) -> None:
        self._namespaces = namespaces
        self._client = client
        self._mapper = mapper
        self._clock = clock
        self._passes: Counter[ObjectKey] = Counter()

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            if change.new is not None and is_deleting(change.new):
                queue.add(change.key)

        self._namespaces.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        namespace = self._namespaces.cache.get(key)
        if namespace is None or not is_deleting(namespace):
            self._passes.pop(key, None)
            return None
        if KUBERNETES_FINALIZER not in (namespace.get("spec") or {}).get("finalizers", ()):
            return None
        remains = await self._delete_content(key.name)
        if remains:
            await self._write_conditions(key, remains)
            self._passes[key] += 1
            delay = min(REMAINING_POLL_SECONDS * 2 ** min(self._passes[key], 6), REMAINING_POLL_CAP_SECONDS)
            return Requeue(after=delay)
        await self._finalize(key)
        self._passes.pop(key, None)
        return None

    async def _delete_content(self, namespace: str) -> Remains:
        """Ask for the deletion of everything in it, and report what is still there."""
        remains = Remains()
        resources = [
            r for r in await self._mapper.resources() if r.resource.namespaced and "delete" in r.verbs
        ]
        resources.sort(key=_rank)
        for resource in resources:
            if _rank(resource) == RIGHTS and remains.resources:
                break  # whoever takes finalizers off in there still needs them
            try:
                remains.note(resource, await self._delete_all(resource, namespace))
            except (NotFound, MethodNotAllowed):
                continue  # the kind went away meanwhile
            except ApiError as error:
                remains.failures.append(f"{_dotted(resource)}: {error.message}")
            if resource.resource.gvr == PODS.gvr and remains.resources:
                break  # nothing else goes while a pod may still use it
        return remains

    async def _delete_all(self, resource: DiscoveredResource, namespace: str) -> list[Object]:
        """Delete every object of one kind; what stays behind a finalizer or a grace period is returned."""
        target: Resource[Object] = resource.resource
        first = await self._client.list(target, namespace=namespace, limit=1)
        if not first.items:
            return []
        if "deletecollection" in resource.verbs:
            await self._client.delete_collection(target, namespace=namespace)
        else:
            for item in (await self._client.list(target, namespace=namespace)).items:
                await self._client.delete(target, target.key(namespace, name_of(item)))
        return list((await self._client.list(target, namespace=namespace)).items)

    async def _write_conditions(self, key: ObjectKey, remains: Remains) -> None:
        conditions = deletion_conditions(remains)
        now = rfc3339(self._clock.now())

        def change(live: Object) -> Object:
            status = live.get("status") or {}
            merged = _merge_conditions(status.get("conditions") or [], conditions, now=now)
            return {**live, "status": {**status, "conditions": merged}}

        try:
            await self._client.update_status(NAMESPACES, key, change)
        except NotFound:
            return

    async def _finalize(self, key: ObjectKey) -> None:
        """Take our finalizer off; the API server removes the namespace when none is left."""
        try:
            live = await self._client.get(NAMESPACES, key)
            spec = live.get("spec") or {}
            kept = [item for item in spec.get("finalizers") or () if item != KUBERNETES_FINALIZER]
            body = dumps({**live, "spec": {**spec, "finalizers": kept}})
            await self._client.request("PUT", f"/api/v1/namespaces/{key.name}/finalize", body=body)
        except NotFound:
            return
        except Conflict:
            await self._finalize(key)


def deletion_conditions(remains: Remains) -> list[Object]:
    """The five conditions of a namespace that is being deleted, without times."""
    content = ", ".join(
        f"{resource} has {count} resource instances" for resource, count in sorted(remains.resources.items())
    )
    finalizers = ", ".join(
        f"{finalizer} in {count} resource instances"
        for finalizer, count in sorted(remains.finalizers.items())
    )
    failures = "; ".join(remains.failures)
    undiscovered = ", ".join(f"{group}: {reason}" for group, reason in sorted(remains.undiscovered.items()))
    table: list[tuple[str, bool, tuple[str, str], tuple[str, str]]] = [
        (
            "NamespaceDeletionDiscoveryFailure",
            bool(remains.undiscovered),
            (
                "DiscoveryFailed",
                f"Discovery failed for some groups, {len(remains.undiscovered)} failing: {undiscovered}",
            ),
            ("ResourcesDiscovered", "All resources successfully discovered"),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            False,
            ("", ""),
            ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
        ),
        (
            "NamespaceDeletionContentFailure",
            bool(failures),
            (
                "ContentDeletionFailed",
                f"Failed to delete all resource types, {len(remains.failures)} remaining: {failures}",
            ),
            ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
        ),
        (
            "NamespaceContentRemaining",
            bool(content),
            ("SomeResourcesRemain", f"Some resources are remaining: {content}"),
            ("ContentRemoved", "All content successfully removed"),
        ),
        (
            "NamespaceFinalizersRemaining",
            bool(finalizers),
            ("SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {finalizers}"),
            ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
        ),
    ]
    return [
        {
            "type": kind,
            "status": "True" if bad else "False",
            "reason": (when_bad if bad else when_fine)[0],
            "message": (when_bad if bad else when_fine)[1],
        }
        for kind, bad, when_bad, when_fine in table
    ]


def _merge_conditions(present: list[Any], wanted: list[Object], *, now: str) -> list[Object]:
    """wanted with the old transition time where the status is the same; others are kept."""
    by_type = {condition["type"]: condition for condition in present}
    merged = []
    for condition in wanted:
        old = by_type.pop(condition["type"], None)
        same = old is not None and old["status"] == condition["status"]
        merged.append({**condition, "lastTransitionTime": old["lastTransitionTime"] if same and old else now})
    return [*by_type.values(), *merged]


def _rank(resource: DiscoveredResource) -> int:
    """What goes first, and what goes last."""
    gvr = resource.resource.gvr
    if gvr == PODS.gvr:
        return 0
    return RIGHTS if gvr.group == ROLES.gvr.group else 1


def _dotted(resource: DiscoveredResource) -> str:
    gvr = resource.resource.gvr
    return f"{gvr.resource}.{gvr.group}"
