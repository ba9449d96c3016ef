"""Mutation: what a mutating policy makes of an object: an apply configuration to merge, or a JSON patch.

In: the expression of one mutation, an object. Out: a new object; MutationFailed where the expression has no
value or what it gives does not fit.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from apiserver.merge.applied_check import check_applied
from apiserver.merge.applying import merged
from apiserver.merge.ownership import ownership_of
from apiserver.merge.patches import json_patch
from apiserver.schema.cel import Program, compile_program
from apiserver.schema.cel.library import kubernetes_functions
from apiserver.schema.cel.terms import Overload, function
from apiserver.schema.cel.times import duration_text, timestamp_text
from apiserver.schema.cel.types import DYN, STRING, Field, Type, list_of, object_of
from apiserver.schema.cel.values import Duration, Message, Timestamp, UInt
from apiserver.schema.node import Node
from karmada.api.errors import ApiError
from karmada.api.objects import Object

OBJECT: Final = object_of("Object", {}, open_fields=True)
JSON_PATCH: Final = object_of(
    "JSONPatch",
    {
        "op": Field("op", STRING),
        "path": Field("path", STRING),
        "from": Field("from", STRING),
        "value": Field("value", DYN),
    },
)
_OPERATIONS: Final = frozenset({"add", "remove", "replace", "move", "copy", "test"})


class MutationFailed(Exception):
    """The object cannot be changed as the policy says."""


@dataclass(frozen=True, slots=True)
class Mutation:
    program: Program
    is_patch: bool


def compile_mutation(item: Mapping[str, Any], types: Mapping[str, Type]) -> Mutation:
    """Raises CompileError or ResultError."""
    is_patch = item["patchType"] == "JSONPatch"
    part = item["jsonPatch" if is_patch else "applyConfiguration"]
    result = list_of(JSON_PATCH) if is_patch else OBJECT
    options = expression_options()
    program = compile_program(part["expression"], types, result=[result], **options)
    return Mutation(program, is_patch)


@cache
def expression_options() -> Mapping[str, Any]:
    """What expressions of mutations may use beyond others."""
    escape = function("jsonpatch.escapeKey", [STRING], STRING, _escape_key, sized=True)
    functions: dict[str, list[Overload]] = {
        **{name: list(found) for name, found in kubernetes_functions().items()},
        escape.name: [escape],
    }
    return {"functions": functions, "message_type": message_type}


def message_type(name: str) -> Type | None:
    """Types an expression may make: Object and what is named by a path in it."""
    if name == "JSONPatch":
        return JSON_PATCH
    if name == "Object" or name.startswith("Object."):
        return object_of(name, {}, open_fields=True)
    return None


def _escape_key(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def applied(node: Node, obj: Object, value: Any) -> Object:
    """obj merged with the apply configuration that an expression gave."""
    if not isinstance(value, Message):
        raise MutationFailed("the expression gave no Object")
    _check_names(value, "Object")
    configuration = {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), **plain(value)}
    metadata = configuration.get("metadata")
    if isinstance(metadata, dict):
        configuration["metadata"] = {k: v for k, v in metadata.items() if k not in ("name", "namespace")}
    _check_atomic(node, configuration, "")
    try:
        check_applied(node, configuration)
    except ApiError as error:
        problem = error.message.rpartition("): ")[2]
        text = f"error applying patch: failed to convert patch object to typed object: {problem}"
        raise MutationFailed(text) from error
    return merged(node, obj, configuration)


def patched(obj: Object, value: Any) -> Object:
    """obj after the JSON patch that an expression gave."""
    operations = plain(value)
    for operation in operations:
        if operation.get("op") not in _OPERATIONS:
            raise MutationFailed(f"JSON Patch: Unexpected kind: {operation.get('op', '')}")
    try:
        result = json_patch(obj, operations)
    except ApiError as error:
        causes = (error.details or {}).get("causes") or [{}]
        raise MutationFailed(f"JSON Patch: {causes[0].get('message') or error.message}") from error
    if not isinstance(result, dict) or not isinstance(result.get("metadata"), dict):
        raise MutationFailed("JSON Patch: the patch leaves no object")
    return result


def _check_names(value: Any, expected: str) -> None:
    """An object made for one place may only stand there: types are named by their path."""
    if isinstance(value, list):
        for item in value:
            _check_names(item, expected)
    elif isinstance(value, Message):
        if value.type_name != expected:
            raise MutationFailed(
                f'type mismatch: unexpected type name "{value.type_name}", expected "{expected}", which '
                "matches field name path from root Object type"
            )
        for name, item in value.items():
            _check_names(item, f"{expected}.{name}")


def _check_atomic(node: Node, value: Any, path: str) -> None:
    if not isinstance(value, dict | list):
        return
    if path and ownership_of(node, value) == "leaf":
        raise MutationFailed(
            "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or "
            f"structs: {path}"
        )
    if isinstance(value, dict):
        for name, item in value.items():
            _check_atomic(node.child(name), item, f"{path}.{name}")
    elif node.items is not None:
        for item in value:
            _check_atomic(node.items, item, path)


_TEXTS: Final[Mapping[type, Callable[[Any], Any]]] = {
    Timestamp: timestamp_text,
    Duration: duration_text,
    bytes: lambda value: base64.b64encode(value).decode(),
    UInt: int,
}


def plain(value: Any) -> Any:
    """A CEL value as JSON, a copy of its own."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    convert = _TEXTS.get(type(value))
    if convert is not None:
        return convert(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise MutationFailed(f"a value of type {type(value).__name__} cannot be part of an object")
