"""Ownership: which field paths an object holds, and which differ between two versions of it. Pure.

Out: sets in the form of field_sets.py. How finely a place is tracked is Node.ownership: whole (`leaf`), per
key (`map`), per element by keys (`keyed`), per value (`set`), or by what is found there (`any`: objects per
key). Metadata that the server manages is never owned.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson

from apiserver.merge.field_sets import LEAF, SELF, FieldSet
from apiserver.schema.node import ANYTHING, MISSING, Node
from apiserver.schema.typed import converter_of
from karmada.api.objects import Object

UNTRACKED: Final = frozenset(("apiVersion", "kind"))
UNTRACKED_METADATA: Final = frozenset(
    (
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    )
)
Elements: TypeAlias = dict[str, list[Any]]


@lru_cache(maxsize=512)
def zero_object(node: Node) -> Object:
    """What a new object of a built-in kind holds before anybody wrote to it. Shared: not to be changed."""
    zero: Object = converter_of(node)({}, []) if node.go_type else {}
    return zero


def compare(
    node: Node, old: Object, new: Object, *, ignored: Collection[str] = ()
) -> tuple[FieldSet, FieldSet]:
    """(added or changed, removed) paths from old to new. ignored are top-level fields left out."""
    changed: FieldSet = {}
    removed: FieldSet = {}
    skipped = UNTRACKED.union(ignored, ("metadata",))
    _compare_map(
        node,
        {name: value for name, value in old.items() if name not in skipped},
        {name: value for name, value in new.items() if name not in skipped},
        changed,
        removed,
    )
    if "metadata" not in ignored:
        old_metadata, new_metadata = _tracked_metadata(old), _tracked_metadata(new)
        if old_metadata != new_metadata:
            below: tuple[FieldSet, FieldSet] = ({}, {})
            _compare_map(node.child("metadata"), old_metadata, new_metadata, *below)
            for fields, part in zip((changed, removed), below, strict=True):
                if part:
                    fields["f:metadata"] = part
    return changed, removed


def _tracked_metadata(obj: Object) -> Object:
    metadata = obj.get("metadata") or {}
    return {name: value for name, value in metadata.items() if name not in UNTRACKED_METADATA}


def _compare_map(node: Node, old: Object, new: Object, changed: FieldSet, removed: FieldSet) -> None:
    for name, value in new.items():
        before = old.get(name, MISSING)
        if before is MISSING:
            changed[f"f:{name}"] = everything(node.child(name), value)
        elif before != value:
            _compare_value(node.child(name), f"f:{name}", before, value, changed, removed)
    for name, value in old.items():
        if name not in new:
            removed[f"f:{name}"] = everything(node.child(name), value)


def _compare_value(
    node: Node, key: str, before: Any, value: Any, changed: FieldSet, removed: FieldSet
) -> None:
    """Two different values at one place, both present."""
    below: tuple[FieldSet, FieldSet] = ({}, {})
    kind = ownership_of(node, value if value is not None else before)
    if kind == "leaf" or not (before or value) or not _comparable(before, value):
        changed[key] = LEAF
        return
    if kind == "map":
        _compare_map(node, before or {}, value or {}, *below)
    else:
        _compare_elements(node, before or [], value or [], *below)
    for fields, part in zip((changed, removed), below, strict=True):
        if part:
            fields[key] = part


def _comparable(before: Any, value: Any) -> bool:
    return before is None or value is None or type(before) is type(value)


def ownership_of(node: Node, value: Any) -> str:
    kind = node.ownership
    if kind == "any":
        return "map" if isinstance(value, dict) else "leaf"
    return kind


def _compare_elements(
    node: Node, before: list[Any], value: list[Any], changed: FieldSet, removed: FieldSet
) -> None:
    old, new = elements_of(node, before), elements_of(node, value)
    items = node.items or ANYTHING
    for key, there in new.items():
        was = old.get(key)
        if was is None:
            changed[key] = everything(items, there[0]) if len(there) == 1 else LEAF
        elif was != there:
            if len(was) == 1 and len(there) == 1:
                _compare_value(items, key, was[0], there[0], changed, removed)
            else:
                changed[key] = LEAF
    for key, was in old.items():
        if key not in new:
            removed[key] = everything(items, was[0]) if len(was) == 1 else LEAF


def everything(node: Node, value: Any) -> FieldSet:
    """All of a value that was not there before: every container and every leaf."""
    kind = node.ownership
    if kind == "any":
        kind = "map" if isinstance(value, dict) else "leaf"
    if kind == "leaf" or not value:
        return LEAF
    fields: FieldSet = {SELF: LEAF}
    if kind == "map":
        if type(value) is not dict:
            return LEAF
        properties, rest = node.properties, node.additional or ANYTHING
        for name, item in value.items():
            child = properties.get(name, rest)
            fields[f"f:{name}"] = LEAF if child.ownership == "leaf" else everything(child, item)
        return fields
    if type(value) is not list:
        return LEAF
    items = node.items or ANYTHING
    for key, there in elements_of(node, value).items():
        fields[key] = everything(items, there[0]) if len(there) == 1 else LEAF
    return fields


def applied_set(node: Node, obj: Object) -> FieldSet:
    """What an applier of obj owns: leaves, list elements and map entries, but not the structs around them."""
    fields = _applied_map(node, {name: value for name, value in obj.items() if name not in UNTRACKED})
    metadata = fields.pop("f:metadata", None)
    if metadata:
        tracked = {key: below for key, below in metadata.items() if key[2:] not in UNTRACKED_METADATA}
        tracked.pop(SELF, None)
        if tracked:
            fields["f:metadata"] = tracked
    return fields


def held_set(node: Node, obj: Object) -> FieldSet:
    """Like applied_set, with what is never owned too: all that can be removed from obj."""
    return _applied_map(node, obj)


def _applied_map(node: Node, value: Object) -> FieldSet:
    fields: FieldSet = {}
    for name, item in value.items():
        below = _applied_value(node.child(name), item)
        if item is None or item == {} or below is LEAF:
            fields[f"f:{name}"] = LEAF
        elif name not in node.properties:
            fields[f"f:{name}"] = {SELF: LEAF, **(below or {})} if below else LEAF
        elif below:
            fields[f"f:{name}"] = below
    return fields


def _applied_value(node: Node, value: Any) -> FieldSet | None:
    """LEAF for a leaf, the paths below a container, None when there are none."""
    kind = ownership_of(node, value)
    if kind == "map" and isinstance(value, dict):
        return _applied_map(node, value) or None
    if kind in ("keyed", "set") and isinstance(value, list):
        items = node.items or ANYTHING
        fields: FieldSet = {}
        for key, there in elements_of(node, value).items():
            below = _applied_value(items, there[0]) if len(there) == 1 else None
            fields[key] = {SELF: LEAF, **below} if below else LEAF
        return fields or None
    return LEAF


def elements_of(node: Node, values: list[Any]) -> Elements:
    """List elements by path element; more than one only for duplicates. Elements without any key are left
    out.
    """
    found: Elements = {}
    for value in values:
        key = element_key(node, value)
        if key is not None:
            found.setdefault(key, []).append(value)
    return found


def element_key(node: Node, value: Any) -> str | None:
    """`k:{...}` or `v:...` of a list element; None for an element that cannot be told apart."""
    if node.ownership == "set":
        return None if isinstance(value, dict | list) or value is None else f"v:{_json(value)}"
    if not isinstance(value, dict):
        return None
    names = node.list_map_keys
    if len(names) == 1 and type(value.get(names[0])) is str:
        return _single_key(names[0], value[names[0]])
    properties = (node.items or ANYTHING).properties
    keys = {}
    for name in sorted(names):
        given = value.get(name, MISSING)
        if given is MISSING and name in properties:
            given = properties[name].default
        if given is not MISSING:
            keys[name] = given
    return f"k:{_json(keys)}" if keys else None


@lru_cache(maxsize=8192)
def _single_key(name: str, value: str) -> str:
    return f"k:{_json({name: value})}"


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
