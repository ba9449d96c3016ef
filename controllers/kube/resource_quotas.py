"""ResourceQuota: how much of what it limits is used, as kube-controller-manager counts it.

In: ResourceQuotas, pods, and metadata of every kind a quota counts. Out: status.hard and status.used. Which
requests a quota refuses is the API server's business; it charges what it lets pass at once. What is counted
here is only written when nobody has charged the quota for a moment, so that no object on its way to storage
is forgotten.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from karmada.api.errors import Conflict, NotFound
from karmada.api.groups.kubernetes import PODS, RESOURCE_QUOTAS
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object, is_deleting
from karmada.api.pod_amounts import Amounts, total_of
from karmada.api.quantity import ZERO
from karmada.api.quota_usage import counted_resource, has_ended, in_scope, usage_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.client.mapper import Mapper
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.controller import Requeue, WorkQueue

SETTLE_SECONDS: Final = 0.5
"""Changes of a namespace are counted together, and not while the quota is being charged."""
PATIENCE_SECONDS: Final = 10.0
"""A quota that is charged all the time is counted nevertheless."""


class ResourceQuotaController:
    """informer_for gives the informer of a kind; metadata is enough but for services and claims."""

    name = "resourcequota"

    def __init__(
        self,
        *,
        quotas: Informer[Object],
        pods: Informer[Object],
        informer_for: Callable[[Resource[Object]], Informer[Object]],
        mapper: Mapper,
        client: Client,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._quotas = quotas
        self._pods = pods
        self._informer_for = informer_for
        self._mapper = mapper
        self._client = client
        self._clock = clock
        self._charged: dict[ObjectKey, float] = {}
        """When each quota was seen to change last."""
        self._waiting: dict[ObjectKey, float] = {}
        """Since when each quota waits to be counted."""
        self._queue: WorkQueue[ObjectKey] | None = None

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        self._queue = queue

        def changed(change: Change[Object]) -> None:
            if change.new is None:
                self._charged.pop(change.key, None)
                self._waiting.pop(change.key, None)
                return
            if is_counted(change.new):
                self._charged[change.key] = self._clock.monotonic()
            queue.add(change.key)

        self._quotas.add_handler(changed, name=self.name)
        self._pods.add_handler(self._counted_changed, name=self.name)

    def _counted_changed(self, change: Change[Object]) -> None:
        if change.old is not None and change.new is not None and not _may_change_usage(change):
            return
        assert self._queue is not None, "watch comes first"
        for key in self._quotas.cache.keys(change.key.namespace):
            self._queue.add_after(key, SETTLE_SECONDS)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        quota = self._quotas.cache.get(key)
        if quota is None or is_deleting(quota):
            return None
        if is_counted(quota) and (pause := self._until_quiet(key)) > 0:
            return Requeue(pause)
        self._waiting.pop(key, None)
        hard: dict[str, Any] = (quota.get("spec") or {}).get("hard") or {}
        used = await self._used(quota, hard)
        status = {"hard": hard, "used": {name: str(used[name]) for name in hard if name in used}}
        if quota.get("status") == status:
            return None
        try:
            await self._client.replace(RESOURCE_QUOTAS, {**quota, "status": status}, subresource="status")
        except NotFound:
            return None
        except Conflict:
            return Requeue(SETTLE_SECONDS)  # charged meanwhile: what was counted is out of date
        return None

    def _until_quiet(self, key: ObjectKey) -> float:
        """How long to leave the quota alone yet."""
        now = self._clock.monotonic()
        waiting = self._waiting.setdefault(key, now)
        if now - waiting >= PATIENCE_SECONDS:
            return 0
        return self._charged.get(key, 0.0) + SETTLE_SECONDS - now

    async def _used(self, quota: Object, names: Iterable[str]) -> Amounts:
        """The amounts for those names that are about something there is."""
        used: Amounts = {}
        for resource, group in sorted({counted_resource(name) for name in names}):
            objects = await self._objects(resource, group, quota["metadata"]["namespace"])
            if objects is None:
                continue
            total = total_usage(quota, group, resource, objects)
            for name in names:
                if counted_resource(name) == (resource, group):
                    used[name] = total.get(name, ZERO)
        return used

    async def _objects(self, resource: str, group: str, namespace: str) -> list[Object] | None:
        """The objects of a kind; None when there is no such kind."""
        if (resource, group) == (PODS.gvr.resource, PODS.gvr.group):
            return self._pods.cache.list(namespace)
        for found in await self._mapper.resources():
            if found.resource.gvr.group == group and found.resource.gvr.resource == resource:
                informer = self._informer_for(found.resource)
                informer.add_handler(self._counted_changed, name=self.name)
                await informer.wait_synced()
                return informer.cache.list(namespace)
        return None


def total_usage(quota: Object, group: str, resource: str, objects: Iterable[Object]) -> Amounts:
    """What those objects that count for the quota use together."""
    return total_of(
        usage_of(group, resource, obj) for obj in objects if in_scope(quota, group, resource, obj)
    )


def is_counted(quota: Object) -> bool:
    """Whether the status is about the limits there are, so that the API server enforces them."""
    hard = (quota.get("spec") or {}).get("hard") or {}
    return bool((quota.get("status") or {}).get("hard", {}) == hard)


def _may_change_usage(change: Change[Object]) -> bool:
    """For pods only their end and their resources matter."""
    if change.key.resource != PODS.gvr or change.old is None or change.new is None:
        return change.key.resource.resource in ("services", "persistentvolumeclaims")
    return has_ended(change.old) != has_ended(change.new) or change.old.get("spec") != change.new.get("spec")
