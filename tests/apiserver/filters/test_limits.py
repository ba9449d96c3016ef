"""How many at once, and how long."""

import asyncio

import pytest

from apiserver.filters.limits import (
    Lanes,
    LimitOptions,
    deadline_seconds,
    is_long_running,
    parse_duration,
    with_deadline,
    with_in_flight_limit,
)
from apiserver.request_info import Answer, Handler, Request, Response, UserInfo
from karmada.api.errors import BadRequest, Timeout
from tests.apiserver.filters import Reached, request


class Gate:
    """A handler that answers when it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.entered = 0

    async def __call__(self, asked: Request) -> Answer:
        self.entered += 1
        await self.open.wait()
        return Response(200)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def get_pods() -> Request:
    return request("GET", "/api/v1/pods")


async def ask(handler: Handler) -> Answer:
    return await handler(get_pods())


async def test_more_than_the_limit_wait_their_turn_in_order() -> None:
    lanes = Lanes(LimitOptions(max_requests_in_flight=2))
    gate = Gate()
    handler = with_in_flight_limit(gate, lanes)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(handler)) for _ in range(5)]
        await settled()
        assert (gate.entered, lanes.reading.executing, lanes.reading.waiting) == (2, 2, 3)
        gate.open.set()
    assert [task.result().status for task in tasks] == [200] * 5
    assert (lanes.reading.executing, lanes.reading.waiting) == (0, 0)


async def test_a_full_line_is_told_to_come_back() -> None:
    lanes = Lanes(LimitOptions(max_requests_in_flight=1, max_waiting=1))
    gate = Gate()
    handler = with_in_flight_limit(gate, lanes)
    async with asyncio.TaskGroup() as group:
        group.create_task(ask(handler))
        group.create_task(ask(handler))
        await settled()
        answer = await handler(get_pods())
        assert isinstance(answer, Response)
        assert (answer.status, answer.body) == (429, b"Too many requests, please try again later.")
        assert answer.headers == {"Retry-After": "1"}
        gate.open.set()


async def test_a_line_that_does_not_move_is_told_to_come_back() -> None:
    lanes = Lanes(LimitOptions(max_requests_in_flight=1, max_wait_seconds=0.01))
    gate = Gate()
    handler = with_in_flight_limit(gate, lanes)
    async with asyncio.TaskGroup() as group:
        group.create_task(ask(handler))
        await settled()
        assert (await handler(get_pods())).status == 429
        assert lanes.reading.waiting == 0
        gate.open.set()
    assert lanes.reading.executing == 0


async def test_a_client_that_gives_up_leaves_the_line() -> None:
    lanes = Lanes(LimitOptions(max_requests_in_flight=1))
    gate = Gate()
    handler = with_in_flight_limit(gate, lanes)
    async with asyncio.TaskGroup() as group:
        group.create_task(ask(handler))
        waiting = group.create_task(ask(handler))
        await settled()
        waiting.cancel()
        await settled()
        assert lanes.reading.waiting == 0
        gate.open.set()
    assert lanes.reading.executing == 0
    assert (await handler(get_pods())).status == 200


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(request("POST", "/api/v1/namespaces/t1/pods"), id="the-other-lane"),
        pytest.param(request("GET", "/api/v1/pods", query={"watch": "1"}), id="watch"),
        pytest.param(
            request("GET", "/api/v1/pods", user=UserInfo("root", ("system:masters",))), id="masters"
        ),
    ],
)
async def test_a_full_lane_does_not_hold_up(asked: Request) -> None:
    lanes = Lanes(LimitOptions(max_requests_in_flight=1))
    assert await lanes.reading.enter()
    assert (await with_in_flight_limit(Reached(), lanes)(asked)).status == 200


async def test_an_answer_that_takes_too_long_is_a_timeout() -> None:
    handler = with_deadline(Gate(), LimitOptions(request_seconds=0.01))
    with pytest.raises(Timeout) as error:
        await handler(get_pods())
    assert error.value.message == "Timeout: request did not complete within the allotted timeout"
    assert error.value.status_code == 504


async def test_a_handlers_own_timeout_is_not_taken_for_the_deadline() -> None:
    handler = with_deadline(Reached(TimeoutError("inner")), LimitOptions())
    with pytest.raises(TimeoutError, match="inner"):
        await handler(get_pods())


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        pytest.param(get_pods(), 60.0, id="reads"),
        pytest.param(request("POST", "/api/v1/namespaces/t1/pods"), 34.0, id="writes"),
        pytest.param(request("GET", "/api/v1/pods", query={"timeout": "1m30s"}), 60.0, id="capped"),
        pytest.param(request("GET", "/api/v1/pods", query={"timeout": "1.5s"}), 1.5, id="shorter-when-asked"),
        pytest.param(request("GET", "/api/v1/pods", query={"timeout": "0s"}), 60.0, id="zero-is-the-default"),
    ],
)
def test_how_long_a_request_may_take(asked: Request, seconds: float) -> None:
    assert deadline_seconds(asked, LimitOptions()) == seconds


def test_an_unreadable_timeout_is_a_bad_request() -> None:
    with pytest.raises(
        BadRequest, match=r"^invalid timeout specified in the request URL - time: invalid duration"
    ):
        deadline_seconds(request("GET", "/api/v1/pods", query={"timeout": "soon"}), LimitOptions())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("32s", 32), ("1h2m3s", 3723), ("500ms", 0.5), ("0", 0), (".5m", 30)],
)
def test_durations_are_read_as_go_writes_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        pytest.param("/api/v1/pods", {"watch": "true"}, True, id="watch"),
        pytest.param("/api/v1/namespaces/t1/pods/p/log", {}, True, id="log"),
        pytest.param("/apis/cluster.karmada.io/v1alpha1/clusters/m1/proxy/api", {}, True, id="cluster-proxy"),
        pytest.param("/api/v1/pods", {}, False, id="list"),
        pytest.param("/healthz", {}, False, id="health"),
    ],
)
def test_what_may_run_for_long(path: str, query: dict[str, str], expected: bool) -> None:
    assert is_long_running(request("GET", path, query=query).info) is expected
