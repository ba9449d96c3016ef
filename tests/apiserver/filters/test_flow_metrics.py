"""Priority and fairness in numbers."""

from prometheus_client import CollectorRegistry, generate_latest

from apiserver.filters.fair_queuing import Seats
from apiserver.filters.flow import Flow
from apiserver.filters.flow_metrics import FlowMetrics


def test_the_stock_names() -> None:
    registry, seats = CollectorRegistry(), Seats(10)
    series = FlowMetrics(seats, registry).of(Flow("mine", "low"))
    series.at_once += 2
    series.waits.observe(0.3)
    series.executing += 1
    series.refuse("queue-full", 0.0)
    text = generate_latest(registry).decode()
    labels = 'flow_schema="mine",priority_level="low"'
    for line in (
        f"apiserver_flowcontrol_current_executing_requests{{{labels}}} 1.0",
        f"apiserver_flowcontrol_current_inqueue_requests{{{labels}}} 0.0",
        f"apiserver_flowcontrol_dispatched_requests_total{{{labels}}} 3.0",
        f'apiserver_flowcontrol_rejected_requests_total{{{labels},reason="queue-full"}} 1.0',
        'apiserver_flowcontrol_nominal_limit_seats{priority_level="catch-all"} 10.0',
        'apiserver_flowcontrol_current_executing_seats{priority_level="catch-all"} 0.0',
    ):
        assert line in text
    assert 'le="0.5",priority_level="low"} 3.0' in text
