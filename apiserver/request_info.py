"""One request, parsed once: who asks (UserInfo), for what (RequestInfo), with what (Request); and Response.

app/ builds a Request from aiohttp, filters and handlers read it and answer with a Response or a Stream. No
handler knows the HTTP server, so it can be tested and moved without it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who asks. extra keys are lower case."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What a method and path ask for. Non-resource requests have is_resource False and the lower-case method
    as verb.

    name is "" for collections; with a metadata.name field selector on a collection it carries that name.
    rest is what follows a subresource in the path (`proxy/api/v1/pods` -> "/api/v1/pods").
    """

    path: str
    verb: str
    is_resource: bool = False
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    rest: str = ""
    field_selector: str = ""
    label_selector: str = ""
    """As written, of lists, watches and deletions of collections; for authorizers that want to know."""

    @classmethod
    def parse(cls, method: str, path: str, query: "Query") -> "RequestInfo":
        """What method and the decoded path ask for. Never raises: what is no resource is a non-resource "
        "request."""
        segments = path.split("/")[1:]
        if segments and not segments[-1]:
            segments.pop()
        if segments and segments[0] == "api" and len(segments) >= 3:
            group, version, rest = "", segments[1], segments[2:]
        elif segments and segments[0] == "apis" and len(segments) >= 4:
            group, version, rest = segments[1], segments[2], segments[3:]
        else:
            return cls(path=path, verb=method.lower())
        if "" in rest[:3]:
            return cls(path=path, verb=method.lower())
        return _resource_info(method, path, group, version, rest, query)


class Query:
    """Query parameters; get gives the first value, getall all of them."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, list[str]] | None = None) -> None:
        self._values = dict(values or {})

    def get(self, name: str, default: str = "") -> str:
        found = self._values.get(name)
        return found[0] if found else default

    def getall(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def encoded(self) -> str:
        """As it is written behind the `?`."""
        return urlencode(self._values, doseq=True)

    def __contains__(self, name: object) -> bool:
        return name in self._values


_ITEM_VERBS = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_TRUE = ("true", "1")


def _resource_info(
    method: str, path: str, group: str, version: str, segments: list[str], query: Query
) -> RequestInfo:
    """segments is what follows the group version, never empty."""
    old_watch = segments[0] == "watch" and len(segments) > 1
    if old_watch:
        segments = segments[1:]
    namespace = ""
    if segments[0] == "namespaces" and len(segments) > 1:
        namespace = segments[1]
        if len(segments) > 2 and segments[2] not in ("status", "finalize"):
            segments = segments[2:]
    name = segments[1] if len(segments) > 1 else ""
    subresource = segments[2] if len(segments) > 2 else ""
    rest = "/" + "/".join(segments[3:]) if len(segments) > 3 else ""
    if rest and path.endswith("/"):
        rest += "/"
    verb = _ITEM_VERBS.get(method, method.lower())
    if not name:
        if verb == "get":
            verb = "watch" if query.get("watch") in _TRUE else "list"
        elif verb == "delete":
            verb = "deletecollection"
    if old_watch and verb in ("get", "list"):
        verb = "watch"
    fields = labels = ""
    if not name and verb in ("list", "watch", "deletecollection"):
        fields, labels = query.get("fieldSelector"), query.get("labelSelector")
        name = _selected_name(fields)
    return RequestInfo(
        path,
        verb,
        is_resource=True,
        group=group,
        version=version,
        resource=segments[0],
        subresource=subresource,
        namespace=namespace,
        name=name,
        rest=rest,
        field_selector=fields,
        label_selector=labels,
    )


def _selected_name(field_selector: str) -> str:
    """The name that metadata.name=X asks for, or ""."""
    for term in field_selector.split(",") if field_selector else ():
        label, equals, value = term.partition("=")
        if equals and label == "metadata.name":
            return value.removeprefix("=")
    return ""


@dataclass(slots=True)
class Request:
    """A request with its body read. headers has lower-case names. user is set by the authentication filter.

    peer_certificate (DER) is one the client proved to hold the key of, whoever issued it; connection is
    app.py's handle on the raw connection, which only handlers/connect.py passes back to it for upgrades.
    """

    method: str
    info: RequestInfo
    query: Query
    headers: Mapping[str, str]
    body: bytes = b""
    user: UserInfo | None = None
    peer_certificate: bytes | None = None
    remote: str = ""
    audit_id: str = ""
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    """What the audit record says besides."""
    connection: Any = None
    allowed_because: str = ""
    """Why the authorizer let it through; for the audit log."""
    flow: Any = None
    """The Flow of priority and fairness, once it is known."""


@dataclass(slots=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Writer(Protocol):
    """Where a Stream writes. write never blocks; buffered says how many bytes the peer has not taken yet."""

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...

    @property
    def buffered(self) -> int: ...

    @property
    def closed(self) -> bool: ...


@dataclass(slots=True)
class Stream:
    """A chunked answer. run writes until it returns; it is cancelled when the peer goes away."""

    run: Callable[[Writer], Awaitable[None]]
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


Answer = Response | Stream
Handler = Callable[[Request], Awaitable[Answer]]
