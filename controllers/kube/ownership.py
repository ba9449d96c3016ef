"""Who owns whom: the graph the garbage collector decides on. Pure, changed in one synchronous step per event.

A node is a uid. What is known of an object is its key, its owners and whether it is on its way out; owners
may be named that were never seen.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from karmada.api.groups.meta import Root
from karmada.api.gvk import ObjectKey, split_api_version
from karmada.api.objects import Object, finalizers_of, is_deleting, metadata_of, owners_of, uid_of

FOREGROUND_FINALIZER: Final = "foregroundDeletion"
ORPHAN_FINALIZER: Final = "orphan"
_TIES: Final = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "ownerReferences",
    "finalizers",
    "deletionTimestamp",
)


def ties_alone(obj: Object) -> Object:
    """An object reduced to who it is, who owns it and whether it is on its way out."""
    metadata = metadata_of(obj)
    return {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj.get("kind"),
        "metadata": {name: metadata[name] for name in _TIES if name in metadata},
    }


def plain(value: Object | Root) -> Object:
    """The metadata of an object as plain JSON, also where an informer reads its kind as a model."""
    return {"metadata": value.metadata.to_json()} if isinstance(value, Root) else value


@dataclass(frozen=True, slots=True)
class OwnerReference:
    """An owner as its dependent names it."""

    uid: str
    group: str
    version: str
    kind: str
    name: str
    blocks: bool

    @classmethod
    def of(cls, reference: Object) -> "OwnerReference":
        group, version = split_api_version(reference.get("apiVersion") or "")
        return cls(
            uid=reference.get("uid") or "",
            group=group,
            version=version,
            kind=reference.get("kind") or "",
            name=reference.get("name") or "",
            blocks=bool(reference.get("blockOwnerDeletion")),
        )


@dataclass(frozen=True, slots=True)
class Node:
    """One object the graph has seen."""

    uid: str
    key: ObjectKey
    owners: tuple[OwnerReference, ...] = ()
    deleting: bool = False
    finalizers: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, key: ObjectKey, obj: Object) -> "Node":
        return cls(
            uid=uid_of(obj),
            key=key,
            owners=tuple(OwnerReference.of(reference) for reference in owners_of(obj)),
            deleting=is_deleting(obj),
            finalizers=frozenset(finalizers_of(obj)),
        )

    @property
    def waits_for_dependents(self) -> bool:
        return self.deleting and FOREGROUND_FINALIZER in self.finalizers

    @property
    def orphans_dependents(self) -> bool:
        return self.deleting and ORPHAN_FINALIZER in self.finalizers


class OwnershipGraph:
    """Every node seen, and the dependents of every uid that is named as an owner."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._dependents: defaultdict[str, set[str]] = defaultdict(set)

    def put(self, node: Node) -> Node | None:
        """Take in a new state of a node; returns the one before."""
        before = self.nodes.get(node.uid)
        self._unlink(before)
        self.nodes[node.uid] = node
        for owner in node.owners:
            self._dependents[owner.uid].add(node.uid)
        return before

    def remove(self, uid: str) -> Node | None:
        node = self.nodes.pop(uid, None)
        self._unlink(node)
        return node

    def dependents(self, uid: str) -> list[Node]:
        return [self.nodes[each] for each in self._dependents.get(uid, ()) if each in self.nodes]

    def _unlink(self, node: Node | None) -> None:
        for owner in node.owners if node else ():
            dependents = self._dependents[owner.uid]
            dependents.discard(node.uid)  # type: ignore[union-attr]
            if not dependents:
                del self._dependents[owner.uid]
