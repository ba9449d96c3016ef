"""Create, update, patch and apply, of objects and of the subresources that are views of the whole object.

In: a request and the definition of its resource. Out: the stored object, 201 when it is new. decode.py reads
bodies, preparation.py finishes objects, patching.py applies patches, storage/store.py makes it atomic.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from apiserver.handlers import decode
from apiserver.handlers.options import WriteOptions
from apiserver.handlers.patching import APPLY_PATCH, Patch, PatchReader
from apiserver.handlers.preparation import Preparation, is_finished, same_object, stored_value
from apiserver.handlers.render import entry_response
from apiserver.handlers.subresources import projection
from apiserver.request_info import Request, Response
from apiserver.resources.definition import ResourceDefinition, Resources
from apiserver.storage import refusals
from apiserver.storage.entries import Entry
from apiserver.storage.keys import path_of
from apiserver.storage.store import Keep, Remove, Settled, Store, Verdict, Write, parse_revision
from karmada.api.errors import AlreadyExists, BadRequest, FieldError, Forbidden, MethodNotAllowed, invalid
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, name_of, private_copy

SUFFIX_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
SUFFIX_LENGTH: Final = 5
MAX_PREFIX: Final = 58
GENERATE_ATTEMPTS: Final = 8

Authorize = Callable[[Request, str], Awaitable[None]]
"""Whether the user may also do another verb on the same target (an apply that creates). Raises Forbidden."""


class WriteHandler:
    """The write verbs of stored resources."""

    def __init__(
        self, *, store: Store, resources: Resources, preparation: Preparation, authorize: Authorize
    ) -> None:
        self._store = store
        self._resources = resources
        self._preparation = preparation
        self._authorize = authorize
        self._patches = PatchReader()

    # -- create ---------------------------------------------------------------------------------------------

    async def create(self, request: Request, definition: ResourceDefinition) -> Response:
        if definition.namespaced and not request.info.namespace:
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        if definition.paused:
            raise Forbidden(f'{definition.gvr.group_resource} "" is forbidden: {definition.paused}')
        options = WriteOptions.parse(request, "CreateOptions")
        obj = self._decode(request, definition, definition.gvk, options)
        metadata = _metadata_of(obj)
        _settle_namespace(metadata, request, definition)
        if metadata.pop("resourceVersion", ""):
            raise refusals.plain_failure("resourceVersion should not be set on objects to be created")
        return await self._create(request, definition, obj, options)

    async def _create(
        self, request: Request, definition: ResourceDefinition, obj: Object, options: WriteOptions
    ) -> Response:
        metadata = obj["metadata"]
        generated = not metadata.get("name") and bool(metadata.get("generateName"))
        if generated:
            metadata["name"] = generated_name(metadata["generateName"])
        context = self._preparation.context(
            request,
            definition,
            "CREATE",
            name=metadata.get("name") or "",
            options=options.as_object("CreateOptions"),
            dry_run=options.dry_run,
        )
        obj = await self._preparation.created(definition, obj, context, options)
        entry = await self._store_new(definition, obj, options, generated=generated)
        return entry_response(request, definition, entry, status=201)

    async def _store_new(
        self, definition: ResourceDefinition, obj: Object, options: WriteOptions, *, generated: bool
    ) -> Entry:
        for attempt in range(GENERATE_ATTEMPTS):
            path = definition.path_of(obj)
            value = await stored_value(definition, obj)
            if options.dry_run:
                if await self._store.get(definition.collection, path) is not None:
                    raise refusals.already_exists(definition.collection, name_of(obj))
                unstored = _unstored(path, value)
                await definition.ready([unstored])
                return unstored
            try:
                entry = await self._store.create(
                    definition.collection, path, value, ttl_seconds=definition.strategy.ttl_seconds
                )
                await definition.ready([entry])
                return entry
            except AlreadyExists:
                if not generated:
                    raise
                if attempt + 1 < GENERATE_ATTEMPTS:
                    obj["metadata"]["name"] = generated_name(obj["metadata"]["generateName"])
        raise refusals.no_unique_name(definition.collection, name_of(obj))

    # -- update ---------------------------------------------------------------------------------------------

    async def update(self, request: Request, definition: ResourceDefinition) -> Response:
        options = WriteOptions.parse(request, "UpdateOptions")
        subresource = request.info.subresource
        gvk = definition.subresources[subresource].gvk if subresource else definition.gvk
        body = self._decode(request, definition, gvk, options)
        metadata = _metadata_of(body)
        _settle_namespace(metadata, request, definition)
        _settle_name(metadata, request.info.name)
        pinned = _pinned_revision(metadata)

        async def decide(entry: Entry | None) -> Verdict:
            if entry is None:
                return await self._create_on_update(request, definition, body, options)
            await definition.ready([entry])
            old = definition.decode(entry)
            _check_identity(definition, metadata, entry, old, pinned)
            verdict = await self._replace(request, definition, old, private_copy(body), options)
            return await _moved(definition, entry, old, verdict)

        return await self._settle(request, definition, decide, options)

    async def _create_on_update(
        self, request: Request, definition: ResourceDefinition, body: Object, options: WriteOptions
    ) -> Verdict:
        name = request.info.name
        if not definition.served.create_on_update or request.info.subresource:
            raise refusals.not_found(definition.collection, name)
        if uid := body["metadata"].get("uid"):
            path = path_of(request.info.namespace if definition.namespaced else "", name)
            raise refusals.uid_mismatch(definition.collection, path, name, wanted=uid, found="")
        await self._authorize(request, "create")
        obj = private_copy(body)
        obj["metadata"].pop("resourceVersion", None)
        context = self._preparation.context(
            request,
            definition,
            "CREATE",
            name=name,
            options=options.as_object("CreateOptions"),
            dry_run=options.dry_run,
        )
        obj = await self._preparation.created(definition, obj, context, options)
        return Write(await stored_value(definition, obj), definition.strategy.ttl_seconds)

    async def _replace(
        self,
        request: Request,
        definition: ResourceDefinition,
        old: Object,
        new: Object,
        options: WriteOptions,
        *,
        applied: bool = False,
    ) -> Verdict:
        """The verdict on new as the successor of old; both in the definition's version and shape."""
        name = request.info.name
        context = self._preparation.context(
            request,
            definition,
            "UPDATE",
            name=name,
            options=options.as_object("UpdateOptions"),
            old=old,
            dry_run=options.dry_run,
        )
        if request.info.subresource:
            new = projection(request.info.subresource)(definition, new, old)
        new = await self._preparation.updated(
            definition, new, old, context, options, tracking="done" if applied else "update"
        )
        if is_finished(new, old):
            return Remove()
        if same_object(new, old):
            return Keep()
        return Write(await stored_value(definition, new), definition.strategy.ttl_seconds)

    # -- patch ----------------------------------------------------------------------------------------------

    async def patch(self, request: Request, definition: ResourceDefinition) -> Response:
        options = WriteOptions.parse(request, "PatchOptions")
        patch = self._patches.read(request, definition, options)

        async def decide(entry: Entry | None) -> Verdict:
            if entry is None:
                return await self._create_by_apply(request, definition, patch, options)
            await definition.ready([entry])
            old = definition.decode(entry)
            new = patch.apply(old, time=self._preparation.now())
            new = decode.settle_kind(new, definition, definition.gvk, self._resources)
            patch.shape(new, definition, options, request)
            metadata = _metadata_of(new)
            _settle_namespace(metadata, request, definition)
            _settle_name(metadata, request.info.name)
            _check_patched_identity(definition, metadata, entry, old)
            verdict = await self._replace(
                request, definition, old, new, options, applied=patch.type == APPLY_PATCH
            )
            return await _moved(definition, entry, old, verdict)

        return await self._settle(request, definition, decide, options)

    async def _create_by_apply(
        self, request: Request, definition: ResourceDefinition, patch: Patch, options: WriteOptions
    ) -> Verdict:
        name = request.info.name
        if patch.type != APPLY_PATCH or request.info.subresource:
            raise refusals.not_found(definition.collection, name)
        await self._authorize(request, "create")
        obj = patch.apply(None, time=self._preparation.now())
        patch.shape(obj, definition, options, request)
        metadata = _metadata_of(obj)
        _settle_namespace(metadata, request, definition)
        _settle_name(metadata, name)
        if uid := metadata.get("uid"):
            raise refusals.conflict(
                definition.collection,
                name,
                f"uid mismatch: the provided object specified uid {uid}, and no existing object was found",
            )
        metadata.pop("resourceVersion", None)
        context = self._preparation.context(
            request,
            definition,
            "CREATE",
            name=name,
            options=options.as_object("CreateOptions"),
            dry_run=options.dry_run,
        )
        obj = await self._preparation.created(definition, obj, context, options, tracking="done")
        return Write(await stored_value(definition, obj), definition.strategy.ttl_seconds)

    # -- shared ---------------------------------------------------------------------------------------------

    def _decode(
        self, request: Request, definition: ResourceDefinition, gvk: GroupVersionKind, options: WriteOptions
    ) -> Object:
        decoded = decode.decode_body(
            request.body,
            request.headers.get("content-type", ""),
            kind=gvk.kind,
            accepted=decode.BUILTIN_TYPES if definition.origin == "builtin" else decode.CUSTOM_TYPES,
        )
        obj = decode.settle_kind(decoded.obj, definition, gvk, self._resources)
        return decode.shape(decoded, obj, definition.schema, options.field_validation, request, gvk.kind)

    async def _settle(
        self,
        request: Request,
        definition: ResourceDefinition,
        decide: Callable[[Entry | None], Awaitable[Verdict]],
        options: WriteOptions,
    ) -> Response:
        info = request.info
        path = path_of(info.namespace if definition.namespaced else "", info.name)
        if options.dry_run:
            entry = await self._store.get(definition.collection, path)
            verdict = await decide(entry)
            if isinstance(verdict, Write):
                shown = _unstored(path, verdict.value, entry)
                await definition.ready([shown])
                return entry_response(request, definition, shown, status=200 if entry else 201)
            assert entry is not None
            return entry_response(request, definition, entry)
        settled: Settled = await self._store.settle(definition.collection, path, decide)
        await definition.ready([settled.entry])
        return entry_response(
            request, definition, settled.entry, status=201 if settled.outcome == "created" else 200
        )


def generated_name(prefix: str) -> str:
    suffix = "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(SUFFIX_LENGTH))
    return prefix[:MAX_PREFIX] + suffix


async def _moved(definition: ResourceDefinition, entry: Entry, old: Object, verdict: Verdict) -> Verdict:
    """A write that changes nothing but finds an object stored in a former version moves it to the present
    one: that is how storage is migrated."""
    if isinstance(verdict, Keep) and definition.is_left_behind(entry):
        return Write(await stored_value(definition, old), definition.strategy.ttl_seconds)
    return verdict


def _unstored(path: str, value: bytes, entry: Entry | None = None) -> Entry:
    """What a dry run shows: under the stored resourceVersion, or without one when nothing is stored."""
    return Entry(path, entry.revision if entry is not None else 0, value)


# -- identity -----------------------------------------------------------------------------------------------


def _metadata_of(obj: Object) -> Object:
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        metadata = obj["metadata"] = {}
    return metadata


def _settle_namespace(metadata: Object, request: Request, definition: ResourceDefinition) -> None:
    if not definition.namespaced:
        metadata.pop("namespace", None)
        return
    wanted, given = request.info.namespace, metadata.get("namespace") or ""
    if given and given != wanted:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    metadata["namespace"] = wanted


def _settle_name(metadata: Object, name: str) -> None:
    given = metadata.get("name") or ""
    if not given:
        raise BadRequest(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if given != name:
        raise BadRequest(f"the name of the object ({given}) does not match the name on the URL ({name})")


def _pinned_revision(metadata: Object) -> int:
    """The revision the client read; 0 when it does not care. Raises the unclassified 500 for text."""
    try:
        return parse_revision(metadata.get("resourceVersion") or "")
    except ValueError as error:
        raise refusals.plain_failure(str(error)) from error


def _check_identity(
    definition: ResourceDefinition, metadata: Object, entry: Entry, old: Object, pinned: int
) -> None:
    """The body of a PUT must be about the stored object, and not about an older state of it."""
    name = entry.name
    stored_uid = old["metadata"].get("uid") or ""
    given = metadata.get("uid") or ""
    if given and given != stored_uid:
        raise refusals.uid_mismatch(definition.collection, entry.path, name, wanted=given, found=stored_uid)
    if not pinned and not definition.served.unconditional_update:
        text = "Invalid value: 0: must be specified for an update"
        raise invalid(
            definition.gvr.group,
            definition.gvr.resource,
            name,
            [FieldError("FieldValueInvalid", "metadata.resourceVersion", text)],
        )
    if pinned and pinned != entry.revision:
        raise refusals.conflict(definition.collection, name)


def _check_patched_identity(
    definition: ResourceDefinition, metadata: Object, entry: Entry, old: Object
) -> None:
    """A patch pins the version or uid only when it writes them."""
    given = metadata.get("uid") or ""
    if given and given != (old["metadata"].get("uid") or ""):
        raise invalid(
            definition.gvr.group,
            definition.served.kind,
            entry.name,
            [
                FieldError(
                    "FieldValueInvalid", "metadata.uid", f'Invalid value: "{given}": field is immutable'
                )
            ],
        )
    pinned = _pinned_revision(metadata)
    if pinned and pinned != entry.revision:
        raise refusals.conflict(definition.collection, entry.name)
