"""WorkloadAffinity: later members of an affinity group only use clusters that every placed member uses."""

from scheduler.framework import ACCEPTED, Request, Verdict, rejected
from scheduler.snapshot import ClusterFacts, Snapshot

REASON = "ResourceBinding with the same affinity group does not target this cluster"


class WorkloadAffinity:
    name = "WorkloadAffinity"
    shared = False

    def filter(self, request: Request, cluster: ClusterFacts, snapshot: Snapshot) -> Verdict:
        if not request.affinity_group or cluster.name in request.targets:
            return ACCEPTED
        for peer in snapshot.peers.affinity(request.affinity_group):
            if peer.namespace != request.namespace or peer.name == request.name:
                continue
            if peer.clusters and cluster.name not in peer.clusters:
                return rejected(self.name, REASON)
        return ACCEPTED
