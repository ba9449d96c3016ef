"""Keep a cache equal to a collection: list, watch, resume; and tell handlers what changed.

In: one resource of one API server. Out: a Cache and Changes. Lists in pages, watches from there with
bookmarks, picks up at the last resource version after any trouble, and lists again only when that version
is gone; what was deleted meanwhile is told then. It never dies: trouble of any kind means another try, a
few seconds later at most.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from karmada.api.errors import ApiError, Expired
from karmada.api.gvk import GroupVersionResource, ObjectKey, Resource
from karmada.api.objects import Object, name_of, resource_version_of
from karmada.client.cache import Cache
from karmada.client.client import PAGE_SIZE, Client
from karmada.client.watch import RawEvent, as_expired
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.tasks import Tasks

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 3.0
WATCH_SECONDS: Final = (300, 600)
"""Each watch asks to be ended after a random time between these: connections move on, load spreads."""
GRACE_SECONDS: Final = 30.0
"""So long after that time a stream that did not end is given up."""

_PARTIAL = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1,application/json"


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """old None: it appeared; new None: it is gone.

    initial: it was there when this handler began to listen.
    """

    key: ObjectKey
    old: T | None
    new: T | None
    initial: bool


class Informer(Generic[T]):
    """An async context manager: entering waits for the first list, leaving ends the watch.

    transform may trim an object (plain JSON, which it owns) before it is decoded; metadata.managedFields
    is always dropped. metadata_only asks the server for metadata alone and needs a Resource without a
    model.
    """

    def __init__(
        self,
        client: Client,
        resource: Resource[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        transform: Callable[[Object], Object] | None = None,
        metadata_only: bool = False,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if metadata_only and resource.model is not None:
            raise ValueError(f"metadata_only needs a Resource without a model, not {resource.kind}")
        self.resource = resource
        self.cache: Cache[T] = Cache(resource)
        self.trouble = ""
        """What went wrong last; "" while all is well."""
        self._client = client
        self._namespace = namespace if resource.namespaced else ""
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._transform = transform
        self._metadata_only = metadata_only
        self._clock = clock
        self._handlers: dict[str, Callable[[Change[T]], None]] = {}
        self._synced = asyncio.Event()
        self._resource_version = ""
        self._undecodable: dict[ObjectKey, None] = {}
        self._tasks = Tasks(f"informer {resource.gvr.group_resource}")

    @property
    def synced(self) -> bool:
        """The first list is complete."""
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        await self._synced.wait()

    def add_handler(self, handler: Callable[[Change[T]], None], *, name: str = "") -> None:
        """Call handler for what is there (initial=True) and for every change.

        Handlers are synchronous and quick; one that raises is logged. The same handler, or a second one
        with the same name, is not added again.
        """
        identity = name or f"{getattr(handler, '__qualname__', handler)} {id(handler)}"
        if identity in self._handlers or handler in self._handlers.values():
            return
        self._handlers[identity] = handler
        listed = self.cache.keys()
        for key in listed:
            self._tell(identity, handler, Change(key, None, self.cache.get(key), initial=True))

    def remove_handler(self, handler: Callable[[Change[T]], None]) -> None:
        self._handlers = {name: known for name, known in self._handlers.items() if known != handler}

    def start(self) -> None:
        """Begin without waiting for the first list. Ended by close."""
        self._tasks.start(self.run(), name=self._tasks.name)

    async def close(self) -> None:
        await self._tasks.close()

    async def __aenter__(self) -> "Informer[T]":
        self.start()
        try:
            await self.wait_synced()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def run(self) -> None:
        """List and watch until cancelled."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = self._clock.monotonic()
            try:
                if not self._resource_version:
                    await self._list()
                await self._watch()
                self.trouble = ""
            except Expired:
                self._resource_version = ""
                log.info("watch expired", extra={"resource": self.resource.gvr.group_resource})
            except ApiError as error:
                self._report(f"{type(error).__name__}: {error}")
            except Exception:
                # Whatever an answer holds, the next one may be better: an informer that is gone helps nobody.
                log.exception("informer failed", extra={"resource": self.resource.gvr.group_resource})
                self._resource_version = ""
            if self._clock.monotonic() - began > LONGEST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            await self._clock.sleep(pause * (0.5 + random.random() / 2))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _list(self) -> None:
        """Read the collection page by page; objects that are not in it any more are gone."""
        try:
            version, seen = await self._read_pages(PAGE_SIZE)
        except ApiError as error:
            if not isinstance(as_expired(error), Expired):
                raise
            version, seen = await self._read_pages(0)  # pages outlived their version: all in one answer
        known = self.cache.keys()
        for key in known:
            if key not in seen:
                self._remove(key)
        self._undecodable = {key: None for key in self._undecodable if key in seen}
        self._resource_version = version
        self.trouble = ""
        self._synced.set()

    async def _read_pages(self, page_size: int) -> tuple[str, set[ObjectKey]]:
        seen: set[ObjectKey] = set()
        token = ""
        while True:
            page = await self._client.list_objects(
                self.resource,
                namespace=self._namespace,
                label_selector=self._label_selector,
                field_selector=self._field_selector,
                limit=page_size,
                continue_token=token,
                accept=_PARTIAL.format("List") if self._metadata_only else "",
            )
            for obj in page.items:
                key = self.resource.key_of(obj)
                seen.add(key)
                self._apply(key, obj)
            token = page.continue_token
            if not token:
                return page.resource_version, seen

    async def _watch(self) -> None:
        """Follow changes until the stream ends."""
        seconds = random.randint(*WATCH_SECONDS)
        try:
            async with asyncio.timeout(seconds + GRACE_SECONDS):
                batches = self._client.watch_batches(
                    self.resource,
                    namespace=self._namespace,
                    label_selector=self._label_selector,
                    field_selector=self._field_selector,
                    resource_version=self._resource_version,
                    timeout_seconds=seconds,
                    accept=_PARTIAL.format("") if self._metadata_only else "",
                )
                async with aclosing(batches):
                    async for batch in batches:
                        self.trouble = ""
                        self._apply_batch(batch)
        except TimeoutError:
            log.info("watch did not end in time", extra={"resource": self.resource.gvr.group_resource})

    def _apply_batch(self, batch: Sequence[RawEvent]) -> None:
        for event in batch:
            obj = event.object
            version = resource_version_of(obj)
            if event.type != "BOOKMARK" and name_of(obj):
                key = self.resource.key_of(obj)
                if event.type == "DELETED":
                    self._undecodable.pop(key, None)
                    self._remove(key)
                else:
                    obj["apiVersion"], obj["kind"] = self.resource.api_version, self.resource.kind
                    self._apply(key, obj)
            if version:
                self._resource_version = version

    def _apply(self, key: ObjectKey, obj: Object) -> None:
        known = self.cache.get(key)
        if known is not None and _version_of(known) == resource_version_of(obj) != "":
            return
        try:
            value = self.resource.decode(self._trimmed(obj))
        except (ValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
            if key not in self._undecodable:
                self._undecodable[key] = None
                log.warning(
                    "object cannot be read and is left out", extra={"key": str(key), "error": str(error)}
                )
            return
        self._undecodable.pop(key, None)
        old = self.cache.put(key, value)
        self._tell_all(Change(key, old, value, initial=not self.synced))

    def _remove(self, key: ObjectKey) -> None:
        old = self.cache.remove(key)
        if old is not None:
            self._tell_all(Change(key, old, None, initial=False))

    def _trimmed(self, obj: Object) -> Object:
        metadata = obj.get("metadata")
        if metadata:
            metadata.pop("managedFields", None)
        if self._metadata_only:
            obj = {"apiVersion": self.resource.api_version, "kind": self.resource.kind, "metadata": metadata}
        return self._transform(obj) if self._transform is not None else obj

    def _tell_all(self, change: Change[T]) -> None:
        for name, handler in list(self._handlers.items()):
            self._tell(name, handler, change)

    def _tell(self, name: str, handler: Callable[[Change[T]], None], change: Change[T]) -> None:
        try:
            handler(change)
        except Exception:
            log.exception("informer handler failed", extra={"handler": name, "key": str(change.key)})

    def _report(self, trouble: str) -> None:
        """Say it once, not at every try."""
        if trouble != self.trouble:
            self.trouble = trouble
            log.warning(
                "list or watch failed", extra={"resource": self.resource.gvr.group_resource, "error": trouble}
            )


class Informers:
    """An async context manager; one informer per Resource (the same resource read as another type is
    another one).

    namespace limits those of namespaced resources.
    """

    def __init__(
        self,
        client: Client,
        *,
        transform: Callable[[Object], Object] | None = None,
        namespace: str = "",
    ) -> None:
        self._client = client
        self._transform = transform
        self._namespace = namespace
        self._informers: dict[Resource[Any], Informer[Any]] = {}
        self._spare: set[Resource[Any]] = set()
        self._open = False

    @property
    def client(self) -> Client:
        return self._client

    def ensure(self, resource: Resource[T], *, needed: bool = True) -> Informer[T]:
        """The informer of resource, started now if it was not; it may not be synced yet.

        needed False is for who can begin without: needed() leaves it out unless somebody else needs it.
        """
        informer = self._informers.get(resource)
        if needed:
            self._spare.discard(resource)
        elif informer is None:
            self._spare.add(resource)
        if informer is None:
            if not self._open:
                raise RuntimeError("Informers is not entered")
            informer = Informer(self._client, resource, namespace=self._namespace, transform=self._transform)
            self._informers[resource] = informer
            informer.start()
        return informer

    def adopt(self, informer: Informer[T]) -> Informer[T]:
        """Start informer, hand it out for its resource from now on, end it with the others. For one that
        follows less than all objects.
        """
        if not self._open or informer.resource in self._informers:
            raise RuntimeError(f"{informer.resource.kind} is followed already, or Informers is not entered")
        self._informers[informer.resource] = informer
        informer.start()
        return informer

    def get(self, resource: Resource[T]) -> Informer[T] | None:
        return self._informers.get(resource)

    def following(self, gvr: GroupVersionResource) -> Informer[Any] | None:
        """An informer of gvr, whichever type it reads the objects as."""
        return next((each for each in self._informers.values() if each.resource.gvr == gvr), None)

    def all(self) -> list[Informer[Any]]:
        return list(self._informers.values())

    def needed(self) -> list[Informer[Any]]:
        """Those that must be synced before anything is decided."""
        return [informer for resource, informer in self._informers.items() if resource not in self._spare]

    async def stop(self, resource: Resource[T]) -> None:
        """End the informer of resource; a later ensure makes a new one."""
        informer = self._informers.pop(resource, None)
        if informer is not None:
            await informer.close()

    async def wait_synced(self) -> None:
        """Wait for the first list of every informer there is now. The caller sets the deadline."""
        for informer in self.all():
            await informer.wait_synced()

    async def wait_needed(self) -> None:
        for informer in self.needed():
            await informer.wait_synced()

    async def __aenter__(self) -> "Informers":
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        self._open = False
        informers, self._informers = self.all(), {}
        await asyncio.gather(*(informer.close() for informer in informers))


def _version_of(value: object) -> str:
    if isinstance(value, dict):
        return resource_version_of(value)
    return getattr(getattr(value, "metadata", None), "resource_version", None) or ""
