"""The protobuf form of the Swagger document, read back field by field."""

from typing import Any

import orjson

from apiserver.schema.openapi_protobuf import encode, encode_document


def fields_of(message: bytes) -> list[tuple[int, Any]]:
    """(field number, value) of a message: the wire format, nothing else."""
    found: list[tuple[int, Any]] = []
    position = 0
    while position < len(message):
        tag, position = varint(message, position)
        if tag & 7 == 0:
            value, position = varint(message, position)
            found.append((tag >> 3, value))
        elif tag & 7 == 1:
            found.append((tag >> 3, message[position : position + 8]))
            position += 8
        else:
            size, position = varint(message, position)
            found.append((tag >> 3, message[position : position + size]))
            position += size
    return found


def varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def test_a_schema_is_written_with_type_properties_and_extensions() -> None:
    schema = {
        "type": "object",
        "description": "x",
        "required": ["a"],
        "properties": {"a": {"type": "array", "items": {"$ref": "#/definitions/B"}}},
        "x-kubernetes-map-type": "atomic",
    }
    fields = fields_of(encode("Schema", schema))
    assert dict(fields)[4] == b"x"
    assert fields_of(dict(fields)[22]) == [(1, b"object")]
    assert (19, b"a") in fields
    [(number, named)] = fields_of(dict(fields)[25])
    assert number == 1
    assert dict(fields_of(named))[1] == b"a"
    extension = dict(fields_of(dict(fields)[31]))
    assert extension[1] == b"x-kubernetes-map-type"
    assert orjson.loads(dict(fields_of(extension[2]))[2]) == "atomic"


def test_parameters_go_by_their_place() -> None:
    body = {"in": "body", "name": "body", "schema": {"type": "object"}, "required": True}
    query = {"in": "query", "name": "force", "type": "boolean"}
    operation = encode("Operation", {"parameters": [body, query], "operationId": "o", "responses": {}})
    items = [value for number, value in fields_of(operation) if number == 8]
    [(one, first)], [(_, second)] = fields_of(items[0]), fields_of(items[1])
    assert one == 1
    assert [number for number, _ in fields_of(first)] == [1]
    assert [number for number, _ in fields_of(second)] == [2]


def test_a_document_starts_with_its_version() -> None:
    encoded = encode_document(
        {"swagger": "2.0", "info": {"title": "Kubernetes"}, "paths": {}, "definitions": {}}
    )
    assert fields_of(encoded)[0] == (1, b"2.0")


def test_a_closed_map_is_written_as_a_boolean() -> None:
    fields = dict(fields_of(encode("Schema", {"additionalProperties": True})))
    assert fields_of(fields[21]) == [(2, 1)]
