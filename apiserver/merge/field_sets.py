"""Sets of field paths, kept in the very form they are stored in: FieldsV1, a trie of JSON objects. Pure.

A key is `f:name` (map key or field), `k:{...}` (list element by its keys) or `v:...` (set element). A path is
a member when its node is `{}` or holds `.`; a node with other keys only is on the way to members. Sets are
values: no function changes its arguments, results may share parts with them.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import orjson

from apiserver.schema.node import ANYTHING, Node

FieldSet: TypeAlias = dict[str, Any]

SELF: Final = "."
LEAF: Final[FieldSet] = {}
_MEMBER: Final[FieldSet] = {SELF: {}}


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    if not left or not right:
        return left or right
    result = dict(left)
    for key, below in right.items():
        mine = left.get(key)
        if mine is None:
            result[key] = below
        elif mine is not below and mine != below:
            result[key] = _compact(union(mine or _MEMBER, below or _MEMBER))
    return result


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Members of left that are not members of right; members below a member of right stay."""
    if not right:
        return left
    result: FieldSet = {}
    for key, below in left.items():
        other = right.get(key)
        if other is None:
            result[key] = below
        elif key != SELF:
            rest = difference(below or _MEMBER, other or _MEMBER)
            if rest:
                result[key] = _compact(rest)
    return result


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    result: FieldSet = {}
    for key, below in left.items():
        other = right.get(key)
        if other is None:
            continue
        if key == SELF:
            result[key] = below
        elif common := intersection(below or _MEMBER, other or _MEMBER):
            result[key] = _compact(common)
    return result


def _compact(node: FieldSet) -> FieldSet:
    """A node that is nothing but a member is written `{}`."""
    return LEAF if len(node) == 1 and SELF in node else node


def without_fields(fields: FieldSet, names: frozenset[str]) -> FieldSet:
    """fields without what lies at or below some top-level fields."""
    if not any(f"f:{name}" in fields for name in names):
        return fields
    return {key: below for key, below in fields.items() if key[2:] not in names}


def with_named_fields(node: Node, fields: FieldSet) -> FieldSet:
    """fields plus each described field on the way to a member: a.b.c makes a and b members if they are
    fields.
    """
    result: FieldSet = {}
    for key, below in fields.items():
        if key == SELF or not below:
            result[key] = below
            continue
        if key.startswith("f:"):
            deeper = with_named_fields(child_node(node, key), below)
            is_field = key[2:] in node.properties
            result[key] = {SELF: {}, **deeper} if is_field else deeper
        else:
            result[key] = with_named_fields(node.items or ANYTHING, below)
    return result


def child_node(node: Node, key: str) -> Node:
    return node.child(key[2:]) if key.startswith("f:") else node.items or ANYTHING


def paths(fields: FieldSet, prefix: str = "") -> Iterator[str]:
    """Every member as conflicts show it: `.spec.containers[name="c"].image`. The members of a level come
    before what is below them.
    """
    keys = [key for key in sorted(fields) if key != SELF]
    for key in keys:
        if not fields[key] or SELF in fields[key]:
            yield prefix + path_element_text(key)
    for key in keys:
        yield from paths(fields[key], prefix + path_element_text(key))


def path_element_text(key: str) -> str:
    kind, text = key[:2], key[2:]
    if kind == "f:":
        return f".{text}"
    if kind == "k:":
        fields = orjson.loads(text)
        return "[" + ",".join(f"{name}={_value_text(fields[name])}" for name in sorted(fields)) + "]"
    if kind == "v:":
        return f"[={_value_text(orjson.loads(text))}]"
    return f"[{text}]"


def _value_text(value: Any) -> str:
    return orjson.dumps(value).decode()
