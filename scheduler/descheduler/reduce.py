"""Which replicas to give back: those that a cluster was given and cannot run. Pure.

In: a binding with what its members report, the number of replicas that no node takes per cluster. Out: the
reduced targets and what was taken from each cluster. Nothing that is ready is ever given back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from karmada.api.groups.work import AggregatedStatusItem, ResourceBinding
from karmada.api.wellknown import APPLIED_PLACEMENT_ANNOTATION

UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class Removal:
    """So many replicas are taken from a cluster."""

    cluster: str
    replicas: int


def is_eligible(binding: ResourceBinding) -> bool:
    """A Deployment that was divided by room: only then does the scheduler place elsewhere what is taken."""
    resource = binding.spec.resource
    if (resource.api_version, resource.kind) != ("apps/v1", "Deployment"):
        return False
    try:
        placement = orjson.loads(binding.metadata.annotations.get(APPLIED_PLACEMENT_ANNOTATION) or "null")
    except orjson.JSONDecodeError:
        return False
    scheduling = placement.get("replicaScheduling") if isinstance(placement, dict) else None
    return isinstance(scheduling, dict) and _is_by_room(scheduling)


def _is_by_room(scheduling: Mapping[str, Any]) -> bool:
    if scheduling.get("replicaSchedulingType") != "Divided":
        return False
    match scheduling.get("replicaDivisionPreference"):
        case "Aggregated":
            return True
        case "Weighted":
            return bool((scheduling.get("weightPreference") or {}).get("dynamicWeight"))
        case _:
            return False


def ready_replicas(item: AggregatedStatusItem | None) -> int:
    """What a member reports as ready; UNKNOWN where it does not."""
    status: Any = item.status if item is not None else None
    ready = status.get("readyReplicas") if isinstance(status, dict) else None
    return ready if isinstance(ready, int) and not isinstance(ready, bool) else UNKNOWN


def lagging(binding: ResourceBinding) -> dict[str, int]:
    """Clusters with fewer ready replicas than they were given, and how many are ready there."""
    reported = {item.cluster_name: item for item in binding.status.aggregated_status}
    ready = {target.name: ready_replicas(reported.get(target.name)) for target in binding.spec.clusters}
    return {
        target.name: ready[target.name]
        for target in binding.spec.clusters
        if ready[target.name] < target.replicas
    }


def removals(
    binding: ResourceBinding, ready: Mapping[str, int], unschedulable: Mapping[str, int]
) -> list[Removal]:
    """What to take from the lagging clusters. ready: those that lagging() found."""
    found = []
    for target in binding.spec.clusters:
        stuck = unschedulable.get(target.name, 0)
        if target.name not in ready or not 0 < stuck <= target.replicas:
            continue
        kept = max(target.replicas - stuck, ready[target.name])
        if kept < target.replicas:
            found.append(Removal(target.name, target.replicas - kept))
    return found


def reduced_clusters(binding: ResourceBinding, taken: list[Removal]) -> list[dict[str, Any]]:
    """spec.clusters with that much less; a cluster that is left with nothing stays in the list."""
    less = {removal.cluster: removal.replicas for removal in taken}
    clusters = []
    for target in binding.spec.clusters:
        encoded = target.to_json()
        replicas = target.replicas - less.get(target.name, 0)
        encoded.pop("replicas", None)
        clusters.append({**encoded, "replicas": replicas} if replicas else encoded)
    return clusters


def success_text(taken: list[Removal]) -> str:
    """As Karmada words it."""
    each = "".join(f", {removal.replicas} replica(s) in cluster({removal.cluster})" for removal in taken)
    total = sum(removal.replicas for removal in taken)
    return f"Binding has been descheduled{each}, {total} total descheduled replica(s)"
