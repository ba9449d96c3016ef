"""Priority and fairness in numbers, under the names dashboards know.

In: what flow.py counts per schema and level, and the seats. Out: metrics, made when somebody reads them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from apiserver.filters.fair_queuing import Seats
from apiserver.filters.metrics import Distribution

_WAIT_SECONDS: Final = (0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0)
_LABELS: Final = ("priority_level", "flow_schema")
_PREFIX: Final = "apiserver_flowcontrol"


class Named(Protocol):
    """A flow: its schema and level."""

    @property
    def schema(self) -> str: ...

    @property
    def level(self) -> str: ...


@dataclass(slots=True)
class FlowSeries:
    """The numbers of one schema at one level. at_once counts those that had no wait."""

    executing: int = 0
    queued: int = 0
    at_once: int = 0
    waits: Distribution = field(default_factory=lambda: Distribution(_WAIT_SECONDS))
    refused: dict[str, int] = field(default_factory=dict)
    refused_waits: Distribution = field(default_factory=lambda: Distribution(_WAIT_SECONDS))

    def refuse(self, reason: str, seconds: float) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1
        self.refused_waits.observe(seconds)

    @property
    def dispatched(self) -> int:
        return self.at_once + sum(self.waits.counts)

    def all_waits(self) -> Distribution:
        """Those that had no wait included."""
        whole = Distribution(_WAIT_SECONDS)
        whole.add(self.waits)
        whole.counts[0] += self.at_once
        return whole


class FlowMetrics(Collector):
    def __init__(self, seats: Seats, registry: CollectorRegistry | None = None) -> None:
        self._seats = seats
        self._series: dict[tuple[str, str], FlowSeries] = {}
        if registry is not None:
            registry.register(self)

    def of(self, flow: Named) -> FlowSeries:
        key = (flow.level, flow.schema)
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = FlowSeries()
        return found

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._gauges()
        yield from self._totals()
        yield from self._levels()

    def _gauges(self) -> Iterator[Metric]:
        executing = GaugeMetricFamily(
            f"{_PREFIX}_current_executing_requests", "Requests handled now.", labels=_LABELS
        )
        queued = GaugeMetricFamily(
            f"{_PREFIX}_current_inqueue_requests", "Requests that wait for their turn.", labels=_LABELS
        )
        for key, series in self._series.items():
            executing.add_metric(key, series.executing)
            queued.add_metric(key, series.queued)
        yield from (executing, queued)

    def _totals(self) -> Iterator[Metric]:
        dispatched = CounterMetricFamily(
            f"{_PREFIX}_dispatched_requests", "Requests that got a seat.", labels=_LABELS
        )
        rejected = CounterMetricFamily(
            f"{_PREFIX}_rejected_requests", "Requests answered 429.", labels=[*_LABELS, "reason"]
        )
        waits = HistogramMetricFamily(
            f"{_PREFIX}_request_wait_duration_seconds",
            "How long requests waited for their turn.",
            labels=[*_LABELS, "execute"],
        )
        for key, series in self._series.items():
            dispatched.add_metric(key, series.dispatched)
            whole = series.all_waits()
            waits.add_metric([*key, "true"], whole.buckets(), whole.total)
            for reason, count in series.refused.items():
                rejected.add_metric([*key, reason], count)
            if series.refused:
                waits.add_metric([*key, "false"], series.refused_waits.buckets(), series.refused_waits.total)
        yield from (dispatched, rejected, waits)

    def _levels(self) -> Iterator[Metric]:
        nominal = GaugeMetricFamily(
            f"{_PREFIX}_nominal_limit_seats", "Seats of the level.", labels=_LABELS[:1]
        )
        seats = GaugeMetricFamily(
            f"{_PREFIX}_current_executing_seats", "Seats taken now.", labels=_LABELS[:1]
        )
        for name, level in self._seats.levels.items():
            nominal.add_metric([name], level.nominal)
            seats.add_metric([name], level.seats)
        yield from (nominal, seats)
