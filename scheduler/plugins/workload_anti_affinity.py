"""WorkloadAntiAffinity: members of an anti-affinity group keep off each other's clusters."""

from scheduler.framework import ACCEPTED, Request, Verdict, rejected
from scheduler.snapshot import ClusterFacts, Snapshot

REASON = "cluster already has workload with the same anti-affinity group"


class WorkloadAntiAffinity:
    name = "WorkloadAntiAffinity"
    shared = False

    def filter(self, request: Request, cluster: ClusterFacts, snapshot: Snapshot) -> Verdict:
        if not request.anti_affinity_group or cluster.name in request.targets:
            return ACCEPTED
        for peer in snapshot.peers.anti_affinity(request.anti_affinity_group):
            if peer.namespace != request.namespace or peer.name == request.name:
                continue
            if cluster.name in peer.clusters:
                return rejected(self.name, REASON)
        return ACCEPTED
