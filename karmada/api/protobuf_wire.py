"""Protobuf's wire: varints, tags, lengths, the envelope. What decoder and encoder share; no messages here."""

from typing import Final

from karmada.api.errors import DecodeError, UnsupportedMediaType

MAGIC: Final = b"k8s\x00"
VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
FIXED32: Final = 5
_TYPE_META: Final = 1
_RAW: Final = 2
_MASK64: Final = (1 << 64) - 1
_MAX_VARINT_SHIFT: Final = 63


class ProtobufError(DecodeError):
    """Bytes that are no message of their kind, or an object that does not fit its message."""


class NoMessage(UnsupportedMediaType):
    """A kind that has no protobuf form: a custom resource, or one nobody knows."""


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """An unsigned varint and the position behind it. IndexError when data ends inside."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _MASK64, position
        shift += 7
        if shift > _MAX_VARINT_SHIFT:
            raise ProtobufError("proto: integer overflow")


def signed64(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def signed32(value: int) -> int:
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def skip(data: bytes, position: int, tag: int) -> int:
    """The position behind the value of an unknown field."""
    kind = tag & 7
    if kind == VARINT:
        return read_varint(data, position)[1]
    if kind == LENGTH:
        length, position = read_varint(data, position)
        return position + length
    if kind == FIXED64:
        return position + 8
    if kind == FIXED32:
        return position + 4
    raise ProtobufError(f"proto: wrong wireType = {kind}")


def varint(value: int) -> bytes:
    """A varint; negative numbers take ten bytes, as in two's complement of 64 bits."""
    value &= _MASK64
    if value < 0x80:
        return bytes((value,))
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def tag(number: int, kind: int) -> bytes:
    return varint(number << 3 | kind)


def delimited(content: bytes) -> bytes:
    """content with its length in front."""
    return varint(len(content)) + content


def read_envelope(body: bytes) -> tuple[str, str, bytes]:
    """apiVersion, kind and the raw message of a runtime.Unknown behind MAGIC."""
    meta = raw = b""
    position = len(MAGIC)
    while position < len(body):
        field, position = read_varint(body, position)
        if field in (_TYPE_META << 3 | LENGTH, _RAW << 3 | LENGTH):
            length, position = read_varint(body, position)
            content = body[position : position + length]
            meta, raw = (content, raw) if field >> 3 == _TYPE_META else (meta, content)
            position += length
        else:
            position = skip(body, position, field)
    if position != len(body):
        raise ProtobufError("unexpected EOF")
    return *_type_meta(meta), raw


def _type_meta(meta: bytes) -> tuple[str, str]:
    texts = {1: "", 2: ""}
    position = 0
    while position < len(meta):
        field, position = read_varint(meta, position)
        if field & 7 == LENGTH:
            length, position = read_varint(meta, position)
            texts[field >> 3] = meta[position : position + length].decode()
            position += length
        else:
            position = skip(meta, position, field)
    return texts[1], texts[2]
