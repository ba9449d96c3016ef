"""ClusterEviction: a cluster that the binding is being moved away from is not chosen again meanwhile."""

from scheduler.framework import ACCEPTED, Request, Verdict, rejected
from scheduler.snapshot import ClusterFacts, Snapshot

REASON = "cluster(s) is in the process of eviction"


class ClusterEviction:
    name = "ClusterEviction"
    shared = True

    def filter(self, request: Request, cluster: ClusterFacts, snapshot: Snapshot) -> Verdict:
        return rejected(self.name, REASON) if cluster.name in request.evicting else ACCEPTED
