"""JSON to protobuf messages: per message a list of writers in field order, compiled when first needed.

In: plain JSON in the shape the API server writes. Out: bytes of the message. Only what is there is written.
"""

import struct
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeAlias

import orjson

from karmada.api.facts import type_facts
from karmada.api.objects import Object
from karmada.api.protobuf_wire import FIXED64, LENGTH, VARINT, delimited, tag, varint
from karmada.api.scalars import parse_duration, parse_time

Encode: TypeAlias = Callable[[Any], bytes]
"""A JSON value -> the content of its field, without tag and length."""
Write: TypeAlias = Callable[[Any], bytes]
"""A JSON value -> all of its field's bytes."""

_DOUBLE: Final = struct.Struct("<d")
_EMPTY: Final = b"\x12\x00"
"""A map value that is null: a zero time."""


@cache
def message_encoder(type_name: str) -> Encode:
    """The encoder of a message. Raises KeyError for an unknown type."""
    codec = type_facts()[type_name].get("codec")
    return _CODECS[codec](type_name) if codec else _plain_encoder(type_name)


def _plain_encoder(type_name: str) -> Encode:
    writers: list[tuple[str, Write]] = []

    def encode(obj: Object) -> bytes:
        if not writers:
            writers.extend(_writers(type_name))
        parts: list[bytes] = []
        for name, write in writers:
            value = obj if not name else obj.get(name)
            if value is not None:
                parts.append(write(value))
        return b"".join(parts)

    return encode


def _writers(type_name: str) -> list[tuple[str, Write]]:
    """In order of field numbers. An inlined part is written from the object itself: its name is ""."""
    writers: list[tuple[str, Write]] = []
    fields = type_facts()[type_name]["fields"]
    for name, (number, kind, cardinality, *rest) in sorted(fields.items(), key=lambda item: item[1][0]):
        inline = bool(rest and rest[0].get("inline"))
        writers.append(("" if inline else name, _writer(number, kind, cardinality)))
    return writers


def _writer(number: int, kind: str, cardinality: str) -> Write:
    if cardinality == "map":
        return _map_writer(number, kind)
    head = tag(number, _wire_kind(kind))
    if kind in _CONTENT:
        content = _CONTENT[kind]
        if cardinality == "repeated":
            return lambda values: b"".join([head + content(value) for value in values])
        return lambda value: head + content(value)
    encode = message_encoder(kind)
    if cardinality == "repeated":
        return lambda values: b"".join([head + delimited(encode(value)) for value in values])
    return lambda value: head + delimited(encode(value))


def _wire_kind(kind: str) -> int:
    if kind in ("int32", "int64", "bool"):
        return VARINT
    return FIXED64 if kind == "double" else LENGTH


def _map_writer(number: int, kind: str) -> Write:
    head = tag(number, LENGTH)
    write_value = _writer(2, kind, "single")

    def write(entries: dict[str, Any]) -> bytes:
        return b"".join(
            [
                head
                + delimited(
                    b"\x0a" + delimited(key.encode()) + (_EMPTY if value is None else write_value(value))
                )
                for key, value in sorted(entries.items())
            ]
        )

    return write


def _time(text: str) -> bytes:
    seconds, _ = parse_time(text)
    return b"\x08" + varint(seconds) + b"\x10\x00"


def _micro_time(text: str) -> bytes:
    seconds, nanos = parse_time(text)
    return b"\x08" + varint(seconds) + b"\x10" + varint(nanos)


def _int_or_string(value: int | str) -> bytes:
    """All three fields are always there."""
    if isinstance(value, str):
        return b"\x08\x01\x10\x00\x1a" + delimited(value.encode())
    return b"\x08\x00\x10" + varint(value) + b"\x1a\x00"


def _raw(value: Any) -> bytes:
    return b"\x0a" + delimited(orjson.dumps(value))


def _list_encoder(type_name: str) -> Encode:
    (field,) = type_facts()[type_name]["fields"].values()
    return _writer(field[0], field[1], "repeated")


def _schema_encoder(type_name: str) -> Encode:
    codec = type_facts()[type_name]["codec"]
    schema_type = type_name.removesuffix("OrArray").removesuffix("OrBool").removesuffix("OrStringArray")

    def encode(value: Any) -> bytes:
        schema = message_encoder(schema_type)
        if isinstance(value, bool):
            return b"\x08\x01" if value else b"\x08\x00"
        if isinstance(value, dict):
            if codec == "schema-or-bool":
                return b"\x08\x01\x12" + delimited(schema(value))
            return b"\x0a" + delimited(schema(value))
        contents = [item.encode() if isinstance(item, str) else schema(item) for item in value]
        return b"".join([b"\x12" + delimited(content) for content in contents])

    return encode


_CONTENT: Final[dict[str, Encode]] = {
    "string": lambda value: delimited(value.encode()),
    "bytes": lambda value: delimited(b64decode(value, validate=True)),
    "int32": varint,
    "int64": varint,
    "bool": lambda value: b"\x01" if value else b"\x00",
    "double": _DOUBLE.pack,
}
_CODECS: Final[dict[str, Callable[[str], Encode]]] = {
    "time": lambda _: _time,
    "microtime": lambda _: _micro_time,
    "duration": lambda _: lambda text: b"\x08" + varint(parse_duration(text)),
    "quantity": lambda _: lambda value: b"\x0a" + delimited(str(value).encode()),
    "intorstring": lambda _: _int_or_string,
    "rawjson": lambda _: _raw,
    "rawext": lambda _: _raw,
    "list": _list_encoder,
    "schema-or-array": _schema_encoder,
    "schema-or-bool": _schema_encoder,
    "schema-or-strings": _schema_encoder,
    "unknown": _plain_encoder,
}
