"""From the object a client wants to the value that is stored: one path for create, update, patch and apply.

In: an object in its kind's shape, the stored one, the request's context. Out: the finished object, or a
refusal. Order: what the client may not set, defaults, mutating admission, generation, managed fields, rules,
validating admission. write.py and the subresource handlers call it inside the store's read-modify-write.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import orjson

from apiserver.admission.chain import Chain
from apiserver.admission.context import AdmissionContext, Operation, Reader
from apiserver.handlers.options import WriteOptions
from apiserver.handlers.subresources import is_view, projection
from apiserver.merge.managed_fields import managed_after_write
from apiserver.request_info import Request, UserInfo
from apiserver.resources import metadata as meta
from apiserver.resources.definition import ResourceDefinition
from apiserver.schema.builtin import builtin_schema
from apiserver.storage.entries import encode
from karmada.api.errors import BadRequest, FieldError, invalid
from karmada.api.facts import type_name
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, name_of
from karmada.runtime.clock import Clock, rfc3339

Tracking = Literal["update", "done"]
"""update: compute managedFields here; done: server-side apply has set them."""
_NOBODY = UserInfo("system:unsecured")


@dataclass(frozen=True, slots=True)
class Preparation:
    """The neighbours that preparing an object needs."""

    chain: Chain
    reader: Reader
    clock: Clock

    def now(self) -> str:
        return rfc3339(self.clock.now())

    def context(
        self,
        request: Request,
        definition: ResourceDefinition,
        operation: Operation,
        *,
        name: str,
        options: Object,
        old: Object | None = None,
        dry_run: bool = False,
        kind: GroupVersionKind | None = None,
    ) -> AdmissionContext:
        """kind: of the object the request is about, where that is not the resource's own."""
        info = request.info
        context = AdmissionContext(
            operation=operation,
            resource=definition.gvr,
            kind=kind or definition.gvk,
            namespace=info.namespace if definition.namespaced else "",
            name=name,
            user=request.user or _NOBODY,
            reader=self.reader,
            now=self.now(),
            subresource=info.subresource,
            old=old,
            dry_run=dry_run,
            options=options,
            warnings=request.warnings,
            annotations=request.annotations,
        )
        if kind is None:
            context.reshape = partial(self._reshaped, definition, context)
        else:
            context.reshape = partial(_reshaped_action, kind)
        return context

    def _reshaped(self, definition: ResourceDefinition, context: AdmissionContext, obj: Object) -> Object:
        definition.schema.prune(obj)
        definition.schema.default(obj)
        self.chain.default(obj, context)
        return obj

    async def action(
        self,
        request: Request,
        definition: ResourceDefinition,
        operation: Operation,
        obj: Object,
        *,
        name: str,
        kind: GroupVersionKind,
        options: Object,
        dry_run: bool = False,
    ) -> Object:
        """obj, which is asked for and not stored (a Binding, an Eviction, the options of a connection),
        after admission. Raises what the client gets."""
        context = self.context(
            request, definition, operation, name=name, options=options, dry_run=dry_run, kind=kind
        )
        obj = await self.chain.mutate(obj, context)
        await self.chain.review(obj, context)
        return obj

    async def created(
        self,
        definition: ResourceDefinition,
        obj: Object,
        context: AdmissionContext,
        options: WriteOptions,
        *,
        tracking: Tracking = "update",
    ) -> Object:
        """The object to create. obj is in shape and is used up."""
        with _schema_first(definition, obj):
            return await self._created(definition, obj, context, options, tracking)

    async def _created(
        self,
        definition: ResourceDefinition,
        obj: Object,
        context: AdmissionContext,
        options: WriteOptions,
        tracking: Tracking,
    ) -> Object:
        metadata = obj["metadata"]
        if repeated := meta.dedup_owners(metadata):
            context.warnings.append(meta.duplicate_owner_warning(repeated))
        meta.prepare_new(metadata, uid=str(uuid.uuid4()), now=context.now)
        definition.reset_on_create(obj)
        definition.schema.default(obj)
        self.chain.default(obj, context)
        mutated = await self.chain.mutate(obj, context)
        if mutated is not obj:
            _keep_identity(mutated["metadata"], metadata)
            definition.reset_on_create(mutated)
            obj = mutated
        self.chain.prepare(obj, None, context)
        definition.strategy.start_generation(obj)
        if tracking == "update":
            self._track(definition, obj, definition.zero, context, options)
        metadata = obj["metadata"]
        errors = meta.metadata_errors(
            metadata, rule=definition.name_rule, namespaced=definition.namespaced, typed=definition.strategic
        )
        self._raise_broken(definition, obj, [*errors, *definition.schema.validate(obj)], None, context)
        await self.chain.refuse(obj, None, context)
        return obj

    async def updated(
        self,
        definition: ResourceDefinition,
        new: Object,
        old: Object,
        context: AdmissionContext,
        options: WriteOptions,
        *,
        tracking: Tracking = "update",
    ) -> Object:
        """The object that replaces old. new is in shape and is used up; for a subresource it is already
        the whole object that the write to the subresource makes."""
        with _schema_first(definition, new):
            return await self._updated(definition, new, old, context, options, tracking)

    async def _updated(
        self,
        definition: ResourceDefinition,
        new: Object,
        old: Object,
        context: AdmissionContext,
        options: WriteOptions,
        tracking: Tracking,
    ) -> Object:
        metadata = new["metadata"]
        if repeated := meta.dedup_owners(metadata):
            context.warnings.append(meta.duplicate_owner_warning(repeated))
        meta.carry_over(metadata, old["metadata"])
        if not context.subresource:
            definition.strategy.reset_on_update(new, old)
        definition.schema.default(new)
        self.chain.default(new, context)
        mutated = await self.chain.mutate(new, context)
        if mutated is not new:
            new = self._remutated(definition, mutated, old, context)
        self.chain.prepare(new, old, context)
        if context.subresource in ("", "scale"):
            definition.strategy.next_generation(new, old)
        else:
            _keep_generation(new, old, add=1 if context.subresource in _BUMPING else 0)
        if tracking == "update":
            self._track(definition, new, old, context, options)
        metadata = new["metadata"]
        errors = meta.update_errors(metadata, old["metadata"])
        errors += meta.metadata_errors(
            metadata,
            rule=definition.name_rule,
            namespaced=definition.namespaced,
            typed=definition.strategic,
            full=False,
        )
        self._raise_broken(
            definition, new, [*errors, *definition.schema.validate(new, old=old)], old, context
        )
        await self.chain.refuse(new, old, context)
        return new

    @staticmethod
    def _remutated(
        definition: ResourceDefinition, new: Object, old: Object, context: AdmissionContext
    ) -> Object:
        """new as webhooks left it, without what a write of this sort cannot change."""
        meta.carry_over(new["metadata"], old["metadata"])
        if not context.subresource:
            definition.strategy.reset_on_update(new, old)
        elif is_view(context.subresource):
            new = projection(context.subresource)(definition, new, old)
        return new

    def _track(
        self,
        definition: ResourceDefinition,
        new: Object,
        old: Object,
        context: AdmissionContext,
        options: WriteOptions,
    ) -> None:
        managed = managed_after_write(
            definition.schema.node,
            old=old,
            new=new,
            manager=options.field_manager,
            api_version=definition.api_version,
            subresource=context.subresource,
            time=context.now,
        )
        if managed:
            new["metadata"]["managedFields"] = managed
        else:
            new["metadata"].pop("managedFields", None)

    def _raise_broken(
        self,
        definition: ResourceDefinition,
        obj: Object,
        errors: list[FieldError],
        old: Object | None,
        context: AdmissionContext,
    ) -> None:
        errors = errors + self.chain.errors(obj, old, context)
        if errors:
            raise invalid(definition.gvr.group, definition.served.kind, name_of(obj), errors)


@contextmanager
def _schema_first(definition: ResourceDefinition, obj: Object) -> Iterator[None]:
    """Defaults and rules of a kind see objects of custom kinds before their schema has judged them. What
    stumbles over a value of the wrong type is told as what the schema says of it; raises Invalid."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        if errors := definition.schema.validate(obj):
            raise invalid(definition.gvr.group, definition.served.kind, name_of(obj), errors) from error
        raise


def _reshaped_action(kind: GroupVersionKind, obj: Object) -> Object:
    name = type_name(*kind)
    if name is not None:
        builtin_schema(name).prune(obj)
    return obj


def _keep_identity(metadata: Object, before: Object) -> None:
    """What the server gave a new object stays, whatever a webhook thinks. Raises BadRequest."""
    if (metadata.get("namespace") or "") != (before.get("namespace") or ""):
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    for field in ("uid", "creationTimestamp"):
        metadata[field] = before[field]


_BUMPING = frozenset({"ephemeralcontainers", "resize"})


def _keep_generation(new: Object, old: Object, *, add: int) -> None:
    generation = (old["metadata"].get("generation") or 0) + add
    if generation:
        new["metadata"]["generation"] = generation
    else:
        new["metadata"].pop("generation", None)


def same_object(new: Object, old: Object) -> bool:
    """Whether storing new over old would change nothing. resourceVersion does not count."""
    if _bare(new) != _bare(old):
        return False
    # 1 == True == 1.0 in Python; in JSON they differ.
    return orjson.dumps(_bare(new), option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        _bare(old), option=orjson.OPT_SORT_KEYS
    )


def _bare(obj: Object) -> Object:
    metadata = {field: value for field, value in obj["metadata"].items() if field != "resourceVersion"}
    return {**obj, "metadata": metadata}


def is_finished(obj: Object, old: Object) -> bool:
    """Whether an update took the last thing that kept a deleted object in place."""
    metadata = obj["metadata"]
    if not old["metadata"].get("deletionTimestamp") or metadata.get("finalizers"):
        return False
    if (
        obj.get("kind") == "Namespace"
        and obj.get("apiVersion") == "v1"
        and (obj.get("spec") or {}).get("finalizers")
    ):
        return False
    return not old["metadata"].get("deletionGracePeriodSeconds")


async def stored_value(definition: ResourceDefinition, obj: Object) -> bytes:
    """The bytes to store, in the storage version. Raises ApiError where obj cannot be converted."""
    if definition.conversion is not None:
        obj = definition.conversion.to_storage(obj)
    elif definition.remote is not None:
        obj = await definition.remote.to_version(obj, definition.served.storage.api_version)
    return encode(obj, definition.storage_head)
