"""The pods of an owner, with our own writes already counted, and the owner told when one of them changes.

In: the pod informer of a member. Out: creates and deletes of pods. One instance serves every workload
controller.
"""

from controllers.simulator.workload import Pending, controller_uid
from karmada.api.groups.kubernetes import PODS
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object, controller_of, namespace_of, uid_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import WorkQueue

INDEX = "controller-uid"


class OwnedPods:
    """Pods by the uid of their controlling owner."""

    def __init__(self, *, pods: Informer[Object], client: Client) -> None:
        self.informer = pods
        self._client = client
        self._pending = Pending()
        self._owners: dict[str, tuple[Resource[Object], WorkQueue[ObjectKey]]] = {}
        pods.cache.add_index(INDEX, controller_uid)
        pods.add_handler(self._changed, name="owned-pods")

    def notify(self, resource: Resource[Object], queue: WorkQueue[ObjectKey]) -> None:
        """Queue the owner of a pod that changed, where the owner is of this resource."""
        self._owners[resource.kind] = (resource, queue)

    def of(self, owner: Object) -> list[Object]:
        return self._pending.complete(uid_of(owner), self.informer.cache.by_index(INDEX, uid_of(owner)))

    async def create(self, owner: Object, pod: Object) -> Object:
        created = await self._client.create(PODS, pod)
        if self.informer.cache.get(PODS.key_of(created)) is None:
            self._pending.created(uid_of(owner), created)
        return created

    async def delete(self, owner: Object, pod: Object) -> None:
        self._pending.deleted(uid_of(owner), pod)
        await self._client.delete(PODS, PODS.key_of(pod), uid=uid_of(pod))

    def _changed(self, change: Change[Object]) -> None:
        pod = change.new if change.new is not None else change.old
        assert pod is not None
        if change.new is None:
            self._pending.gone(pod)
        else:
            self._pending.seen(pod)
        controller = controller_of(pod)
        if controller is not None and (found := self._owners.get(controller["kind"])):
            resource, queue = found
            queue.add(resource.key(namespace_of(pod), controller["name"]))
