"""What operators read of evictions."""

from prometheus_client import REGISTRY

from controllers.failover.metrics import WaitingEvictions
from karmada.runtime.clock import ManualClock


def value(series: str, /, **labels: str) -> float:
    return REGISTRY.get_sample_value(series, labels) or 0.0


def test_evictions_are_counted_while_they_wait_and_when_they_end() -> None:
    clock = ManualClock()
    waiting = WaitingEvictions("test-manager", clock=clock)
    for key in ("a", "b", "b"):
        waiting.came(key, cluster="far", kind="Deployment")
    assert value("eviction_queue_depth", name="test-manager") == 2
    assert value("eviction_kind_total", member_cluster="far", resource_kind="Deployment") == 2
    clock.advance(7)
    waiting.failed()
    waiting.went("a", evicted=True)
    waiting.went("b", evicted=False)
    waiting.went("never seen", evicted=True)
    assert value("eviction_queue_depth", name="test-manager") == 0
    assert value("eviction_kind_total", member_cluster="far", resource_kind="Deployment") == 0
    assert value("eviction_processing_total", name="test-manager", result="success") == 1
    assert value("eviction_processing_total", name="test-manager", result="error") == 1
    assert value("eviction_processing_latency_seconds_sum", name="test-manager") == 7
