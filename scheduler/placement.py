"""Placements compiled once per distinct text: cluster affinities to match, strategy, weights, constraints.
Pure.

In: a Placement as the policy wrote it. Out: a CompiledPlacement, the same object for equal placements, so
that what is remembered about one serves all. snapshot.py says what a cluster is; framework.py asks whether
it suits.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
from pydantic import ValidationError

from karmada.api.cluster_affinity import AffinityMatcher
from karmada.api.groups.meta import Toleration
from karmada.api.groups.policy import Placement, ReplicaSchedulingStrategy, SpreadConstraint
from scheduler.snapshot import Traits


class Strategy(StrEnum):
    DUPLICATED = "Duplicated"
    STATIC_WEIGHT = "StaticWeight"
    DYNAMIC_WEIGHT = "DynamicWeight"
    AGGREGATED = "Aggregated"
    UNSUPPORTED = ""


@dataclass(frozen=True, slots=True, eq=False)
class AffinityGroup:
    """One of the ordered clusterAffinities: its own clusters, then the tiers it may overflow to."""

    name: str
    inline: AffinityMatcher
    overflow: tuple[AffinityMatcher, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledPlacement:
    """A Placement ready to be asked.

    text is what the annotation applied-placement records, and its identity.
    """

    text: str
    affinity: AffinityMatcher | None
    groups: tuple[AffinityGroup, ...]
    tolerations: tuple[Toleration, ...]
    constraints: tuple[SpreadConstraint, ...]
    strategy: Strategy
    strategy_name: tuple[str, str]
    """replicaSchedulingType and replicaDivisionPreference as written, for messages."""
    weights: tuple[tuple[AffinityMatcher, int], ...] | None
    """None: no preference, everyone weighs the same."""
    ignores_spread: bool
    """Static weights decide alone; constraints then only filter."""
    known_weights: dict[str, tuple[Traits, int]] = field(default_factory=dict)
    """Weights found so far, by cluster name; they hold for exactly these traits."""

    @property
    def cares_about_room(self) -> bool:
        return self.strategy is not Strategy.DUPLICATED

    def weight_of(self, cluster: Traits) -> int:
        """The largest weight of the rules that match; 0 when none does."""
        known = self.known_weights.get(cluster.name)
        if known is not None and known[0] is cluster:
            return known[1]
        weight = max((weight for rule, weight in self.weights or () if rule.matches(cluster)), default=0)
        self.known_weights[cluster.name] = (cluster, weight)
        return weight

    def constraint(self, by_field: str) -> SpreadConstraint | None:
        return next((found for found in self.constraints if found.spread_by_field == by_field), None)

    def group(self, name: str) -> AffinityGroup | None:
        return next((found for found in self.groups if found.name == name), None)


def normal_placement(value: Any, *, name: str = "") -> Any:
    """Plain JSON of a placement without what means nothing: empty lists and texts, zero bounds.

    Two placements are the same exactly when this is equal, whoever wrote them.
    """
    if isinstance(value, dict):
        pruned = {key: normal_placement(item, name=key) for key, item in value.items()}
        return {key: item for key, item in pruned.items() if not _means_nothing(key, item)}
    if isinstance(value, list):
        return [normal_placement(item) for item in value]
    return value


def _means_nothing(name: str, value: Any) -> bool:
    if value is None or value == "" or value == []:
        return True
    return (name in ("minGroups", "maxGroups") and value == 0) or (name == "matchLabels" and value == {})


_KNOWN_PLACEMENTS = 1024
_shared: dict[bytes, Placement] = {}


def shared_placement(encoded: Any) -> Any:
    """The Placement of some JSON, the same one for equal JSON; JSON that is no placement stays as it is."""
    key = orjson.dumps(encoded, option=orjson.OPT_SORT_KEYS)
    found = _shared.get(key)
    if found is None:
        try:
            found = Placement.from_json(encoded)
        except ValidationError:
            return encoded  # whoever decodes the binding says what is wrong
        if len(_shared) >= _KNOWN_PLACEMENTS:
            _shared.clear()
        _shared[key] = found
    return found


_compiled: dict[str, CompiledPlacement] = {}
_by_spelling: dict[str, CompiledPlacement] = {}


def compile_placement(placement: Placement) -> CompiledPlacement:
    """Equal placements give the same object, so that what is remembered about one serves all."""
    spelling = placement.model_dump_json(by_alias=True, exclude_unset=True, exclude_none=True)
    found = _by_spelling.get(spelling)
    if found is None:
        normal = normal_placement(orjson.loads(spelling))
        text = orjson.dumps(normal, option=orjson.OPT_SORT_KEYS).decode()
        found = _compiled.get(text) or _compile(placement, text)
        if len(_by_spelling) >= _KNOWN_PLACEMENTS:
            _by_spelling.clear()
            _compiled.clear()
        _compiled[text] = _by_spelling[spelling] = found
    return found


def _compile(placement: Placement, text: str) -> CompiledPlacement:
    scheduling = placement.replica_scheduling
    strategy = _strategy_of(scheduling)
    preference = scheduling.weight_preference if scheduling else None
    static = preference is None or (bool(preference.static_weight_list) and not preference.dynamic_weight)
    is_weighted = (
        scheduling is not None
        and scheduling.replica_scheduling_type == "Divided"
        and scheduling.replica_division_preference == "Weighted"
    )
    affinity = placement.cluster_affinity
    return CompiledPlacement(
        text=text,
        affinity=AffinityMatcher(affinity) if affinity is not None else None,
        groups=tuple(
            AffinityGroup(
                term.affinity_name,
                AffinityMatcher(term),
                tuple(AffinityMatcher(tier) for tier in term.overflow_affinities),
            )
            for term in placement.cluster_affinities
        ),
        tolerations=tuple(placement.cluster_tolerations),
        constraints=tuple(placement.spread_constraints),
        strategy=strategy,
        strategy_name=(
            (scheduling.replica_scheduling_type, scheduling.replica_division_preference)
            if scheduling
            else ("", "")
        ),
        weights=tuple(
            (AffinityMatcher(rule.target_cluster), rule.weight) for rule in preference.static_weight_list
        )
        if preference is not None
        else None,
        ignores_spread=is_weighted and static,
    )


def _strategy_of(scheduling: ReplicaSchedulingStrategy | None) -> Strategy:
    if scheduling is None or scheduling.replica_scheduling_type == "Duplicated":
        return Strategy.DUPLICATED
    if scheduling.replica_scheduling_type != "Divided":
        return Strategy.UNSUPPORTED
    if scheduling.replica_division_preference == "Aggregated":
        return Strategy.AGGREGATED
    if scheduling.replica_division_preference != "Weighted":
        return Strategy.UNSUPPORTED
    preference = scheduling.weight_preference
    return Strategy.DYNAMIC_WEIGHT if preference and preference.dynamic_weight else Strategy.STATIC_WEIGHT
