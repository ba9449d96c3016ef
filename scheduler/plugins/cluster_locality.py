"""ClusterLocality: stay where you are, other things being equal."""

from scheduler.framework import Request
from scheduler.snapshot import ClusterFacts


class ClusterLocality:
    name = "ClusterLocality"

    def score(self, request: Request, cluster: ClusterFacts) -> int:
        return 100 if cluster.name in request.targets else 0
