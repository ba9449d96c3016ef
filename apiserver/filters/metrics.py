"""Request metrics under the names dashboards know, a microsecond or two a request.

In: any handler, inside errors.py (an ApiError that passes is counted by its code). Out: the same handler.
Numbers are plain counters of one event loop, made into metrics only when somebody reads them. Labels of a
request that fails are only used once a request with them succeeded, so that nobody can make series at will.
"""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from typing_extensions import override

from apiserver.filters.limits import Lanes
from apiserver.request_info import Answer, Handler, Request, Response, Stream, Writer
from karmada.api.errors import ApiError
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

_LABELS: Final = ("verb", "group", "version", "resource", "subresource", "scope", "component")
_DRY_LABELS: Final = ("verb", "dry_run", *_LABELS[1:])
_SECONDS: Final = (
    *(0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0),
    *(3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0),
)
_BYTES: Final = (1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9)
_VERBS: Final = {
    "get": "GET",
    "list": "LIST",
    "watch": "WATCH",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETECOLLECTION",
    "proxy": "CONNECT",
}
_SAFE_VERBS: Final = frozenset({*_VERBS.values(), "APPLY", "HEAD", "OPTIONS"})
_CONNECT: Final = frozenset({"attach", "exec", "portforward", "proxy"})
_APPLY_TYPE: Final = "application/apply-patch+yaml"
_COMPONENT: Final = "apiserver"


class Labels(NamedTuple):
    verb: str
    dry_run: str = ""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    scope: str = ""

    def plain(self) -> tuple[str, ...]:
        """Without dry_run."""
        return (self.verb, *self[2:], _COMPONENT)

    def dry(self) -> tuple[str, ...]:
        return (*self, _COMPONENT)


class Distribution:
    """How often values fell into which bucket. bounds are inclusive upper ones; the last bucket has none."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def add(self, other: "Distribution") -> None:
        self.counts = [own + more for own, more in zip(self.counts, other.counts, strict=True)]
        self.total += other.total

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative, as the text format wants them."""
        reached, found = 0, []
        for bound, count in zip((*self.bounds, float("inf")), self.counts, strict=True):
            reached += count
            found.append(("+Inf" if bound == float("inf") else repr(float(bound)), float(reached)))
        return found


@dataclass(slots=True)
class Series:
    """The numbers of one label set."""

    seconds: Distribution = field(default_factory=lambda: Distribution(_SECONDS))
    sizes: Distribution = field(default_factory=lambda: Distribution(_BYTES))
    by_code: dict[int, int] = field(default_factory=dict)
    running: int = 0

    def add(self, other: "Series") -> None:
        self.seconds.add(other.seconds)
        self.sizes.add(other.sizes)
        self.running += other.running


class RequestMetrics(Collector):
    """The request metrics of one server in one registry."""

    def __init__(self, registry: CollectorRegistry, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.clock = clock
        self._series: dict[Labels, Series] = {}
        self._lanes: Lanes | None = None
        registry.register(self)

    def watch_lanes(self, lanes: Lanes) -> None:
        """Publish how many requests are handled and wait."""
        self._lanes = lanes

    def record(self, request: Request, code: int, *, seconds: float, size: int) -> None:
        """One request that was answered."""
        series = self.series(self._known(labels_of(request), code))
        series.seconds.observe(seconds)
        series.sizes.observe(size)
        series.by_code[code] = series.by_code.get(code, 0) + 1

    def series(self, labels: Labels) -> Series:
        found = self._series.get(labels)
        if found is None:
            found = self._series[labels] = Series()
        return found

    def _known(self, labels: Labels, code: int) -> Labels:
        if code < 400 or labels in self._series:
            return labels
        return Labels(labels.verb if labels.verb in _SAFE_VERBS else "OTHER")

    @override
    def collect(self) -> Iterator[Metric]:
        total = CounterMetricFamily(
            "apiserver_request_total",
            "Requests by verb, resource and code.",
            labels=[*_DRY_LABELS, "code", "system_client"],
        )
        duration = HistogramMetricFamily(
            "apiserver_request_duration_seconds",
            "Seconds from a request's arrival to its answer.",
            labels=_DRY_LABELS,
        )
        sli = HistogramMetricFamily(
            "apiserver_request_sli_duration_seconds", "Seconds to an answer, by resource.", labels=_LABELS
        )
        sizes = HistogramMetricFamily("apiserver_response_sizes", "Bytes of answers.", labels=_LABELS)
        running = GaugeMetricFamily(
            "apiserver_longrunning_requests", "Long-running requests now.", labels=_LABELS
        )
        together: dict[tuple[str, ...], Series] = {}
        for labels, series in self._series.items():
            for code, count in series.by_code.items():
                total.add_metric([*labels.dry(), str(code), ""], count)
            duration.add_metric(labels.dry(), series.seconds.buckets(), series.seconds.total)
            together.setdefault(labels.plain(), Series()).add(series)
        for plain, series in together.items():
            sli.add_metric(plain, series.seconds.buckets(), series.seconds.total)
            sizes.add_metric(plain, series.sizes.buckets(), series.sizes.total)
            running.add_metric(plain, series.running)
        yield from (total, duration, sli, sizes, running)
        if self._lanes is not None:
            yield from _lane_metrics(self._lanes)


def _lane_metrics(lanes: Lanes) -> Iterator[Metric]:
    executing = GaugeMetricFamily(
        "apiserver_current_inflight_requests", "Requests handled now.", labels=["request_kind"]
    )
    waiting = GaugeMetricFamily(
        "apiserver_current_inqueue_requests", "Requests waiting for their turn.", labels=["request_kind"]
    )
    for kind, lane in (("readOnly", lanes.reading), ("mutating", lanes.mutating)):
        executing.add_metric([kind], lane.executing)
        waiting.add_metric([kind], lane.waiting)
    yield from (executing, waiting)


def with_metrics(handler: Handler, metrics: RequestMetrics) -> Handler:
    clock = metrics.clock

    async def answer(request: Request) -> Answer:
        started = clock.monotonic()
        code, size = 500, 0
        try:
            response = await handler(request)
            code = response.status
            if isinstance(response, Response):
                size = len(response.body)
            else:
                response.run = _counted(response, request, metrics)
        except ApiError as error:
            code = error.status_code
            raise
        finally:
            metrics.record(request, code, seconds=clock.monotonic() - started, size=size)
        return response

    return answer


def _counted(
    stream: Stream, request: Request, metrics: RequestMetrics
) -> Callable[[Writer], Awaitable[None]]:
    """The stream's run, counted as a long-running request while it lasts."""
    run, series = stream.run, metrics.series(labels_of(request))

    async def counted(writer: Writer) -> None:
        series.running += 1
        try:
            await run(writer)
        finally:
            series.running -= 1

    return counted


def labels_of(request: Request) -> Labels:
    info = request.info
    if not info.is_resource:
        return Labels(request.method)
    verb = _VERBS.get(info.verb, info.verb.upper())
    if verb == "PATCH" and request.headers.get("content-type", "").startswith(_APPLY_TYPE):
        verb = "APPLY"
    elif info.subresource in _CONNECT:
        verb = "CONNECT"
    scope = "resource" if info.name or verb == "POST" else "namespace" if info.namespace else "cluster"
    dry_run = "All" if request.query.get("dryRun") == "All" else ""
    return Labels(verb, dry_run, info.group, info.version, info.resource, info.subresource, scope)
