"""Read a resource template: cache, then live.

In: an api version, kind and name, or a binding's reference. Out: the object as last seen, or None. The
informers are those that detector/resources.py starts for everything that can be propagated; nothing here
starts one.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from karmada.api.errors import NotFound
from karmada.api.groups.work import ObjectReference
from karmada.api.gvk import GroupVersionKind, ObjectKey, Resource, split_api_version
from karmada.api.objects import Object, resource_version_of
from karmada.client.client import Client
from karmada.client.informer import Informers
from karmada.client.mapper import Mapper, NoMatch

log = logging.getLogger(__name__)

FIRST_LIST_SECONDS: Final = 2.0
"""How long a read waits for an informer that has just started before it asks the server."""


class Templates:
    """The objects of users in the control plane. What it returns is read-only."""

    def __init__(self, *, informers: Informers, client: Client, mapper: Mapper) -> None:
        self._informers = informers
        self._client = client
        self._mapper = mapper

    async def resource_of(self, api_version: str, kind: str) -> Resource[Object] | None:
        """The served resource of a kind; None when no such API exists."""
        group, version = split_api_version(api_version)
        try:
            return await self._mapper.resource_for(GroupVersionKind(group, version, kind))
        except NoMatch:
            return None

    def cached(self, resource: Resource[Object], namespace: str, name: str) -> Object | None:
        """What the informer of the resource holds, if there is one."""
        informer = self._informers.get(resource)
        return None if informer is None else informer.cache.get(resource.key(namespace, name))

    async def find(self, resource: Resource[Object], key: ObjectKey, *, at_least: str = "") -> Object | None:
        """The object, from the cache unless that has none or one older than the resourceVersion at_least."""
        await self._wait_for_first_list(resource)
        found = self.cached(resource, key.namespace, key.name)
        if found is not None and not _is_older(resource_version_of(found), at_least):
            return found
        try:
            return await self._client.get(resource, key)
        except NotFound:
            return None

    async def _wait_for_first_list(self, resource: Resource[Object]) -> None:
        """At a start everything is asked for at once; one list is there before a thousand reads would be."""
        informer = self._informers.get(resource)
        if informer is None or informer.synced or informer.trouble:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LIST_SECONDS):
                await informer.wait_synced()

    async def of(self, reference: ObjectReference) -> Object | None:
        """The template of a binding; None when it, or its kind, does not exist any more.

        At least as new as the reference says: a binding may arrive before the change of the template it is
        about.
        """
        resource = await self.resource_of(reference.api_version, reference.kind)
        if resource is None:
            log.debug("no such API", extra={"apiVersion": reference.api_version, "kind": reference.kind})
            return None
        key = resource.key(reference.namespace, reference.name)
        return await self.find(resource, key, at_least=reference.resource_version)


def _is_older(version: str, wanted: str) -> bool:
    return version.isdecimal() and wanted.isdecimal() and int(version) < int(wanted)
