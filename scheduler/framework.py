"""What plugins see and how they run: one request, verdicts, the order of filters.

In: a binding and a Snapshot. Out: which clusters are feasible, and their scores. Plugins are in plugins/;
the phases after filtering (spread.py, assign.py) read the same Request. Nothing here waits or asks what
time it is.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, Protocol

from karmada.api.groups.work import Component, ReplicaRequirements, ResourceBindingSpec
from scheduler.placement import AffinityGroup, CompiledPlacement
from scheduler.snapshot import ClusterFacts, Snapshot

# --- failures -------------------------------------------------------------------------------------


class ScheduleError(Exception):
    """A pass that found no answer. reason is that of the condition Scheduled."""

    reason = "SchedulerError"

    def prefixed(self, prefix: str) -> "ScheduleError":
        """The same failure as the phase that ran into it tells it."""
        return type(self)(f"{prefix}{self}")


class NoClusterFit(ScheduleError):
    """No cluster passes the filters. Only a later event brings the binding back."""

    reason = "NoClusterFit"


class Unschedulable(ScheduleError):
    """The clusters that fit have too little room."""

    reason = "Unschedulable"


# --- one binding under trial ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gates:
    """Feature gates that change decisions; the defaults are those of the release."""

    multiple_pod_templates: bool = False
    """MultiplePodTemplatesScheduling: components are placed as complete sets."""
    workload_affinity: bool = False
    """WorkloadAffinity: bindings of a group attract or repel each other."""
    overcommit_protection: bool = False
    """SchedulingOvercommitProtection: demand in flight counts as taken."""
    resource_modeling: bool = True
    """CustomizedClusterResourceModeling: node grades bound what fits."""


def is_workload(spec: ResourceBindingSpec) -> bool:
    """What is bound has replicas, or could have."""
    return spec.replicas > 0 or spec.replica_requirements is not None or bool(spec.components)


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What one binding asks for, and what it has."""

    placement: CompiledPlacement
    api_version: str
    kind: str
    namespace: str
    name: str
    """Of the binding; together with namespace it is how a binding recognizes itself among its peers."""
    workload_name: str
    workload_uid: str
    replicas: int
    requirements: ReplicaRequirements | None
    components: Sequence[Component]
    targets: Mapping[str, int]
    """Replicas of the present target clusters, in list order."""
    evicting: frozenset[str]
    group: AffinityGroup | None
    """The affinity group under trial."""
    fresh: bool
    """A reschedule was asked for: what is placed counts as free."""
    affinity_group: str
    anti_affinity_group: str
    gates: Gates

    @classmethod
    def of(
        cls,
        spec: ResourceBindingSpec,
        placement: CompiledPlacement,
        *,
        namespace: str,
        name: str,
        gates: Gates,
        group: AffinityGroup | None = None,
        fresh: bool = False,
    ) -> "Request":
        groups = spec.workload_affinity_groups
        return cls(
            placement=placement,
            api_version=spec.resource.api_version,
            kind=spec.resource.kind,
            namespace=namespace,
            name=name,
            workload_name=spec.resource.name,
            workload_uid=spec.resource.uid,
            replicas=spec.replicas,
            requirements=spec.replica_requirements,
            components=spec.components,
            targets={target.name: target.replicas for target in spec.clusters},
            evicting=frozenset(task.from_cluster for task in spec.graceful_eviction_tasks),
            group=group,
            fresh=fresh,
            affinity_group=groups.affinity_group if groups else "",
            anti_affinity_group=groups.anti_affinity_group if groups else "",
            gates=gates,
        )

    @property
    def is_workload(self) -> bool:
        """It has replicas, or could have."""
        return self.replicas > 0 or self.requirements is not None or bool(self.components)

    @property
    def places_components(self) -> bool:
        """Complete sets of components go to exactly one cluster."""
        by_cluster = self.placement.constraint("cluster")
        return (
            self.gates.multiple_pod_templates
            and bool(self.components)
            and by_cluster is not None
            and by_cluster.min_groups == 1
            and by_cluster.max_groups == 1
        )


class Candidate(NamedTuple):
    """A feasible cluster on its way to replicas. free: more that fit; available: free and what it has."""

    name: str
    score: int
    free: int
    available: int
    tier: int
    cluster: ClusterFacts

    @property
    def rank(self) -> tuple[int, int, int, str]:
        """The order of clusters everywhere: earlier tier, higher score, more room, name."""
        return (self.tier, -self.score, -self.available, self.name)


# --- plugins --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a filter says about one cluster; reason is empty when it fits."""

    fits: bool
    reason: str = ""
    plugin: str = ""


ACCEPTED = Verdict(fits=True)


@lru_cache(maxsize=1024)
def rejected(plugin: str, reason: str) -> Verdict:
    return Verdict(fits=False, reason=reason, plugin=plugin)


class FilterPlugin(Protocol):
    """May a binding use a cluster?"""

    name: str
    shared: bool
    """True promises: about a cluster that is neither a target nor being left, the verdict depends on
    placement, kind, affinity group and being a workload only. It is then computed once for all such
    bindings."""

    def filter(self, request: Request, cluster: ClusterFacts, snapshot: Snapshot) -> Verdict: ...


class ScorePlugin(Protocol):
    """How well does each cluster suit, from 0 to 100?"""

    name: str

    def scores(self, request: Request, clusters: Sequence[ClusterFacts]) -> Sequence[int]: ...


class EstimatorUnavailable(Exception):
    """An estimator that cannot answer now; its whole answer is left out."""


class Estimator(Protocol):
    """How many more replicas, or complete sets of components, fit? One answer per cluster, -1: cannot tell.

    Answers that must be fetched are fetched before the decision and handed in as an Estimator that looks
    them up.
    """

    name: str

    def max_replicas(
        self, request: Request, clusters: Sequence[ClusterFacts], snapshot: Snapshot
    ) -> Sequence[int]: ...

    def max_sets(
        self, request: Request, clusters: Sequence[ClusterFacts], snapshot: Snapshot
    ) -> Sequence[int]: ...


@dataclass(frozen=True, slots=True)
class Feasible:
    """Clusters that passed, by name, and the verdict of each that did not."""

    clusters: tuple[ClusterFacts, ...]
    rejections: tuple[tuple[str, Verdict], ...]
    total: int
    """All clusters there are, deleting ones included."""

    def require(self) -> tuple[ClusterFacts, ...]:
        """The clusters; raises NoClusterFit with a count per reason when there are none."""
        if self.clusters:
            return self.clusters
        counts = Counter(verdict.reason for _, verdict in self.rejections)
        reasons = ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items()))
        raise NoClusterFit(f"0/{self.total} clusters are available: {reasons or 'no cluster exists'}.")


class Framework:
    """The enabled plugins, in the order they run."""

    def __init__(self, *, filters: Sequence[FilterPlugin], scores: Sequence[ScorePlugin]) -> None:
        self.filters = tuple(filters)
        self.scores = tuple(scores)
        self._shared = tuple(plugin for plugin in filters if plugin.shared)
        self._own = tuple(plugin for plugin in filters if not plugin.shared)
        self._identity = tuple(plugin.name for plugin in self._shared)

    def feasible(self, request: Request, snapshot: Snapshot) -> Feasible:
        """Every cluster's verdict. A deleting cluster is neither feasible nor counted as rejected."""
        shared = self._shared_verdicts(request, snapshot)
        special = {
            name: _first_rejection(self._shared, request, cluster, snapshot)
            for name in request.evicting.union(request.targets)
            if (cluster := snapshot.by_name.get(name)) is not None
        }
        if not self._own and all(verdict is shared.of[name] for name, verdict in special.items()):
            fitting = tuple([snapshot.clusters[place] for place in shared.fitting])
            return Feasible(fitting, shared.rejections, len(snapshot.clusters))
        return self._checked(request, snapshot, {**shared.of, **special})

    def _checked(self, request: Request, snapshot: Snapshot, shared: Mapping[str, Verdict]) -> Feasible:
        """What the shared filters say, and then the others."""
        fitting: list[ClusterFacts] = []
        rejections: list[tuple[str, Verdict]] = []
        for cluster in snapshot.clusters:
            if cluster.traits.deleting:
                continue
            verdict = shared[cluster.name]
            if verdict.fits and self._own:
                verdict = _first_rejection(self._own, request, cluster, snapshot)
            if verdict.fits:
                fitting.append(cluster)
            else:
                rejections.append((cluster.name, verdict))
        return Feasible(tuple(fitting), tuple(rejections), len(snapshot.clusters))

    def score(self, request: Request, clusters: Sequence[ClusterFacts]) -> Sequence[int]:
        """The sum over plugins for each cluster."""
        rows = [plugin.scores(request, clusters) for plugin in self.scores]
        return (
            rows[0]
            if len(rows) == 1
            else [sum(column) for column in zip(*rows, strict=True)] or [0] * len(clusters)
        )

    def _shared_verdicts(self, request: Request, snapshot: Snapshot) -> "_Shared":
        """Verdicts of the shared filters as if nothing were placed or being left yet."""
        key = (
            "verdicts",
            self._identity,
            request.placement.text,
            request.api_version,
            request.kind,
            request.group.name if request.group else "",
            request.is_workload,
        )
        remembered: _Shared | None = snapshot.shared.get(key)
        if remembered is None:
            clean = replace(request, targets={}, evicting=frozenset())
            verdicts = [
                _first_rejection(self._shared, clean, cluster, snapshot) for cluster in snapshot.clusters
            ]
            remembered = _Shared.of_clusters(snapshot, verdicts)
            snapshot.remember(key, remembered)
        return remembered


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the shared filters say of every cluster; it holds as long as the traits of the clusters do."""

    of: Mapping[str, Verdict]
    fitting: tuple[int, ...]
    """Places in Snapshot.clusters, deleting ones left out."""
    rejections: tuple[tuple[str, Verdict], ...]

    @classmethod
    def of_clusters(cls, snapshot: Snapshot, verdicts: Sequence[Verdict]) -> "_Shared":
        judged = [
            (place, cluster.name, verdict)
            for place, (cluster, verdict) in enumerate(zip(snapshot.clusters, verdicts, strict=True))
            if not cluster.traits.deleting
        ]
        return cls(
            of={cluster.name: verdict for cluster, verdict in zip(snapshot.clusters, verdicts, strict=True)},
            fitting=tuple(place for place, _, verdict in judged if verdict.fits),
            rejections=tuple((name, verdict) for _, name, verdict in judged if not verdict.fits),
        )


def _first_rejection(
    filters: Sequence[FilterPlugin], request: Request, cluster: ClusterFacts, snapshot: Snapshot
) -> Verdict:
    for plugin in filters:
        verdict = plugin.filter(request, cluster, snapshot)
        if not verdict.fits:
            return verdict
    return ACCEPTED


def enabled_names(known: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """What --plugins means: `*` all, a name adds it, `-name` removes it from what is enabled so far.

    `*` counts first wherever it stands; unknown names are ignored.
    """
    available, choices = list(known), list(wanted)
    enabled = set(available) if "*" in choices else set()
    for choice in choices:
        if choice.startswith("-"):
            enabled.discard(choice[1:])
        elif choice in available:
            enabled.add(choice)
    return [name for name in available if name in enabled]
