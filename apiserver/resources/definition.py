"""ResourceDefinition: one served resource of one version, with everything a handler needs to know about it.

Made by builtin.py, karmada.py and custom.py; kept in Resources, which discovery and OpenAPI follow. Versions
of one resource share a collection in storage; conversion.py rewrites the few kinds whose versions differ in
more than name.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

import orjson

from apiserver.resources.metadata import NameRule, name_rule
from apiserver.resources.strategy import Strategy
from apiserver.schema.structural import Schema
from apiserver.storage.entries import Entry, encode, head_of
from apiserver.storage.keys import Collection
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.objects import Object, name_of, namespace_of, private_copy
from karmada.api.scheme import ServedResource, ServedSubresource

Origin = Literal["builtin", "karmada", "custom"]


class Conversion(Protocol):
    """Between the version asked for and the one stored. Both return a new object and keep what they do not
    know."""

    def from_storage(self, obj: Object) -> Object: ...

    def to_storage(self, obj: Object) -> Object: ...


class RemoteConversion(Protocol):
    """Between any two versions, by asking somebody. Objects keep what they do not know."""

    async def to_versions(self, objects: Sequence[Object], api_version: str) -> list[Object]:
        """Every object in another version, in the same order. Raises ApiError."""
        ...

    async def to_version(self, obj: Object, api_version: str) -> Object: ...


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where a kind keeps what its scale subresource shows: field names from the root."""

    replicas: tuple[str, ...]
    status_replicas: tuple[str, ...]
    selector: tuple[str, ...] = ()
    """A label selector object, or a selector already written as text."""


@dataclass(frozen=True, eq=False)
class ResourceDefinition:
    """One resource in one version. Compared by identity: a changed CRD makes a new one."""

    served: ServedResource
    schema: Schema
    strategy: Strategy
    origin: Origin
    conversion: Conversion | None = None
    remote: RemoteConversion | None = None
    """Objects stored in another version are converted by a webhook: ready() comes before decode()."""
    scale: ScalePaths | None = None
    deprecation: str = ""
    """The text of the Warning header every request gets; "" for none."""
    paused: str = ""
    """Why creation is refused (a terminating CRD); "" when it is not."""
    since: int = 0
    """Objects written before this revision may lack the schema's shape: they get it when they are read."""
    field_values: Callable[[Object], Mapping[str, str]] | None = None
    """What field selectors compare beyond metadata; None: nothing."""

    @cached_property
    def gvr(self) -> GroupVersionResource:
        return self.served.gvr

    @cached_property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.gvr.group, self.gvr.version, self.served.kind)

    @cached_property
    def api_version(self) -> str:
        return self.gvr.api_version

    @cached_property
    def collection(self) -> Collection:
        return Collection(self.served.storage.group, self.served.storage.resource)

    @cached_property
    def head(self) -> bytes:
        """What comes before an entry's tail in this version."""
        return head_of(self.served.kind, self.api_version)

    @cached_property
    def storage_head(self) -> bytes:
        """What comes before the tail in the stored value."""
        return head_of(self.served.kind, self.served.storage.api_version)

    @cached_property
    def list_head(self) -> bytes:
        return head_of(self.served.list_kind, self.api_version)

    @cached_property
    def item_head(self) -> bytes:
        """What comes before a tail inside a list: items of a built-in list do not repeat their kind."""
        return self.head if self.served.custom else b"{"

    @cached_property
    def view(self) -> "JsonView":
        return JsonView(self)

    @cached_property
    def name_rule(self) -> NameRule:
        return name_rule(self.gvr.group, self.gvr.resource)

    @cached_property
    def zero(self) -> Object:
        """The object every creation is compared with to find who owns what."""
        return self.schema.zero(self.api_version, self.served.kind)

    def reset_on_create(self, obj: Object) -> None:
        """Drop what a client may not set when it creates; obj has its shape already."""
        if self.strategy.has_status and not self.strategy.status_on_create:
            empty = self.zero.get("status")
            if empty is None:
                obj.pop("status", None)
            else:
                obj["status"] = private_copy(empty)

    @property
    def namespaced(self) -> bool:
        return self.served.namespaced

    @property
    def strategic(self) -> bool:
        """Whether strategic merge patches are understood."""
        return not self.served.custom

    @cached_property
    def verbs(self) -> frozenset[str]:
        return frozenset(self.served.verbs)

    @cached_property
    def subresources(self) -> Mapping[str, ServedSubresource]:
        return {subresource.name: subresource for subresource in self.served.subresources}

    def decode(self, entry: Entry) -> Object:
        """The object of entry in this version: a fresh one that may be changed."""
        if self.conversion is not None:
            return self.conversion.from_storage(entry.decode(self.storage_head))
        if self._is_foreign(entry):
            converted: Object = orjson.loads((entry.forms or {})[self.view.name])
            return converted
        obj = entry.decode(self.head)
        if entry.revision < self.since:
            self.schema.prune(obj)
            self.schema.default(obj)
        return obj

    def is_as_stored(self, entry: Entry) -> bool:
        """Whether the stored bytes can be shown as they are."""
        return self.conversion is None and entry.revision >= self.since and not self._is_foreign(entry)

    def _is_foreign(self, entry: Entry) -> bool:
        """Whether a webhook must convert it."""
        return self.remote is not None and entry.stored_head not in (b"", self.head)

    def is_left_behind(self, entry: Entry) -> bool:
        """Whether it is stored in a version that is not the storage version any more."""
        return self.served.custom and entry.stored_head not in (b"", self.storage_head)

    async def ready(self, entries: Iterable[Entry]) -> None:
        """Convert what a webhook must convert, so that entries can be decoded and shown. Raises ApiError."""
        if self.remote is None:
            return
        name = self.view.name
        foreign = [entry for entry in entries if self._is_foreign(entry) and name not in (entry.forms or ())]
        if not foreign:
            return
        stored = [entry.decode(entry.stored_head) for entry in foreign]
        for entry, obj in zip(foreign, await self.remote.to_versions(stored, self.api_version), strict=True):
            self.schema.prune(obj)
            self.schema.default(obj)
            if entry.forms is None:
                entry.forms = {}
            entry.forms[name] = self.form_of(entry, obj)

    def form_of(self, entry: Entry, obj: Object) -> bytes:
        """obj as this version shows it, under the resourceVersion of entry."""
        return self.head + Entry(entry.path, entry.revision, encode(obj, self.head)).tail

    def path_of(self, obj: Object) -> str:
        return f"{namespace_of(obj)}/{name_of(obj)}" if self.namespaced else name_of(obj)


class JsonView:
    """The object itself in the definition's version."""

    def __init__(self, definition: ResourceDefinition) -> None:
        self.definition = definition
        self.name = f"json {definition.api_version} {definition.since}"

    def render(self, entry: Entry) -> bytes:
        if self.definition.is_as_stored(entry):
            return self.definition.head + entry.tail
        if entry.forms is None:
            entry.forms = {}
        form = entry.forms.get(self.name)  # of a webhook, too: see ready()
        if form is None:
            form = entry.forms[self.name] = self.definition.form_of(entry, self.definition.decode(entry))
        return form


@dataclass(slots=True)
class Resources:
    """Everything served now. on_change is called after definitions came or went."""

    _by_resource: dict[tuple[str, ...], ResourceDefinition] = field(default_factory=dict)
    _by_kind: dict[tuple[str, ...], ResourceDefinition] = field(default_factory=dict)
    _listeners: list[Callable[[], None]] = field(default_factory=list)

    def lookup(self, group: str, version: str, resource: str) -> ResourceDefinition | None:
        return self._by_resource.get((group, version, resource))

    def by_kind(self, gvk: GroupVersionKind) -> ResourceDefinition | None:
        return self._by_kind.get(gvk)

    def versions_of(self, collection: Collection) -> list[ResourceDefinition]:
        """Every served version of a resource."""
        return [definition for definition in self if definition.collection == collection]

    def serves_group(self, group: str) -> bool:
        return any(key[0] == group for key in self._by_resource)

    def serves_version(self, group: str, version: str) -> bool:
        return any(key[:2] == (group, version) for key in self._by_resource)

    def __iter__(self) -> Iterator[ResourceDefinition]:
        return iter(list(self._by_resource.values()))

    def __len__(self) -> int:
        return len(self._by_resource)

    def replace(self, *, remove: list[ResourceDefinition], add: list[ResourceDefinition]) -> None:
        """Take definitions out and put others in, in one step."""
        for definition in remove:
            self._by_resource.pop(tuple(definition.gvr), None)
            self._by_kind.pop(tuple(definition.gvk), None)
        for definition in add:
            self._by_resource[tuple(definition.gvr)] = definition
            self._by_kind[tuple(definition.gvk)] = definition
        for listener in self._listeners:
            listener()

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)
