"""Kubernetes' authorizer: what an expression may ask about rights.

The value of the variable is an Authorizer around a function from Attributes to a Decision; the function
belongs to the server. Each check costs as much as many steps: it looks through all rules of a user.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from apiserver.schema.cel.terms import Overload, member
from apiserver.schema.cel.types import BOOL, STRING, opaque
from apiserver.schema.cel.values import EvaluationError, Meter, Opaque

AUTHORIZER: Final = opaque("kubernetes.authorization.Authorizer")
PATH: Final = opaque("kubernetes.authorization.PathCheck")
GROUP: Final = opaque("kubernetes.authorization.GroupCheck")
RESOURCE: Final = opaque("kubernetes.authorization.ResourceCheck")
DECISION: Final = opaque("kubernetes.authorization.Decision")
CHECK_COST: Final = 350_000


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is asked: a resource, or a path. user is a service account's full name, "" for the requester."""

    verb: str = ""
    path: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    user: str = ""


class Allowed(Protocol):
    @property
    def allowed(self) -> bool: ...

    @property
    def reason(self) -> str: ...


Ask = Callable[[Attributes], Allowed]


class Check(Opaque):
    """Any of the four steps of a question; the class decides which."""

    __slots__ = ("ask", "attributes")

    def __init__(self, ask: Ask, attributes: Attributes) -> None:
        self.ask, self.attributes = ask, attributes


class Authorizer(Check):
    __slots__ = ()
    type_name = AUTHORIZER.name


class PathCheck(Check):
    __slots__ = ()
    type_name = PATH.name


class GroupCheck(Check):
    __slots__ = ()
    type_name = GROUP.name


class ResourceCheck(Check):
    __slots__ = ()
    type_name = RESOURCE.name


class Decision(Opaque):
    __slots__ = ("allowed", "error", "reason")
    type_name = DECISION.name

    def __init__(self, answer: Allowed | None, error: str = "") -> None:
        self.allowed = answer is not None and answer.allowed
        self.reason = answer.reason if answer is not None else ""
        self.error = error


def _step(kind: type[Check], **names: int) -> Callable[..., Check]:
    """The next step of a question: named attributes from the arguments at these places."""

    def call(before: Check, *args: str) -> Check:
        found = {name: args[place] for name, place in names.items()}
        return kind(before.ask, replace(before.attributes, **found))

    return call


def _path(before: Check, path: str) -> Check:
    if not path:
        raise EvaluationError("path must not be empty")
    return PathCheck(before.ask, replace(before.attributes, path=path))


def _service_account(before: Check, namespace: str, name: str) -> Check:
    user = f"system:serviceaccount:{namespace}:{name}"
    return Authorizer(before.ask, replace(before.attributes, user=user))


def _check(meter: Meter, question: Check, verb: str) -> Decision:
    meter.charge(CHECK_COST)
    return Decision(question.ask(replace(question.attributes, verb=verb)))


def _is_errored(decision: Decision) -> bool:
    return bool(decision.error)


def _text(name: str) -> Callable[[Any], str]:
    return lambda decision: str(getattr(decision, name))


AUTHORIZERS: Final[list[Overload]] = [
    member("path", [AUTHORIZER, STRING], PATH, _path),
    member("group", [AUTHORIZER, STRING], GROUP, _step(GroupCheck, group=0)),
    member("serviceAccount", [AUTHORIZER, STRING, STRING], AUTHORIZER, _service_account),
    member("resource", [GROUP, STRING], RESOURCE, _step(ResourceCheck, resource=0)),
    member("subresource", [RESOURCE, STRING], RESOURCE, _step(ResourceCheck, subresource=0)),
    member("namespace", [RESOURCE, STRING], RESOURCE, _step(ResourceCheck, namespace=0)),
    member("name", [RESOURCE, STRING], RESOURCE, _step(ResourceCheck, name=0)),
    member("check", [PATH, STRING], DECISION, _check, metered=True),
    member("check", [RESOURCE, STRING], DECISION, _check, metered=True),
    member("allowed", [DECISION], BOOL, lambda decision: decision.allowed),
    member("reason", [DECISION], STRING, _text("reason")),
    member("errored", [DECISION], BOOL, _is_errored),
    member("error", [DECISION], STRING, _text("error")),
]
