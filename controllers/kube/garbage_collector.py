"""Garbage collection: what nobody owns any more goes; foreground and orphan deletion are carried out.

In: metadata of every kind that can be deleted, listed and watched. Out: deletes, and patches of owner
references and finalizers. The graph is ownership.py; owners the graph has never seen are looked up live
before anything is deleted. Behaviour as kube-controller-manager's garbage collector.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from controllers.kube.ownership import (
    FOREGROUND_FINALIZER,
    ORPHAN_FINALIZER,
    Node,
    OwnerReference,
    OwnershipGraph,
    plain,
)
from karmada.api.errors import ApiError, Conflict, NotFound
from karmada.api.groups.meta import Root
from karmada.api.gvk import GroupVersionKind, GroupVersionResource, ObjectKey, Resource
from karmada.api.objects import Object, owners_of, uid_of, with_metadata, without_finalizer
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.client.mapper import DiscoveredResource, Mapper, NoMatch
from karmada.runtime.clock import Clock
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

REDISCOVER_SECONDS: Final = 30.0
UNKNOWN_KIND_SECONDS: Final = 30.0
NOT_COLLECTED: Final = frozenset({("", "events"), ("events.k8s.io", "events")})
NEEDED_VERBS: Final = frozenset({"delete", "list", "watch"})


class GarbageCollector:
    """Keys are uids. informer_for gives the shared informer of a kind; it may hold ties_alone, or
    models."""

    name = "garbage-collector"

    def __init__(
        self,
        *,
        informer_for: Callable[[Resource[Object]], Informer[Any]],
        client: Client,
        mapper: Mapper,
        clock: Clock,
    ) -> None:
        self._informer_for = informer_for
        self._client = client
        self._mapper = mapper
        self._clock = clock
        self._graph = OwnershipGraph()
        self._resources: dict[GroupVersionResource, Resource[Object]] = {}
        self._queue: WorkQueue[str] | None = None
        self._rediscover = asyncio.Event()

    def watch(self, queue: WorkQueue[str]) -> None:
        self._queue = queue

    def kinds_changed(self) -> None:
        """Look at discovery again now, a CRD came or went."""
        self._rediscover.set()

    async def run_discovery(self) -> None:
        """Follow every kind that can be collected, for ever."""
        while True:
            self._rediscover.clear()
            try:
                await self.discover()
            except ApiError as error:
                log.warning("discovery failed", extra={"error": str(error)})
            try:
                async with asyncio.timeout(REDISCOVER_SECONDS):
                    await self._rediscover.wait()
            except TimeoutError:
                continue

    async def discover(self) -> None:
        """Start following kinds that are new. A kind that went keeps its informer; its objects are gone."""
        for resource in collectable(await self._mapper.resources(refresh=True)):
            if resource.gvr not in self._resources:
                self._resources[resource.gvr] = resource
                self._informer_for(resource).add_handler(self._changed, name=self.name)

    def _changed(self, change: Change[Object | Root]) -> None:
        assert self._queue is not None, "watch comes first"
        priority = LOW_PRIORITY if change.initial else 0
        if change.new is None:
            if change.old is not None:
                self._affected(self._graph.remove(uid_of(plain(change.old))), priority=priority)
            return
        node = Node.of(change.key, plain(change.new))
        before = self._graph.put(node)
        if node.owners or node.waits_for_dependents or node.orphans_dependents:
            self._queue.add(node.uid, priority=priority)
        if before is None:
            return
        if before.waits_for_dependents != node.waits_for_dependents:
            self._affected(node, priority=priority)
        if before.owners != node.owners:
            self._recheck_owners(before, priority=priority)

    def _affected(self, node: Node | None, *, priority: int) -> None:
        """Queue the dependents of node, and the owners that may have waited for it."""
        assert self._queue is not None, "watch comes first"
        if node is None:
            return
        for dependent in self._graph.dependents(node.uid):
            self._queue.add(dependent.uid, priority=priority)
        self._recheck_owners(node, priority=priority)

    def _recheck_owners(self, node: Node, *, priority: int) -> None:
        assert self._queue is not None, "watch comes first"
        for owner in node.owners:
            known = self._graph.nodes.get(owner.uid)
            if known is not None and known.waits_for_dependents:
                self._queue.add(known.uid, priority=priority)

    async def reconcile(self, uid: str) -> Requeue | None:
        node = self._graph.nodes.get(uid)
        if node is None:
            return None
        if node.orphans_dependents:
            await self._orphan(node)
        elif node.waits_for_dependents:
            await self._delete_in_foreground(node)
        elif node.owners and not node.deleting:
            return await self._collect(node)
        return None

    async def _collect(self, node: Node) -> Requeue | None:
        """Delete node when no owner is left; else drop the references to owners that are gone."""
        solid: list[OwnerReference] = []
        waiting: list[OwnerReference] = []
        dangling: list[OwnerReference] = []
        for owner in node.owners:
            try:
                found = await self._owner(owner, node)
            except NoMatch:
                return Requeue(after=UNKNOWN_KIND_SECONDS)  # an unknown kind keeps its dependents
            if found is None:
                dangling.append(owner)
            elif _waits(found) and owner.blocks:
                waiting.append(owner)
            else:
                solid.append(owner)
        if solid:
            if dangling or waiting:
                await self._drop_owners(node, {owner.uid for owner in (*dangling, *waiting)})
        elif waiting:
            dependents = self._graph.dependents(node.uid)
            if any(each.waits_for_dependents for each in dependents):
                await self._unblock(node)  # its owners may wait for it in a circle
            await self._delete(node, "Foreground" if dependents else "Background")
        else:
            await self._delete(node, _policy_of(node))
        return None

    async def _owner(self, owner: OwnerReference, dependent: Node) -> Object | Node | None:
        """The owner as the graph or the server knows it; None when it is gone. Raises NoMatch."""
        known = self._graph.nodes.get(owner.uid)
        if known is not None:
            reachable = known.key.namespace in ("", dependent.key.namespace)
            return known if reachable else None
        resource = await self._mapper.resource_for(GroupVersionKind(owner.group, owner.version, owner.kind))
        if resource.namespaced and not dependent.key.namespace:
            return None  # a cluster-scoped object cannot be owned by a namespaced one
        try:
            live = await self._client.get(resource, resource.key(dependent.key.namespace, owner.name))
        except NotFound:
            return None
        return live if uid_of(live) == owner.uid else None

    async def _delete(self, node: Node, policy: str) -> None:
        resource = self._resources[node.key.resource]
        try:
            await self._client.delete(resource, node.key, propagation_policy=policy, uid=node.uid)
        except Conflict:
            return  # another object took the name
        log.info("collected", extra={"key": str(node.key)})

    async def _drop_owners(self, node: Node, uids: set[str]) -> None:
        def change(live: Object) -> Object:
            kept = [reference for reference in owners_of(live) if reference.get("uid") not in uids]
            return with_metadata(live, ownerReferences=kept or None)

        await self._change(node, change)

    async def _unblock(self, node: Node) -> None:
        """No owner has to wait for node any longer."""

        def change(live: Object) -> Object:
            owners = [{**reference, "blockOwnerDeletion": False} for reference in owners_of(live)]
            return with_metadata(live, ownerReferences=owners)

        await self._change(node, change)

    async def _orphan(self, node: Node) -> None:
        """Dependents lose their reference, then node loses its finalizer."""
        for dependent in self._graph.dependents(node.uid):
            await self._drop_owners(dependent, {node.uid})
        await self._change(node, lambda live: without_finalizer(live, ORPHAN_FINALIZER))

    async def _delete_in_foreground(self, node: Node) -> None:
        """Ask for the deletion of every dependent; node goes when none that blocks is left."""
        dependents = self._graph.dependents(node.uid)
        for dependent in dependents:
            if not dependent.deleting:
                await self._collect(dependent)
        if not any(owner.blocks for each in dependents for owner in each.owners if owner.uid == node.uid):
            await self._change(node, lambda live: without_finalizer(live, FOREGROUND_FINALIZER))

    async def _change(self, node: Node, change: Callable[[Object], Object]) -> None:
        """Apply change to the object, unless it is gone or is another one by now."""
        resource: Resource[Any] = self._resources[node.key.resource]
        try:
            live = await self._client.get(resource, node.key)
            if uid_of(live) == node.uid and change(live) != live:
                await self._client.update(resource, node.key, change, cached=live)
        except NotFound:
            return


def collectable(found: Iterable[DiscoveredResource]) -> list[Resource[Object]]:
    """What can be collected, each in one version: the preferred one of its group, if it is served there."""
    chosen: dict[tuple[str, str], DiscoveredResource] = {}
    for item in found:
        name = (item.gvr.group, item.gvr.resource)
        if name in NOT_COLLECTED or not set(item.verbs) >= NEEDED_VERBS:
            continue
        known = chosen.get(name)
        if known is None or (item.preferred and not known.preferred):
            chosen[name] = item
    return [item.resource for item in chosen.values()]


def _waits(owner: Object | Node) -> bool:
    if isinstance(owner, Node):
        return owner.waits_for_dependents
    return Node.of(ObjectKey(GroupVersionResource("", "", ""), "", ""), owner).waits_for_dependents


def _policy_of(node: Node) -> str:
    if ORPHAN_FINALIZER in node.finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND_FINALIZER in node.finalizers else "Background"
