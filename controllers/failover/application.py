"""Binding key: an application that stays unhealthy in a cluster leaves it.

In: bindings whose policy asks for application failover, the health in their status. Out: eviction tasks
instead of targets. Before: status/ writes the health. Next: the scheduler finds other clusters, graceful.py
ends the tasks. One class for both kinds of bindings; unhealthy.py decides. Since when a copy is unhealthy is
remembered here: a restart starts every time anew.
"""

from collections.abc import Sequence

from controllers.eviction import Eviction, evicted
from controllers.failover.preserved import preserved_labels
from controllers.failover.scopes import controller_name, say_not_evicted, scheduled_clusters
from controllers.failover.unhealthy import judged
from karmada.api.errors import ApiError, Forbidden, NotFound
from karmada.api.groups.policy import ApplicationFailoverBehavior
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import GroupVersionKind, ObjectKey, split_api_version
from karmada.api.wellknown import (
    EVICTION_REASON_APPLICATION_FAILURE,
    PURGE_DIRECTLY,
    PURGE_GRACEFULLY,
    PURGE_NEVER,
)
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.interpreter.chain import Interpreter, Operation
from karmada.runtime.clock import Clock
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue


class ApplicationFailoverController:
    """Keys are bindings of one scope.

    graceful_eviction and stateful_failover: the gates GracefulEviction and StatefulFailoverInjection.
    """

    def __init__(
        self,
        *,
        bindings: Informer[ResourceBinding],
        interpreter: Interpreter,
        client: Client,
        recorder: EventRecorder,
        clock: Clock,
        graceful_eviction: bool = True,
        stateful_failover: bool = False,
    ) -> None:
        self.name = controller_name(bindings.resource, "application-failover-controller")
        self._bindings = bindings
        self._interpreter = interpreter
        self._client = client
        self._recorder = recorder
        self._clock = clock
        self._graceful_eviction = graceful_eviction
        self._stateful_failover = stateful_failover
        self._since: dict[ObjectKey, dict[str, float]] = {}

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def binding_changed(change: Change[ResourceBinding]) -> None:
            if _failover_of(change.old) is not None or _failover_of(change.new) is not None:
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        self._bindings.add_handler(binding_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        binding = self._bindings.cache.get(key)
        failover = _failover_of(binding)
        if binding is None or failover is None or not self._is_watched(binding):
            self._since.pop(key, None)
            return None
        verdict = judged(binding, self._since.get(key, {}), now=self._clock.monotonic())
        if verdict.evict:
            await self._evict(key, binding, failover, verdict.evict)
        self._remember(key, verdict.since)
        return None if verdict.next_seconds is None else Requeue(after=verdict.next_seconds)

    def _is_watched(self, binding: ResourceBinding) -> bool:
        spec = binding.spec
        if binding.metadata.deletion_timestamp or not binding.status.aggregated_status:
            return False
        if self._bindings.resource.namespaced and not spec.propagate_deps:
            return False  # what it needs would not follow it
        gvk = GroupVersionKind(*split_api_version(spec.resource.api_version), spec.resource.kind)
        return self._interpreter.handles(gvk, Operation.HEALTH)

    def _remember(self, key: ObjectKey, since: dict[str, float]) -> None:
        if since:
            self._since[key] = since
        else:
            self._since.pop(key, None)

    async def _evict(
        self,
        key: ObjectKey,
        binding: ResourceBinding,
        failover: ApplicationFailoverBehavior,
        clusters: Sequence[str],
    ) -> None:
        """One write for all clusters."""
        try:
            evictions = [self._eviction(binding, failover, cluster) for cluster in clusters]
            await self._client.update(
                self._bindings.resource, key, lambda stored: _all_evicted(stored, evictions), cached=binding
            )
        except NotFound:
            return
        except ApiError as error:
            for cluster in clusters:
                say_not_evicted(self._recorder, binding, cluster, error)
            raise

    def _eviction(
        self, binding: ResourceBinding, failover: ApplicationFailoverBehavior, cluster: str
    ) -> Eviction:
        purge_mode = failover.purge_mode or PURGE_GRACEFULLY
        if purge_mode not in (PURGE_DIRECTLY, PURGE_GRACEFULLY, PURGE_NEVER):
            raise Forbidden(f"unsupported purge mode: {purge_mode}")
        if purge_mode == PURGE_GRACEFULLY and not self._graceful_eviction:
            raise Forbidden("GracefulEviction featureGate must be enabled when purgeMode is Gracefully")
        preserves = self._stateful_failover and failover.state_preservation is not None
        return Eviction(
            cluster=cluster,
            producer=self.name,
            reason=EVICTION_REASON_APPLICATION_FAILURE,
            purge_mode=purge_mode,
            grace_period_seconds=failover.grace_period_seconds if purge_mode == PURGE_GRACEFULLY else None,
            suppress_deletion=True if purge_mode == PURGE_NEVER else None,
            preserved_labels=preserved_labels(
                failover.state_preservation, binding.status.aggregated_status, cluster
            )
            if preserves
            else {},
            clusters_before=scheduled_clusters(binding) if preserves else (),
        )


def _failover_of(binding: ResourceBinding | None) -> ApplicationFailoverBehavior | None:
    failover = None if binding is None else binding.spec.failover
    return None if failover is None else failover.application


def _all_evicted(binding: ResourceBinding, evictions: Sequence[Eviction]) -> ResourceBinding:
    for eviction in evictions:
        binding = evicted(binding, eviction)
    return binding
