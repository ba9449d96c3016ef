"""Get and list: one object, or all that match, as of now, as of at least a revision, or exactly at one.

In: a request and the definition of its resource. Out: bytes spliced from the watch cache, at a revision that
is known to be fresh. Pages after the first come from the cache while nothing changed, else from the backend's
history.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import orjson
from typing_extensions import override

from apiserver.handlers import tables
from apiserver.handlers.negotiate import View, encode_json_bytes
from apiserver.handlers.options import ListOptions
from apiserver.handlers.render import entry_response, form_of, is_pretty
from apiserver.handlers.selection import Selection, selection_of
from apiserver.request_info import Request, Response
from apiserver.resources.definition import ResourceDefinition
from apiserver.storage import refusals
from apiserver.storage.entries import Entry
from apiserver.storage.keys import Collection, path_of
from apiserver.storage.store import Compacted, Continue, Store, parse_revision
from karmada.api.errors import BadRequest, Expired
from karmada.api.objects import Object

BACKEND_PAGE: Final = 1000
_EXPIRED: Final = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "list. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list found. continue_token and remaining are empty on the last page."""

    entries: list[Entry]
    revision: int
    continue_token: str = ""
    remaining: int | None = None
    warnings: list[str] = field(default_factory=list)

    def metadata(self) -> Object:
        metadata: Object = {"resourceVersion": str(self.revision)}
        if self.continue_token:
            metadata["continue"] = self.continue_token
            if self.remaining is not None:
                metadata["remainingItemCount"] = self.remaining
        return metadata


class ReadHandler:
    """get and list of stored resources."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def get(self, request: Request, definition: ResourceDefinition) -> Response:
        info = request.info
        version = request.query.get("resourceVersion")
        collection = definition.collection
        if not version:
            await self._store.fresh("get", collection)
        elif version != "0":
            try:
                await self._store.at_least(parse_revision(version))
            except ValueError as error:
                raise BadRequest(
                    f'invalid resource version: resourceVersion: Invalid value: "{version}": {error}'
                ) from error
        path = path_of(info.namespace if definition.namespaced else "", info.name)
        entry = self._store.cache.collection(collection).get(path)
        if entry is None:
            raise refusals.not_found(collection, info.name)
        await definition.ready([entry])
        return entry_response(request, definition, entry)

    async def list(self, request: Request, definition: ResourceDefinition) -> Response:
        options = ListOptions.parse(request.query, watch=False)
        selection = selection_of(definition, options.label_selector, options.field_selector)
        namespace = request.info.namespace if definition.namespaced else ""
        listing = await self.find(definition, namespace, selection, options)
        await definition.ready(listing.entries)
        return list_response(request, definition, listing)

    async def find(
        self, definition: ResourceDefinition, namespace: str, selection: Selection, options: ListOptions
    ) -> Listing:
        """The entries a list selects. Raises Expired, Timeout, BadRequest."""
        collection = definition.collection
        if options.continue_token:
            token = Continue.decode(options.continue_token)
            if token.revision < 0:
                await self._store.fresh("list", collection)
                return self._now(collection, namespace, selection, options.limit, start=token.start)
            await self._store.at_least(token.revision)
            return await self._as_of(collection, namespace, selection, options.limit, token, paging=True)
        if options.exact and options.revision:
            await self._store.at_least(options.revision)
            first = Continue(options.revision, "")
            return await self._as_of(collection, namespace, selection, options.limit, first, paging=False)
        if options.revision is None:
            await self._store.fresh("list", collection)
        elif options.revision:
            await self._store.at_least(options.revision)
        return self._now(collection, namespace, selection, options.limit)

    def _now(
        self,
        collection: Collection,
        namespace: str,
        selection: Selection,
        limit: int,
        *,
        start: str = "",
        revision: int = 0,
    ) -> Listing:
        """From the cache, in one synchronous step. revision: what the list says it is as of (0: the
        cache's)."""
        cache = self._store.cache.collection(collection)
        revision = revision or self._store.cache.applied
        if selection.name and not start:
            path = path_of(namespace, selection.name)
            entry = cache.get(path)
            if entry is not None or namespace:
                found = (
                    [entry]
                    if entry is not None and (not selection.matches or selection.matches(entry))
                    else []
                )
                return Listing(found, revision)
        if not limit:
            entries = cache.scan(namespace, start=start) if start else cache.select(namespace)
            matches = selection.matches
            return Listing([entry for entry in entries if matches is None or matches(entry)], revision)
        return self._first_of(
            cache.scan(namespace, start=start),
            cache.count(namespace, start=start),
            selection,
            limit,
            revision,
        )

    def _first_of(
        self, entries: Iterable[Entry], total: int, selection: Selection, limit: int, revision: int
    ) -> Listing:
        page: list[Entry] = []
        for seen, entry in enumerate(entries):
            if len(page) == limit:
                token = Continue(revision, page[-1].path + "\0").encode()
                return Listing(page, revision, token, None if selection.matches else total - seen)
            if selection.matches is None or selection.matches(entry):
                page.append(entry)
        return Listing(page, revision)

    async def _as_of(
        self,
        collection: Collection,
        namespace: str,
        selection: Selection,
        limit: int,
        where: Continue,
        *,
        paging: bool,
    ) -> Listing:
        """From where on, exactly as of its revision."""
        cache = self._store.cache.collection(collection)
        if cache.changed <= where.revision:
            return self._now(
                collection, namespace, selection, limit, start=where.start, revision=where.revision
            )
        try:
            return await self._from_history(collection, namespace, selection, limit, where)
        except Compacted as error:
            if not paging:
                raise refusals.too_old_list() from error
            raise _expired(Continue(-1, where.start)) from error

    async def _from_history(
        self, collection: Collection, namespace: str, selection: Selection, limit: int, where: Continue
    ) -> Listing:
        found: list[Entry] = []
        start = where.start
        while True:
            size = limit - len(found) if limit and not selection.matches else BACKEND_PAGE
            page = await self._store.page_at(
                collection, namespace=namespace, start=start, limit=size, revision=where.revision
            )
            for position, entry in enumerate(page.entries):
                if limit and len(found) == limit:
                    remaining = page.remaining + len(page.entries) - position
                    return _cut(found, where.revision, None if selection.matches else remaining)
                if selection.matches is None or selection.matches(entry):
                    found.append(entry)
            if not page.next_path:
                return Listing(found, where.revision)
            if limit and len(found) == limit:
                return _cut(found, where.revision, None if selection.matches else page.remaining)
            start = page.next_path


def _cut(found: list[Entry], revision: int, remaining: int | None) -> Listing:
    return Listing(found, revision, Continue(revision, found[-1].path + "\0").encode(), remaining)


def _expired(token: Continue) -> Expired:
    return ExpiredPage(_EXPIRED, token.encode())


class ExpiredPage(Expired):
    """A page whose revision is compacted; token resumes at the same key as of now."""

    def __init__(self, message: str, token: str) -> None:
        super().__init__(message)
        self.token = token

    @override
    def to_status(self) -> Object:
        status = super().to_status()
        status["metadata"] = {"continue": self.token}
        return status


def list_response(request: Request, definition: ResourceDefinition, listing: Listing) -> Response:
    form = form_of(request, definition)
    if form.view is View.OBJECT:
        body = list_json(definition, listing)
    else:
        body = tables.list_json(
            form,
            definition,
            (definition.decode(entry) for entry in listing.entries),
            listing.metadata(),
            include_object=request.query.get("includeObject"),
        )
    return Response(
        200, encode_json_bytes(form, body, pretty=is_pretty(request)), content_type=form.content_type
    )


def list_json(definition: ResourceDefinition, listing: Listing) -> bytes:
    """The list object, its items spliced from bytes."""
    start = definition.list_head + b'"metadata":' + orjson.dumps(listing.metadata()) + b',"items":['
    if not listing.entries:
        return start + b"]}\n"
    if definition.conversion is not None or (
        definition.since and not all(map(definition.is_as_stored, listing.entries))
    ):
        render = definition.view.render
        return start + b",".join([render(entry) for entry in listing.entries]) + b"]}\n"
    head = definition.item_head
    return b"".join((start, head, (b"," + head).join([entry.tail for entry in listing.entries]), b"]}\n"))
