"""Binding key: decide, write. The one stage that calls the pure parts and talks to the API server.

In: changes of bindings of both scopes and of Clusters. Out: spec.clusters and the annotation
applied-placement in one patch, the condition Scheduled in one status write, events; nothing where nothing
changed. Before: detector/ makes bindings. After: binding/ renders Works for spec.clusters.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from karmada.api.errors import ApiError, Conflict, NotFound
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import Placement
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import GroupVersionResource, ObjectKey, Resource
from karmada.api.objects import Object
from karmada.api.wellknown import (
    BINDING_MANAGED_BY_LABEL,
    CLUSTER_PROPAGATION_POLICY_PERMANENT_ID_LABEL,
    DEFAULT_SCHEDULER,
    EVENT_SCHEDULE_BINDING_FAILED,
    EVENT_SCHEDULE_BINDING_SUCCEED,
    NORMAL,
    PROPAGATION_POLICY_PERMANENT_ID_LABEL,
    WARNING,
)
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, rfc3339
from scheduler.decide import Decision, Settings, Step, schedule
from scheduler.framework import Framework
from scheduler.inflight import Assumptions, PlacedPeers, Written
from scheduler.placement import CompiledPlacement, compile_placement
from scheduler.plugins import build_framework
from scheduler.queue import BindingQueue, Item
from scheduler.results import (
    Next,
    Outcome,
    deleting_text,
    group_failure_text,
    observed_changes,
    outcome_of,
    resource_reference,
    spec_patch,
    status_changes,
    success_text,
)
from scheduler.snapshot import Snapshot, Traits
from scheduler.triggers import Cause, cause_to_schedule, concerns, reschedule_pending

log = logging.getLogger(__name__)

WORKERS: Final = 16
"""Bindings being written at the same time. Decisions are single steps, so they never overlap."""
WALK_CHUNK: Final = 500
"""Bindings looked at for a changed cluster before others get their turn."""
SWEEP_SECONDS: Final = 60.0
STATUS_TRIES: Final = 5

_MILLISECOND_BUCKETS: Final = tuple(0.001 * 2**power for power in range(15))
_ATTEMPTS = Counter(
    "karmada_scheduler_schedule_attempts_total", "Scheduling runs.", ["result", "schedule_type"]
)
_DURATION = Histogram(
    "karmada_scheduler_e2e_scheduling_duration_seconds",
    "How long a scheduling run took, writing included.",
    ["result", "schedule_type"],
    buckets=_MILLISECOND_BUCKETS,
)
_STEP_DURATION = Histogram(
    "karmada_scheduler_scheduling_algorithm_duration_seconds",
    "How long a phase of the decision took.",
    ["schedule_step"],
    buckets=_MILLISECOND_BUCKETS,
)
_INCOMING = Counter(
    "karmada_scheduler_queue_incoming_bindings_total",
    "Bindings put into the queue, by what did it.",
    ["event"],
)
_PENDING = Gauge("scheduler_pending_bindings", "Bindings that wait, by where.", ["queue"])
_STEPS = {step: _STEP_DURATION.labels(step.value) for step in Step}
_EVENTS = {
    name: _INCOMING.labels(name)
    for name in ("BindingAdd", "BindingUpdate", "ClusterChanged", "ScheduleAttemptFailure")
}


@dataclass(frozen=True, slots=True)
class CycleOptions:
    """What the operator chose."""

    scheduler_name: str = DEFAULT_SCHEDULER
    """Only bindings that name this scheduler are ours."""
    settings: Settings = field(default_factory=Settings)
    plugins: tuple[str, ...] = ("*",)


class Scheduler:
    """Schedules bindings until cancelled. bindings: one informer per scope."""

    def __init__(
        self,
        *,
        bindings: Sequence[Informer[ResourceBinding]],
        clusters: Informer[Cluster],
        client: Client,
        recorder: EventRecorder,
        queue: BindingQueue,
        options: CycleOptions,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._bindings = {informer.resource.gvr: informer for informer in bindings}
        self._clusters = clusters
        self._client = client
        self._recorder = recorder
        self._queue = queue
        self._options = options
        self._clock = clock
        self._framework: Framework = build_framework(options.settings.gates, wanted=options.plugins)
        self._placements: dict[ObjectKey, tuple[Placement, CompiledPlacement]] = {}
        self._written = Written()
        self._assumptions = Assumptions(clock=clock) if options.settings.gates.overcommit_protection else None
        namespaced = next((informer for informer in bindings if informer.resource.namespaced), None)
        affinity = options.settings.gates.workload_affinity and namespaced is not None
        self._peers = PlacedPeers(namespaced.cache) if affinity and namespaced is not None else None
        self._last_snapshot: Snapshot | None = None
        self._snapshot_is_current = False
        self._changed_clusters: deque[Traits] = deque()
        self._cluster_changed = asyncio.Event()

    async def run(self, *, workers: int = WORKERS) -> None:
        """Watch, queue, decide, write. The informers must have synced."""
        self.watch()
        for place in self._queue.sizes():
            _PENDING.labels(place).set_function(partial(self._pending, place))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._queue.run(), name="scheduling queue")
            group.create_task(self._follow_clusters(), name="bindings of changed clusters")
            if self._assumptions is not None:
                group.create_task(self._sweep(self._assumptions), name="expired assumptions")
            for number in range(workers):
                group.create_task(self._work(), name=f"scheduler {number}")

    def watch(self) -> None:
        """Turn changes into queued keys from now on."""
        self._clusters.add_handler(self._on_cluster, name="scheduler clusters")
        for informer in self._bindings.values():
            informer.add_handler(self._on_binding, name="scheduler bindings")

    def _pending(self, place: str) -> float:
        return self._queue.sizes()[place]

    async def _work(self) -> None:
        while True:
            item = await self._queue.pop()
            after = Next.RETRY
            try:
                after = await self.reconcile(item.key)
            except ApiError as error:
                log.warning("scheduling failed", extra={"binding": str(item.key), "error": str(error)})
            except Exception:
                log.exception("scheduling failed", extra={"binding": str(item.key)})
            self._settle(item, after)

    def _settle(self, item: Item, after: Next) -> None:
        match after:
            case Next.FORGET:
                self._queue.forget(item)
                return
            case Next.PARK:
                self._queue.park(item)
            case Next.RETRY:
                self._queue.retry(item)
        _EVENTS["ScheduleAttemptFailure"].inc()

    async def reconcile(self, key: ObjectKey) -> Next:
        """One pass over one binding."""
        informer = self._bindings[key.resource]
        cached = informer.cache.get(key)
        if cached is None:
            return Next.FORGET
        binding = self._written.newest(key, cached)
        if binding.metadata.deletion_timestamp:
            self._tell(binding, WARNING, EVENT_SCHEDULE_BINDING_FAILED, deleting_text(binding))
            return Next.FORGET
        if binding.spec.placement is None or not self._is_ours(binding):
            return Next.FORGET  # whatever changes that is a change of its spec and brings it back
        placement = self._compiled(key, binding.spec.placement)
        snapshot = self._snapshot()
        cause = cause_to_schedule(binding, placement, snapshot, self._options.settings.gates)
        if cause is None:
            return await self._observe(informer.resource, key, binding)
        return await self._schedule(informer.resource, key, binding, placement, snapshot, cause)

    # --- one scheduling run ---

    async def _observe(
        self, resource: Resource[ResourceBinding], key: ObjectKey, binding: ResourceBinding
    ) -> Next:
        """The targets stand; say that this generation was looked at."""
        generation = binding.metadata.generation
        with suppress(NotFound):  # deleted meanwhile
            await self._patch_status(
                resource, key, lambda current: observed_changes(current, generation), binding
            )
        return Next.FORGET

    async def _schedule(
        self,
        resource: Resource[ResourceBinding],
        key: ObjectKey,
        binding: ResourceBinding,
        placement: CompiledPlacement,
        snapshot: Snapshot,
        cause: Cause,
    ) -> Next:
        started = self._clock.monotonic()
        decision = self._decide(binding, snapshot)
        patch = spec_patch(binding, placement, decision)
        errors: list[Exception] = [decision.error] if decision.error is not None else []
        newest = binding
        try:
            if patch:
                try:
                    newest = await self._client.patch(resource, key, patch)
                except NotFound:
                    raise
                except ApiError as error:
                    errors.append(error)
                else:
                    self._remember(key, binding, newest)
            outcome = outcome_of(errors)
            told = await self._write_outcome(resource, key, binding, newest, decision, outcome)
        except NotFound:
            return Next.FORGET  # deleted while we decided
        if patch or told:
            self._tell_outcome(binding, decision, outcome)
        result = "error" if outcome.next is not Next.FORGET else "scheduled"
        _ATTEMPTS.labels(result, cause.value).inc()
        _DURATION.labels(result, cause.value).observe(self._clock.monotonic() - started)
        return outcome.next

    def _decide(self, binding: ResourceBinding, snapshot: Snapshot) -> Decision:
        since = self._clock.monotonic()

        def observe(step: Step) -> None:
            nonlocal since
            now = self._clock.monotonic()
            _STEPS[step].observe(now - since)
            since = now

        return schedule(
            binding, snapshot, framework=self._framework, settings=self._options.settings, observe=observe
        )

    def _remember(self, key: ObjectKey, before: ResourceBinding, written: ResourceBinding) -> None:
        """What we know of our own write before it comes back."""
        self._put(key, written)
        if not key.namespace:
            return
        if self._assumptions is not None and before.spec.replica_requirements is not None:
            self._assumptions.write(key, written)
        if self._peers is not None:
            self._peers.sent(key, written)

    def _put(self, key: ObjectKey, written: ResourceBinding) -> None:
        self._written.put(key, written, cached=self._bindings[key.resource].cache.get(key))

    async def _write_outcome(
        self,
        resource: Resource[ResourceBinding],
        key: ObjectKey,
        before: ResourceBinding,
        newest: ResourceBinding,
        decision: Decision,
        outcome: Outcome,
    ) -> bool:
        """One status write, or none. Returns whether the condition says something new."""
        known = _known_generation(before, newest)
        now = rfc3339(self._clock.now())
        decided_anew = newest is not before or reschedule_pending(before)

        def changes(current: ResourceBinding) -> Object:
            return status_changes(
                current,
                outcome,
                now=now,
                observed_generation=known,
                group=decision.group,
                decided_anew=decided_anew,
            )

        written = await self._patch_status(resource, key, changes, newest)
        return "conditions" in written

    async def _patch_status(
        self,
        resource: Resource[ResourceBinding],
        key: ObjectKey,
        changes: Callable[[ResourceBinding], Object],
        current: ResourceBinding,
    ) -> Object:
        """Patch what changes finds missing in the newest version; returns that, {} when there was nothing.

        A patch and not an update, because what is cached lacks the parts nobody here reads. It names the
        version it was made from: conditions are one list, and those of others must not be lost.
        """
        for attempt in range(1, STATUS_TRIES + 1):
            wanted = changes(current)
            if not wanted:
                break
            patch = {"metadata": {"resourceVersion": current.metadata.resource_version}, "status": wanted}
            try:
                written = await self._client.patch(resource, key, patch, subresource="status")
            except Conflict:
                if attempt == STATUS_TRIES:
                    raise
                current = await self._client.get(resource, key)
            else:
                self._put(key, written)
                return wanted
        return {}

    def _tell_outcome(self, binding: ResourceBinding, decision: Decision, outcome: Outcome) -> None:
        for failure in decision.failures:
            text = group_failure_text(binding, failure.index, failure.message)
            self._tell(binding, WARNING, EVENT_SCHEDULE_BINDING_FAILED, text)
        if outcome.succeeded:
            text = success_text(binding, decision.targets or ())
            self._tell(binding, NORMAL, EVENT_SCHEDULE_BINDING_SUCCEED, text)
        else:
            self._tell(binding, WARNING, EVENT_SCHEDULE_BINDING_FAILED, outcome.message)

    def _tell(self, binding: ResourceBinding, type: str, reason: str, message: str) -> None:
        """On the binding and on the resource it places."""
        self._recorder.event(binding, type=type, reason=reason, message=message)
        self._recorder.event(resource_reference(binding), type=type, reason=reason, message=message)

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
        was_ours = old is not None and self._is_ours(old)
        if not self._is_ours(new):
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

    def _is_ours(self, binding: ResourceBinding) -> bool:
        """Names this scheduler, is not suspended, and a policy or a controller stands behind it."""
        labels = binding.metadata.labels
        return self._is_open(binding) and bool(
            labels.get(PROPAGATION_POLICY_PERMANENT_ID_LABEL)
            or labels.get(CLUSTER_PROPAGATION_POLICY_PERMANENT_ID_LABEL)
            or labels.get(BINDING_MANAGED_BY_LABEL)
        )

    def _is_open(self, binding: ResourceBinding) -> bool:
        suspension = binding.spec.suspension
        name = binding.spec.scheduler_name or DEFAULT_SCHEDULER
        return name == self._options.scheduler_name and not (suspension and suspension.scheduling)

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
        """Queue the bindings that a changed cluster concerns, as it was and as it is."""
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
            if binding is None or binding.spec.placement is None or not self._is_open(binding):
                continue
            if concerns(binding, self._compiled(key, binding.spec.placement), changed):
                self._enqueue(key, binding, "ClusterChanged")

    # --- what decisions are based on ---

    def _snapshot(self) -> Snapshot:
        if self._last_snapshot is None or not self._snapshot_is_current:
            self._last_snapshot = Snapshot.of(
                self._clusters.cache.list(), previous=self._last_snapshot, peers=self._peers
            )
            self._snapshot_is_current = True
        if self._assumptions is None:
            return self._last_snapshot
        return replace(self._last_snapshot, assumed=self._assumptions.by_cluster())

    def _compiled(self, key: ObjectKey, placement: Placement) -> CompiledPlacement:
        """Compiled once per version of a binding."""
        known = self._placements.get(key)
        if known is not None and known[0] is placement:
            return known[1]
        compiled = compile_placement(placement)
        self._placements[key] = (placement, compiled)
        return compiled

    async def _sweep(self, assumptions: Assumptions) -> None:
        while True:
            await self._clock.sleep(SWEEP_SECONDS)
            assumptions.sweep()


def _known_generation(before: ResourceBinding, newest: ResourceBinding) -> int:
    """Up to which generation newest holds nothing in its spec but what we saw and our targets."""
    if newest.spec.model_copy(update={"clusters": before.spec.clusters}) == before.spec:
        return newest.metadata.generation
    return before.metadata.generation
