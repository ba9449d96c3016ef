"""Binding key: decide, write. The one stage that calls the pure parts and talks to the API server.

In: changes of bindings of both scopes and of Clusters. Out: spec.clusters and the annotation
applied-placement in one patch, the condition Scheduled in one status write, events; nothing where nothing
changed. Before: detector/ makes bindings. After: binding/ renders Works for spec.clusters.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from prometheus_client import Counter, Gauge, Histogram

from karmada.api.errors import ApiError, Conflict, NotFound
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object
from karmada.api.wellknown import (
    DEFAULT_SCHEDULER,
    EVENT_SCHEDULE_BINDING_FAILED,
    EVENT_SCHEDULE_BINDING_SUCCEED,
    NORMAL,
    WARNING,
)
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Informer
from karmada.runtime.clock import SYSTEM_CLOCK, Clock, rfc3339
from scheduler.accurate.answers import AnswersNeeded, FetchedAnswers
from scheduler.decide import Decision, Settings, Step, schedule
from scheduler.estimator.general import GeneralEstimator
from scheduler.framework import Estimator, Framework, NoClusterFit, Request
from scheduler.placement import CompiledPlacement
from scheduler.plugins import build_framework
from scheduler.queue import BindingQueue, Item
from scheduler.results import (
    Next,
    Outcome,
    binding_reference,
    deleting_text,
    group_failure_text,
    observed_changes,
    outcome_of,
    resource_reference,
    spec_patch,
    status_changes,
    success_text,
)
from scheduler.snapshot import Snapshot
from scheduler.timing import EXTENSION_POINT, FILTER, SCORE, SUCCESS, UNSCHEDULABLE, timed
from scheduler.triggers import Cause, cause_to_schedule, reschedule_pending
from scheduler.world import INCOMING, World

log = logging.getLogger(__name__)

WORKERS: Final = 16
"""Bindings being written at the same time. Decisions are single steps, so they never overlap."""
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
_PENDING = Gauge("scheduler_pending_bindings", "Bindings that wait, by where.", ["queue"])
_STEPS = {step: _STEP_DURATION.labels(step.value) for step in Step}
_POINTS = {
    Step.FILTER: EXTENSION_POINT.labels(FILTER, SUCCESS),
    Step.SCORE: EXTENSION_POINT.labels(SCORE, SUCCESS),
}
_NOBODY_FITS = EXTENSION_POINT.labels(FILTER, UNSCHEDULABLE)
_FAILURES = INCOMING.labels("ScheduleAttemptFailure")


@dataclass(frozen=True, slots=True)
class CycleOptions:
    """What the operator chose."""

    scheduler_name: str = DEFAULT_SCHEDULER
    """Only bindings that name this scheduler are ours."""
    settings: Settings = field(default_factory=Settings)
    plugins: tuple[str, ...] = ("*",)


class RoomSource(Protocol):
    """Who knows how much fits into members, but must be asked (scheduler/accurate/client)."""

    async def room(
        self, request: Request, clusters: Sequence[str], snapshot: Snapshot, *, sets: bool
    ) -> Mapping[str, int]:
        """A number for every one of clusters, -1 where nobody can tell."""
        ...


class Scheduler:
    """Schedules bindings until cancelled. bindings: one informer per scope; estimators: None asks none."""

    def __init__(
        self,
        *,
        bindings: Sequence[Informer[ResourceBinding]],
        clusters: Informer[Cluster],
        client: Client,
        recorder: EventRecorder,
        queue: BindingQueue,
        options: CycleOptions,
        estimators: RoomSource | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._resources = {informer.resource.gvr: informer.resource for informer in bindings}
        self._client = client
        self._recorder = recorder
        self._queue = queue
        self._settings = options.settings
        self._estimators = estimators
        self._clock = clock
        plugins = build_framework(options.settings.gates, wanted=options.plugins)
        self._framework: Framework = timed(plugins, clock)
        self._world = World(
            bindings=bindings,
            clusters=clusters,
            queue=queue,
            scheduler_name=options.scheduler_name,
            gates=options.settings.gates,
            clock=clock,
        )

    async def run(self, *, workers: int = WORKERS) -> None:
        """Watch, queue, decide, write. The informers must have synced."""
        self._world.watch()
        for place in self._queue.sizes():
            _PENDING.labels(place).set_function(partial(self._pending, place))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._queue.run(), name="scheduling queue")
            group.create_task(self._world.run(), name="changed clusters")
            for number in range(workers):
                group.create_task(self._work(), name=f"scheduler {number}")

    def _pending(self, place: str) -> float:
        return self._queue.sizes()[place]

    async def _work(self) -> None:
        while True:
            item = await self._queue.pop()
            after = Next.RETRY
            try:
                after = await self.reconcile(item.key)
            except asyncio.CancelledError:
                if _is_being_cancelled():
                    raise
                # Something the pass waited for was cancelled, not this worker: an ordinary failure.
                log.warning("scheduling failed", extra={"binding": str(item.key), "error": "cancelled"})
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
        _FAILURES.inc()

    async def reconcile(self, key: ObjectKey) -> Next:
        """One pass over one binding."""
        binding = self._world.binding(key)
        if binding is None:
            return Next.FORGET
        if binding.metadata.deletion_timestamp:
            self._tell(binding, WARNING, EVENT_SCHEDULE_BINDING_FAILED, deleting_text(binding))
            return Next.FORGET
        if binding.spec.placement is None or not self._world.is_open(binding):
            return Next.FORGET  # whatever changes that is a change of its spec and brings it back
        placement = self._world.compiled(key, binding.spec.placement)
        snapshot = self._world.snapshot()
        cause = cause_to_schedule(binding, placement, snapshot, self._settings.gates)
        if cause is None:
            return await self._observe(self._resources[key.resource], key, binding)
        return await self._schedule(self._resources[key.resource], key, binding, placement, snapshot, cause)

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
        decision = await self._decide(binding, snapshot)
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
                    self._world.spec_written(key, binding, newest)
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

    async def _decide(self, binding: ResourceBinding, snapshot: Snapshot) -> Decision:
        """Decide again as long as that brings up clusters whose estimators were not asked yet."""
        if self._estimators is None:
            return self._decide_by(binding, snapshot, (GeneralEstimator(),))
        answers = FetchedAnswers()
        while True:
            try:
                return self._decide_by(binding, snapshot, (GeneralEstimator(), answers))
            except AnswersNeeded as needed:
                found = await self._estimators.room(
                    needed.request, needed.clusters, snapshot, sets=needed.sets
                )
                answers.add(found)

    def _decide_by(
        self, binding: ResourceBinding, snapshot: Snapshot, estimators: Sequence[Estimator]
    ) -> Decision:
        since = self._clock.monotonic()

        def observe(step: Step) -> None:
            nonlocal since
            now = self._clock.monotonic()
            _STEPS[step].observe(now - since)
            if step in _POINTS:
                _POINTS[step].observe(now - since)
            since = now

        decision = schedule(
            binding,
            snapshot,
            framework=self._framework,
            estimators=estimators,
            settings=self._settings,
            observe=observe,
        )
        if isinstance(decision.error, NoClusterFit):
            _NOBODY_FITS.observe(self._clock.monotonic() - since)
        return decision

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
                self._world.written(key, written)
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
        self._recorder.event(binding_reference(binding), type=type, reason=reason, message=message)
        self._recorder.event(resource_reference(binding), type=type, reason=reason, message=message)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _known_generation(before: ResourceBinding, newest: ResourceBinding) -> int:
    """Up to which generation newest holds nothing in its spec but what we saw and our targets."""
    if newest is before:
        return before.metadata.generation
    wished, found = before.spec, newest.spec
    same = wished.model_extra == found.model_extra and all(
        value == getattr(found, name, None) for name, value in wished if name != "clusters"
    )
    return newest.metadata.generation if same else before.metadata.generation
