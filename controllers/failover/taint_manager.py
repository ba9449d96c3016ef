"""(cluster, binding) key: what does not tolerate the NoExecute taints of its cluster leaves it.

In: Clusters with such taints, the bindings scheduled to them. Out: eviction tasks instead of targets. Before:
a user or taint_policies.py taints a cluster. Next: the scheduler finds other clusters, graceful.py ends the
tasks. One class for both kinds of bindings; tolerations.py decides. Works at a set pace, so that a cluster
that comes back soon has lost little. A taint that goes before its turn evicts nothing.
"""

import logging
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from pydantic import ValidationError

from controllers.eviction import Eviction, evicted
from controllers.failover.metrics import WaitingEvictions
from controllers.failover.preserved import preserved_labels
from controllers.failover.scopes import (
    SCHEDULED_INDEX,
    controller_name,
    say_not_evicted,
    scheduled_clusters,
)
from controllers.failover.tolerations import FOR_EVER, evicting_taints, tolerated_seconds
from karmada.api.codec import loads_json
from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.meta import Taint
from karmada.api.groups.policy import Placement
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import ObjectKey
from karmada.api.wellknown import (
    APPLIED_PLACEMENT_ANNOTATION,
    EVICTION_PRODUCER_TAINT_MANAGER,
    EVICTION_REASON_TAINT_UNTOLERATED,
    PURGE_GRACEFULLY,
)
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

WORKERS: Final = 1
"""It keeps the pace: more would multiply it."""
NO_RATE_SECONDS: Final = 1800.0
"""The pause after an eviction when the rate is 0."""


@dataclass(frozen=True, slots=True)
class TaintManagerOptions:
    """What happens on clusters with NoExecute taints."""

    enable_taint_manager: bool = True
    """--enable-taint-manager: act on NoExecute taints at all (with the feature gate Failover)."""
    enable_no_execute_taint_eviction: bool = False
    """--enable-no-execute-taint-eviction: evict workloads that do not tolerate the NoExecute taints of their
    cluster."""
    purge_mode: Literal["Gracefully", "Directly"] = "Gracefully"
    """--no-execute-taint-eviction-purge-mode: how copies leave a tainted cluster if their policy does not
    say: Gracefully, once the replacement is healthy, or Directly."""
    resource_eviction_rate: float = 0.5
    """--resource-eviction-rate: evictions per second, of ResourceBindings and of ClusterResourceBindings
    each; 0 holds them off."""


class Leaving(NamedTuple):
    """A binding that may have to leave a cluster."""

    cluster: str
    binding: ObjectKey


class TaintManager:
    """Keys are bindings of one scope on tainted clusters. stateful_failover: the gate
    StatefulFailoverInjection.
    """

    def __init__(
        self,
        *,
        bindings: Informer[ResourceBinding],
        clusters: Informer[Cluster],
        client: Client,
        recorder: EventRecorder,
        options: TaintManagerOptions,
        clock: Clock,
        stateful_failover: bool = False,
    ) -> None:
        self.name = controller_name(bindings.resource, "taint-manager")
        self._bindings = bindings
        self._bindings.cache.add_index(SCHEDULED_INDEX, scheduled_clusters)
        self._clusters = clusters
        self._client = client
        self._recorder = recorder
        self._options = options
        self._clock = clock
        self._stateful_failover = stateful_failover
        self._waiting = WaitingEvictions(self.name, clock=clock)

    def watch(self, queue: WorkQueue[Leaving]) -> None:
        def cluster_changed(change: Change[Cluster]) -> None:
            old, new = change.old, change.new
            if new is None or (old is not None and old.spec.taints == new.spec.taints):
                return
            if evicting_taints(new.spec.taints):
                for key in self._bindings.cache.keys_by_index(SCHEDULED_INDEX, change.key.name):
                    self._enqueue(queue, Leaving(change.key.name, key), initial=change.initial)

        def binding_changed(change: Change[ResourceBinding]) -> None:
            """One that came to a tainted cluster, or is placed there on other terms."""
            if change.new is None or _stays_the_same(change.old, change.new):
                return
            for name in scheduled_clusters(change.new):
                if self._taints_of(name):
                    self._enqueue(queue, Leaving(name, change.key), initial=change.initial)

        if self._options.enable_no_execute_taint_eviction:
            self._clusters.add_handler(cluster_changed, name=self.name)
            self._bindings.add_handler(binding_changed, name=self.name)

    def _enqueue(self, queue: WorkQueue[Leaving], key: Leaving, *, initial: bool) -> None:
        binding = self._bindings.cache.get(key.binding)
        if binding is not None:
            self._waiting.came(key, cluster=key.cluster, kind=binding.spec.resource.kind)
        queue.add(key, priority=LOW_PRIORITY if initial else 0)

    async def reconcile(self, key: Leaving) -> Requeue | None:
        left = self._tolerated_seconds(key)
        if 0 < left < FOR_EVER:
            return Requeue(after=left)
        has_left = left <= 0 and await self._evict(key)
        self._waiting.went(key, evicted=has_left)
        if has_left:
            await self._clock.sleep(self._pause_seconds())
        return None

    def _tolerated_seconds(self, key: Leaving) -> float:
        """How much longer the binding may stay, by what is known now."""
        binding = self._bindings.cache.get(key.binding)
        taints = self._taints_of(key.cluster)
        if (
            binding is None
            or binding.metadata.deletion_timestamp
            or key.cluster not in scheduled_clusters(binding)
            or not taints
        ):
            return FOR_EVER
        tolerations = placement_of(binding).cluster_tolerations
        return tolerated_seconds(taints, tolerations, now=self._clock.now())

    async def _evict(self, key: Leaving) -> bool:
        """Whether the cluster had to be left."""
        resource = self._bindings.resource
        binding = self._bindings.cache.get(key.binding)
        if binding is None:
            return False
        try:
            eviction = self._eviction(key.cluster, binding)
            written = await self._client.update(
                resource, key.binding, lambda stored: evicted(stored, eviction), cached=binding
            )
        except NotFound:
            return False
        except ApiError as error:
            self._waiting.failed()
            say_not_evicted(self._recorder, binding, key.cluster, error)
            raise
        log.info("evicted", extra={"binding": str(key.binding), "cluster": key.cluster})
        return written is not binding

    def _eviction(self, cluster: str, binding: ResourceBinding) -> Eviction:
        failover = None if binding.spec.failover is None else binding.spec.failover.cluster
        preservation = None if failover is None else failover.state_preservation
        return Eviction(
            cluster=cluster,
            producer=EVICTION_PRODUCER_TAINT_MANAGER,
            reason=EVICTION_REASON_TAINT_UNTOLERATED,
            purge_mode=self._options.purge_mode
            if failover is None
            else failover.purge_mode or PURGE_GRACEFULLY,
            preserved_labels=preserved_labels(preservation, binding.status.aggregated_status, cluster)
            if self._stateful_failover
            else {},
        )

    def _taints_of(self, cluster: str) -> list[Taint]:
        found = self._clusters.cache.named("", cluster)
        return [] if found is None else evicting_taints(found.spec.taints)

    def _pause_seconds(self) -> float:
        rate = self._options.resource_eviction_rate
        return 1 / rate if rate > 0 else NO_RATE_SECONDS


def placement_of(binding: ResourceBinding) -> Placement:
    """The placement the scheduler last acted on; the present one when there is no record of it. Pure."""
    text = binding.metadata.annotations.get(APPLIED_PLACEMENT_ANNOTATION)
    if text:
        try:
            return Placement.from_json(loads_json(text.encode()))
        except (ApiError, ValidationError):
            log.debug("applied placement cannot be read", extra={"binding": binding.metadata.name})
    return binding.spec.placement or Placement()


def _stays_the_same(old: ResourceBinding | None, new: ResourceBinding) -> bool:
    if old is None:
        return False
    applied = APPLIED_PLACEMENT_ANNOTATION
    return old.spec.clusters == new.spec.clusters and old.metadata.annotations.get(
        applied
    ) == new.metadata.annotations.get(applied)
