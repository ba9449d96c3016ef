"""Flow schemas: which one a request belongs to, told to the client in two headers.

In: FlowSchema and PriorityLevelConfiguration objects as they change, and requests. Out: the uids of the
matching schema and of its priority level. How many requests run at once is bounded in limits.py for all
levels together.
"""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from apiserver.filters.errors import error_response
from apiserver.rbac import Attributes
from apiserver.rbac.index import path_matches
from apiserver.request_info import Answer, Handler, Request, RequestInfo, UserInfo
from karmada.api.errors import ApiError
from karmada.api.objects import Object, name_of, uid_of

FLOW_HEADER: Final = "X-Kubernetes-PF-FlowSchema-UID"
LEVEL_HEADER: Final = "X-Kubernetes-PF-PriorityLevel-UID"
_REMEMBERED: Final = 20_000
_ALL: Final = "*"
_ACCOUNT_PREFIX: Final = "system:serviceaccount:"


class Flow(NamedTuple):
    """Where a request belongs: names and uids."""

    schema: str
    level: str
    schema_uid: str
    level_uid: str


@dataclass(slots=True)
class FlowIndex:
    """The schemas in the order they are tried. Answers are remembered until something changes."""

    _schemas: dict[str, Object] = field(default_factory=dict)
    _levels: dict[str, Object] = field(default_factory=dict)
    _ordered: list[Object] = field(default_factory=list)
    _known: dict[Any, Flow | None] = field(default_factory=dict)

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

    def flow_of(self, user: UserInfo, info: RequestInfo) -> Flow | None:
        """The first schema that matches; None when none does."""
        asked = Attributes.of(info)._replace(name="")
        key = (user.name, user.groups, asked)
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = self._find(user, asked)
        return self._known[key]

    def _find(self, user: UserInfo, asked: Attributes) -> Flow | None:
        for schema in self._ordered:
            spec = schema.get("spec") or {}
            if any(rule_matches(rule, user, asked) for rule in spec.get("rules") or ()):
                level = (spec.get("priorityLevelConfiguration") or {}).get("name") or ""
                return Flow(name_of(schema), level, uid_of(schema), uid_of(self._levels.get(level) or {}))
        return None


def with_flow_headers(handler: Handler, index: FlowIndex) -> Handler:
    """handler whose answers, refusals included, say which schema and level the request belongs to.

    Goes right inside authentication: the user is looked at afterwards, when impersonation has had its turn.
    """

    async def answer(request: Request) -> Answer:
        response: Answer
        try:
            response = await handler(request)
        except ApiError as error:
            response = error_response(error, request.headers.get("accept", ""))
        flow = index.flow_of(request.user, request.info) if request.user is not None else None
        if flow is not None:
            response.headers[FLOW_HEADER] = flow.schema_uid
            response.headers[LEVEL_HEADER] = flow.level_uid
        return response

    return answer


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
