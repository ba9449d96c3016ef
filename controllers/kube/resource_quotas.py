"""ResourceQuota: how much of what it limits is used, as kube-controller-manager counts it.

In: ResourceQuotas, pods, and metadata of every kind a quota counts. Out: status.hard and status.used. Which
requests a quota refuses is the API server's business.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import PODS, RESOURCE_QUOTAS
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object, is_deleting
from karmada.api.quantity import Quantity, QuantityError
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.client.mapper import Mapper
from karmada.runtime.controller import Requeue, WorkQueue

ZERO: Final = Quantity.parse("0")
SETTLE_SECONDS: Final = 0.5
"""Changes of a namespace are counted together."""
PLAIN_COUNTS: Final = {
    "configmaps": "",
    "persistentvolumeclaims": "",
    "replicationcontrollers": "",
    "resourcequotas": "",
    "secrets": "",
    "services": "",
}
"""Names that count objects without a count/ in front, and their group."""
FULL_KINDS: Final = frozenset({"services.nodeports", "services.loadbalancers", "requests.storage"})


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
    ) -> None:
        self._quotas = quotas
        self._pods = pods
        self._informer_for = informer_for
        self._mapper = mapper
        self._client = client
        self._queue: WorkQueue[ObjectKey] | None = None

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        self._queue = queue

        def changed(change: Change[Object]) -> None:
            if change.new is not None:
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
        hard: dict[str, Any] = (quota.get("spec") or {}).get("hard") or {}
        pods = [pod for pod in self._pods.cache.list(key.namespace) if in_scope(quota, pod)]
        used = pod_usage(pods, hard)
        for name in hard:
            if name not in used:
                objects = await self._objects(name, key.namespace)
                if objects is not None:
                    used[name] = object_usage(name, objects)
        status = {"hard": hard, "used": {name: str(used[name]) for name in hard if name in used}}
        try:
            await self._client.update_status(
                RESOURCE_QUOTAS, key, lambda live: {**live, "status": status}, cached=quota
            )
        except NotFound:
            return None
        return None

    async def _objects(self, name: str, namespace: str) -> list[Object] | None:
        """The objects that name counts; None when it counts none."""
        resource, group = counted_resource(name)
        for found in await self._mapper.resources():
            if found.resource.gvr.group == group and found.resource.gvr.resource == resource:
                informer = self._informer_for(found.resource)
                informer.add_handler(self._counted_changed, name=self.name)
                await informer.wait_synced()
                return informer.cache.list(namespace)
        return None


def counted_resource(name: str) -> tuple[str, str]:
    """(plural, group) of what a quota name counts."""
    if name.startswith("count/"):
        resource, _, group = name.removeprefix("count/").partition(".")
        return resource, group
    if name.startswith("services."):
        return "services", ""
    if name == "requests.storage" or name.endswith(
        ("storageclass.storage.k8s.io/requests.storage", "storageclass.storage.k8s.io/persistentvolumeclaims")
    ):
        return "persistentvolumeclaims", ""
    return name, PLAIN_COUNTS.get(name, "")


def object_usage(name: str, objects: Iterable[Object]) -> Quantity:
    if name == "services.nodeports":
        return _quantity(sum(_node_ports(each) for each in objects))
    if name == "services.loadbalancers":
        return _quantity(sum((each.get("spec") or {}).get("type") == "LoadBalancer" for each in objects))
    if "storageclass.storage.k8s.io/" in name:
        wanted, _, name = name.partition(".storageclass.storage.k8s.io/")
        objects = [each for each in objects if (each.get("spec") or {}).get("storageClassName") == wanted]
    if name == "requests.storage":
        return sum_of(
            ((each.get("spec") or {}).get("resources") or {}).get("requests", {}).get("storage")
            for each in objects
        )
    return _quantity(sum(1 for _ in objects))


def pod_usage(pods: Iterable[Object], hard: Iterable[str]) -> dict[str, Quantity]:
    """What of hard is about pods, and what the pods that have not ended use of it."""
    running = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
    used: dict[str, Quantity] = {}
    for name in hard:
        kind, dot, rest = name.partition(".")
        if name == "pods":
            used[name] = _quantity(len(running))
        elif name == "requests.storage" or "storageclass.storage.k8s.io/" in name:
            continue
        elif name in ("cpu", "memory", "ephemeral-storage"):
            used[name] = sum_of(amount for pod in running for amount in amounts(pod, "requests", name))
        elif dot and kind in ("requests", "limits"):
            used[name] = sum_of(amount for pod in running for amount in amounts(pod, kind, rest))
    return used


def amounts(pod: Object, kind: str, name: str) -> list[str]:
    """What the containers of a pod ask for; kind is requests or limits."""
    found = []
    for container in (pod.get("spec") or {}).get("containers") or ():
        given: Mapping[str, Any] = (container.get("resources") or {}).get(kind) or {}
        if name in given:
            found.append(given[name])
    return found


def in_scope(quota: Object, pod: Object) -> bool:
    """The pod counts for a quota with these scopes."""
    deadline = (pod.get("spec") or {}).get("activeDeadlineSeconds") is not None
    best_effort = (pod.get("status") or {}).get("qosClass") == "BestEffort" or not any(
        (container.get("resources") or {}).get(kind)
        for container in (pod.get("spec") or {}).get("containers") or ()
        for kind in ("requests", "limits")
    )
    known = {
        "Terminating": deadline,
        "NotTerminating": not deadline,
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
    }
    return all(known.get(scope, True) for scope in (quota.get("spec") or {}).get("scopes") or ())


def sum_of(texts: Iterable[Any]) -> Quantity:
    """What cannot be read counts as nothing."""
    total = ZERO
    for text in texts:
        try:
            total = total + Quantity.parse(text) if text is not None else total
        except QuantityError:
            continue
    return total


def _quantity(number: int) -> Quantity:
    return Quantity.parse(str(number))


def _node_ports(service: Object) -> int:
    spec = service.get("spec") or {}
    if spec.get("type") not in ("NodePort", "LoadBalancer"):
        return 0
    return len(spec.get("ports") or ())


def _may_change_usage(change: Change[Object]) -> bool:
    """For pods only their end and their resources matter."""
    if change.key.resource != PODS.gvr or change.old is None or change.new is None:
        return change.key.resource.resource in ("services", "persistentvolumeclaims")
    return _phase(change.old) != _phase(change.new) or change.old.get("spec") != change.new.get("spec")


def _phase(pod: Object) -> object:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
