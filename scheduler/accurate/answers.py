"""Fetched answers as an Estimator: the decision looks them up, and says which ones are missing. Pure.

In: numbers per cluster, as client.py fetched them. Out: what decide.py asks for; AnswersNeeded when a cluster
was not asked about yet, so that whoever runs the decision fetches and decides again.
"""

from collections.abc import Mapping, Sequence

from scheduler.framework import Request
from scheduler.snapshot import ClusterFacts, Snapshot


class AnswersNeeded(Exception):
    """The decision needs to know about clusters nobody was asked about."""

    def __init__(self, request: Request, clusters: Sequence[str], *, sets: bool) -> None:
        super().__init__(f"answers of {len(clusters)} estimators are needed")
        self.request = request
        self.clusters = clusters
        self.sets = sets


class FetchedAnswers:
    """An Estimator of what was fetched for one binding."""

    name = "scheduler-estimator"

    def __init__(self) -> None:
        self._room: dict[str, int] = {}

    def add(self, room: Mapping[str, int]) -> None:
        self._room.update(room)

    def max_replicas(
        self, request: Request, clusters: Sequence[ClusterFacts], snapshot: Snapshot
    ) -> Sequence[int]:
        return self._look_up(request, clusters, sets=False)

    def max_sets(
        self, request: Request, clusters: Sequence[ClusterFacts], snapshot: Snapshot
    ) -> Sequence[int]:
        return self._look_up(request, clusters, sets=True)

    def _look_up(self, request: Request, clusters: Sequence[ClusterFacts], *, sets: bool) -> Sequence[int]:
        missing = [cluster.name for cluster in clusters if cluster.name not in self._room]
        if missing:
            raise AnswersNeeded(request, missing, sets=sets)
        return [self._room[cluster.name] for cluster in clusters]
