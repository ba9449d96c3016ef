"""ClusterAffinity: the placement says which clusters, directly or by the affinity group under trial.

A workload may also use the overflow tiers of its group; what has no replicas has nothing that could overflow.
"""

from scheduler.framework import ACCEPTED, Request, Verdict, rejected
from scheduler.snapshot import ClusterFacts, Snapshot

REASON = "cluster(s) did not match the placement cluster affinity constraint"


class ClusterAffinity:
    name = "ClusterAffinity"
    shared = True

    def filter(self, request: Request, cluster: ClusterFacts, snapshot: Snapshot) -> Verdict:
        if request.placement.affinity is not None:
            matches = request.placement.affinity.matches(cluster.traits)
        elif request.group is not None:
            tiers = request.group.overflow if request.is_workload else ()
            matches = request.group.inline.matches(cluster.traits) or any(
                tier.matches(cluster.traits) for tier in tiers
            )
        else:
            matches = True
        return ACCEPTED if matches else rejected(self.name, REASON)
