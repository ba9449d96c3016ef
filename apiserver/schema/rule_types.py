"""The CEL type of a place in a schema: what `self` is in a rule of a custom resource.

In: a Node. Out: its Type, with field names escaped where they are no identifiers, bounds of sizes for cost
estimates, and how JSON becomes a CEL value where it is not one already (times, bytes, doubles).
"""

import base64
import re
from collections.abc import Callable
from typing import Any, Final

from apiserver.schema.cel.times import parse_date, parse_duration, parse_timestamp
from apiserver.schema.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Convert,
    Field,
    Type,
    object_of,
)
from apiserver.schema.node import Node

MAX_REQUEST_BYTES: Final = 3 * 1024 * 1024
_KEYWORDS: Final = frozenset(
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if",
        "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
    }
)  # fmt: skip
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_ESCAPED: Final = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_SPECIAL: Final = re.compile(r"__|[./-]")


def escaped(name: str) -> str:
    """A property's name as an expression spells it; "" when it cannot be spelt."""
    if name in _KEYWORDS:
        return f"__{name}__"
    text = _SPECIAL.sub(lambda found: _ESCAPED[found.group()], name)
    return text if _IDENTIFIER.fullmatch(text) else ""


def type_of(node: Node, name: str = "object", *, is_root: bool = False) -> Type | None:
    """None for a place of which the schema says nothing."""
    if node.int_or_string:
        return DYN
    if node.type == "array":
        item = type_of(node.items, f"{name}.@idx") if node.items is not None else None
        if item is None:
            return None
        size = node.limits.max_items if node.limits is not None else None
        bound = size if size is not None else MAX_REQUEST_BYTES // (least_bytes(node.items) + 1)
        list_type = node.list_type if node.list_type in ("set", "map") else ""
        return Type("list", (item,), list_type=list_type, list_keys=node.list_map_keys, max_size=bound)
    if node.type == "object":
        return _object_type(node, name, is_root=is_root or node.embedded_resource)
    return _scalar_type(node)


def least_bytes(node: Node | None) -> int:
    """The fewest bytes that a value takes in a request."""
    if node is None or node.int_or_string:
        return 1
    if node.type == "object":
        required = (node.properties.get(name) for name in node.required)
        return 2 + sum(4 + least_bytes(child) for child in required)
    if node.type == "boolean":
        return 4
    return {"string": 2, "array": 2}.get(node.type, 1)


def _object_type(node: Node, name: str, *, is_root: bool) -> Type | None:
    if node.additional is not None:
        value = type_of(node.additional, f"{name}.@elem")
        if value is None:
            return None
        size = node.limits.max_properties if node.limits is not None else None
        bound = size if size is not None else MAX_REQUEST_BYTES // (5 + least_bytes(node.additional))
        return Type("map", (STRING, value), max_size=bound)
    fields: dict[str, Field] = {}
    for raw, child in node.properties.items():
        below = type_of(child, f"{name}.{raw}")
        if below is not None and (spelt := escaped(raw)):
            fields[spelt] = Field(raw, below, converter_of(child))
    if is_root:
        names = {"name": Field("name", STRING), "generateName": Field("generateName", STRING)}
        fields["apiVersion"], fields["kind"] = Field("apiVersion", STRING), Field("kind", STRING)
        fields["metadata"] = Field("metadata", object_of(f"{name}.metadata", names))
    return object_of(name, fields)


_TEXT_FORMATS: Final = {
    "byte": BYTES,
    "duration": DURATION,
    "date": TIMESTAMP,
    "date-time": TIMESTAMP,
}
_FORMAT_SIZES: Final = {"duration": 32, "date": 10, "date-time": 32}


def _scalar_type(node: Node) -> Type | None:
    if node.type == "string":
        return _text_type(node)
    return {"integer": INT, "number": DOUBLE, "boolean": BOOL}.get(node.type)


def _text_type(node: Node) -> Type:
    kind = _TEXT_FORMATS.get(node.format, STRING)
    longest = node.limits.max_length if node.limits is not None else None
    if longest is None and node.enum:
        longest = max(len(str(value)) for value in node.enum)
    bound = longest if longest is not None else _FORMAT_SIZES.get(node.format, MAX_REQUEST_BYTES)
    return Type(kind.kind, max_size=bound)


_CONVERSIONS: Final[dict[str, Convert]] = {
    "byte": base64.b64decode,
    "duration": parse_duration,
    "date": parse_date,
    "date-time": parse_timestamp,
}


def converter_of(node: Node) -> Convert | None:
    """How a JSON value becomes what its type promises; None where it is that already."""
    if node.type == "number":
        return lambda value: float(value) if type(value) is int else value
    if node.type == "string":
        return _CONVERSIONS.get(node.format)
    if node.type == "array" and node.items is not None:
        each = converter_of(node.items)
        return None if each is None else _each_item(each)
    if node.type == "object" and node.additional is not None:
        each = converter_of(node.additional)
        return None if each is None else _each_value(each)
    return None


def _each_item(each: Convert) -> Callable[[Any], Any]:
    return lambda items: [None if item is None else each(item) for item in items]


def _each_value(each: Convert) -> Callable[[Any], Any]:
    return lambda entries: {key: None if item is None else each(item) for key, item in entries.items()}
