"""Priority and fairness: every request belongs to a flow schema, and that to a priority level with its seats.

In: FlowSchema and PriorityLevelConfiguration objects as they change, and requests. Out: the same requests,
in turn, with schema and level written on them for headers.py; or 429. Long-running requests count for
nothing. fair_queuing.py keeps seats and queues, flow_metrics.py shows them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from apiserver.filters.fair_queuing import CATCH_ALL, EXEMPT, Refused, Seats
from apiserver.filters.flow_metrics import FlowMetrics
from apiserver.filters.limits import Lanes, is_long_running, is_mutating, too_many_requests
from apiserver.rbac import MASTERS, Attributes
from apiserver.rbac.index import path_matches
from apiserver.request_info import Answer, Handler, Request, RequestInfo, UserInfo
from karmada.api.objects import Object, name_of, uid_of
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

OBJECTS_PER_SEAT: Final = 100
WIDEST: Final = 10
"""Seats of the largest list."""
_REMEMBERED: Final = 20_000
_ALL: Final = "*"
_ACCOUNT_PREFIX: Final = "system:serviceaccount:"

ObjectsOf = Callable[[str, str], int]
"""How many objects of (group, resource) there are, more or less."""


class Flow(NamedTuple):
    """Where a request belongs: names and uids, and a number for the flow within the schema."""

    schema: str
    level: str
    schema_uid: str = ""
    level_uid: str = ""
    number: int = 0


_EXEMPT_FLOW: Final = Flow(EXEMPT, EXEMPT)
_CATCH_ALL_FLOW: Final = Flow(CATCH_ALL, CATCH_ALL)


@dataclass(slots=True)
class FlowIndex:
    """The schemas in the order they are tried. Answers are remembered until something changes.

    on_levels is told the levels when one of them changes.
    """

    on_levels: Callable[[list[Object]], None] | None = None
    _schemas: dict[str, Object] = field(default_factory=dict)
    _levels: dict[str, Object] = field(default_factory=dict)
    _ordered: list[Object] = field(default_factory=list)
    _known: dict[Any, Flow] = field(default_factory=dict)

    def apply(self, kind: str, old: Object | None, new: Object | None) -> None:
        """One change: old None for a new object, new None for a deleted one."""
        obj = new if new is not None else old
        if obj is None:
            return
        kept = self._schemas if kind == "FlowSchema" else self._levels
        if new is None:
            kept.pop(name_of(obj), None)
        else:
            kept[name_of(obj)] = new
        self._ordered = sorted(self._schemas.values(), key=_precedence)
        self._known.clear()
        if kept is self._levels and self.on_levels is not None:
            self.on_levels(list(self._levels.values()))

    def flow_of(self, user: UserInfo, info: RequestInfo) -> Flow:
        """The first schema that matches and whose level exists; what nobody wants is for catch-all.

        Administrators are exempt whatever the schemas say, so that they can mend them.
        """
        asked = Attributes.of(info)._replace(name="")
        key = (user.name, user.groups, asked)
        flow = self._known.get(key)
        if flow is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            flow = self._known[key] = self._find(user, asked)
        return flow

    def _find(self, user: UserInfo, asked: Attributes) -> Flow:
        if MASTERS in user.groups:
            found = self._schemas.get(EXEMPT)
            level = self._levels.get(EXEMPT) or {}
            return _EXEMPT_FLOW._replace(schema_uid=uid_of(found or {}), level_uid=uid_of(level))
        for schema in self._ordered:
            spec = schema.get("spec") or {}
            level_name = (spec.get("priorityLevelConfiguration") or {}).get("name") or ""
            if level_name not in self._levels:
                continue
            if any(rule_matches(rule, user, asked) for rule in spec.get("rules") or ()):
                name = name_of(schema)
                number = _number(name, spec.get("distinguisherMethod") or {}, user, asked)
                return Flow(name, level_name, uid_of(schema), uid_of(self._levels[level_name]), number)
        return _CATCH_ALL_FLOW


def _number(schema: str, method: Object, user: UserInfo, asked: Attributes) -> int:
    """Requests with the same number are one flow."""
    by = {"ByUser": user.name, "ByNamespace": asked.namespace}.get(method.get("type") or "", "")
    return hash((schema, by)) & (1 << 60) - 1


@dataclass(frozen=True, slots=True)
class FlowControl:
    """What the filter needs. objects_of makes long lists wide; lanes count by kind, for the metrics."""

    index: FlowIndex
    seats: Seats
    metrics: FlowMetrics
    lanes: Lanes
    patience_seconds: float
    objects_of: ObjectsOf
    clock: Clock = SYSTEM_CLOCK


def with_priority_and_fairness(handler: Handler, control: FlowControl) -> Handler:
    """handler in its turn. Goes inside impersonation: it is the user acted as that counts."""
    seats, lanes, metrics, clock = control.seats, control.lanes, control.metrics, control.clock

    async def answer(request: Request) -> Answer:
        user = request.user
        if user is None:
            return await handler(request)
        flow = request.flow = control.index.flow_of(user, request.info)
        if is_long_running(request.info):
            return await handler(request)
        level = seats.levels.get(flow.level) or seats.levels[CATCH_ALL]
        mutating = is_mutating(request.info)
        counted = metrics.of(flow)
        width = 1 if level.exempt else width_of(request, control.objects_of)
        lane = lanes.mutating if mutating else lanes.reading
        if not level.queues and seats.free_for(level, width):
            seats.take(level, width)
            counted.at_once += 1
        else:
            began = clock.monotonic()
            counted.queued += 1
            lane.elsewhere += 1
            try:
                await seats.wait(level, flow=flow.number, seats=width, patience=control.patience_seconds)
            except Refused as refusal:
                counted.refuse(refusal.reason, clock.monotonic() - began)
                return too_many_requests()
            finally:
                counted.queued -= 1
                lane.elsewhere -= 1
            counted.waits.observe(clock.monotonic() - began)
        lane.executing += 1
        counted.executing += 1
        try:
            return await handler(request)
        finally:
            counted.executing -= 1
            lane.executing -= 1
            seats.leave(level, width)

    return answer


def width_of(request: Request, objects_of: ObjectsOf) -> int:
    """Seats of a request: a list has more, the more it may bring."""
    info = request.info
    if info.verb != "list" or info.name:
        return 1
    count = objects_of(info.group, info.resource)
    limit = request.query.get("limit")
    if limit.isdecimal() and int(limit):
        count = min(count, int(limit))
    return max(1, min(WIDEST, -(-count // OBJECTS_PER_SEAT)))


def rule_matches(rule: Object, user: UserInfo, asked: Attributes) -> bool:
    """Some subject and some rule about what is asked match. Pure."""
    if not any(subject_matches(subject, user) for subject in rule.get("subjects") or ()):
        return False
    if asked.path:
        return any(_path_rule_matches(one, asked) for one in rule.get("nonResourceRules") or ())
    return any(_resource_rule_matches(one, asked) for one in rule.get("resourceRules") or ())


def subject_matches(subject: Object, user: UserInfo) -> bool:
    match subject.get("kind"):
        case "User":
            return (subject.get("user") or {}).get("name") in (_ALL, user.name)
        case "Group":
            wanted = (subject.get("group") or {}).get("name")
            return wanted == _ALL or wanted in user.groups
        case "ServiceAccount":
            account = subject.get("serviceAccount") or {}
            prefix = f"{_ACCOUNT_PREFIX}{account.get('namespace')}:"
            name = account.get("name")
            return user.name.startswith(prefix) if name == _ALL else user.name == f"{prefix}{name}"
    return False


def _path_rule_matches(rule: Object, asked: Attributes) -> bool:
    return _has(rule, "verbs", asked.verb) and any(
        path_matches(pattern, asked.path) for pattern in rule.get("nonResourceURLs") or ()
    )


def _resource_rule_matches(rule: Object, asked: Attributes) -> bool:
    if not (_has(rule, "verbs", asked.verb) and _has(rule, "apiGroups", asked.group)):
        return False
    if not _has(rule, "resources", asked.resource):
        return False
    return _has(rule, "namespaces", asked.namespace) if asked.namespace else bool(rule.get("clusterScope"))


def _has(rule: Object, part: str, value: str) -> bool:
    listed = rule.get(part) or ()
    return _ALL in listed or value in listed


def _precedence(schema: Object) -> tuple[int, str]:
    return (schema.get("spec") or {}).get("matchingPrecedence") or 1000, name_of(schema)
