"""What was written but cannot be seen yet: bindings on their way back, demand that no cluster reports so far.

In: bindings as written, bindings as they come back. Out: the newest copy of a binding (Written), the peers
of an affinity group (PlacedPeers), demand per cluster (Assumptions). cycle.py feeds them; snapshot.py
carries the answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from karmada.api.conditions import is_condition_true
from karmada.api.groups.work import ComponentReplicaRequirements, ReplicaRequirements, ResourceBinding
from karmada.api.gvk import ObjectKey
from karmada.api.wellknown import FULLY_APPLIED, HEALTHY
from karmada.client.cache import Cache
from karmada.runtime.clock import Clock
from scheduler.snapshot import AssumedComponent, AssumedWorkload, Peer, Peers

ASSUMPTION_SECONDS: Final = 300.0
"""So long demand counts as taken after it was last written."""
AFFINITY_INDEX: Final = "workload-affinity-group"
ANTI_AFFINITY_INDEX: Final = "workload-anti-affinity-group"


def version_of(binding: ResourceBinding) -> int:
    """resourceVersion as a number; 0 where a server uses something else."""
    version = binding.metadata.resource_version
    return int(version) if version.isdecimal() else 0


class Written:
    """Bindings as we wrote them last, until the cache shows them."""

    def __init__(self) -> None:
        self._own: dict[ObjectKey, ResourceBinding] = {}

    def put(self, key: ObjectKey, written: ResourceBinding, *, cached: ResourceBinding | None) -> None:
        """written is what the server answered, cached what the cache holds by now."""
        if version_of(written) > (version_of(cached) if cached is not None else 0):
            self._own[key] = written

    def newest(self, key: ObjectKey, cached: ResourceBinding) -> ResourceBinding:
        """Our copy while it is newer than the cached one."""
        own = self._own.get(key)
        return own if own is not None and version_of(own) > version_of(cached) else cached

    def seen(self, key: ObjectKey, binding: ResourceBinding | None) -> None:
        """A binding came back, or (None) is gone."""
        own = self._own.get(key)
        if own is not None and (binding is None or version_of(binding) >= version_of(own)):
            del self._own[key]


class PlacedPeers(Peers):
    """Members of workload affinity groups, those included whose targets were written a moment ago."""

    def __init__(self, bindings: Cache[ResourceBinding]) -> None:
        self._bindings = bindings
        self._sent: dict[ObjectKey, ResourceBinding] = {}
        bindings.add_index(AFFINITY_INDEX, lambda binding: _groups(binding)[:1])
        bindings.add_index(ANTI_AFFINITY_INDEX, lambda binding: _groups(binding)[1:])

    def sent(self, key: ObjectKey, binding: ResourceBinding) -> None:
        self._sent[key] = binding

    def seen(self, key: ObjectKey, binding: ResourceBinding | None) -> None:
        """A binding came back, or (None) is gone."""
        sent = self._sent.get(key)
        if sent is None:
            return
        if binding is None or (
            version_of(binding) >= version_of(sent)
            and is_condition_true(binding.status.conditions, FULLY_APPLIED)
        ):
            del self._sent[key]
        elif version_of(binding) >= version_of(sent):
            self._sent[key] = binding

    @override
    def affinity(self, group: str) -> Iterable[Peer]:
        return self._peers(AFFINITY_INDEX, 0, group)

    @override
    def anti_affinity(self, group: str) -> Iterable[Peer]:
        return self._peers(ANTI_AFFINITY_INDEX, 1, group)

    def _peers(self, index: str, which: int, group: str) -> list[Peer]:
        peers = []
        for key in self._bindings.keys_by_index(index, group):
            cached = self._bindings.get(key)
            sent = self._sent.get(key)
            binding = sent if sent and (not cached or version_of(sent) > version_of(cached)) else cached
            if binding is None or _groups(binding)[which] != group:
                continue
            clusters = frozenset(target.name for target in binding.spec.clusters)
            peers.append(Peer(binding.metadata.namespace, binding.metadata.name, clusters))
        return peers


def _groups(binding: ResourceBinding) -> tuple[str, str]:
    groups = binding.spec.workload_affinity_groups
    return (groups.affinity_group, groups.anti_affinity_group) if groups else ("", "")


@dataclass(slots=True)
class _Assumed:
    expires: float
    clusters: dict[str, AssumedWorkload]


class Assumptions:
    """Demand of written targets, kept until a cluster reports the workload healthy, or for a while."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._assumed: dict[ObjectKey, _Assumed] = {}

    def write(self, key: ObjectKey, binding: ResourceBinding) -> None:
        """binding as it was just written: its targets replace what was assumed before."""
        clusters = {target.name: _demand(binding, target.replicas) for target in binding.spec.clusters}
        if clusters:
            self._assumed[key] = _Assumed(self._clock.monotonic() + ASSUMPTION_SECONDS, clusters)
        else:
            self.forget(key)

    def seen(self, key: ObjectKey, old: ResourceBinding, new: ResourceBinding) -> None:
        """Drop the clusters whose copy became healthy."""
        assumed = self._assumed.get(key)
        if assumed is None:
            return
        before = {item.cluster_name for item in old.status.aggregated_status if item.health == HEALTHY}
        for item in new.status.aggregated_status:
            if item.health == HEALTHY and item.cluster_name not in before:
                assumed.clusters.pop(item.cluster_name, None)
        if not assumed.clusters:
            self.forget(key)

    def forget(self, key: ObjectKey) -> None:
        self._assumed.pop(key, None)

    def sweep(self) -> None:
        """Drop what has expired."""
        now = self._clock.monotonic()
        self._assumed = {key: found for key, found in self._assumed.items() if found.expires > now}

    def by_cluster(self) -> Mapping[str, Sequence[AssumedWorkload]]:
        """What has not expired."""
        now = self._clock.monotonic()
        demand: dict[str, list[AssumedWorkload]] = {}
        for assumed in self._assumed.values():
            if assumed.expires > now:
                for cluster, workload in assumed.clusters.items():
                    demand.setdefault(cluster, []).append(workload)
        return demand


def _demand(binding: ResourceBinding, replicas: int) -> AssumedWorkload:
    """One set of the components, or the replicas of a workload with a single template."""
    spec = binding.spec
    parts = [_assumed(part.name, part.replicas, part.replica_requirements) for part in spec.components]
    if not parts:
        parts.append(_assumed(spec.resource.name, replicas, spec.replica_requirements))
    return AssumedWorkload(spec.resource.namespace, tuple(parts))


def _assumed(
    name: str, replicas: int, needs: ReplicaRequirements | ComponentReplicaRequirements | None
) -> AssumedComponent:
    if needs is None:
        return AssumedComponent(replicas, {}, name)
    request = {resource: str(amount) for resource, amount in needs.resource_request.items()}
    return AssumedComponent(replicas, request, name, needs.priority_class_name, needs.node_claim)
