"""Request metrics under the names dashboards know. Microseconds a request: children are kept per label set.

In: any handler, below errors.py's answers (an ApiError that passes is counted by its code). Out: the same
handler. Labels of requests that fail are only used once a request with them succeeded, so that nobody can
make series at will.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from apiserver.filters.limits import Lanes
from apiserver.request_info import Answer, Handler, Request, Response, Stream, Writer
from karmada.api.errors import ApiError
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

_LABELS: Final = ("verb", "group", "version", "resource", "subresource", "scope", "component")
_DRY_LABELS: Final = ("verb", "dry_run", *_LABELS[1:])
_DURATION_BUCKETS: Final = (
    *(0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0),
    *(3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0),
)
_SIZE_BUCKETS: Final = (1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
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
        return (self.verb, *self[2:], _COMPONENT)


@dataclass(slots=True)
class _Children:
    """The metrics of one label set, resolved once."""

    duration: Histogram
    sli: Histogram
    size: Histogram
    running: Gauge
    by_code: dict[int, Counter] = field(default_factory=dict)


class RequestMetrics:
    """The request metrics of one server in one registry."""

    def __init__(self, registry: CollectorRegistry, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.clock = clock
        self.registry = registry
        self._total = Counter(
            "apiserver_request_total",
            "Requests by verb, resource and code.",
            (*_DRY_LABELS, "code", "system_client"),
            registry=registry,
        )
        self._duration = Histogram(
            "apiserver_request_duration_seconds",
            "Seconds from a request's arrival to its answer.",
            _DRY_LABELS,
            buckets=_DURATION_BUCKETS,
            registry=registry,
        )
        self._sli = Histogram(
            "apiserver_request_sli_duration_seconds",
            "As apiserver_request_duration_seconds, without what clients are to blame for.",
            _LABELS,
            buckets=_DURATION_BUCKETS,
            registry=registry,
        )
        self._sizes = Histogram(
            "apiserver_response_sizes", "Bytes of answers.", _LABELS, buckets=_SIZE_BUCKETS, registry=registry
        )
        self._running = Gauge(
            "apiserver_longrunning_requests", "Long-running requests now.", _LABELS, registry=registry
        )
        self._children: dict[Labels, _Children] = {}

    def watch_lanes(self, lanes: Lanes) -> None:
        """Publish how many requests are handled and wait."""
        executing = Gauge(
            "apiserver_current_inflight_requests",
            "Requests handled now.",
            ("request_kind",),
            registry=self.registry,
        )
        waiting = Gauge(
            "apiserver_current_inqueue_requests",
            "Requests waiting for their turn.",
            ("request_kind",),
            registry=self.registry,
        )
        for kind, lane in (("readOnly", lanes.reading), ("mutating", lanes.mutating)):
            executing.labels(kind).set_function(partial(getattr, lane, "executing"))
            waiting.labels(kind).set_function(partial(getattr, lane, "waiting"))

    def record(self, request: Request, code: int, *, seconds: float, size: int) -> None:
        """One request that was answered."""
        labels = self._known(labels_of(request), code)
        children = self.children(labels)
        children.duration.observe(seconds)
        children.sli.observe(seconds)
        children.size.observe(size)
        self.count(labels, children, code)

    def count(self, labels: Labels, children: _Children, code: int) -> None:
        counter = children.by_code.get(code)
        if counter is None:
            values = (labels.verb, labels.dry_run, *labels[2:], _COMPONENT, str(code), "")
            counter = children.by_code[code] = self._total.labels(*values)
        counter.inc()

    def children(self, labels: Labels) -> _Children:
        found = self._children.get(labels)
        if found is None:
            plain = labels.plain()
            found = self._children[labels] = _Children(
                self._duration.labels(labels.verb, labels.dry_run, *plain[1:]),
                self._sli.labels(*plain),
                self._sizes.labels(*plain),
                self._running.labels(*plain),
            )
        return found

    def _known(self, labels: Labels, code: int) -> Labels:
        if code < 400 or labels in self._children:
            return labels
        return Labels(labels.verb if labels.verb in _SAFE_VERBS else "OTHER")


_SAFE_VERBS: Final = frozenset({*_VERBS.values(), "APPLY", "HEAD", "OPTIONS"})


def with_metrics(handler: Handler, metrics: RequestMetrics) -> Handler:
    async def answer(request: Request) -> Answer:
        started = metrics.clock.monotonic()
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
            metrics.record(request, code, seconds=metrics.clock.monotonic() - started, size=size)
        return response

    return answer


def _counted(
    stream: Stream, request: Request, metrics: RequestMetrics
) -> Callable[[Writer], Awaitable[None]]:
    """The stream's run, counted as a long-running request while it lasts."""
    run, gauge = stream.run, metrics.children(labels_of(request)).running

    async def counted(writer: Writer) -> None:
        gauge.inc()
        try:
            await run(writer)
        finally:
            gauge.dec()

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
