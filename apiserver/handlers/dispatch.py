"""Which handler answers a request: by resource and verb, by subresource, or by path.

In: a request that passed the filters. Out: the handler's answer, or the 404 and 405 of what does not exist.
Handlers of single subresources and of paths that are no resources are registered by app/.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeVar

from apiserver.handlers.delete import DeleteHandler
from apiserver.handlers.discovery import page_not_found
from apiserver.handlers.read import ReadHandler
from apiserver.handlers.subresources import is_view
from apiserver.handlers.watch import WatchHandler
from apiserver.handlers.write import WriteHandler
from apiserver.request_info import Answer, Request, RequestInfo
from apiserver.resources.definition import ResourceDefinition, Resources
from karmada.api.errors import MethodNotAllowed, NotFound

R = TypeVar("R")
ResourceHandler = Callable[[Request, ResourceDefinition], Awaitable[Answer]]
PathHandler = Callable[[Request], Awaitable[Answer]]
UnknownGroup = Callable[[Request], Awaitable[Answer | None]]

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_COLLECTION_VERBS: Final = frozenset({"list", "watch", "create", "deletecollection"})


class Elsewhere(Protocol[R]):
    """Requests that other servers answer."""

    def of(self, info: RequestInfo) -> R | None: ...

    async def handle(self, request: Request, where: R) -> Answer: ...


class Dispatcher:
    """The routing table. Lookups follow Resources, so what CRDs add is served at once."""

    def __init__(
        self,
        *,
        resources: Resources,
        reads: ReadHandler,
        watches: WatchHandler,
        writes: WriteHandler,
        deletes: DeleteHandler,
    ) -> None:
        self._resources = resources
        self._reads = reads
        self._verbs: dict[str, ResourceHandler] = {
            "get": reads.get,
            "list": reads.list,
            "watch": watches.watch,
            "create": writes.create,
            "update": writes.update,
            "patch": writes.patch,
            "delete": deletes.delete,
            "deletecollection": deletes.delete_collection,
        }
        self._writes = writes
        self._special: dict[tuple[str, str, str], ResourceHandler] = {}
        self._subresources: dict[str, ResourceHandler] = {}
        self._paths: dict[str, PathHandler] = {}
        self._prefixes: list[tuple[str, PathHandler]] = []
        self._elsewhere: Elsewhere[Any] | None = None

    def pass_on(self, elsewhere: Elsewhere[Any]) -> None:
        """What elsewhere knows goes there, whatever is served here."""
        self._elsewhere = elsewhere

    def passes_on(self, info: RequestInfo) -> bool:
        """Whether a request goes to another server, its body unread."""
        return self._elsewhere is not None and self._elsewhere.of(info) is not None

    def on_resource(
        self, group: str, resource: str, handler: ResourceHandler, *, subresource: str = ""
    ) -> None:
        """handler answers every verb of this resource or subresource."""
        self._special[group, resource, subresource] = handler

    def on_subresource(self, subresource: str, handler: ResourceHandler) -> None:
        """handler answers this subresource of every resource that has it."""
        self._subresources[subresource] = handler

    def on_path(self, path: str, handler: PathHandler) -> None:
        """handler answers path, with or without a slash at its end."""
        self._paths[path] = handler

    def on_prefix(self, prefix: str, handler: PathHandler) -> None:
        """handler answers prefix and everything below."""
        self._prefixes.append((prefix, handler))

    @property
    def paths(self) -> list[str]:
        """For the index at /."""
        return sorted({*self._paths, *(prefix for prefix, _ in self._prefixes)})

    async def handle(self, request: Request) -> Answer:
        if self._elsewhere is not None and (where := self._elsewhere.of(request.info)) is not None:
            return await self._elsewhere.handle(request, where)
        if not request.info.is_resource:
            return await self._path(request)
        info = request.info
        definition = self._resources.lookup(info.group, info.version, info.resource)
        if definition is None:
            if info.group and not self._resources.serves_group(info.group):
                return page_not_found()
            raise _not_served()
        if definition.deprecation:
            request.warnings.append(definition.deprecation)
        return await self._handler(request, definition)(request, definition)

    async def _path(self, request: Request) -> Answer:
        path = request.info.path
        handler = self._paths.get(path) or (self._paths.get(path.rstrip("/")) if path != "/" else None)
        if handler is None:
            handler = next(
                (
                    found
                    for prefix, found in self._prefixes
                    if path == prefix or path.startswith(prefix + "/")
                ),
                None,
            )
        if handler is None:
            return page_not_found()
        return await handler(request)

    def _handler(self, request: Request, definition: ResourceDefinition) -> ResourceHandler:
        info = request.info
        if info.subresource:
            return self._subresource_handler(request, definition)
        special = self._special.get((info.group, info.resource, ""))
        if special is not None:
            return special
        if request.method not in _METHODS or info.verb not in definition.verbs:
            raise _not_allowed()
        if not _fits_path(request, definition):
            raise _not_allowed()
        return self._verbs[info.verb]

    def _subresource_handler(self, request: Request, definition: ResourceDefinition) -> ResourceHandler:
        info = request.info
        subresource = definition.subresources.get(info.subresource)
        if subresource is None or (info.rest and info.subresource != "proxy"):
            raise _not_served()
        special = self._special.get((info.group, info.resource, info.subresource)) or self._subresources.get(
            info.subresource
        )
        if special is None and not is_view(info.subresource):
            raise _not_served()
        known = request.method in _METHODS and info.verb in subresource.verbs
        if not known and info.subresource != "proxy":
            raise _not_allowed()
        return special or self._verbs[info.verb]


def _fits_path(request: Request, definition: ResourceDefinition) -> bool:
    """Items are not posted to, collections are not put; a namespaced object is only reached in its
    namespace."""
    info: RequestInfo = request.info
    is_item = info.verb not in _COLLECTION_VERBS
    if is_item:
        return bool(info.name) and (not definition.namespaced or bool(info.namespace))
    if info.verb == "create":
        return not info.name
    return info.verb != "deletecollection" or not definition.namespaced or bool(info.namespace)


def _not_served() -> NotFound:
    return NotFound("the server could not find the requested resource")


def _not_allowed() -> MethodNotAllowed:
    return MethodNotAllowed("the server does not allow this method on the requested resource")
