"""Why a binding goes where it goes: each plugin's verdict, scores, room, choice and division. Pure.

In: a binding and a Snapshot, as decide.py takes them. Out: an Explanation, frozen, with a JSON form.
decide.schedule() makes the decision and leaves its trials; here the plugins are asked once more, one by one,
about every cluster, also about those that an earlier plugin had refused already. `karmadactl why` and
`simulate` print it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from karmada.api.groups.work import ResourceBinding
from karmada.api.objects import Object
from scheduler.assign import Target, static_weights
from scheduler.decide import MAX_REPLICAS, Decision, Settings, Trial, schedule
from scheduler.estimator.general import GeneralEstimator
from scheduler.framework import Candidate, Estimator, Framework, Request, Verdict
from scheduler.placement import CompiledPlacement, Strategy, compile_placement
from scheduler.plugins import build_framework
from scheduler.snapshot import ClusterFacts, Snapshot
from scheduler.triggers import Cause, cause_to_schedule


@dataclass(frozen=True, slots=True)
class PluginVerdict:
    """What one filter says about one cluster; reason is empty when it fits."""

    plugin: str
    fits: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClusterExplained:
    """One cluster in one trial. The figures are None where the trial did not come that far."""

    name: str
    verdicts: tuple[PluginVerdict, ...]
    deleting: bool = False
    """A cluster that is being removed is not asked about at all."""
    scores: tuple[tuple[str, int], ...] = ()
    """Score plugin and what it gave."""
    room: int | None = None
    """How many more replicas fit; MAX_REPLICAS where nobody counts."""
    weight: int | None = None
    """Static weight, where weights divide."""
    tier: int = 0
    selected: bool = False
    held: int | None = None
    """Replicas it has now; None when it is no target."""
    given: int | None = None
    """Replicas it gets; None when it becomes no target."""

    @property
    def fits(self) -> bool:
        return not self.deleting and all(verdict.fits for verdict in self.verdicts)

    @property
    def score(self) -> int:
        return sum(score for _, score in self.scores)

    @property
    def refusals(self) -> tuple[PluginVerdict, ...]:
        return tuple(verdict for verdict in self.verdicts if not verdict.fits)

    def to_json(self) -> Object:
        return {
            "name": self.name,
            "fits": self.fits,
            **({"deleting": True} if self.deleting else {}),
            "verdicts": [
                {
                    "plugin": each.plugin,
                    "fits": each.fits,
                    **({"reason": each.reason} if each.reason else {}),
                }
                for each in self.verdicts
            ],
            "scores": dict(self.scores),
            "score": self.score,
            **_given(room=None if self.room == MAX_REPLICAS else self.room, weight=self.weight),
            **({"tier": self.tier} if self.tier else {}),
            "selected": self.selected,
            **_given(heldReplicas=self.held, replicas=self.given),
        }


@dataclass(frozen=True, slots=True)
class TrialExplained:
    """One run of all phases; with ordered affinity groups there is one per group that was tried."""

    group: str
    """Name of the affinity group, "" without any."""
    clusters: tuple[ClusterExplained, ...]
    targets: tuple[Target, ...]
    error: str = ""

    def to_json(self) -> Object:
        return {
            **({"affinityGroup": self.group} if self.group else {}),
            "clusters": [cluster.to_json() for cluster in self.clusters],
            "targets": [_target_json(target) for target in self.targets],
            **({"error": self.error} if self.error else {}),
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and how it came about. cause None: a pass would leave the present targets as they are."""

    decision: Decision
    trials: tuple[TrialExplained, ...]
    division: str
    """The rule of division in words."""
    cause: Cause | None = None

    def to_json(self) -> Object:
        decision = self.decision
        return {
            "division": self.division,
            "nextPass": self.cause.value if self.cause else "NothingToDo",
            **_given(affinityGroup=decision.group),
            "trials": [trial.to_json() for trial in self.trials],
            "targets": None
            if decision.targets is None
            else [_target_json(target) for target in decision.targets],
            **({"error": str(decision.error), "reason": decision.error.reason} if decision.error else {}),
        }


def explain(
    binding: ResourceBinding,
    snapshot: Snapshot,
    *,
    framework: Framework | None = None,
    estimators: Sequence[Estimator] | None = None,
    settings: Settings | None = None,
) -> Explanation:
    """What schedule() decides about the same arguments, and why. Never raises for what a user can write."""
    settings = settings or Settings()
    framework = framework or build_framework(settings.gates)
    trials: list[Trial] = []
    decision = schedule(
        binding,
        snapshot,
        framework=framework,
        estimators=estimators if estimators is not None else (GeneralEstimator(),),
        settings=settings,
        trials=trials,
    )
    if binding.spec.placement is None:
        return Explanation(decision, (), "no placement")
    placement = compile_placement(binding.spec.placement)
    return Explanation(
        decision,
        tuple(_explained(trial, snapshot, framework) for trial in trials),
        division_of(placement, has_replicas=any(trial.request.is_workload for trial in trials)),
        cause_to_schedule(binding, placement, snapshot, settings.gates),
    )


def division_of(placement: CompiledPlacement, *, has_replicas: bool) -> str:
    """How replicas are shared out, in a few words."""
    if not has_replicas:
        return "no replicas: a copy for every selected cluster"
    match placement.strategy:
        case Strategy.DUPLICATED:
            return "Duplicated: all replicas in every selected cluster"
        case Strategy.STATIC_WEIGHT if placement.weights:
            return "Divided by static weights"
        case Strategy.STATIC_WEIGHT:
            return "Divided evenly"
        case Strategy.DYNAMIC_WEIGHT:
            return "Divided by available replicas"
        case Strategy.AGGREGATED:
            return "Divided, aggregated into as few clusters as have room"
        case _:
            kind, preference = placement.strategy_name
            return f"unsupported: {kind}/{preference}"


def _explained(trial: Trial, snapshot: Snapshot, framework: Framework) -> TrialExplained:
    request = trial.request
    candidates = {candidate.name: candidate for candidate in trial.candidates}
    scores = _scores(trial, framework)
    chosen = {candidate.name for candidate in trial.selected}
    given = {target.name: target.replicas for target in trial.targets}
    weights = _weights(trial)
    clusters = tuple(
        _cluster(
            cluster,
            _verdicts(request, cluster, snapshot, framework),
            candidates.get(cluster.name),
            scores=scores.get(cluster.name, ()),
            selected=cluster.name in chosen,
            weight=weights.get(cluster.name),
            held=request.targets.get(cluster.name),
            given=given.get(cluster.name),
        )
        for cluster in snapshot.clusters
    )
    name = request.group.name if request.group is not None else ""
    return TrialExplained(name, clusters, trial.targets, str(trial.error or ""))


def _cluster(
    cluster: ClusterFacts,
    verdicts: tuple[PluginVerdict, ...],
    candidate: Candidate | None,
    *,
    scores: tuple[tuple[str, int], ...],
    selected: bool,
    weight: int | None,
    held: int | None,
    given: int | None,
) -> ClusterExplained:
    return ClusterExplained(
        name=cluster.name,
        verdicts=verdicts,
        deleting=cluster.traits.deleting,
        scores=scores,
        room=candidate.free if candidate is not None else None,
        weight=weight,
        tier=candidate.tier if candidate is not None else 0,
        selected=selected,
        held=held,
        given=given,
    )


def _verdicts(
    request: Request, cluster: ClusterFacts, snapshot: Snapshot, framework: Framework
) -> tuple[PluginVerdict, ...]:
    if cluster.traits.deleting:
        return ()

    def ask(verdict: Verdict, plugin: str) -> PluginVerdict:
        return PluginVerdict(plugin, verdict.fits, verdict.reason)

    return tuple(ask(plugin.filter(request, cluster, snapshot), plugin.name) for plugin in framework.filters)


def _scores(trial: Trial, framework: Framework) -> dict[str, tuple[tuple[str, int], ...]]:
    """By cluster, what each score plugin gave."""
    feasible = trial.feasible.clusters if trial.feasible is not None else ()
    rows = [(plugin.name, plugin.scores(trial.request, feasible)) for plugin in framework.scores]
    return {
        cluster.name: tuple((plugin, scores[place]) for plugin, scores in rows)
        for place, cluster in enumerate(feasible)
    }


def _weights(trial: Trial) -> dict[str, int]:
    placement = trial.request.placement
    if placement.strategy is not Strategy.STATIC_WEIGHT or not trial.request.is_workload:
        return {}
    return static_weights(placement, [candidate.cluster.traits for candidate in trial.selected])


def _target_json(target: Target) -> Object:
    return {
        "name": target.name,
        "replicas": target.replicas,
        **(
            {"components": [{"name": name, "replicas": count} for name, count in target.components]}
            if target.components
            else {}
        ),
    }


def _given(**fields: int | str | None) -> Object:
    return {name: value for name, value in fields.items() if value is not None}
