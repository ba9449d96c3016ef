"""Bounds: how many requests at once, and how long each may take.

In: any handler. Out: the same handler, which answers 429 when too many requests wait already and 504 when
its time is up. Long-running requests (watches, exec, proxying) count for neither.
"""

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from typing import Final

from apiserver.rbac import MASTERS
from apiserver.request_info import Answer, Handler, Request, RequestInfo, Response
from karmada.api.errors import BadRequest, Timeout

_LONG_RUNNING_VERBS: Final = frozenset({"watch", "proxy"})
_LONG_RUNNING_SUBRESOURCES: Final = frozenset({"attach", "exec", "proxy", "log", "portforward"})
_MUTATING: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_DURATION: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_UNIT_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class LimitOptions:
    """How much one server takes on at once. Zero lifts a bound."""

    max_requests_in_flight: int = 400
    """--max-requests-inflight: reading requests handled at the same time."""
    max_mutating_requests_in_flight: int = 200
    """--max-mutating-requests-inflight: writing requests handled at the same time."""
    max_waiting: int = 5000
    """--max-requests-waiting: requests of either kind that may wait for their turn; more are answered 429."""
    max_wait_seconds: float = 15.0
    """--max-request-wait: how long a request waits for its turn before it is answered 429."""
    request_seconds: float = 60.0
    """--request-timeout: how long a request may take that is not long-running."""
    write_seconds: float = 34.0
    """--write-timeout: how long a write may take."""
    fairness: bool = True
    """--enable-priority-and-fairness: share out what --max-requests-inflight and
    --max-mutating-requests-inflight allow together by FlowSchemas and PriorityLevelConfigurations; otherwise
    the two are lanes in which everybody is alike."""


def with_deadline(handler: Handler, options: LimitOptions) -> Handler:
    """handler that answers 504 when it takes longer than it may, or than the client's ?timeout= says."""

    async def answer(request: Request) -> Answer:
        if is_long_running(request.info):
            return await handler(request)
        seconds = deadline_seconds(request, options)
        scope = asyncio.timeout(seconds)
        try:
            async with scope:
                return await handler(request)
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise Timeout("Timeout: request did not complete within the allotted timeout") from error

    return answer


def deadline_seconds(request: Request, options: LimitOptions) -> float:
    """Raises BadRequest for a timeout that is no duration."""
    seconds = options.request_seconds
    if wanted := request.query.get("timeout"):
        try:
            seconds = min(parse_duration(wanted) or seconds, seconds)
        except ValueError as error:
            raise BadRequest(f"invalid timeout specified in the request URL - {error}") from error
    return min(seconds, options.write_seconds) if is_mutating(request.info) else seconds


def with_in_flight_limit(handler: Handler, lanes: "Lanes") -> Handler:
    """handler in its lane. Administrators are never held up, so that they can repair an overloaded server."""

    async def answer(request: Request) -> Answer:
        if is_long_running(request.info) or (request.user is not None and MASTERS in request.user.groups):
            return await handler(request)
        lane = lanes.mutating if is_mutating(request.info) else lanes.reading
        if not await lane.enter():
            return too_many_requests()
        try:
            return await handler(request)
        finally:
            lane.leave()

    return answer


class Lanes:
    """The two lanes of a server: reading and mutating requests."""

    def __init__(self, options: LimitOptions) -> None:
        self.reading = Lane(options.max_requests_in_flight, options)
        self.mutating = Lane(options.max_mutating_requests_in_flight, options)


class Lane:
    """Up to limit requests at once, the others wait in line for a while."""

    def __init__(self, limit: int, options: LimitOptions) -> None:
        self.limit = limit
        self.options = options
        self.executing = 0
        self.elsewhere = 0
        """Those that wait in the queues of priority and fairness."""
        self._line: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        return len(self._line) + self.elsewhere

    async def enter(self) -> bool:
        """Take a place, waiting for one if need be. False when the line is too long or does not move."""
        if not self.limit or self.executing < self.limit:
            self.executing += 1
            return True
        if len(self._line) >= self.options.max_waiting:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(self.options.max_wait_seconds):
                await turn
        except BaseException as error:
            self._give_up(turn)
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    def leave(self) -> None:
        """Give the place to the next in line, or back."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.executing -= 1

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled():
            self.leave()  # the turn came in the same moment: somebody else takes it
        elif turn in self._line:
            self._line.remove(turn)


def is_long_running(info: RequestInfo) -> bool:
    if info.is_resource:
        return info.verb in _LONG_RUNNING_VERBS or info.subresource in _LONG_RUNNING_SUBRESOURCES
    return info.path.startswith("/debug/pprof/")


def is_mutating(info: RequestInfo) -> bool:
    return info.verb in _MUTATING


def too_many_requests() -> Response:
    body = b"Too many requests, please try again later."
    return Response(429, body, "text/plain; charset=utf-8", {"Retry-After": "1"})


def parse_duration(text: str) -> float:
    """Seconds of a duration such as `1m30s` or `32s`. Raises ValueError with the stock text."""
    if text == "0":
        return 0.0
    rest = text.removeprefix("+")
    seconds, position = 0.0, 0
    while match := _DURATION.match(rest, position):
        seconds += float(match[1]) * _UNIT_SECONDS[match[2]]
        position = match.end()
    if not position or position != len(rest):
        raise ValueError(f'time: invalid duration "{text}"')
    return seconds
