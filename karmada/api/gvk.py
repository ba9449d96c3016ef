"""Kinds, resources and keys as frozen values, and Resource: a served resource with its Python type.

Used by every package. Resource constants of Karmada kinds live beside their models in groups/*.py, those of
built-in kinds in groups/kubernetes.py; kinds known only at run time come from client/mapper.py.
"""

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from typing_extensions import override

from karmada.api.model import Model
from karmada.api.objects import Object, name_of, namespace_of

T = TypeVar("T")


class GroupVersionKind(NamedTuple):
    """("apps", "v1", "Deployment"); the core group is ""."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @classmethod
    def of(cls, obj: Object) -> "GroupVersionKind":
        """The kind an object says it has; parts that are missing or no text are ""."""
        api_version, kind = obj.get("apiVersion"), obj.get("kind")
        group, version = split_api_version(api_version) if isinstance(api_version, str) else ("", "")
        return cls(group, version, kind if isinstance(kind, str) else "")

    @override
    def __str__(self) -> str:
        return f"{self.group}/{self.version}, Kind={self.kind}"


class GroupVersionResource(NamedTuple):
    """("apps", "v1", "deployments"); the core group is ""."""

    group: str
    version: str
    resource: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """As messages write it: `deployments.apps`, `pods`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    @override
    def __str__(self) -> str:
        return f"{self.group}/{self.version}, Resource={self.resource}"


def split_api_version(api_version: str) -> tuple[str, str]:
    """`apps/v1` -> ("apps", "v1"); `v1` -> ("", "v1")."""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", group)


class ObjectKey(NamedTuple):
    """One object of one resource in one cluster. namespace is "" for cluster-scoped kinds."""

    resource: GroupVersionResource
    namespace: str
    name: str

    @override
    def __str__(self) -> str:
        return f"{self.resource.group_resource} {self.namespace + '/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True)  # no slots: Resource[Cluster](...) would fail in Python 3.11
class Resource(Generic[T]):
    """A served resource and the Python type its objects are read as.

    With a model, decode and encode go through it (T is the model); without, T is Object and both return their
    argument: plain JSON, unknown fields and all.
    """

    gvr: GroupVersionResource
    kind: str
    namespaced: bool
    model: type[Model] | None = None

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.gvr.group, self.gvr.version, self.kind)

    @property
    def api_version(self) -> str:
        return self.gvr.api_version

    def key(self, namespace: str, name: str) -> ObjectKey:
        return ObjectKey(self.gvr, namespace if self.namespaced else "", name)

    def key_of(self, obj: Object) -> ObjectKey:
        return ObjectKey(self.gvr, namespace_of(obj) if self.namespaced else "", name_of(obj))

    def decode(self, obj: Object) -> T:
        return obj if self.model is None else self.model.from_json(obj)  # type: ignore[return-value]

    def encode(self, value: T) -> Object:
        """Plain JSON of value with apiVersion and kind set. Without a model this is value itself."""
        if self.model is None:
            return value  # type: ignore[return-value]
        assert isinstance(value, Model)
        encoded = value.to_json()
        encoded.setdefault("apiVersion", self.api_version)
        encoded.setdefault("kind", self.kind)
        return encoded
