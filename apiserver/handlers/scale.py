"""scale: the replicas of a workload as an autoscaling/v1 Scale.

In: get, update and patch of `.../scale`. Out: a Scale made of the target. A write changes the one field on
the target through the same preparation as any write; managed fields are tracked for the subresource.
"""

from collections.abc import Callable
from typing import Any, Final

from apiserver.handlers.options import WriteOptions
from apiserver.handlers.patching import APPLY_PATCH, SCALE_TYPE, PatchReader
from apiserver.handlers.preparation import Preparation, same_object, stored_value
from apiserver.handlers.render import object_response
from apiserver.handlers.unstored import read_body
from apiserver.request_info import Request, Response
from apiserver.resources.definition import ResourceDefinition, Resources, ScalePaths
from apiserver.schema.builtin import builtin_schema
from apiserver.storage import refusals
from apiserver.storage.entries import Entry
from apiserver.storage.keys import path_of
from apiserver.storage.store import Keep, Store, Verdict, Write, parse_revision
from karmada.api.errors import BadRequest, FieldError, MethodNotAllowed, invalid
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, private_copy
from karmada.api.selectors import from_label_selector, from_labels

_SCALE_KIND: Final = GroupVersionKind("autoscaling", "v1", "Scale")
_META: Final = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


class ScaleHandler:
    """get, update and patch of scale."""

    def __init__(self, *, store: Store, resources: Resources, preparation: Preparation) -> None:
        self._store = store
        self._resources = resources
        self._preparation = preparation
        self._patches = PatchReader()

    async def handle(self, request: Request, definition: ResourceDefinition) -> Response:
        match request.info.verb:
            case "get":
                return await self._get(request, definition)
            case "update":
                body = read_body(request, definition, self._resources)
                return await self._write(
                    request, definition, "UpdateOptions", lambda current: private_copy(body)
                )
            case "patch":
                return await self._patch(request, definition)
        raise MethodNotAllowed("the server does not allow this method on the requested resource")

    async def _get(self, request: Request, definition: ResourceDefinition) -> Response:
        entry = await self._store.get(definition.collection, _path(request, definition))
        if entry is None:
            raise refusals.not_found(definition.collection, request.info.name)
        await definition.ready([entry])
        return object_response(request, None, scale_of(definition, definition.decode(entry)))

    async def _patch(self, request: Request, definition: ResourceDefinition) -> Response:
        options = WriteOptions.parse(request, "PatchOptions")
        patch = self._patches.read_scale(request, options)

        def change(current: Object) -> Object:
            patched = patch.apply(current, time=self._preparation.now())
            if patch.type == APPLY_PATCH:
                patched["metadata"].pop("managedFields", None)
            builtin_schema(SCALE_TYPE).prune(patched)
            return patched

        return await self._write(request, definition, "PatchOptions", change)

    async def _write(
        self, request: Request, definition: ResourceDefinition, kind: str, change: Callable[[Object], Object]
    ) -> Response:
        options = WriteOptions.parse(request, kind)
        name = request.info.name

        async def decide(entry: Entry | None) -> Verdict:
            if entry is None:
                raise refusals.not_found(definition.collection, name)
            await definition.ready([entry])
            old = definition.decode(entry)
            asked = self._preparation.context(
                request,
                definition,
                "UPDATE",
                name=name,
                options=options.as_object("UpdateOptions"),
                old=scale_of(definition, old),
                dry_run=options.dry_run,
                kind=_SCALE_KIND,
            )
            scale = await self._preparation.chain.mutate(change(scale_of(definition, old)), asked)
            new = self._rescaled(definition, request, entry, old, scale)
            context = self._preparation.context(
                request, definition, "UPDATE", name=name, options={}, old=old, dry_run=options.dry_run
            )
            context.judged = True
            new = await self._preparation.updated(definition, new, old, context, options)
            await self._preparation.chain.review(scale_of(definition, new), asked)
            return Keep() if same_object(new, old) else Write(await stored_value(definition, new))

        path = _path(request, definition)
        if options.dry_run:
            entry = await self._store.get(definition.collection, path)
            await decide(entry)
            assert entry is not None
            scale = change(scale_of(definition, definition.decode(entry)))
            return object_response(request, None, scale)
        settled = await self._store.settle(definition.collection, path, decide)
        await definition.ready([settled.entry])
        return object_response(request, None, scale_of(definition, definition.decode(settled.entry)))

    def _rescaled(
        self, definition: ResourceDefinition, request: Request, entry: Entry, old: Object, scale: Object
    ) -> Object:
        """old with the replicas of scale. Raises Conflict, Invalid."""
        metadata = scale.get("metadata") or {}
        given = metadata.get("name") or ""
        if given != entry.name:
            raise BadRequest(
                f"the name of the object ({given}) does not match the name on the URL ({entry.name})"
                if given
                else f"the name of the object ({entry.name} based on URL) was undeterminable: "
                "name must be provided"
            )
        try:
            pinned = parse_revision(metadata.get("resourceVersion") or "")
        except ValueError as error:
            raise refusals.plain_failure(str(error)) from error
        if pinned and pinned != entry.revision:
            raise refusals.conflict(definition.collection, entry.name)
        replicas = (scale.get("spec") or {}).get("replicas") or 0
        if replicas < 0:
            text = f"Invalid value: {replicas}: must be greater than or equal to 0"
            raise invalid(
                "autoscaling", "Scale", entry.name, [FieldError("FieldValueInvalid", "spec.replicas", text)]
            )
        assert definition.scale is not None
        new = private_copy(old)
        _set(new, definition.scale.replicas, replicas)
        return new


def _path(request: Request, definition: ResourceDefinition) -> str:
    return path_of(request.info.namespace if definition.namespaced else "", request.info.name)


def scale_of(definition: ResourceDefinition, obj: Object) -> Object:
    """The Scale of an object."""
    paths = definition.scale
    assert paths is not None
    metadata = {field: obj["metadata"][field] for field in _META if field in obj["metadata"]}
    replicas = _get(obj, paths.replicas)
    scale: Object = {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": replicas} if replicas else {},
        "status": {"replicas": _get(obj, paths.status_replicas) or 0},
    }
    if selector := _selector_text(obj, paths):
        scale["status"]["selector"] = selector
    return scale


def _selector_text(obj: Object, paths: ScalePaths) -> str:
    selector = _get(obj, paths.selector) if paths.selector else None
    if isinstance(selector, str):
        return selector
    if not isinstance(selector, dict):
        return ""
    if obj.get("kind") == "ReplicationController":
        return str(from_labels(selector))
    return str(from_label_selector(selector))


def _get(obj: Object, path: tuple[str, ...]) -> Any:
    value: Any = obj
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _set(obj: Object, path: tuple[str, ...], value: Any) -> None:
    *above, last = path
    target = obj
    for step in above:
        target = target.setdefault(step, {})
    target[last] = value
