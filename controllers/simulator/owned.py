"""The pods of an owner: with our own writes already counted, and the owner told when one of them changes.

In: the pod informer of a member. Out: creates and deletes of pods, and owner references of pods that an owner
takes in or lets go. One instance serves every workload controller.
"""

from collections.abc import Iterable

from controllers.simulator.workload import Pending, controller_reference, controller_uid
from karmada.api.errors import Conflict, Invalid, NotFound
from karmada.api.groups.kubernetes import PODS
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import (
    Object,
    controller_of,
    is_deleting,
    labels_of,
    namespace_of,
    owners_of,
    uid_of,
    with_metadata,
)
from karmada.api.selectors import LabelMatcher, from_label_selector, from_labels
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import WorkQueue

CONTROLLED = "controller-uid"
ORPHANS = "orphans"


class OwnedPods:
    """Pods by the uid of their controlling owner."""

    def __init__(self, *, pods: Informer[Object], client: Client) -> None:
        self.informer = pods
        self._client = client
        self._pending = Pending()
        self._owners: dict[str, tuple[Resource[Object], Informer[Object], WorkQueue[ObjectKey]]] = {}
        pods.cache.add_index(CONTROLLED, controller_uid)
        pods.cache.add_index(ORPHANS, orphan_namespace)
        pods.add_handler(self._changed, name="owned-pods")

    def notify(
        self, resource: Resource[Object], owners: Informer[Object], queue: WorkQueue[ObjectKey]
    ) -> None:
        """Queue the owner of a pod that changed, where the owner is of this resource; and whoever selects a
        pod that has no owner."""
        self._owners[resource.kind] = (resource, owners, queue)

    def of(self, owner: Object) -> list[Object]:
        cached = self.informer.cache.by_index(CONTROLLED, uid_of(owner))
        return self._pending.complete(uid_of(owner), cached)

    async def claim(self, owner: Object) -> list[Object]:
        """of, after pods without an owner that owner selects were taken in and pods it does not select any
        more were let go."""
        selector = selector_of(owner)
        kept = []
        for pod in self.of(owner):
            if is_deleting(pod) or selector.matches(labels_of(pod)):
                kept.append(pod)
            else:
                others = [each for each in owners_of(pod) if each.get("uid") != uid_of(owner)]
                await self._set_owners(pod, others)
        if selector.is_everything:
            return kept
        for pod in self.informer.cache.by_index(ORPHANS, namespace_of(owner)):
            if not is_deleting(pod) and selector.matches(labels_of(pod)):
                kept += await self._set_owners(pod, [*owners_of(pod), controller_reference(owner)])
        return kept

    async def create(self, owner: Object, pod: Object) -> Object:
        created = await self._client.create(PODS, pod)
        if self.informer.cache.get(PODS.key_of(created)) is None:
            self._pending.created(uid_of(owner), created)
        return created

    async def delete(self, pod: Object) -> None:
        if is_deleting(pod):
            return
        self._pending.deleted(pod)
        await self._client.delete(PODS, PODS.key_of(pod), uid=uid_of(pod))
        if self.informer.cache.get(PODS.key_of(pod)) is None:
            self._pending.gone(pod)  # it had gone before we asked

    async def _set_owners(self, pod: Object, owners: list[Object]) -> list[Object]:
        """The pod with these owners; none when it is gone or another one by now."""
        wanted = with_metadata(pod, ownerReferences=owners or None)
        try:
            return [await self._client.replace(PODS, wanted)]
        except (NotFound, Conflict, Invalid):
            return []  # the watch tells

    def _changed(self, change: Change[Object]) -> None:
        pod = change.new if change.new is not None else change.old
        assert pod is not None
        if change.new is None:
            self._pending.gone(pod)
        else:
            self._pending.seen(pod)
        for each in (change.old, change.new):
            controller = controller_of(each) if each is not None else None
            if controller is not None and (found := self._owners.get(controller["kind"])):
                resource, _, queue = found
                queue.add(resource.key(namespace_of(pod), controller["name"]))
        if change.new is not None and controller_of(change.new) is None:
            self._offer(change.new)

    def _offer(self, orphan: Object) -> None:
        """Queue the owners that select a pod nobody controls."""
        if not labels_of(orphan):
            return
        for resource, owners, queue in self._owners.values():
            for owner in owners.cache.list(namespace_of(orphan)):
                selector = selector_of(owner)
                if not selector.is_everything and selector.matches(labels_of(orphan)):
                    queue.add(resource.key_of(owner))


def orphan_namespace(pod: Object) -> Iterable[str]:
    """Index values: the namespace of a pod that nobody controls."""
    return () if controller_of(pod) else (namespace_of(pod),)


def selector_of(owner: Object) -> LabelMatcher:
    """What picks the pods of a workload."""
    selector = (owner.get("spec") or {}).get("selector") or {}
    return (
        from_labels(selector) if owner["kind"] == "ReplicationController" else from_label_selector(selector)
    )
