"""Objects for the server's own use: admission rules, authentication and RBAC read them here, out of the
watch caches."""

import logging
from collections.abc import Callable

from typing_extensions import override

from apiserver.admission.context import Reader
from apiserver.resources.definition import Resources
from apiserver.storage.entries import Change, Entry
from apiserver.storage.keys import Collection, path_of
from apiserver.storage.store import Store
from karmada.api.objects import Object

log = logging.getLogger(__name__)

OnObject = Callable[[Object | None, Object | None], None]


class CacheReader(Reader):
    """Reads objects as they are stored, each call a fresh copy."""

    def __init__(self, store: Store, resources: Resources) -> None:
        self._store = store
        self._heads: dict[Collection, bytes] = {}
        self._resources = resources
        resources.on_change(self._heads.clear)

    @override
    def get(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        collection = Collection(group, resource)
        entry = self._store.cache.collection(collection).get(path_of(namespace, name))
        return None if entry is None else self._decode(collection, entry)

    @override
    def list(self, group: str, resource: str, namespace: str = "") -> "list[Object]":
        collection = Collection(group, resource)
        return [
            self._decode(collection, entry)
            for entry in self._store.cache.collection(collection).select(namespace)
        ]

    @override
    async def get_live(self, group: str, resource: str, namespace: str, name: str) -> Object | None:
        collection = Collection(group, resource)
        entry = await self._store.get(collection, path_of(namespace, name))
        return None if entry is None else self._decode(collection, entry)

    async def lookup(self, resource: str, namespace: str, name: str) -> Object | None:
        """A core object, for authentication."""
        return await self.get_live("", resource, namespace, name)

    def follow(self, group: str, resource: str, listener: OnObject) -> None:
        """Tell listener (old, new) of every object there is now and of every change from now on."""
        collection = Collection(group, resource)
        cache = self._store.cache.collection(collection)
        for entry in cache.select():
            listener(None, self._decode(collection, entry))

        def tell(change: Change) -> None:
            try:
                listener(
                    None if change.old is None else self._decode(collection, change.old),
                    None if change.new is None else self._decode(collection, change.new),
                )
            except Exception:
                # One odd object must not stop the feed of the whole server.
                log.exception("object not taken in", extra={"resource": resource, "path": change.path})

        cache.listeners.append(tell)

    def _decode(self, collection: Collection, entry: Entry) -> Object:
        if entry.stored_head:
            return entry.decode(entry.stored_head)
        head = self._heads.get(collection)
        if head is None:
            versions = self._resources.versions_of(collection)
            head = versions[0].storage_head if versions else b"{"
            self._heads[collection] = head
        return entry.decode(head)
