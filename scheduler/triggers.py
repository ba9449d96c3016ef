"""Does a binding need scheduling, and why? Pure.

In: a binding, its compiled placement, the clusters. Out: a Cause, or None: the present targets stand.
decide.py then says where it goes.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from karmada.api.groups.work import ResourceBinding
from karmada.api.wellknown import APPLIED_PLACEMENT_ANNOTATION
from scheduler.framework import Gates, is_workload
from scheduler.placement import CompiledPlacement, normal_placement
from scheduler.snapshot import Snapshot, Traits


class Cause(StrEnum):
    """Why a binding is scheduled; the label schedule_type of the metrics."""

    RECONCILE = "ReconcileSchedule"
    SCALE = "ScaleSchedule"


def cause_to_schedule(
    binding: ResourceBinding, placement: CompiledPlacement, snapshot: Snapshot, gates: Gates
) -> Cause | None:
    """The first reason to schedule; None when the present targets stand."""
    spec = binding.spec
    if placement_changed(binding, placement):
        return Cause.RECONCILE
    if replicas_changed(binding, gates):
        return Cause.SCALE
    if reschedule_pending(binding):
        return Cause.RECONCILE
    if not is_workload(spec) or not placement.cares_about_room:
        return Cause.RECONCILE
    targets = (snapshot.by_name.get(target.name) for target in spec.clusters)
    if any(cluster is not None and cluster.traits.deleting for cluster in targets):
        return Cause.RECONCILE
    return None


def placement_changed(binding: ResourceBinding, placement: CompiledPlacement) -> bool:
    """Against what was applied last. Of ordered affinity groups only the one in use counts."""
    text = binding.metadata.annotations.get(APPLIED_PLACEMENT_ANNOTATION)
    if not text:
        return True
    if text == placement.text:
        return False
    try:
        applied = normal_placement(orjson.loads(text))
    except orjson.JSONDecodeError:
        return False  # as Karmada does: an unreadable record is no reason to move anything
    wanted = orjson.loads(placement.text)
    if not isinstance(applied, dict) or applied == wanted:
        return False
    if any(applied.get(name) != wanted.get(name) for name in _DECISIVE_FIELDS):
        return True
    observed = binding.status.scheduler_observing_affinity_name
    if not observed:
        return True
    before, after = _named_group(applied, observed), _named_group(wanted, observed)
    return before is None or after is None or before != after


_DECISIVE_FIELDS = ("clusterAffinity", "clusterTolerations", "spreadConstraints", "replicaScheduling")


def _named_group(placement: dict[str, Any], name: str) -> Any:
    groups = placement.get("clusterAffinities") or []
    return next((group for group in groups if group.get("affinityName") == name), None)


def replicas_changed(binding: ResourceBinding, gates: Gates) -> bool:
    """Whether the targets no longer add up to what is asked for."""
    spec = binding.spec
    strategy = spec.placement.replica_scheduling if spec.placement else None
    if strategy is None:
        return False
    if gates.multiple_pod_templates and spec.components and not spec.clusters:
        return True
    match strategy.replica_scheduling_type:
        case "Duplicated":
            return any(target.replicas != spec.replicas for target in spec.clusters)
        case "Divided":
            return sum(target.replicas for target in spec.clusters) != spec.replicas
        case _:
            return False


def reschedule_pending(binding: ResourceBinding) -> bool:
    """A fresh start was asked for after the last success.

    Before the first success there is nothing to redo.
    """
    return is_later(binding.spec.reschedule_triggered_at, binding.status.last_scheduled_time)


def is_later(text: str | None, than: str | None) -> bool:
    """Whether one RFC 3339 time is after another; no when either is missing or unreadable."""
    one, other = _time(text), _time(than)
    return one is not None and other is not None and one > other


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def concerns(binding: ResourceBinding, placement: CompiledPlacement, changed: Iterable[Traits]) -> bool:
    """Whether one of these clusters, changed as a whole, may matter to binding.

    With ordered affinity groups only the group in use is asked, and of that not the overflow tiers, as
    Karmada does; a binding whose last change was not looked at yet is always concerned.
    """
    if binding.spec.placement is not None and binding.spec.placement.cluster_affinities:
        if binding.status.scheduler_observed_generation != binding.metadata.generation:
            return True
        inline = placement.groups[first_group(binding, placement)].inline
        return any(inline.matches(cluster) for cluster in changed)
    affinity = placement.affinity
    return affinity is None or any(affinity.matches(cluster) for cluster in changed)


def first_group(binding: ResourceBinding, placement: CompiledPlacement) -> int:
    """The affinity group to begin with: the one in use, or the first when a reschedule was asked for."""
    observed = binding.status.scheduler_observing_affinity_name
    if not observed or reschedule_pending(binding):
        return 0
    names = [group.name for group in placement.groups]
    return names.index(observed) if observed in names else 0
