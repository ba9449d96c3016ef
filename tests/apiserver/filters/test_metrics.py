"""Requests are counted under the names dashboards know."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from apiserver.filters.limits import Lanes, LimitOptions
from apiserver.filters.metrics import RequestMetrics, labels_of, with_metrics
from apiserver.request_info import Request, Response, Stream, Writer
from karmada.api.errors import NotFound
from karmada.runtime.clock import ManualClock
from tests.apiserver.filters import Reached, request

PODS = {
    "verb": "LIST", "group": "", "version": "v1", "resource": "pods", "subresource": "", "scope": "cluster",
    "component": "apiserver",
}  # fmt: skip
COUNTED = {**PODS, "dry_run": "", "code": "200", "system_client": ""}


def value(registry: CollectorRegistry, name: str, labels: dict[str, str]) -> float | None:
    return registry.get_sample_value(name, labels)


async def test_a_request_is_counted_timed_and_sized() -> None:
    registry, clock = CollectorRegistry(), ManualClock()

    async def slow(asked: Request) -> Response:
        clock.advance(0.3)
        return Response(200, b"x" * 50)

    await with_metrics(slow, RequestMetrics(registry, clock=clock))(request("GET", "/api/v1/pods"))
    assert value(registry, "apiserver_request_total", COUNTED) == 1
    assert value(
        registry, "apiserver_request_duration_seconds_sum", {**PODS, "dry_run": ""}
    ) == pytest.approx(0.3)
    assert value(registry, "apiserver_request_sli_duration_seconds_count", PODS) == 1
    assert value(registry, "apiserver_response_sizes_sum", PODS) == 50


async def test_dry_runs_share_the_series_that_do_not_tell_them_apart() -> None:
    registry = CollectorRegistry()
    handler = with_metrics(Reached(), RequestMetrics(registry))
    await handler(request("GET", "/api/v1/pods"))
    await handler(request("GET", "/api/v1/pods", query={"dryRun": "All"}))
    assert value(registry, "apiserver_request_sli_duration_seconds_count", PODS) == 2
    assert value(registry, "apiserver_request_total", {**COUNTED, "dry_run": "All"}) == 1
    text = generate_latest(registry).decode().splitlines()
    assert len(text) == len(set(text))


async def test_failures_do_not_make_new_series() -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry)
    failing = with_metrics(Reached(NotFound("no")), metrics)
    for number in range(20):
        with pytest.raises(NotFound):
            await failing(request("GET", f"/apis/made-up-{number}.io/v1/things"))
    assert b"made-up" not in generate_latest(registry)
    await with_metrics(Reached(), metrics)(request("GET", "/api/v1/pods"))
    with pytest.raises(NotFound):
        await failing(request("GET", "/api/v1/pods"))
    assert value(registry, "apiserver_request_total", {**COUNTED, "code": "404"}) == 1


async def test_streams_are_counted_while_they_last() -> None:
    registry = CollectorRegistry()
    seen: list[float | None] = []
    labels = {**PODS, "verb": "WATCH"}

    async def run(writer: Writer) -> None:
        seen.append(value(registry, "apiserver_longrunning_requests", labels))

    stream = Stream(run)
    watching = request("GET", "/api/v1/pods", query={"watch": "1"})
    await with_metrics(Reached(stream), RequestMetrics(registry))(watching)
    await stream.run(writer=None)  # type: ignore[call-arg]
    assert seen == [1]
    assert value(registry, "apiserver_longrunning_requests", labels) == 0


async def test_lanes_show_how_full_they_are() -> None:
    registry, lanes = CollectorRegistry(), Lanes(LimitOptions())
    RequestMetrics(registry).watch_lanes(lanes)
    await lanes.mutating.enter()
    assert value(registry, "apiserver_current_inflight_requests", {"request_kind": "mutating"}) == 1
    assert value(registry, "apiserver_current_inflight_requests", {"request_kind": "readOnly"}) == 0


@pytest.mark.parametrize(
    ("method", "path", "headers", "verb", "scope"),
    [
        pytest.param("GET", "/api/v1/namespaces/t1/pods/p", {}, "GET", "resource", id="get"),
        pytest.param("GET", "/api/v1/namespaces/t1/pods", {}, "LIST", "namespace", id="list"),
        pytest.param("POST", "/api/v1/namespaces/t1/pods", {}, "POST", "resource", id="create"),
        pytest.param(
            "PATCH",
            "/api/v1/namespaces/t1/pods/p",
            {"Content-Type": "application/apply-patch+yaml"},
            "APPLY",
            "resource",
            id="apply",
        ),
        pytest.param("POST", "/api/v1/namespaces/t1/pods/p/exec", {}, "CONNECT", "resource", id="exec"),
        pytest.param("GET", "/version", {}, "GET", "", id="path"),
    ],
)
def test_labels(method: str, path: str, headers: dict[str, str], verb: str, scope: str) -> None:
    labels = labels_of(request(method, path, headers=headers))
    assert (labels.verb, labels.scope) == (verb, scope)
