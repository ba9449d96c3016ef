"""ClusterLocality: stay where you are, other things being equal."""

from collections.abc import Sequence

from scheduler.framework import Request
from scheduler.snapshot import ClusterFacts


class ClusterLocality:
    name = "ClusterLocality"

    def scores(self, request: Request, clusters: Sequence[ClusterFacts]) -> Sequence[int]:
        targets = request.targets
        if not targets:
            return [0] * len(clusters)
        return [100 if cluster.name in targets else 0 for cluster in clusters]
