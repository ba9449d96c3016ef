"""The objects templates need: found by name or by label, and followed, so that their changes wake bindings.

In: references from the interpreter, the kinds' informers. Out: objects, and keys of the independent bindings
whose record (references.py) means an object that changed.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from controllers.dependencies.references import (
    dependency_keys,
    key_of,
    lookup_keys,
    same_content,
    selected_by,
    selects,
)
from controllers.templates import Templates
from karmada.api.errors import ApiError, NotFound, ServiceUnavailable
from karmada.api.groups.config import DependentObjectReference
from karmada.api.groups.work import ResourceBinding
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object, resource_version_of
from karmada.client.informer import Change, Informer, Informers
from karmada.runtime.controller import LOW_PRIORITY, WorkQueue

DEPENDENCY_INDEX: Final = "depends-on"
HANDLER: Final = "dependencies of bindings"
FIRST_LIST_SECONDS: Final = 10.0
"""How long a selection by label waits for the first list of a kind before it is tried again later."""


@dataclass(frozen=True, slots=True)
class Found:
    """The objects there are of those a template needs, and what could not be looked for."""

    objects: list[Object]
    errors: list[ApiError]


class NeededObjects:
    """Starts to follow a kind when the first template needs one of its objects."""

    def __init__(
        self, *, bindings: Informer[ResourceBinding], informers: Informers, templates: Templates
    ) -> None:
        self._bindings = bindings
        self._bindings.cache.add_index(DEPENDENCY_INDEX, dependency_keys)
        self._informers = informers
        self._templates = templates
        self._queue: WorkQueue[ObjectKey] | None = None
        self._edited: dict[str, str] = {}
        """By key_of: the resourceVersion at which an object was last seen to change in content."""

    def connect(self, queue: WorkQueue[ObjectKey]) -> None:
        """Where keys of bindings go whose objects changed."""
        self._queue = queue

    def edited_at(self, obj: Object) -> str:
        """The resourceVersion of the last change of its content; "" when there was none since the start."""
        return self._edited.get(key_of(obj), "")

    async def find(self, dependencies: Sequence[DependentObjectReference]) -> Found:
        """Objects that do not exist yet are no error: they wake the binding when they appear."""
        found = Found([], [])
        for dependency in dependencies:
            try:
                found.objects.extend(await self._objects_of(dependency))
            except ApiError as error:
                found.errors.append(error)
        return found

    async def _objects_of(self, dependency: DependentObjectReference) -> list[Object]:
        resource = await self._templates.resource_of(dependency.api_version, dependency.kind)
        if resource is None:
            raise NotFound(f'no matches for kind "{dependency.kind}" in version "{dependency.api_version}"')
        informer = self._follow(resource)
        if dependency.name:
            key = resource.key(dependency.namespace, dependency.name)
            obj = await self._templates.find(resource, key)
            return [] if obj is None else [obj]
        try:
            async with asyncio.timeout(FIRST_LIST_SECONDS):
                await informer.wait_synced()
        except TimeoutError as error:
            raise ServiceUnavailable(f"{resource.gvr.group_resource} cannot be listed yet") from error
        namespace = dependency.namespace if resource.namespaced else ""
        return [obj for obj in informer.cache.list(namespace) if selects(dependency, obj)]

    def _follow(self, resource: Resource[Object]) -> Informer[Object]:
        informer = self._informers.ensure(resource)

        def object_changed(change: Change[Object]) -> None:
            if not (change.initial and informer.synced):  # what was known before, a reconcile reads itself
                self._object_changed(change)

        informer.add_handler(object_changed, name=HANDLER)
        return informer

    def _object_changed(self, change: Change[Object]) -> None:
        old, new = change.old, change.new
        known = new if new is not None else old
        if known is None or self._queue is None:
            return
        by_name, by_label = lookup_keys(known)
        if new is None:
            self._edited.pop(by_name, None)
        elif old is not None:
            if same_content(old, new):
                return
            self._edited[by_name] = resource_version_of(new)
        cache = self._bindings.cache
        keys = cache.keys_by_index(DEPENDENCY_INDEX, by_name)
        for key in cache.keys_by_index(DEPENDENCY_INDEX, by_label):
            binding = cache.get(key)
            if binding is not None and selected_by(binding, old, new):
                keys.append(key)
        for key in keys:
            self._queue.add(key, priority=LOW_PRIORITY if change.initial else 0)
