"""ServedResource: one resource that is served, and how it behaves. Plain frozen values.

karmada_kinds.py and scheme.py make them; scheme.py is where others find them.
"""

from dataclasses import dataclass
from typing import Final

from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.model import Model

CUSTOM_VERBS: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which discovery lists them for custom resources; those of built-in kinds are sorted."""
TYPED_VERBS: Final = tuple(sorted(CUSTOM_VERBS))
STATUS_VERBS: Final = ("get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of table output: custom kinds say json_path, built-in ones and Cluster describe the cell."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    json_path: str = ""
    cell: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class ServedSubresource:
    """`status`, `scale`, ...: gvk is the kind of its body."""

    name: str
    gvk: GroupVersionKind
    verbs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServedResource:
    """One resource of one version, and how it behaves.

    list_kind is "" for kinds that cannot be listed. storage is the resource whose version is stored; schema
    names the type that describes the object. field_labels come on top of metadata.name and
    metadata.namespace. custom says that it behaves as a custom resource: pruned, its structure kept, no
    strategic merge, no protobuf.
    """

    gvr: GroupVersionResource
    kind: str
    list_kind: str
    singular: str
    namespaced: bool
    verbs: tuple[str, ...]
    schema: str
    storage: GroupVersionResource
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[ServedSubresource, ...] = ()
    field_labels: tuple[str, ...] = ()
    create_on_update: bool = False
    unconditional_update: bool = False
    delete_returns_object: bool = False
    generation: bool = False
    columns: tuple[Column, ...] = ()
    model: type[Model] | None = None
    custom: bool = False

    @property
    def gvk(self) -> GroupVersionKind:
        return GroupVersionKind(self.gvr.group, self.gvr.version, self.kind)

    @property
    def storage_version(self) -> GroupVersionResource:
        """The resource under which objects are stored."""
        return self.storage

    def subresource(self, name: str) -> ServedSubresource | None:
        return next((item for item in self.subresources if item.name == name), None)
