"""The whole decision about one binding, without I/O: where does it go?

In: a binding and a Snapshot. Out: a Decision. The phases are filter and score (framework.py), choice of
clusters (spread.py), replicas (assign.py); with ordered affinity groups they run once per group until one
works. cycle.py calls this for every binding; whoever asks "what if" may call schedule() with clusters of
their own making. The outcome does not depend on the order in which clusters or bindings were listed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from karmada.api.groups.work import ResourceBinding
from scheduler.assign import Target, assign
from scheduler.estimator.general import GeneralEstimator
from scheduler.framework import (
    Candidate,
    Estimator,
    EstimatorUnavailable,
    Feasible,
    Framework,
    Gates,
    NoClusterFit,
    Request,
    ScheduleError,
)
from scheduler.placement import AffinityGroup, CompiledPlacement, compile_placement
from scheduler.plugins import build_framework
from scheduler.snapshot import ClusterFacts, Snapshot
from scheduler.spread import select
from scheduler.triggers import first_group, reschedule_pending

MAX_REPLICAS = 2147483647
UNMATCHED_TIER = 1000


class Step(StrEnum):
    """A phase of the decision; the label schedule_step of the metrics."""

    FILTER = "Filter"
    SCORE = "Score"
    SELECT = "Select"
    ASSIGN = "AssignReplicas"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator chose that changes decisions."""

    gates: Gates = field(default_factory=Gates)
    empty_workload_propagation: bool = False
    """Selected clusters that get no replicas stay targets, with 0."""


@dataclass(frozen=True, slots=True)
class GroupFailure:
    """An affinity group that could not be used."""

    index: int
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """targets None: leave them as they are. group None: leave the recorded affinity group as it is."""

    targets: tuple[Target, ...] | None
    error: ScheduleError | None = None
    group: str | None = None
    failures: tuple[GroupFailure, ...] = ()


@dataclass(slots=True)
class Trial:
    """What one run of the phases found, as far as it came; explain.py reads it."""

    request: Request
    feasible: Feasible | None = None
    candidates: tuple[Candidate, ...] = ()
    selected: tuple[Candidate, ...] = ()
    targets: tuple[Target, ...] = ()
    error: ScheduleError | None = None


def schedule(
    binding: ResourceBinding,
    snapshot: Snapshot,
    *,
    framework: Framework | None = None,
    estimators: Sequence[Estimator] | None = None,
    settings: Settings | None = None,
    observe: Callable[[Step], None] | None = None,
    trials: list[Trial] | None = None,
) -> Decision:
    """Decide where binding goes, given the clusters of snapshot. Pure; never raises for what a user can
    write.

    Everything left out has the defaults of the scheduler process: all in-tree plugins, the general
    estimator, default gates. observe is told when each phase ends; trials collects what each affinity group
    that was tried gave. Whether the binding needs scheduling at all is not asked (triggers.py does);
    suspension and deletion are not looked at.

        decision = schedule(binding, Snapshot.of(clusters))
        {target.name: target.replicas for target in decision.targets or ()}
    """
    if binding.spec.placement is None:
        return Decision(None, ScheduleError(f"failed to get placement from {title(binding)}"))
    settings = settings or _default_settings()
    pass_ = _Pass(
        binding,
        compile_placement(binding.spec.placement),
        snapshot,
        framework or build_framework(settings.gates),
        estimators if estimators is not None else (GeneralEstimator(),),
        settings,
        observe,
        trials,
    )
    return pass_.by_groups() if binding.spec.placement.cluster_affinities else pass_.single()


def title(binding: ResourceBinding) -> str:
    """`ResourceBinding(namespace/name)` or `ClusterResourceBinding(name)`."""
    meta = binding.metadata
    if meta.namespace:
        return f"ResourceBinding({meta.namespace}/{meta.name})"
    return f"ClusterResourceBinding({meta.name})"


@cache
def _default_settings() -> Settings:
    return Settings()


@dataclass(frozen=True, slots=True, eq=False)
class _Pass:
    """One binding against one snapshot."""

    binding: ResourceBinding
    placement: CompiledPlacement
    snapshot: Snapshot
    framework: Framework
    estimators: Sequence[Estimator]
    settings: Settings
    observe: Callable[[Step], None] | None
    trials: list[Trial] | None

    def single(self) -> Decision:
        """One affinity, or none. Only "no cluster fits" takes the present targets away."""
        try:
            return Decision(self.place(None))
        except NoClusterFit as error:
            return Decision((), error)
        except ScheduleError as error:
            return Decision(None, error)

    def by_groups(self) -> Decision:
        """Affinity groups from the one in use on; earlier ones only when a reschedule was asked for."""
        groups = self.placement.groups
        failures: list[GroupFailure] = []
        first: ScheduleError | None = None
        for index in range(first_group(self.binding, self.placement), len(groups)):
            try:
                targets = self.place(groups[index])
            except ScheduleError as error:
                failures.append(GroupFailure(index, str(error)))
                first = first or error
            else:
                return Decision(targets, group=groups[index].name, failures=tuple(failures))
        return Decision(() if isinstance(first, NoClusterFit) else None, first, failures=tuple(failures))

    def place(self, group: AffinityGroup | None) -> tuple[Target, ...]:
        """All phases once. Raises ScheduleError, its text naming the phase."""
        request = Request.of(
            self.binding.spec,
            self.placement,
            namespace=self.binding.metadata.namespace,
            name=self.binding.metadata.name,
            gates=self.settings.gates,
            group=group,
            fresh=reschedule_pending(self.binding),
        )
        trial = Trial(request)
        if self.trials is not None:
            self.trials.append(trial)
        try:
            self._run(request, trial)
        except ScheduleError as error:
            trial.error = error
            raise
        return trial.targets

    def _run(self, request: Request, trial: Trial) -> None:
        trial.feasible = self.framework.feasible(request, self.snapshot)
        feasible = trial.feasible.require()
        self._done(Step.FILTER)
        scores = self.framework.score(request, feasible)
        self._done(Step.SCORE)
        trial.candidates = tuple(self._candidates(request, feasible, scores))
        try:
            selected = select(request, trial.candidates)
        except ScheduleError as error:
            raise error.prefixed("failed to select clusters: ") from error
        trial.selected = tuple(selected)
        self._done(Step.SELECT)
        try:
            targets = assign(request, selected)
        except ScheduleError as error:
            raise error.prefixed("failed to assign replicas: ") from error
        self._done(Step.ASSIGN)
        if self.settings.empty_workload_propagation:
            named = {target.name for target in targets}
            targets += [Target(candidate.name) for candidate in selected if candidate.name not in named]
        trial.targets = tuple(targets)

    def _candidates(
        self, request: Request, feasible: Sequence[ClusterFacts], scores: Sequence[int]
    ) -> list[Candidate]:
        free = free_replicas(request, feasible, self.snapshot, self.estimators)
        held = request.targets
        group = request.group
        return [
            Candidate(
                cluster.name,
                score,
                room,
                room + held.get(cluster.name, 0),
                tier_of(group, cluster) if group is not None and request.placement.affinity is None else 0,
                cluster,
            )
            for cluster, score, room in zip(feasible, scores, free, strict=True)
        ]

    def _done(self, step: Step) -> None:
        if self.observe is not None:
            self.observe(step)


def tier_of(group: AffinityGroup, cluster: ClusterFacts) -> int:
    """0 for the group's own clusters, i + 1 for its i-th overflow tier."""
    if group.inline.matches(cluster.traits):
        return 0
    for index, tier in enumerate(group.overflow):
        if tier.matches(cluster.traits):
            return index + 1
    return UNMATCHED_TIER


def free_replicas(
    request: Request, clusters: Sequence[ClusterFacts], snapshot: Snapshot, estimators: Sequence[Estimator]
) -> list[int]:
    """How many more fit in each cluster: the least of all estimators that can tell.

    Where nobody can, as many as are asked for.
    """
    if request.replicas == 0 and not request.components:
        return [MAX_REPLICAS] * len(clusters)
    free = [MAX_REPLICAS] * len(clusters)
    for estimator in estimators:
        ask = estimator.max_sets if request.places_components else estimator.max_replicas
        try:
            answers = ask(request, clusters, snapshot)
        except EstimatorUnavailable:
            continue
        free = [
            known if answer < 0 else min(known, answer) for known, answer in zip(free, answers, strict=True)
        ]
    return [request.replicas if room == MAX_REPLICAS else room for room in free]
