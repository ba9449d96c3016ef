"""Bytes to objects and back: JSON, YAML and protobuf.

The JSON border: plain Any ends here. JSON is the form that is stored and watched; yaml_codec.py and
protobuf.py are imported when first needed. Raises DecodeError for bodies that cannot be read (ProtobufError
and NoMessage for protobuf), a ValueError as well as a BadRequest, so that a handler may word its own message.
"""

from typing import Any

import orjson

from karmada.api.errors import DecodeError
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object

__all__ = [
    "DecodeError",
    "decode_protobuf",
    "dump_yaml",
    "dumps",
    "encode_protobuf",
    "loads_json",
    "loads_yaml",
    "loads_yaml_all",
]


def loads_json(body: bytes | str) -> Object:
    """The JSON object in body."""
    try:
        obj = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise DecodeError(f"json parse error: {error}") from error
    if not isinstance(obj, dict):
        raise DecodeError("json parse error: not an object")
    return obj


def dumps(obj: Any, *, sort_keys: bool = False) -> bytes:
    """Compact JSON. Custom resources are written with sorted keys, built-in kinds in field order."""
    return orjson.dumps(obj, option=orjson.OPT_SORT_KEYS if sort_keys else None)


def loads_yaml(text: bytes | str, *, duplicates: list[str] | None = None) -> Any:
    """The first document of a YAML or JSON text, read as kubectl does: YAML 1.1 scalars, text keys.

    duplicates collects `line 6: key "name" already set in map`.
    """
    from karmada.api.yaml_codec import load_all

    return next(load_all(text, duplicates=duplicates), None)


def loads_yaml_all(text: bytes | str) -> list[Any]:
    """Every document that is not empty."""
    from karmada.api.yaml_codec import load_all

    return [document for document in load_all(text) if document is not None]


def dump_yaml(obj: Any) -> str:
    """YAML with sorted keys, as kubectl prints it."""
    from karmada.api.yaml_codec import dump

    return dump(obj)


def decode_protobuf(body: bytes, *, default: GroupVersionKind | None = None) -> Object:
    """The built-in object in an enveloped protobuf body."""
    from karmada.api import protobuf

    return protobuf.decode_protobuf(body, default=default)


def encode_protobuf(obj: Object) -> bytes:
    """A built-in object as an enveloped protobuf message."""
    from karmada.api import protobuf

    return protobuf.encode_protobuf(obj)
