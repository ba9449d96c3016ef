"""The protobuf form of a Swagger 2.0 document, for clients that ask for nothing else (kubectl before 1.27,
helm).

A small encoder driven by a table of the messages' fields. In: the JSON form, as dicts. Out: bytes. Parts of a
document can be encoded alone and joined, because a protobuf message is the concatenation of its fields.
"""

import struct
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson

_PREFIX: Final = "openapi.v2."
_JSON_NAMES: Final = {"_ref": "$ref"}


def encode_document(document: Mapping[str, Any]) -> bytes:
    return encode("Document", document)


def encode_named(list_message: str, name: str, value: Any) -> bytes:
    """One entry of a name -> value message (Paths, Definitions), as part of it."""
    if list_message == "Paths":
        return _entry(2, "NamedPathItem", name, value)
    return _entry(1, _named(list_message), name, value)


def encode(message: str, value: Any) -> bytes:
    """value as the content of a message."""
    special = _SPECIAL.get(message)
    if special is not None:
        return special(value)
    fields = _fields(message)
    named = _named(message)
    if named:
        return b"".join(_entry(1, named, name, item) for name, item in value.items())
    return b"".join(
        _field(fields, name, number, kind, cardinality, value)
        for name, (number, kind, cardinality, *_) in fields.items()
    )


def _field(
    fields: Any, name: str, number: int, kind: str, cardinality: str, value: Mapping[str, Any]
) -> bytes:
    if name == "vendor_extension":
        extensions = {key: item for key, item in value.items() if key.startswith("x-")}
        return b"".join(_entry(number, "NamedAny", key, item) for key, item in extensions.items())
    item = value.get(_json_name(name))
    if item is None:
        return b""
    if cardinality == "repeated":
        return b"".join(_one(number, kind, part) for part in item)
    return _one(number, kind, item)


def _one(number: int, kind: str, value: Any) -> bytes:
    if kind == "string":
        return _delimited(number, value.encode())
    if kind == "bool":
        return _varint(number << 3) + (b"\x01" if value else b"\x00") if value else b""
    if kind == "double":
        return _varint(number << 3 | 1) + struct.pack("<d", value)
    if kind.startswith("int"):
        return _varint(number << 3) + _varint(value & 0xFFFFFFFFFFFFFFFF)
    return _delimited(number, encode(kind, value))


def _entry(number: int, named: str, name: str, value: Any) -> bytes:
    kind = _fields(named)["value"][1]
    return _delimited(number, _delimited(1, name.encode()) + _one(2, kind, value))


def _delimited(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    if number < 0x80:
        return _SMALL[number]
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


_SMALL: Final = [bytes([number]) for number in range(0x80)]


@cache
def _table() -> Mapping[str, Any]:
    text = (files("apiserver.schema") / "openapi_v2_messages.json").read_bytes()
    table: Mapping[str, Any] = orjson.loads(text)
    return table


@cache
def _fields(message: str) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = _table()[_PREFIX + message]["fields"]
    return fields


@cache
def _named(message: str) -> str:
    """The entry message of a message that is nothing but a map; "" for others."""
    _, kind, cardinality, *_ = _fields(message).get("additional_properties", (0, "", "single"))
    return kind if cardinality == "repeated" else ""


@cache
def _json_name(name: str) -> str:
    """operation_id -> operationId."""
    head, *rest = name.split("_")
    return _JSON_NAMES.get(name) or head + "".join(part.capitalize() for part in rest)


def _any(value: Any) -> bytes:
    # JSON is YAML.
    return _delimited(2, orjson.dumps(value) + b"\n")


def _type_item(value: Any) -> bytes:
    return b"".join(_delimited(1, name.encode()) for name in ([value] if isinstance(value, str) else value))


def _items_item(value: Any) -> bytes:
    return _delimited(1, encode("Schema", value))


def _additional(value: Any) -> bytes:
    if isinstance(value, bool):
        return _one(2, "bool", value)
    return _delimited(1, encode("Schema", value))


def _parameters_item(value: Any) -> bytes:
    if "$ref" in value:
        return _delimited(2, encode("JsonReference", value))
    return _delimited(1, _parameter(value))


def _parameter(value: Any) -> bytes:
    if value["in"] == "body":
        return _delimited(1, encode("BodyParameter", value))
    number, message = _PLACES[value["in"]]
    return _delimited(2, _delimited(number, encode(message, value)))


_PLACES: Final = {
    "header": (1, "HeaderParameterSubSchema"),
    "formData": (2, "FormDataParameterSubSchema"),
    "query": (3, "QueryParameterSubSchema"),
    "path": (4, "PathParameterSubSchema"),
}


def _response_value(value: Any) -> bytes:
    if "$ref" in value:
        return _delimited(2, encode("JsonReference", value))
    return _delimited(1, encode("Response", value))


def _schema_item(value: Any) -> bytes:
    return _delimited(1, encode("Schema", value))


def _paths(value: Any) -> bytes:
    return b"".join(_entry(2, "NamedPathItem", path, item) for path, item in value.items())


def _responses(value: Any) -> bytes:
    return b"".join(_entry(1, "NamedResponseValue", code, item) for code, item in value.items())


def _security_definition(value: Any) -> bytes:
    return _delimited(2, encode("ApiKeySecurity", value))


def _string_array(value: Any) -> bytes:
    return b"".join(_delimited(1, text.encode()) for text in value)


_SPECIAL: Final = {
    "Any": _any,
    "TypeItem": _type_item,
    "ItemsItem": _items_item,
    "AdditionalPropertiesItem": _additional,
    "ParametersItem": _parameters_item,
    "Parameter": _parameter,
    "ResponseValue": _response_value,
    "SchemaItem": _schema_item,
    "Paths": _paths,
    "Responses": _responses,
    "SecurityDefinitionsItem": _security_definition,
    "StringArray": _string_array,
}
