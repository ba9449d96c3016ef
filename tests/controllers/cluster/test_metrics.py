"""Members can be watched from outside, under the names Karmada gave the series."""

from prometheus_client import REGISTRY

from controllers.cluster import metrics
from karmada.api.groups.cluster import Cluster
from karmada.runtime.clock import ManualClock


def cluster(name: str, ready: str) -> Cluster:
    status = {
        "conditions": [{"type": "Ready", "status": ready, "reason": "Any"}],
        "nodeSummary": {"totalNum": 3, "readyNum": 2},
        "resourceSummary": {
            "allocatable": {"cpu": "7500m", "memory": "1Gi", "pods": "330"},
            "allocated": {"cpu": "100m"},
        },
    }
    return Cluster.from_json({"metadata": {"name": name}, "status": status})


def series(name: str) -> dict[str, float]:
    """Every sample of one member."""
    return {
        sample.name: sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.labels.get("member_cluster") == name
        and "le" not in sample.labels
        and not sample.name.endswith("_created")
    }


def test_a_member_has_its_series_while_it_is_there() -> None:
    metrics.show(cluster("watched", "True"))
    clock = ManualClock()
    with metrics.timed("watched", clock):
        clock.advance(2)
    assert series("watched") == {
        "cluster_ready_state": 1,
        "cluster_node_number": 3,
        "cluster_ready_node_number": 2,
        "cluster_cpu_allocatable_number": 7.5,
        "cluster_memory_allocatable_bytes": 1 << 30,
        "cluster_pod_allocatable_number": 330,
        "cluster_cpu_allocated_number": 0.1,
        "cluster_memory_allocated_bytes": 0,
        "cluster_pod_allocated_number": 0,
        "cluster_sync_status_duration_seconds_count": 1,
        "cluster_sync_status_duration_seconds_sum": 2,
    }
    metrics.show(cluster("watched", "False"))
    assert series("watched")["cluster_ready_state"] == 0
    metrics.forget("watched")
    assert series("watched") == {}
    metrics.forget("never-seen")
