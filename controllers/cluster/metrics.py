"""What operators read of members: readiness, nodes, capacity, how long a collection took.

In: Clusters as status.py leaves them. Out: series named as Karmada names them, one per member; they go with
the member.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from prometheus_client import Gauge, Histogram

from karmada.api.conditions import is_condition_true
from karmada.api.groups.cluster import Cluster
from karmada.api.quantity import ZERO, Quantity, QuantityError
from karmada.api.wellknown import CLUSTER_READY
from karmada.runtime.clock import Clock

_LABELS: Final = ["member_cluster"]


def _gauge(name: str, text: str) -> Gauge:
    return Gauge(name, text, _LABELS)


_READY: Final = _gauge("cluster_ready_state", "1 when the cluster is ready, 0 when it is not.")
_NODES: Final = _gauge("cluster_node_number", "Nodes of the cluster.")
_READY_NODES: Final = _gauge("cluster_ready_node_number", "Ready nodes of the cluster.")
_ALLOCATABLE: Final = {
    "memory": _gauge("cluster_memory_allocatable_bytes", "Memory the nodes have to give."),
    "cpu": _gauge("cluster_cpu_allocatable_number", "CPUs the nodes have to give."),
    "pods": _gauge("cluster_pod_allocatable_number", "Pods the nodes can take."),
}
_ALLOCATED: Final = {
    "memory": _gauge("cluster_memory_allocated_bytes", "Memory that pods have asked for."),
    "cpu": _gauge("cluster_cpu_allocated_number", "CPUs that pods have asked for."),
    "pods": _gauge("cluster_pod_allocated_number", "Pods that have a node."),
}
_COLLECTED: Final = Histogram(
    "cluster_sync_status_duration_seconds", "How long one collection of a cluster's status took.", _LABELS
)
_ALL: Final = (_READY, _NODES, _READY_NODES, *_ALLOCATABLE.values(), *_ALLOCATED.values(), _COLLECTED)


def show(cluster: Cluster) -> None:
    """Bring the series of a member up to date."""
    name, status = cluster.metadata.name, cluster.status
    _READY.labels(name).set(is_condition_true(status.conditions, CLUSTER_READY))
    if status.node_summary is not None:
        _NODES.labels(name).set(status.node_summary.total_num)
        _READY_NODES.labels(name).set(status.node_summary.ready_num)
    if status.resource_summary is not None:
        _show_amounts(name, _ALLOCATABLE, status.resource_summary.allocatable)
        _show_amounts(name, _ALLOCATED, status.resource_summary.allocated)


def forget(cluster: str) -> None:
    """The member is gone, and so are its series."""
    for series in _ALL:
        series.remove_by_labels({"member_cluster": cluster})


@contextmanager
def timed(cluster: str, clock: Clock) -> Iterator[None]:
    """Measure one collection."""
    started = clock.monotonic()
    try:
        yield
    finally:
        _COLLECTED.labels(cluster).observe(clock.monotonic() - started)


def _show_amounts(cluster: str, series: Mapping[str, Gauge], amounts: Mapping[str, str | int]) -> None:
    for resource, gauge in series.items():
        try:
            amount = Quantity.parse(amounts[resource]) if resource in amounts else ZERO
        except QuantityError:
            continue
        gauge.labels(cluster).set(amount.milli_value() / 1000)
