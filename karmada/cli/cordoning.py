"""The taint that keeps new workloads off a cluster, put on and taken off. Pure.

In: a Cluster. Out: one with the change, or itself where there is nothing to change. `cordon`, `uncordon` and
`simulate` stand on it.
"""

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.meta import Taint
from karmada.api.wellknown import UNSCHEDULABLE_TAINT

NO_SCHEDULE = "NoSchedule"


def with_cordon(cluster: Cluster) -> Cluster:
    """cluster with the unschedulable taint; unchanged if it has it."""
    if any(map(is_cordon, cluster.spec.taints or ())):
        return cluster
    taint = Taint(key=UNSCHEDULABLE_TAINT, effect=NO_SCHEDULE)
    return _with_taints(cluster, [*(cluster.spec.taints or ()), taint])


def without_cordon(cluster: Cluster) -> Cluster:
    """cluster without the unschedulable taint; unchanged if it has none."""
    if not any(map(is_cordon, cluster.spec.taints or ())):
        return cluster
    return _with_taints(cluster, [taint for taint in cluster.spec.taints or () if not is_cordon(taint)])


def is_cordon(taint: Taint) -> bool:
    return taint.key == UNSCHEDULABLE_TAINT and taint.effect == NO_SCHEDULE


def _with_taints(cluster: Cluster, taints: list[Taint]) -> Cluster:
    spec = cluster.spec.model_copy(update={"taints": taints})
    return cluster.model_copy(update={"spec": spec})
