"""Binding key: the objects a template depends on are bound to where the template goes.

In: ResourceBindings with propagateDeps, what the interpreter says of their templates, changes of the objects
meant. Out: attached bindings (attached.py), the record of dependencies (references.py) and the finalizer on
the independent binding. Before: the scheduler chooses the clusters of the independent. Next: binding/ makes
Works of attached bindings as of any other. ClusterResourceBindings have no dependencies.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final

from controllers.dependencies.attached import (
    attached,
    attached_name,
    conflicts_about,
    depended_by,
    depended_by_label,
    detached,
    new_attached,
)
from controllers.dependencies.objects import NeededObjects
from controllers.dependencies.references import (
    key_of,
    key_of_dependency,
    key_of_reference,
    record_of,
    recorded,
    says_the_same,
)
from controllers.templates import Templates
from karmada.api import wellknown
from karmada.api.errors import AlreadyExists, ApiError, InternalError, NotFound
from karmada.api.groups.config import DependentObjectReference
from karmada.api.groups.work import RESOURCE_BINDINGS, BindingSnapshot, ResourceBinding
from karmada.api.gvk import GroupVersionKind, ObjectKey
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informers
from karmada.interpreter.chain import Interpreter, Operation
from karmada.interpreter.errors import InterpreterError
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

ATTACHED_INDEX: Final = "depended-by"


class DependenciesDistributor:
    """Keys are independent bindings: those a policy made, whose templates need other objects."""

    name = "dependencies-distributor"

    def __init__(
        self,
        *,
        informers: Informers,
        templates: Templates,
        interpreter: Interpreter,
        client: Client,
        recorder: EventRecorder,
    ) -> None:
        self._bindings = informers.ensure(RESOURCE_BINDINGS)
        self._bindings.cache.add_index(ATTACHED_INDEX, depended_by)
        self._objects = NeededObjects(bindings=self._bindings, informers=informers, templates=templates)
        self._templates = templates
        self._interpreter = interpreter
        self._client = client
        self._recorder = recorder

    # --- what wakes a binding -------------------------------------------------------------------------------

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        self._objects.connect(queue)

        def binding_changed(change: Change[ResourceBinding]) -> None:
            priority = LOW_PRIORITY if change.initial else 0
            if _is_news(change.old, change.new):
                queue.add(change.key, priority=priority)
            for snapshot in self._to_ask(change.old, change.new):
                queue.add(_key_of_snapshot(snapshot), priority=priority)

        self._bindings.add_handler(binding_changed, name=self.name)

    def _to_ask(self, old: ResourceBinding | None, new: ResourceBinding | None) -> Iterable[BindingSnapshot]:
        """Bindings to look at because of one attached to them: it went, or they have no need of it."""
        if new is None:
            return () if old is None else old.spec.required_by
        if old is not None and old.spec.required_by == new.spec.required_by:
            return ()
        return [item for item in new.spec.required_by if not _propagates(self._of_snapshot(item))]

    # --- one binding ----------------------------------------------------------------------------------------

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        await self._bindings.wait_synced()
        binding = self._bindings.cache.get(key)
        if binding is None:
            await self._detach_all(key)
            return None
        if binding.metadata.deletion_timestamp or not binding.spec.propagate_deps:
            await self._release(key, binding)
            return None
        template = await self._templates.of(binding.spec.resource)
        if template is None:
            return None  # the binding goes with it
        if self._interpreter.handles(GroupVersionKind.of(template), Operation.DEPENDENCY):
            dependencies = await self._dependencies_of(template)
            await self._distribute(key, binding, template, dependencies)
        return None

    async def _release(self, key: ObjectKey, binding: ResourceBinding) -> None:
        """Attached bindings stay, without this one's clusters: their Works go, unless others need them."""
        await self._detach_all(key)
        try:
            await self._client.update(RESOURCE_BINDINGS, key, _without_finalizer, cached=binding)
        except NotFound:
            log.debug("binding went while it was released", extra={"binding": str(key)})

    async def _dependencies_of(self, template: Object) -> list[DependentObjectReference]:
        try:
            return await self._interpreter.get_dependencies(template)
        except InterpreterError as error:
            self._recorder.event(
                template,
                type=wellknown.WARNING,
                reason=wellknown.EVENT_GET_DEPENDENCIES_FAILED,
                message=str(error),
            )
            raise InternalError(f"failed to get dependencies: {error}") from error

    async def _distribute(
        self,
        key: ObjectKey,
        binding: ResourceBinding,
        template: Object,
        dependencies: list[DependentObjectReference],
    ) -> None:
        try:
            wrote = await self._record(key, binding, dependencies)
            wrote |= await self._sync(key, binding, dependencies)
        except ApiError as error:
            self._recorder.event(
                binding,
                type=wellknown.WARNING,
                reason=wellknown.EVENT_SYNC_SCHEDULE_RESULT_TO_DEPENDENCIES_FAILED,
                message=str(error),
            )
            raise
        if wrote:
            self._say_synced(binding, template, dependencies)

    async def _record(
        self, key: ObjectKey, binding: ResourceBinding, dependencies: list[DependentObjectReference]
    ) -> bool:
        """The finalizer before anything is attached, and what is going to be. Whether this was a write."""
        before = binding

        def change(stored: ResourceBinding) -> ResourceBinding:
            nonlocal before
            before = stored
            return _with_record(stored, dependencies)

        return (await self._client.update(RESOURCE_BINDINGS, key, change, cached=binding)) is not before

    async def _sync(
        self, key: ObjectKey, binding: ResourceBinding, dependencies: list[DependentObjectReference]
    ) -> bool:
        """Let go of what is not needed any more, attach what is. Whether anything was written."""
        found = await self._objects.find(dependencies)
        errors: list[ApiError] = list(found.errors)
        wrote = False
        if not errors:
            needed = {key_of_dependency(item) for item in dependencies} | {
                key_of(obj) for obj in found.objects
            }
            wrote |= await self._detach_all(key, except_for=needed)
        for obj in found.objects:
            try:
                wrote |= await self._attach(key, binding, obj)
            except ApiError as error:
                errors.append(error)
        if errors:
            raise _joined(errors)
        return wrote

    # --- attached bindings ----------------------------------------------------------------------------------

    async def _attach(self, key: ObjectKey, independent: ResourceBinding, obj: Object) -> bool:
        """Bind obj to where independent goes. Whether that took a write."""
        target = RESOURCE_BINDINGS.key(key.namespace, attached_name(obj))
        if target == key:
            return False  # a template that names itself
        cached = self._bindings.cache.get(target)
        if cached is None:
            try:
                await self._client.create(RESOURCE_BINDINGS, new_attached(independent, obj))
            except AlreadyExists:
                pass  # our cache is behind
            else:
                return True
        before = cached
        edited_at = self._objects.edited_at(obj)

        def change(stored: ResourceBinding) -> ResourceBinding:
            nonlocal before
            before = stored
            return attached(stored, independent, obj, self._of_snapshot, edited_at=edited_at)

        after = await self._client.update(RESOURCE_BINDINGS, target, change, cached=cached)
        if after is before:
            return False
        self._warn_of_conflicts(after, independent)
        return True

    async def _detach_all(self, key: ObjectKey, *, except_for: set[str] | None = None) -> bool:
        """Let go of everything attached to key but what is still needed. Whether that took a write."""
        label = depended_by_label(key.namespace, key.name)
        wrote = False
        for binding in self._bindings.cache.by_index(ATTACHED_INDEX, f"{key.namespace}/{label}"):
            if except_for is None or key_of_reference(binding.spec.resource) not in except_for:
                wrote |= await self._detach(key, binding)
        return wrote

    async def _detach(self, key: ObjectKey, binding: ResourceBinding) -> bool:
        before = binding

        def change(stored: ResourceBinding) -> ResourceBinding:
            nonlocal before
            before = stored
            return detached(stored, key, self._of_snapshot)

        target = RESOURCE_BINDINGS.key(binding.metadata.namespace, binding.metadata.name)
        try:
            after = await self._client.update(RESOURCE_BINDINGS, target, change, cached=binding)
        except NotFound:
            return False
        return after is not before

    def _of_snapshot(self, snapshot: BindingSnapshot) -> ResourceBinding | None:
        return self._bindings.cache.get(_key_of_snapshot(snapshot))

    # --- what users are told --------------------------------------------------------------------------------

    def _say_synced(
        self, binding: ResourceBinding, template: Object, dependencies: list[DependentObjectReference]
    ) -> None:
        """Only with a write: an event for every look would itself be a write."""
        self._recorder.event(
            template,
            type=wellknown.NORMAL,
            reason=wellknown.EVENT_GET_DEPENDENCIES_SUCCEED,
            message=f"Get dependencies({record_of(dependencies)}) succeed.",
        )
        self._recorder.event(
            binding,
            type=wellknown.NORMAL,
            reason=wellknown.EVENT_SYNC_SCHEDULE_RESULT_TO_DEPENDENCIES_SUCCEED,
            message="Sync schedule results to dependencies succeed.",
        )

    def _warn_of_conflicts(self, binding: ResourceBinding, independent: ResourceBinding) -> None:
        if conflicts := conflicts_about(binding, independent, self._of_snapshot):
            self._recorder.event(
                binding,
                type=wellknown.WARNING,
                reason=wellknown.EVENT_DEPENDENCY_POLICY_CONFLICT,
                message=f"Dependency policy conflict detected: {'; '.join(conflicts)}.",
            )


def _is_news(old: ResourceBinding | None, new: ResourceBinding | None) -> bool:
    """Whether an independent binding may need other objects in other places now."""
    if new is None:
        return old is not None and old.spec.propagate_deps
    if old is None:
        finalizer = wellknown.BINDING_DEPENDENCIES_FINALIZER in new.metadata.finalizers
        return finalizer or (new.spec.propagate_deps and bool(new.spec.clusters))
    return (old.spec.propagate_deps or new.spec.propagate_deps) and (
        old.metadata.generation != new.metadata.generation
        or old.metadata.deletion_timestamp != new.metadata.deletion_timestamp
        or _record_text(old) != _record_text(new)  # from now on changes of the objects are noticed
    )


def _propagates(binding: ResourceBinding | None) -> bool:
    return binding is not None and binding.spec.propagate_deps


def _record_text(binding: ResourceBinding) -> str | None:
    return binding.metadata.annotations.get(wellknown.DEPENDENCIES_ANNOTATION)


def _key_of_snapshot(snapshot: BindingSnapshot) -> ObjectKey:
    return RESOURCE_BINDINGS.key(snapshot.namespace, snapshot.name)


def _with_record(binding: ResourceBinding, dependencies: list[DependentObjectReference]) -> ResourceBinding:
    metadata = binding.metadata
    update: dict[str, Any] = {}
    finalizer = wellknown.BINDING_DEPENDENCIES_FINALIZER
    if finalizer not in metadata.finalizers:
        update["finalizers"] = [*metadata.finalizers, finalizer]
    if _record_text(binding) is None or not says_the_same(recorded(binding), dependencies):
        record = {wellknown.DEPENDENCIES_ANNOTATION: record_of(dependencies)}
        update["annotations"] = {**metadata.annotations, **record}
    if not update:
        return binding
    return binding.model_copy(update={"metadata": metadata.model_copy(update=update)})


def _without_finalizer(binding: ResourceBinding) -> ResourceBinding:
    metadata, finalizer = binding.metadata, wellknown.BINDING_DEPENDENCIES_FINALIZER
    if finalizer not in metadata.finalizers:
        return binding
    kept = [name for name in metadata.finalizers if name != finalizer]
    return binding.model_copy(update={"metadata": metadata.model_copy(update={"finalizers": kept})})


def _joined(errors: Sequence[ApiError]) -> ApiError:
    if len(errors) == 1:
        return errors[0]
    return InternalError("[" + ", ".join(dict.fromkeys(str(error) for error in errors)) + "]")
