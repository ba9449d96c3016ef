"""APIEnablement: a cluster must serve the kind that is to be placed, unless it runs there already.

An API list that is known to be incomplete is no excuse: what is not listed is not served.
"""

from scheduler.framework import ACCEPTED, Request, Verdict, rejected
from scheduler.snapshot import ClusterFacts, Snapshot

REASON = "cluster(s) did not have the API resource"


class APIEnablement:
    name = "APIEnablement"
    shared = True

    def filter(self, request: Request, cluster: ClusterFacts, snapshot: Snapshot) -> Verdict:
        if cluster.name in request.targets or (request.api_version, request.kind) in cluster.traits.apis:
            return ACCEPTED
        return rejected(self.name, REASON)
