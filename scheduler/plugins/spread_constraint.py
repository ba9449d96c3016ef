"""SpreadConstraint: a cluster without the property to spread by cannot be in any group.

It filters even where the choice of groups ignores the constraints, as with static weights.
"""

from scheduler.framework import ACCEPTED, Request, Verdict, rejected
from scheduler.snapshot import ClusterFacts, Snapshot


class SpreadConstraint:
    name = "SpreadConstraint"
    shared = True

    def filter(self, request: Request, cluster: ClusterFacts, snapshot: Snapshot) -> Verdict:
        for constraint in request.placement.constraints:
            match constraint.spread_by_field:
                case "provider" if not cluster.traits.provider:
                    missing = "provider"
                case "region" if not cluster.traits.region:
                    missing = "region"
                case "zone" if not cluster.traits.zones:
                    missing = "zones"
                case _:
                    continue
            return rejected(self.name, f"cluster(s) did not have {missing} property")
        return ACCEPTED
