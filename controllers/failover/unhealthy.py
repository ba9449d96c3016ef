"""Which copies of an application have been unhealthy for too long. Pure.

In: a binding, since when its copies are unhealthy, the time in seconds of any clock. Out: clusters to leave,
what to remember, when to look again. application.py acts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from karmada.api.groups.work import ResourceBinding
from karmada.api.wellknown import UNHEALTHY

DEFAULT_TOLERATION_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """evict: clusters to leave now. since: when each other unhealthy copy was first seen to be so."""

    evict: list[str]
    since: dict[str, float]
    next_seconds: float | None = None


def toleration_seconds(binding: ResourceBinding) -> float:
    failover = binding.spec.failover
    application = None if failover is None else failover.application
    given = None if application is None else application.decision_conditions.toleration_seconds
    return DEFAULT_TOLERATION_SECONDS if given is None else given


def judged(binding: ResourceBinding, since: Mapping[str, float], *, now: float) -> Verdict:
    """A copy must be seen unhealthy for the whole time; healthy or unknown in between starts it again."""
    tolerated = toleration_seconds(binding)
    verdict = Verdict([], {})
    waits: list[float] = []
    for cluster in unhealthy_clusters(binding):
        first = since.get(cluster, now)
        left = first + tolerated - now
        if left <= 0:
            verdict.evict.append(cluster)
        else:
            verdict.since[cluster] = first
            waits.append(left)
    return Verdict(verdict.evict, verdict.since, min(waits, default=None))


def unhealthy_clusters(binding: ResourceBinding) -> list[str]:
    """Targets with an unhealthy copy that is not leaving yet."""
    leaving = {task.from_cluster for task in binding.spec.graceful_eviction_tasks}
    targets = {cluster.name for cluster in binding.spec.clusters} - leaving
    return [
        item.cluster_name
        for item in binding.status.aggregated_status
        if item.health == UNHEALTHY and item.cluster_name in targets
    ]
