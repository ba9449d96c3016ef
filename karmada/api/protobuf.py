"""Kubernetes' protobuf form of objects: the envelope, both ways, and watch frames.

Client-go sends built-in kinds like this: `k8s\\0`, then a runtime.Unknown that names the kind and carries the
message. protobuf_decode.py and protobuf_encode.py do the messages. Raises ProtobufError and NoMessage.
"""

import struct
from typing import Final

from karmada.api.facts import type_name
from karmada.api.gvk import GroupVersionKind, split_api_version
from karmada.api.objects import Object
from karmada.api.protobuf_decode import decode_envelope, message_decoder, message_of
from karmada.api.protobuf_encode import message_encoder
from karmada.api.protobuf_wire import MAGIC, ProtobufError, delimited

_FRAME_LENGTH: Final = struct.Struct(">I")
_BROKEN: Final = (IndexError, UnicodeDecodeError, ValueError, RecursionError, struct.error)


def decode_protobuf(body: bytes, *, default: GroupVersionKind | None = None) -> Object:
    """The object in an enveloped message; default says its kind when the envelope does not."""
    if not body.startswith(MAGIC):
        raise ProtobufError(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    try:
        return decode_envelope(body, default=default)
    except ProtobufError:
        raise
    except _BROKEN as error:
        raise ProtobufError(f"proto: {error}") from error


def decode_message(type_: str, message: bytes) -> Object:
    """The JSON of a bare message of a type (`io.k8s.api.core.v1.Pod`), without apiVersion and kind."""
    try:
        decoded: Object = message_decoder(type_)(message, 0, len(message))
    except ProtobufError:
        raise
    except _BROKEN as error:
        raise ProtobufError(f"proto: {error}") from error
    return decoded


def encode_protobuf(obj: Object) -> bytes:
    """obj as an enveloped message; its apiVersion and kind say which."""
    api_version, kind = str(obj.get("apiVersion") or ""), str(obj.get("kind") or "")
    message = encode_message(message_of(api_version, kind), obj)
    meta = b"\x0a" + delimited(api_version.encode()) + b"\x12" + delimited(kind.encode())
    return b"".join(
        (MAGIC, b"\x0a", delimited(meta), b"\x12", delimited(message), b"\x1a\x00\x22\x00"),
    )


def encode_message(type_: str, obj: Object) -> bytes:
    """The bare message of obj."""
    try:
        return message_encoder(type_)(obj)
    except (ValueError, TypeError, AttributeError, struct.error) as error:
        raise ProtobufError(f"object does not fit {type_}: {error}") from error


def encode_watch_frame(event_type: str, enveloped: bytes) -> bytes:
    """One event of a protobuf watch stream: its length in four bytes, then WatchEvent{type, object}."""
    event = b"\x0a" + delimited(event_type.encode()) + b"\x12" + delimited(b"\x0a" + delimited(enveloped))
    return _FRAME_LENGTH.pack(len(event)) + event


def has_message(api_version: str, kind: str) -> bool:
    """Whether a kind has a protobuf form."""
    return type_name(*split_api_version(api_version), kind) is not None
