"""What a scheduling pass knows about the world: immutable clusters, placed and in-flight bindings.

In: Cluster models, placed bindings. Out: Snapshot, for framework.py and everything above it. Facts are
computed once per Cluster version. What follows from them is remembered beside them: answers about the
capacity of one cluster in ClusterFacts.memo, verdicts about all clusters in Snapshot.shared, which lives on
while only status figures move.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.meta import Taint
from karmada.api.groups.work import NodeClaim

REPELLING_EFFECTS = ("NoSchedule", "NoExecute")
REMEMBERED_ANSWERS = 4096
"""Kept per snapshot and per cluster before all are dropped and computed again."""


@dataclass(frozen=True, slots=True)
class Traits:
    """All that decides whether a cluster is allowed; equal traits give equal verdicts."""

    name: str
    deleting: bool
    labels: Mapping[str, str]
    provider: str
    region: str
    zones: tuple[str, ...]
    taints: tuple[Taint, ...]
    """Only those that repel: NoSchedule and NoExecute."""
    apis: frozenset[tuple[str, str]]
    """(apiVersion, kind) of everything the member serves."""

    @classmethod
    def of(cls, cluster: Cluster) -> "Traits":
        return cls(
            name=cluster.metadata.name,
            deleting=bool(cluster.metadata.deletion_timestamp),
            labels=cluster.metadata.labels,
            provider=cluster.spec.provider,
            region=cluster.spec.region,
            zones=tuple(cluster.spec.zones),
            taints=tuple(taint for taint in cluster.spec.taints if taint.effect in REPELLING_EFFECTS),
            apis=frozenset(
                (enabled.group_version, resource.kind)
                for enabled in cluster.status.api_enablements
                for resource in enabled.resources
            ),
        )


@dataclass(frozen=True, slots=True, eq=False)
class ClusterFacts:
    """One version of a Cluster and what was computed from it."""

    name: str
    traits: Traits
    cluster: Cluster
    memo: dict[Hashable, Any] = field(default_factory=dict)
    """Answers that depend on nothing but this version; filled by estimators."""

    def remember(self, key: Hashable, answer: Any) -> None:
        """Keep an answer about this version of the cluster."""
        if len(self.memo) >= REMEMBERED_ANSWERS:
            self.memo.clear()
        self.memo[key] = answer


class AssumedComponent(NamedTuple):
    """So many replicas in flight, each with this request; what they ask of their node besides."""

    replicas: int
    request: Mapping[str, str]
    name: str = ""
    priority_class: str = ""
    node_claim: NodeClaim | None = None


class AssumedWorkload(NamedTuple):
    """Demand in flight, which no cluster reports yet."""

    namespace: str
    components: tuple[AssumedComponent, ...]


class Peer(NamedTuple):
    """A placed binding of some workload affinity group."""

    namespace: str
    name: str
    clusters: frozenset[str]


class Peers(Protocol):
    """Finds the bindings of a workload affinity group; one index for each of the two directions."""

    def affinity(self, group: str) -> Iterable[Peer]: ...
    def anti_affinity(self, group: str) -> Iterable[Peer]: ...


class NoPeers:
    """Nobody else: the answer while workload affinity is off."""

    def affinity(self, group: str) -> Iterable[Peer]:
        return ()

    def anti_affinity(self, group: str) -> Iterable[Peer]:
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """All clusters by name, deleting ones included, at one moment."""

    clusters: tuple[ClusterFacts, ...]
    by_name: Mapping[str, ClusterFacts]
    peers: Peers = field(default_factory=NoPeers)
    assumed: Mapping[str, Sequence[AssumedWorkload]] = field(default_factory=dict)
    """Unexpired in-flight demand by cluster name."""
    shared: dict[Hashable, Any] = field(default_factory=dict)
    """Answers that depend only on the traits of the clusters, in the order of `clusters`."""

    @classmethod
    def of(
        cls,
        clusters: Iterable[Cluster],
        *,
        previous: "Snapshot | None" = None,
        peers: Peers | None = None,
        assumed: Mapping[str, Sequence[AssumedWorkload]] | None = None,
    ) -> "Snapshot":
        """Order of clusters does not matter. What did not change since previous is taken over."""
        known = previous.by_name if previous else {}
        facts = sorted((_facts(cluster, known) for cluster in clusters), key=lambda found: found.name)
        same_traits = (
            previous is not None
            and len(previous.clusters) == len(facts)
            and all(old.traits is new.traits for old, new in zip(previous.clusters, facts, strict=True))
        )
        return cls(
            clusters=tuple(facts),
            by_name={found.name: found for found in facts},
            peers=peers or NoPeers(),
            assumed=assumed or {},
            shared=previous.shared if previous is not None and same_traits else {},
        )

    def remember(self, key: Hashable, answer: Any) -> None:
        """Keep an answer about all clusters for later passes."""
        if len(self.shared) >= REMEMBERED_ANSWERS:
            self.shared.clear()
        self.shared[key] = answer


def _facts(cluster: Cluster, known: Mapping[str, ClusterFacts]) -> ClusterFacts:
    before = known.get(cluster.metadata.name)
    if before is None:
        return ClusterFacts(cluster.metadata.name, Traits.of(cluster), cluster)
    if before.cluster is cluster:
        return before
    traits = Traits.of(cluster)
    return ClusterFacts(before.name, before.traits if before.traits == traits else traits, cluster)
