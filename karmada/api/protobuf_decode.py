"""Protobuf messages to JSON: per message a table of readers, compiled when the message is first met.

In: bytes of a message and its type name. Out: plain JSON in wire-field order. Zero values that JSON leaves
out are left out; explicit values of pointer fields stay. Filling in what Go always writes is the business of
the typed schema.
"""

import struct
from binascii import b2a_base64
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeAlias

import orjson

from karmada.api.facts import type_facts, type_name
from karmada.api.gvk import GroupVersionKind, split_api_version
from karmada.api.objects import Object
from karmada.api.protobuf_wire import (
    FIXED64,
    LENGTH,
    MAGIC,
    VARINT,
    NoMessage,
    ProtobufError,
    read_envelope,
    read_varint,
    signed32,
    signed64,
    skip,
)
from karmada.api.quantity import canonical
from karmada.api.scalars import ZERO_TIME_SECONDS, format_duration, format_micro_time, format_time

Decode: TypeAlias = Callable[[bytes, int, int], Any]
"""data, start, end -> the JSON value; None stands for absent."""
Read: TypeAlias = Callable[[bytes, int, Object], int]
"""data, position behind the tag, object to fill -> position behind the value."""

_DOUBLE: Final = struct.Struct("<d")
_WHOLE: Final = 1
"""Field number of a list codec's items and of raw content."""


def decode_envelope(body: bytes, *, default: GroupVersionKind | None = None) -> Object:
    """The object in an envelope; default says its kind when the envelope does not."""
    api_version, kind, raw = read_envelope(body)
    if not kind and default is not None:
        api_version, kind = default.api_version, default.kind
    message = message_decoder(message_of(api_version, kind))(raw, 0, len(raw))
    return {"kind": kind, "apiVersion": api_version, **message}


def message_of(api_version: str, kind: str) -> str:
    """The type name of a kind. Raises NoMessage."""
    found = type_name(*split_api_version(api_version), kind)
    if found is None:
        raise NoMessage(f'no kind "{kind}" is registered for version "{api_version}" as protobuf')
    return found


@cache
def message_decoder(type_name: str) -> Decode:
    """The decoder of a message. Raises KeyError for an unknown type."""
    codec = type_facts()[type_name].get("codec")
    return _CODECS[codec](type_name) if codec else _plain_decoder(type_name)


def _plain_decoder(type_name: str) -> Decode:
    readers: dict[int, Read] = {}
    get = readers.get

    def decode(data: bytes, position: int, end: int) -> Object:
        if not readers:
            readers.update(_readers(type_name))
        result: Object = {}
        while position < end:
            tag = data[position]
            position += 1
            if tag >= 0x80:
                tag, position = read_varint(data, position - 1)
            read = get(tag)
            position = skip(data, position, tag) if read is None else read(data, position, result)
        if position != end:
            raise ProtobufError("unexpected EOF")
        return result

    return decode


def _readers(type_name: str) -> dict[int, Read]:
    readers: dict[int, Read] = {}
    for name, (number, kind, cardinality, *rest) in type_facts()[type_name]["fields"].items():
        facts = rest[0] if rest else {}
        keep_zero = bool(facts.get("ptr")) or "omit" not in facts
        if cardinality == "map":
            readers[number << 3 | LENGTH] = _map_reader(name, kind)
        elif cardinality == "repeated":
            readers |= _repeated_readers(number, name, kind)
        elif facts.get("inline"):
            readers[number << 3 | LENGTH] = _inline_reader(kind)
        else:
            readers[number << 3 | _wire_kind(kind)] = _single_reader(name, kind, keep_zero=keep_zero)
    return readers


def _wire_kind(kind: str) -> int:
    if kind in ("int32", "int64", "bool"):
        return VARINT
    return FIXED64 if kind == "double" else LENGTH


def _single_reader(name: str, kind: str, *, keep_zero: bool) -> Read:
    if kind == "string":
        return _string_reader(name, keep_zero=keep_zero)
    if kind in _FROM_VARINT:
        return _varint_reader(name, _FROM_VARINT[kind], keep_zero=keep_zero)
    if kind == "double":
        return _double_reader(name, keep_zero=keep_zero)
    if kind == "bytes":
        return _bytes_reader(name, keep_zero=keep_zero)
    decode = message_decoder(kind)

    def read(data: bytes, position: int, result: Object) -> int:
        length = data[position]
        position += 1
        if length >= 0x80:
            length, position = read_varint(data, position - 1)
        end = position + length
        value = decode(data, position, end)
        if value is not None:
            result[name] = value
        return end

    return read


def _string_reader(name: str, *, keep_zero: bool) -> Read:
    def read(data: bytes, position: int, result: Object) -> int:
        length = data[position]
        position += 1
        if length >= 0x80:
            length, position = read_varint(data, position - 1)
        end = position + length
        if length or keep_zero:
            result[name] = data[position:end].decode()
        return end

    return read


def _varint_reader(name: str, convert: Callable[[int], Any], *, keep_zero: bool) -> Read:
    def read(data: bytes, position: int, result: Object) -> int:
        value, position = read_varint(data, position)
        if value or keep_zero:
            result[name] = convert(value)
        return position

    return read


def _double_reader(name: str, *, keep_zero: bool) -> Read:
    def read(data: bytes, position: int, result: Object) -> int:
        value = _DOUBLE.unpack_from(data, position)[0]
        if value or keep_zero:
            result[name] = int(value) if value.is_integer() and abs(value) < 1e15 else value
        return position + 8

    return read


def _bytes_reader(name: str, *, keep_zero: bool) -> Read:
    def read(data: bytes, position: int, result: Object) -> int:
        length, position = read_varint(data, position)
        end = position + length
        if length or keep_zero:
            result[name] = _base64(data, position, end)
        return end

    return read


def _inline_reader(kind: str) -> Read:
    decode = message_decoder(kind)

    def read(data: bytes, position: int, result: Object) -> int:
        length, position = read_varint(data, position)
        end = position + length
        result.update(decode(data, position, end))
        return end

    return read


def _repeated_readers(number: int, name: str, kind: str) -> dict[int, Read]:
    """Numbers come one by one or packed, everything else one by one."""
    if kind in _FROM_VARINT:
        convert = _FROM_VARINT[kind]

        def read_one(data: bytes, position: int, result: Object) -> int:
            value, position = read_varint(data, position)
            result.setdefault(name, []).append(convert(value))
            return position

        def read_packed(data: bytes, position: int, result: Object) -> int:
            length, position = read_varint(data, position)
            end = position + length
            values = result.setdefault(name, [])
            while position < end:
                value, position = read_varint(data, position)
                values.append(convert(value))
            return end

        return {number << 3 | VARINT: read_one, number << 3 | LENGTH: read_packed}
    decode = _value_decoder(kind)

    def read(data: bytes, position: int, result: Object) -> int:
        length = data[position]
        position += 1
        if length >= 0x80:
            length, position = read_varint(data, position - 1)
        end = position + length
        values = result.get(name)
        if values is None:
            values = result[name] = []
        values.append(decode(data, position, end))
        return end

    return {number << 3 | LENGTH: read}


def _map_reader(name: str, kind: str) -> Read:
    decode = _value_decoder(kind)

    def read(data: bytes, position: int, result: Object) -> int:
        length, position = read_varint(data, position)
        end = position + length
        key, value = "", decode(b"", 0, 0)
        while position < end:
            tag = data[position]
            position += 1
            if tag == 0x0A:
                length, position = read_varint(data, position)
                key = data[position : position + length].decode()
                position += length
            elif tag == 0x12:
                length, position = read_varint(data, position)
                value = decode(data, position, position + length)
                position += length
            else:
                position = skip(data, position, tag)
        if position != end:
            raise ProtobufError("unexpected EOF")
        entries = result.get(name)
        if entries is None:
            entries = result[name] = {}
        entries[key] = value
        return end

    return read


def _value_decoder(kind: str) -> Decode:
    """The decoder of an item or a map value."""
    if kind == "string":
        return _text
    return _base64 if kind == "bytes" else message_decoder(kind)


def _text(data: bytes, start: int, end: int) -> str:
    if end > len(data):
        raise ProtobufError("unexpected EOF")
    return data[start:end].decode()


def _base64(data: bytes, start: int, end: int) -> str:
    return b2a_base64(data[start:end], newline=False).decode()


def _numbers(data: bytes, position: int, end: int) -> dict[int, int]:
    """The varint fields of a small message."""
    found: dict[int, int] = {}
    while position < end:
        tag, position = read_varint(data, position)
        if tag & 7 == VARINT:
            found[tag >> 3], position = read_varint(data, position)
        else:
            position = skip(data, position, tag)
    if position != end:
        raise ProtobufError("unexpected EOF")
    return found


def _blobs(data: bytes, position: int, end: int, number: int) -> list[bytes]:
    """The length-delimited fields of this number in a small message."""
    found: list[bytes] = []
    while position < end:
        tag, position = read_varint(data, position)
        if tag == number << 3 | LENGTH:
            length, position = read_varint(data, position)
            found.append(data[position : position + length])
            position += length
        else:
            position = skip(data, position, tag)
    if position != end:
        raise ProtobufError("unexpected EOF")
    return found


def _time(data: bytes, start: int, end: int) -> str | None:
    if start == end:
        return None
    seconds = signed64(_numbers(data, start, end).get(1, 0))
    return None if seconds == ZERO_TIME_SECONDS else format_time(seconds)


def _micro_time(data: bytes, start: int, end: int) -> str | None:
    if start == end:
        return None
    numbers = _numbers(data, start, end)
    seconds = signed64(numbers.get(1, 0))
    return None if seconds == ZERO_TIME_SECONDS else format_micro_time(seconds, signed32(numbers.get(2, 0)))


def _duration(data: bytes, start: int, end: int) -> str:
    return format_duration(signed64(_numbers(data, start, end).get(1, 0)))


def _quantity(data: bytes, start: int, end: int) -> str:
    blobs = _blobs(data, start, end, _WHOLE)
    return canonical(blobs[-1].decode()) if blobs and blobs[-1] else "0"


def _int_or_string(data: bytes, start: int, end: int) -> int | str:
    numbers = _numbers(data, start, end)
    if numbers.get(1, 0) == 0:
        return signed32(numbers.get(2, 0))
    texts = _blobs(data, start, end, 3)
    return texts[-1].decode() if texts else ""


def _raw_json(data: bytes, start: int, end: int) -> Any:
    blobs = _blobs(data, start, end, _WHOLE)
    return orjson.loads(blobs[-1]) if blobs and blobs[-1] else None


def _raw_extension(data: bytes, start: int, end: int) -> Any:
    blobs = _blobs(data, start, end, _WHOLE)
    if not blobs or not blobs[-1]:
        return None
    raw = blobs[-1]
    if raw.startswith(MAGIC):
        return decode_envelope(raw)
    return orjson.loads(raw)


def _list_decoder(type_name: str) -> Decode:
    """A message that is a list in JSON: its repeated field number 1."""
    (field,) = type_facts()[type_name]["fields"].values()
    decode = _value_decoder(field[1])
    return lambda data, start, end: [
        decode(blob, 0, len(blob)) for blob in _blobs(data, start, end, field[0])
    ]


def _schema_decoder(type_name: str) -> Decode:
    """A JSON schema, or what may stand in its place: a list of schemas, a boolean, a list of texts."""
    codec = type_facts()[type_name]["codec"]
    schema_type = type_name.removesuffix("OrArray").removesuffix("OrBool").removesuffix("OrStringArray")
    schema_number = 2 if codec == "schema-or-bool" else 1

    def decode(data: bytes, start: int, end: int) -> Any:
        schema = message_decoder(schema_type)
        if blobs := _blobs(data, start, end, schema_number):
            return schema(blobs[-1], 0, len(blobs[-1]))
        if codec == "schema-or-bool":
            return bool(_numbers(data, start, end).get(1, 0))
        others = _blobs(data, start, end, 2)
        if codec == "schema-or-strings":
            return [item.decode() for item in others]
        return [schema(item, 0, len(item)) for item in others]

    return decode


_FROM_VARINT: Final[dict[str, Callable[[int], Any]]] = {"int32": signed32, "int64": signed64, "bool": bool}
_CODECS: Final[dict[str, Callable[[str], Decode]]] = {
    "time": lambda _: _time,
    "microtime": lambda _: _micro_time,
    "duration": lambda _: _duration,
    "quantity": lambda _: _quantity,
    "intorstring": lambda _: _int_or_string,
    "rawjson": lambda _: _raw_json,
    "rawext": lambda _: _raw_extension,
    "list": _list_decoder,
    "schema-or-array": _schema_decoder,
    "schema-or-bool": _schema_decoder,
    "schema-or-strings": _schema_decoder,
    "unknown": _plain_decoder,
}
