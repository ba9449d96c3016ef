"""Which clusters a binding means: where it goes, and where its Works stay. Pure; both bindings and statuses
ask."""

from karmada.api.groups.work import ResourceBindingSpec, TargetCluster
from karmada.api.wellknown import PURGE_DIRECTLY


def target_clusters(spec: ResourceBindingSpec) -> list[TargetCluster]:
    """Its clusters, then those of the bindings that need it; the first mention of a cluster counts."""
    ordered: dict[str, TargetCluster] = {}
    for cluster in spec.clusters:
        ordered.setdefault(cluster.name, cluster)
    for snapshot in spec.required_by:
        for cluster in snapshot.clusters:
            ordered.setdefault(cluster.name, cluster)
    return list(ordered.values())


def kept_clusters(spec: ResourceBindingSpec) -> set[str]:
    """Clusters whose Works stay: targets, and those being evicted gracefully, whose copy may be the only one
    left.
    """
    kept = {cluster.name for cluster in target_clusters(spec)}
    kept |= {task.from_cluster for task in spec.graceful_eviction_tasks if task.purge_mode != PURGE_DIRECTLY}
    return kept
