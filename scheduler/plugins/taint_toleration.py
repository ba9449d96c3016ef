"""TaintToleration: a repelling taint needs a toleration, unless the binding is on the cluster already."""

from karmada.api.groups.meta import Taint
from karmada.api.selection import tolerates
from scheduler.framework import ACCEPTED, Request, Verdict, rejected
from scheduler.snapshot import ClusterFacts, Snapshot


class TaintToleration:
    name = "TaintToleration"
    shared = True

    def filter(self, request: Request, cluster: ClusterFacts, snapshot: Snapshot) -> Verdict:
        if cluster.name in request.targets:
            return ACCEPTED
        for taint in cluster.traits.taints:
            if not any(tolerates(toleration, taint) for toleration in request.placement.tolerations):
                return rejected(self.name, f"cluster(s) had untolerated taint {{{taint_text(taint)}}}")
        return ACCEPTED


def taint_text(taint: Taint) -> str:
    """`key=value:effect`, or `key:effect` without a value."""
    return f"{taint.key}={taint.value}:{taint.effect}" if taint.value else f"{taint.key}:{taint.effect}"
