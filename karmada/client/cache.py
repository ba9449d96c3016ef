"""Objects as an informer last saw them: read-only, found by key, by namespace, or by an index.

In: put and remove from informer.py (or a test). Out: objects to controllers, which must not change them.
Every call is one synchronous step; wait_for is for who must see a write of its own come back.
"""

import asyncio
import builtins
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from karmada.api.gvk import ObjectKey, Resource

log = logging.getLogger(__name__)

T = TypeVar("T")


class _Index(Generic[T]):
    """value -> keys of the objects that have it."""

    def __init__(self, name: str, values: Callable[[T], Iterable[str]]) -> None:
        self.name = name
        self.values = values
        self.keys: dict[str, dict[ObjectKey, None]] = {}
        self._of: dict[ObjectKey, tuple[str, ...]] = {}

    def put(self, key: ObjectKey, value: T) -> None:
        try:
            found = tuple(dict.fromkeys(self.values(value)))
        except Exception:
            log.exception("object cannot be indexed", extra={"index": self.name, "key": str(key)})
            found = ()
        if found == self._of.get(key, ()):
            return
        self.remove(key)
        if found:
            self._of[key] = found
            for item in found:
                self.keys.setdefault(item, {})[key] = None

    def remove(self, key: ObjectKey) -> None:
        for item in self._of.pop(key, ()):
            keys = self.keys[item]
            del keys[key]
            if not keys:
                del self.keys[item]


class Cache(Generic[T]):
    """The objects of one resource."""

    def __init__(self, resource: Resource[T]) -> None:
        self.resource = resource
        self._objects: dict[ObjectKey, T] = {}
        self._namespaces: dict[str, dict[ObjectKey, T]] = {}
        self._indexes: dict[str, _Index[T]] = {}
        self._waiting: defaultdict[ObjectKey, builtins.list[asyncio.Event]] = defaultdict(builtins.list)

    def __len__(self) -> int:
        return len(self._objects)

    def __contains__(self, key: object) -> bool:
        return key in self._objects

    def __iter__(self) -> Iterator[ObjectKey]:
        """Over the keys there are now; the cache may change meanwhile."""
        return iter(list(self._objects))

    def get(self, key: ObjectKey) -> T | None:
        return self._objects.get(key)

    def named(self, namespace: str, name: str) -> T | None:
        return self._objects.get(ObjectKey(self.resource.gvr, namespace, name))

    def list(self, namespace: str = "") -> builtins.list[T]:
        """Everything, or what is in one namespace."""
        return list(self._within(namespace).values())

    def keys(self, namespace: str = "") -> builtins.list[ObjectKey]:
        return list(self._within(namespace))

    def add_index(self, name: str, values: Callable[[T], Iterable[str]]) -> None:
        """Find objects by what values says of them. A second index with the same name is ignored."""
        if name in self._indexes:
            return
        index = self._indexes[name] = _Index(name, values)
        for key, value in self._objects.items():
            index.put(key, value)

    def by_index(self, name: str, value: str) -> builtins.list[T]:
        return [self._objects[key] for key in self._indexes[name].keys.get(value, ())]

    def keys_by_index(self, name: str, value: str) -> builtins.list[ObjectKey]:
        return list(self._indexes[name].keys.get(value, ()))

    def index_values(self, name: str) -> builtins.list[str]:
        """Every value that some object has in this index."""
        return list(self._indexes[name].keys)

    async def wait_for(self, key: ObjectKey, predicate: Callable[[T | None], bool]) -> T | None:
        """Wait until predicate holds for the object of key (None: not there).

        The caller sets the deadline.
        """
        while not predicate(current := self._objects.get(key)):
            changed = asyncio.Event()
            self._waiting[key].append(changed)
            try:
                await changed.wait()
            finally:
                waiting = self._waiting[key]
                if changed in waiting:
                    waiting.remove(changed)
                if not waiting:
                    del self._waiting[key]
        return current

    def put(self, key: ObjectKey, value: T) -> T | None:
        """Keep value; returns what was there before."""
        old = self._objects.get(key)
        self._objects[key] = value
        self._namespaces.setdefault(key.namespace, {})[key] = value
        for index in self._indexes.values():
            index.put(key, value)
        self._notify(key)
        return old

    def remove(self, key: ObjectKey) -> T | None:
        """Drop key; returns what was there."""
        old = self._objects.pop(key, None)
        if old is None:
            return None
        within = self._namespaces[key.namespace]
        del within[key]
        if not within:
            del self._namespaces[key.namespace]
        for index in self._indexes.values():
            index.remove(key)
        self._notify(key)
        return old

    def _within(self, namespace: str) -> dict[ObjectKey, T]:
        return self._namespaces.get(namespace, {}) if namespace else self._objects

    def _notify(self, key: ObjectKey) -> None:
        if key in self._waiting:
            for changed in self._waiting[key]:
                changed.set()
