"""AdmissionContext: what a rule may know about the request it judges; Rules: what a kind's module offers.

Made by handlers/write.py and handlers/delete.py for each request, read by every rule. Lookups answer from the
server's own watch caches, so they cost no request and may be a moment behind other API servers.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from apiserver.request_info import UserInfo
from karmada.api.errors import FieldError, Forbidden
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.objects import Object

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
Follow = Callable[[str, str, Callable[[Object | None, Object | None], None]], None]
"""(group, resource, listener): tell listener (old, new) of what there is and of every change to come."""


class Reader(Protocol):
    """Objects of other kinds, as stored. What it returns is the caller's own."""

    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None: ...

    def list(self, group: str, resource: str, namespace: str = "") -> list[Object]: ...

    async def get_live(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        """Fresh at any price: for decisions where a moment matters."""
        ...


class FollowingReader(Reader, Protocol):
    """A Reader that also tells of changes."""

    def follow(
        self, group: str, resource: str, listener: Callable[[Object | None, Object | None], None]
    ) -> None:
        """Tell listener (old, new) of what there is and of every change to come."""
        ...


@dataclass(slots=True)
class Reinvocation:
    """What mutating webhooks with reinvocationPolicy IfNeeded need to know about one request.

    round is 0, or 1 when the chain runs once more because something changed after it was looked at.
    """

    round: int = 0
    asked: set[str] = field(default_factory=set)
    """Webhooks that want to look again if something changes."""
    again: set[str] = field(default_factory=set)
    """Webhooks that something changed for."""
    wanted: bool = False
    _last: bytes | None = None

    def seen(self, content: bytes) -> None:
        """The object as the webhooks of this round find it."""
        if self.round and self._last is not None and content != self._last:
            self._require()

    def left(self, content: bytes | None) -> None:
        self._last = content

    def changed_by_webhook(self) -> None:
        self.wanted = True
        self._require()

    def _require(self) -> None:
        self.again |= self.asked
        self.asked.clear()


def _as_it_is(obj: Object) -> Object:
    return obj


@dataclass(slots=True)
class AdmissionContext:
    """One request. warnings go to the client as Warning headers."""

    operation: Operation
    resource: GroupVersionResource
    kind: GroupVersionKind
    namespace: str
    name: str
    user: UserInfo
    reader: Reader
    now: str
    """RFC 3339, seconds."""
    subresource: str = ""
    old: Object | None = None
    """The stored object: of an update, a delete, a connect."""
    dry_run: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    """The CreateOptions, UpdateOptions or DeleteOptions as webhooks get them."""
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    """For the audit record of the request."""
    reshape: Callable[[Object], Object] = _as_it_is
    """What brings an object that a patch has changed into its kind's shape again. Raises BadRequest."""
    judged: bool = False
    """Plugins have seen the request already, by the object of its subresource."""
    reinvocation: Reinvocation = field(default_factory=Reinvocation)

    def forbidden(self, text: str) -> Forbidden:
        """The stock 403: `configmaps "a" is forbidden: text`."""
        qualified = self.resource.group_resource
        details: dict[str, object] = {"name": self.name} if self.name else {}
        if self.resource.group:
            details["group"] = self.resource.group
        details["kind"] = self.resource.resource
        return Forbidden(f'{qualified} "{self.name}" is forbidden: {text}', details=details)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the API server itself knows about a kind. All parts are optional.

    default sets fields in place, after the schema's defaults and before the kind's validation; it must come
    to the same result when it runs again on its own. validate gives broken rules or raises Forbidden; old is
    None on create. delete may raise. prepare runs last before validation and may use what mutating webhooks
    left.
    """

    default: Callable[[Object, AdmissionContext], None] | None = None
    validate: Callable[[Object, Object | None, AdmissionContext], list[FieldError]] | None = None
    delete: Callable[[Object, AdmissionContext], None] | None = None
    prepare: Callable[[Object, Object | None, AdmissionContext], None] | None = None
    refuse: Callable[[Object, Object | None, AdmissionContext], Awaitable[None]] | None = None
    """Asynchronous checks after validation, such as quota."""
    subresources: frozenset[str] = frozenset()
    """Those whose writes are prepared and refused like writes of the object itself."""

    def concern(self, context: AdmissionContext) -> bool:
        return not context.subresource or context.subresource in self.subresources
