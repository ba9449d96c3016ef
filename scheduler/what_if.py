"""What would move if the world were another one: the scheduler's decisions over hypothetical state. Pure.

In: bindings as they are and as they would be, clusters as they would be. Out: an Outcome per binding, before
and after. What one binding takes is gone for the next; room that becomes free counts only once members
report it, as in life. Nothing here reads or writes; `karmadactl simulate` prints it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.work import ResourceBinding, TargetCluster
from karmada.api.selection import tolerates
from scheduler.decide import Settings, schedule
from scheduler.framework import ScheduleError
from scheduler.placement import CompiledPlacement, compile_placement
from scheduler.plugins import build_framework
from scheduler.snapshot import AssumedComponent, AssumedWorkload, ClusterFacts, Snapshot
from scheduler.triggers import cause_to_schedule

Replicas = Mapping[str, int]
"""By cluster; 0 is a copy without replicas of its own."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A binding as it would be. before: its targets now."""

    binding: ResourceBinding
    before: Replicas


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a binding is and where it would be. error: why its replicas would find no place."""

    binding: ResourceBinding
    before: Replicas
    after: Replicas
    error: str = ""
    reason: str = ""

    @property
    def moves(self) -> bool:
        return self.before != self.after

    @property
    def missing(self) -> int:
        """Replicas that would run nowhere."""
        wanted = self.binding.spec.replicas
        return max(0, wanted - sum(self.after.values())) if self.error else 0


def hypothesis(binding: ResourceBinding, *, now: ResourceBinding | None = None) -> Hypothesis:
    """now: the binding as it is, where the hypothetical one differs from it."""
    return Hypothesis(binding, replicas_of((now or binding).spec.clusters))


def what_if(
    hypotheses: Iterable[Hypothesis], clusters: Iterable[Cluster], *, settings: Settings | None = None
) -> list[Outcome]:
    """The outcome of each, in the order given; they are decided in the order a queue would: by priority."""
    given = list(hypotheses)
    world = _World(Snapshot.of(clusters), settings or Settings())
    order = sorted(range(len(given)), key=lambda index: (-_priority(given[index].binding), index))
    outcomes = {index: world.decide(given[index]) for index in order}
    return [outcomes[index] for index in range(len(given))]


def replicas_of(targets: Iterable[TargetCluster]) -> Replicas:
    return {target.name: target.replicas for target in targets}


def _priority(binding: ResourceBinding) -> int:
    priority = binding.spec.schedule_priority
    return priority.priority if priority is not None else 0


@dataclass(slots=True)
class _Taken:
    """What earlier decisions put on one cluster, by what a replica asks for."""

    parts: dict[tuple[tuple[str, str], ...], int] = field(default_factory=dict)

    def add(self, request: Mapping[str, str], replicas: int) -> None:
        key = tuple(sorted(request.items()))
        self.parts[key] = self.parts.get(key, 0) + replicas

    def workload(self) -> AssumedWorkload:
        return AssumedWorkload(
            "", tuple(AssumedComponent(count, dict(key)) for key, count in self.parts.items())
        )


class _World:
    """The hypothetical clusters, and what was placed on them so far."""

    def __init__(self, snapshot: Snapshot, settings: Settings) -> None:
        self._snapshot = snapshot
        self._settings = replace(settings, gates=replace(settings.gates, overcommit_protection=True))
        self._framework = build_framework(self._settings.gates)
        self._taken: dict[str, _Taken] = {}

    def decide(self, asked: Hypothesis) -> Outcome:
        """One pass, where one is due."""
        binding = asked.binding
        placement = binding.spec.placement
        if placement is None or binding.metadata.deletion_timestamp or _is_suspended(binding):
            return Outcome(binding, asked.before, asked.before)
        compiled = compile_placement(placement)
        binding = self._evicted(binding, compiled)
        error: ScheduleError | None = None
        if cause_to_schedule(binding, compiled, self._snapshot, self._settings.gates) is not None:
            decision = schedule(
                binding, self._with_taken(), framework=self._framework, settings=self._settings
            )
            error = decision.error
            if decision.targets is not None:
                found = [TargetCluster(name=each.name, replicas=each.replicas) for each in decision.targets]
                binding = _with_targets(binding, found)
        after = replicas_of(binding.spec.clusters)
        self._take(binding, asked.before, after)
        return Outcome(
            binding, asked.before, after, str(error) if error else "", error.reason if error else ""
        )

    def _evicted(self, binding: ResourceBinding, placement: CompiledPlacement) -> ResourceBinding:
        """Without the clusters that are gone or that drive it away."""
        kept = [
            target
            for target in binding.spec.clusters
            if (cluster := self._snapshot.by_name.get(target.name)) is not None
            and not _drives_away(cluster, placement)
        ]
        return binding if len(kept) == len(binding.spec.clusters) else _with_targets(binding, kept)

    def _with_taken(self) -> Snapshot:
        return replace(
            self._snapshot, assumed={name: (taken.workload(),) for name, taken in self._taken.items()}
        )

    def _take(self, binding: ResourceBinding, before: Replicas, after: Replicas) -> None:
        needs = binding.spec.replica_requirements
        request = {name: str(amount) for name, amount in needs.resource_request.items()} if needs else {}
        for name, replicas in after.items():
            if replicas > before.get(name, 0):
                self._taken.setdefault(name, _Taken()).add(request, replicas - before.get(name, 0))


def _drives_away(cluster: ClusterFacts, placement: CompiledPlacement) -> bool:
    """Some NoExecute taint is not tolerated."""
    return any(
        taint.effect == "NoExecute" and not any(tolerates(each, taint) for each in placement.tolerations)
        for taint in cluster.traits.taints
    )


def _is_suspended(binding: ResourceBinding) -> bool:
    suspension = binding.spec.suspension
    return suspension is not None and bool(suspension.scheduling)


def _with_targets(binding: ResourceBinding, targets: Sequence[TargetCluster]) -> ResourceBinding:
    spec = binding.spec.model_copy(update={"clusters": list(targets)})
    return binding.model_copy(update={"spec": spec})
