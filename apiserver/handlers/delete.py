"""Delete one object, or all that a list selects.

In: a request with DeleteOptions in its body or query. Out: the object or a Success Status, as the kind has
it. deletion.py decides, storage/store.py makes it atomic.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from apiserver.handlers import decode
from apiserver.handlers.deletion import plan_deletion
from apiserver.handlers.options import DeleteOptions, ListOptions
from apiserver.handlers.preparation import Preparation
from apiserver.handlers.read import ReadHandler, list_response
from apiserver.handlers.render import entry_response, status_response
from apiserver.handlers.selection import selection_of
from apiserver.request_info import Request, Response
from apiserver.resources.definition import ResourceDefinition
from apiserver.storage import refusals
from apiserver.storage.entries import Entry, encode
from apiserver.storage.keys import path_of
from apiserver.storage.store import Keep, Remove, Settled, Store, Verdict, Write
from karmada.api.errors import BadRequest, Conflict, NotFound
from karmada.api.objects import Object

COLLECTION_WORKERS: Final = 16
_KIND: Final = "DeleteOptions"


@dataclass(slots=True)
class _Seen:
    """What the last attempt knew of the object."""

    uid: str = ""


class DeleteHandler:
    """delete and deletecollection of stored resources."""

    def __init__(self, *, store: Store, reads: ReadHandler, preparation: Preparation) -> None:
        self._store = store
        self._reads = reads
        self._preparation = preparation

    async def delete(self, request: Request, definition: ResourceDefinition) -> Response:
        options = read_options(request)
        seen = _Seen()
        settled = await self.remove(
            request, definition, request.info.namespace, request.info.name, options, seen=seen
        )
        gone = settled.outcome == "removed"
        if gone and not definition.served.delete_returns_object:
            return status_response(request, _success(definition, request.info.name, seen.uid))
        await definition.ready([settled.entry])
        waiting = not gone and options.orphan_dependents is False
        return entry_response(request, definition, settled.entry, status=202 if waiting else 200)

    async def delete_collection(self, request: Request, definition: ResourceDefinition) -> Response:
        """Delete what a list selects; the answer is that list."""
        options = read_options(request)
        listing_options = replace(ListOptions.parse(request.query, watch=False), exact=False)
        selection = selection_of(definition, listing_options.label_selector, listing_options.field_selector)
        namespace = request.info.namespace if definition.namespaced else ""
        listing = await self._reads.find(definition, namespace, selection, listing_options)
        await definition.ready(listing.entries)
        await self._remove_all(request, definition, listing.entries, options)
        return list_response(request, definition, listing)

    async def _remove_all(
        self, request: Request, definition: ResourceDefinition, entries: list[Entry], options: DeleteOptions
    ) -> None:
        pending = iter(entries)
        failures: list[Exception] = []

        async def work() -> None:
            for entry in pending:
                if failures:
                    return
                try:
                    await self.remove(request, definition, entry.namespace, entry.name, options)
                except NotFound:
                    continue
                except Exception as error:  # noqa: BLE001 - raised below, when the other workers have stopped
                    failures.append(error)

        async with asyncio.TaskGroup() as group:
            for number in range(min(COLLECTION_WORKERS, len(entries))):
                group.create_task(work(), name=f"delete collection {number}")
        if failures:
            raise failures[0]

    async def remove(
        self,
        request: Request,
        definition: ResourceDefinition,
        namespace: str,
        name: str,
        options: DeleteOptions,
        *,
        seen: _Seen | None = None,
    ) -> Settled:
        """Delete one object as the request's user. Raises NotFound, Conflict, Forbidden."""
        path = path_of(namespace if definition.namespaced else "", name)

        async def decide(entry: Entry | None) -> Verdict:
            if entry is None:
                raise refusals.not_found(definition.collection, name)
            # Deleting needs no version's view of the object, and must not lose what a version cannot show.
            head = entry.stored_head or definition.storage_head
            obj = entry.decode(head)
            _check_preconditions(definition, name, obj, entry, options)
            if seen is not None:
                seen.uid = obj["metadata"].get("uid") or ""
            context = self._preparation.context(
                request,
                definition,
                "DELETE",
                name=name,
                options=options.as_object(),
                old=await _shown(definition, entry, obj),
                dry_run=options.dry_run,
            )
            context.namespace = namespace if definition.namespaced else ""
            await self._preparation.chain.refuse_delete(obj, context)
            plan = plan_deletion(definition, obj, options, now=self._preparation.clock.now())
            if plan.action == "remove":
                return Remove()
            if plan.marked is None:
                return Keep()
            return Write(encode(plan.marked, head), definition.strategy.ttl_seconds)

        if options.dry_run:
            entry = await self._store.get(definition.collection, path)
            verdict = await decide(entry)
            assert entry is not None
            return Settled("removed" if isinstance(verdict, Remove) else "kept", entry)
        return await self._store.settle(definition.collection, path, decide)


def read_options(request: Request) -> DeleteOptions:
    """From the body when there is one, else from the query. Raises BadRequest, Invalid,
    UnsupportedMediaType."""
    if not request.body:
        return DeleteOptions.from_query(request.query)
    decoded = decode.decode_body(
        request.body, request.headers.get("content-type", ""), kind=_KIND, accepted=decode.BUILTIN_TYPES
    )
    kind = decoded.obj.get("kind") or _KIND
    if kind != _KIND:
        version = decoded.obj.get("apiVersion") or ""
        raise BadRequest(
            f'no kind "{kind}" is registered for version "{version}" in scheme '
            '"pkg/api/legacyscheme/scheme.go:30"'
        )
    return DeleteOptions.of(decoded.obj)


async def _shown(definition: ResourceDefinition, entry: Entry, stored: Object) -> Object:
    """The object in the version of the request, as admission is to see it."""
    if definition.is_as_stored(entry):
        return {**stored, "apiVersion": definition.api_version}
    await definition.ready([entry])
    return definition.decode(entry)


def _check_preconditions(
    definition: ResourceDefinition, name: str, obj: Object, entry: Entry, options: DeleteOptions
) -> None:
    text = ""
    uid = obj["metadata"].get("uid") or ""
    if options.uid and options.uid != uid:
        text = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({uid}). "
            "The object might have been deleted and then recreated"
        )
    elif options.resource_version and options.resource_version != str(entry.revision):
        text = (
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the "
            "ResourceVersion "
            f"in record ({entry.revision}). The object might have been modified"
        )
    if text:
        kind, group = definition.served.kind, definition.gvr.group
        details = {"name": name, "group": group, "kind": kind} if group else {"name": name, "kind": kind}
        qualified = f"{kind}.{group}" if group else kind
        raise Conflict(f'Operation cannot be fulfilled on {qualified} "{name}": {text}', details=details)


def _success(definition: ResourceDefinition, name: str, uid: str) -> Object:
    details: Object = {"name": name}
    if definition.gvr.group:
        details["group"] = definition.gvr.group
    details |= {"kind": definition.gvr.resource, "uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
