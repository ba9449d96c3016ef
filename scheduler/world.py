"""What the scheduler knows and what wakes it: informers to queued keys, caches to snapshots.

In: changes of bindings of both scopes and of Clusters. Out: keys in the queue, the newest version of a
binding, the Snapshot that decisions are made from. cycle.py does the passes and reports back what it wrote.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from prometheus_client import Counter

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import Placement
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import GroupVersionResource, ObjectKey
from karmada.api.wellknown import (
    BINDING_MANAGED_BY_LABEL,
    CLUSTER_PROPAGATION_POLICY_PERMANENT_ID_LABEL,
    DEFAULT_SCHEDULER,
    PROPAGATION_POLICY_PERMANENT_ID_LABEL,
)
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from scheduler.framework import Gates, is_workload
from scheduler.inflight import Assumptions, PlacedPeers, Written
from scheduler.placement import CompiledPlacement, compile_placement
from scheduler.queue import BindingQueue
from scheduler.snapshot import Snapshot, Traits
from scheduler.triggers import concerns

WALK_CHUNK: Final = 500
"""Bindings looked at for a changed cluster before others get their turn."""
SWEEP_SECONDS: Final = 60.0

INCOMING: Final = Counter(
    "karmada_scheduler_queue_incoming_bindings_total",
    "Bindings put into the queue, by what did it.",
    ["event"],
)
_EVENTS: Final = {name: INCOMING.labels(name) for name in ("BindingAdd", "BindingUpdate", "ClusterChanged")}


class World:
    """The clusters and bindings of one control plane, as one scheduler sees them."""

    def __init__(
        self,
        *,
        bindings: Sequence[Informer[ResourceBinding]],
        clusters: Informer[Cluster],
        queue: BindingQueue,
        scheduler_name: str = DEFAULT_SCHEDULER,
        gates: Gates,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._bindings = {informer.resource.gvr: informer for informer in bindings}
        self._clusters = clusters
        self._queue = queue
        self._scheduler_name = scheduler_name
        self._clock = clock
        self._placements: dict[ObjectKey, tuple[Placement, CompiledPlacement]] = {}
        self._written = Written()
        self._assumptions = Assumptions(clock=clock) if gates.overcommit_protection else None
        namespaced = [informer.cache for informer in bindings if informer.resource.namespaced]
        self._peers = PlacedPeers(namespaced[0]) if gates.workload_affinity and namespaced else None
        self._last_snapshot: Snapshot | None = None
        self._snapshot_is_current = False
        self._changed_clusters: deque[Traits] = deque()
        self._cluster_changed = asyncio.Event()

    def watch(self) -> None:
        """Turn changes into queued keys from now on."""
        self._clusters.add_handler(self._on_cluster, name="scheduler clusters")
        for informer in self._bindings.values():
            informer.add_handler(self._on_binding, name="scheduler bindings")

    async def run(self) -> None:
        """Follow changed clusters, drop what expired; until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_clusters(), name="bindings of changed clusters")
            if self._assumptions is not None:
                group.create_task(self._sweep(self._assumptions), name="expired assumptions")

    # --- what decisions are based on ---

    def binding(self, key: ObjectKey) -> ResourceBinding | None:
        """The newest version we know, be it our own write on its way back."""
        cached = self._bindings[key.resource].cache.get(key)
        return self._written.newest(key, cached) if cached is not None else None

    def snapshot(self) -> Snapshot:
        if self._last_snapshot is None or not self._snapshot_is_current:
            self._last_snapshot = Snapshot.of(
                self._clusters.cache.list(), previous=self._last_snapshot, peers=self._peers
            )
            self._snapshot_is_current = True
        if self._assumptions is None:
            return self._last_snapshot
        return replace(self._last_snapshot, assumed=self._assumptions.by_cluster())

    def compiled(self, key: ObjectKey, placement: Placement) -> CompiledPlacement:
        """Compiled once per version of a binding."""
        known = self._placements.get(key)
        if known is not None and known[0] is placement:
            return known[1]
        compiled = compile_placement(placement)
        self._placements[key] = (placement, compiled)
        return compiled

    def spec_written(self, key: ObjectKey, before: ResourceBinding, written: ResourceBinding) -> None:
        """Our patch of the spec was accepted; remember it until it comes back."""
        self.written(key, written)
        if not key.namespace:
            return
        if self._assumptions is not None and is_workload(before.spec):
            self._assumptions.write(key, written)
        if self._peers is not None:
            self._peers.sent(key, written)

    def written(self, key: ObjectKey, written: ResourceBinding) -> None:
        """The server's answer to any write of ours."""
        self._written.put(key, written, cached=self._bindings[key.resource].cache.get(key))

    # --- changes of bindings ---

    def _on_binding(self, change: Change[ResourceBinding]) -> None:
        key, old, new = change.key, change.old, change.new
        if new is None:
            self._forget(key)
            return
        if self._peers is not None:
            self._peers.seen(key, new)
        if self._assumptions is not None and old is not None:
            self._assumptions.seen(key, old, new)
        self._written.seen(key, new)
        was_ours = old is not None and self._is_claimed(old)
        if not self._is_claimed(new):
            if was_ours and self._assumptions is not None:
                self._assumptions.forget(key)
        elif old is None or not was_ours:
            self._enqueue(key, new, "BindingAdd")
        elif old.metadata.generation != new.metadata.generation:
            self._enqueue(key, new, "BindingUpdate")

    def _forget(self, key: ObjectKey) -> None:
        self._queue.discard(key)
        self._placements.pop(key, None)
        self._written.seen(key, None)
        if self._assumptions is not None:
            self._assumptions.forget(key)
        if self._peers is not None:
            self._peers.seen(key, None)

    def _enqueue(self, key: ObjectKey, binding: ResourceBinding, event: str) -> None:
        priority = binding.spec.schedule_priority
        self._queue.add(key, priority=priority.priority if priority is not None else 0)
        _EVENTS[event].inc()

    def _is_claimed(self, binding: ResourceBinding) -> bool:
        """Open, and a policy or a controller stands behind it: its own changes count."""
        labels = binding.metadata.labels
        return self.is_open(binding) and bool(
            labels.get(PROPAGATION_POLICY_PERMANENT_ID_LABEL)
            or labels.get(CLUSTER_PROPAGATION_POLICY_PERMANENT_ID_LABEL)
            or labels.get(BINDING_MANAGED_BY_LABEL)
        )

    def is_open(self, binding: ResourceBinding) -> bool:
        """Names this scheduler and is not suspended."""
        suspension = binding.spec.suspension
        name = binding.spec.scheduler_name or DEFAULT_SCHEDULER
        return name == self._scheduler_name and not (suspension and suspension.scheduling)

    # --- changes of clusters ---

    def _on_cluster(self, change: Change[Cluster]) -> None:
        self._snapshot_is_current = False
        old, new = change.old, change.new
        if old is None or new is None:
            if new is not None:
                self._queue.room_changed()
            return
        if new.metadata.deletion_timestamp and not old.metadata.deletion_timestamp:
            self._follow(new)
        elif old.metadata.labels != new.metadata.labels or old.metadata.generation != new.metadata.generation:
            self._follow(old, new)
        elif old.status.resource_summary != new.status.resource_summary:
            self._queue.room_changed()

    def _follow(self, *clusters: Cluster) -> None:
        self._changed_clusters.extend(Traits.of(cluster) for cluster in clusters)
        self._cluster_changed.set()

    async def _follow_clusters(self) -> None:
        """Queue the open bindings that a changed cluster concerns, as it was and as it is.

        Who stands behind them does not matter here: what a policy once placed goes on following clusters.
        """
        while True:
            await self._cluster_changed.wait()
            self._cluster_changed.clear()
            changed = list(self._changed_clusters)
            self._changed_clusters.clear()
            for gvr in self._bindings:
                await self._walk(gvr, changed)

    async def _walk(self, gvr: GroupVersionResource, changed: Sequence[Traits]) -> None:
        cache = self._bindings[gvr].cache
        for number, key in enumerate(cache.keys(), start=1):
            if number % WALK_CHUNK == 0:
                await self._clock.sleep(0)
            binding = cache.get(key)
            if binding is None or binding.spec.placement is None or not self.is_open(binding):
                continue
            if concerns(binding, self.compiled(key, binding.spec.placement), changed):
                self._enqueue(key, binding, "ClusterChanged")

    async def _sweep(self, assumptions: Assumptions) -> None:
        while True:
            await self._clock.sleep(SWEEP_SECONDS)
            assumptions.sweep()
