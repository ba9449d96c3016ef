"""The rules an openAPIV3Schema must keep to be served: structural, complete, and nothing that cannot be
enforced.

In: the schema as the author wrote it and its path in the CustomResourceDefinition. Out: field errors in the
stock words, sorted as kube-apiserver sorts them. Used when a CustomResourceDefinition is validated.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from apiserver.schema.bounds import plain_text
from apiserver.schema.custom import root_node
from apiserver.schema.defaulting import compile_default
from apiserver.schema.pruning import compile_prune
from apiserver.schema.validation import compile_validate
from karmada.api.errors import FieldError
from karmada.api.objects import private_copy

OpenApi: TypeAlias = Mapping[str, Any]
Level: TypeAlias = Literal["root", "item", "field"]

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED: Final = (
    "$ref",
    "additionalItems",
    "definitions",
    "dependencies",
    "deprecated",
    "discriminator",
    "id",
    "patternProperties",
    "readOnly",
    "writeOnly",
    "xml",
)
_NO_TYPE: Final[dict[Level, str]] = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_NOT_NESTED: Final = {
    "type": "must be empty to be structural",
    "default": "must be undefined to be structural",
    "additionalProperties": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
    "x-kubernetes-embedded-resource": "must be false to be structural",
    "x-kubernetes-int-or-string": "must be false to be structural",
    "x-kubernetes-list-map-keys": "must be empty to be structural",
    "x-kubernetes-list-type": "must be undefined to be structural",
    "x-kubernetes-map-type": "must be undefined to be structural",
}
_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
_COMBINATIONS: Final = ("anyOf", "allOf", "oneOf")


def structural_errors(schema: OpenApi, path: str) -> list[FieldError]:
    """Every broken rule. path is `spec.versions[0].schema.openAPIV3Schema` or the like."""
    found = [*_node_errors(schema, path, "root"), *_supported_errors(schema, path)]
    if schema.get("nullable"):
        found.append(_forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    if not found:
        found = list(_default_errors(schema, path))
    return sorted(set(found), key=lambda error: f"{error.field}: {error.message}")


def _required(path: str, text: str) -> FieldError:
    return FieldError("FieldValueRequired", path, f"Required value: {text}")


def _forbidden(path: str, text: str) -> FieldError:
    return FieldError("FieldValueForbidden", path, f"Forbidden: {text}")


def _invalid(path: str, value: Any, text: str) -> FieldError:
    return FieldError("FieldValueInvalid", path, f"Invalid value: {plain_text(value)}: {text}")


def _unsupported(path: str, value: Any, allowed: Sequence[str]) -> FieldError:
    listed = ", ".join(plain_text(item) for item in allowed)
    text = f"Unsupported value: {plain_text(value)}: supported values: {listed}"
    return FieldError("FieldValueNotSupported", path, text)


def _children(schema: OpenApi, path: str) -> Iterator[tuple[OpenApi, str, Level]]:
    for name, child in (schema.get("properties") or {}).items():
        yield child, f"{path}.properties[{name}]", "field"
    for key, level in (("items", "item"), ("additionalProperties", "field")):
        child = schema.get(key)
        if isinstance(child, Mapping):
            yield child, f"{path}.{key}", level  # type: ignore[misc]


def _node_errors(schema: OpenApi, path: str, level: Level) -> Iterator[FieldError]:
    """The rules of one node and of all below it."""
    yield from _type_errors(schema, path, level)
    if level == "root" and schema.get("additionalProperties") is not None:
        yield _forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if level == "root" or schema.get("x-kubernetes-embedded-resource"):
        yield from _metadata_errors(schema, path, level)
    yield from _embedded_errors(schema, path)
    yield from _combination_errors(schema, path)
    for child, below, child_level in _children(schema, path):
        yield from _node_errors(child, below, child_level)


def _type_errors(schema: OpenApi, path: str, level: Level) -> Iterator[FieldError]:
    kind = schema.get("type") or ""
    is_open = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not kind and not is_open and not schema.get("x-kubernetes-embedded-resource"):
        yield _required(f"{path}.type", _NO_TYPE[level])
    if kind and level == "root" and kind != "object":
        yield _invalid(f"{path}.type", kind, "must be object at the root")
    if kind and kind not in _TYPES:
        yield _unsupported(f"{path}.type", kind, _TYPES)
    if kind == "array" and schema.get("items") is None:
        yield _required(f"{path}.items", "must be specified")
    if isinstance(schema.get("items"), list):
        yield _forbidden(f"{path}.items", "items must be a schema object and not an array")


def _metadata_errors(schema: OpenApi, path: str, level: Level) -> Iterator[FieldError]:
    properties = schema.get("properties") or {}
    for name in ("kind", "apiVersion"):
        kind = (properties.get(name) or {}).get("type")
        if name in properties and kind != "string":
            yield _invalid(f"{path}.properties[{name}].type", kind or "", "must be string")
    metadata = properties.get("metadata")
    if metadata is None:
        return
    below = f"{path}.properties[metadata]"
    if metadata.get("type") != "object":
        yield _invalid(f"{below}.type", metadata.get("type") or "", "must be object")
    restricted = set(metadata.get("properties") or {})
    others = {
        key for key, value in metadata.items() if key not in ("type", "properties", "description") and value
    }
    if level == "root" and (others or not restricted <= {"name", "generateName"}):
        text = (
            "must not specify anything other than name and generateName, but metadata is implicitly specified"
        )
        yield _forbidden(below, text)


def _embedded_errors(schema: OpenApi, path: str) -> Iterator[FieldError]:
    if not schema.get("x-kubernetes-embedded-resource"):
        return
    kind = schema.get("type") or ""
    text = "must be object if x-kubernetes-embedded-resource is true"
    if not kind:
        yield _required(f"{path}.type", text)
    elif kind != "object":
        yield _invalid(f"{path}.type", kind, text)
    if schema.get("additionalProperties") is not None:
        yield _forbidden(
            f"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set"
        )
    if not schema.get("properties") and not schema.get("x-kubernetes-preserve-unknown-fields"):
        yield _required(
            f"{path}.properties",
            "must not be empty if x-kubernetes-embedded-resource is true without "
            "x-kubernetes-preserve-unknown-fields",
        )


def _combination_errors(schema: OpenApi, path: str) -> Iterator[FieldError]:
    """anyOf and its like may say more of what is described outside them, nothing else."""
    is_int_or_string = bool(schema.get("x-kubernetes-int-or-string"))
    for option, below in _options(schema, path):
        if is_int_or_string and option in _INT_OR_STRING:
            continue
        skips_any_of = is_int_or_string and option.get("anyOf") == _INT_OR_STRING
        yield from _nested_errors({**option, "anyOf": None} if skips_any_of else option, below)
        yield from _completeness_errors(schema, option, path, below)


def _options(schema: OpenApi, path: str) -> Iterator[tuple[OpenApi, str]]:
    for key in _COMBINATIONS:
        for index, option in enumerate(schema.get(key) or ()):
            yield option, f"{path}.{key}[{index}]"
    if schema.get("not"):
        yield schema["not"], f"{path}.not"


def _nested_errors(schema: OpenApi, path: str) -> Iterator[FieldError]:
    for key, text in _NOT_NESTED.items():
        if schema.get(key):
            yield _forbidden(f"{path}.{key}", text)
    if "metadata" in (schema.get("properties") or {}):
        yield _forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")
    for option, below in _options(schema, path):
        yield from _nested_errors(option, below)
    for child, below, _ in _children(schema, path):
        yield from _nested_errors(child, below)


def _completeness_errors(
    outer: OpenApi, nested: OpenApi, path: str, nested_path: str
) -> Iterator[FieldError]:
    """Every field that a nested schema speaks of is described outside it."""
    properties = outer.get("properties") or {}
    for name, child in (nested.get("properties") or {}).items():
        below, nested_below = f"{path}.properties[{name}]", f"{nested_path}.properties[{name}]"
        if name not in properties:
            yield _required(below, f"because it is defined in {nested_below}")
        else:
            yield from _completeness_errors(properties[name], child, below, nested_below)
    items = nested.get("items")
    if isinstance(items, Mapping):
        outer_items = outer.get("items")
        if not isinstance(outer_items, Mapping):
            yield _required(f"{path}.items", f"because it is defined in {nested_path}.items")
        else:
            yield from _completeness_errors(outer_items, items, f"{path}.items", f"{nested_path}.items")


def _supported_errors(schema: OpenApi, path: str) -> Iterator[FieldError]:
    """What JSON Schema has and a server cannot or will not enforce, anywhere in the tree."""
    for key in _UNSUPPORTED:
        if schema.get(key):
            yield _forbidden(f"{path}.{key}", f"{key} is not supported")
    if schema.get("uniqueItems"):
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield _forbidden(f"{path}.uniqueItems", text)
    if schema.get("additionalProperties") is False:
        yield _forbidden(f"{path}.additionalProperties", "additionalProperties cannot be set to false")
    if schema.get("additionalProperties") and schema.get("properties"):
        text = "additionalProperties and properties are mutual exclusive"
        yield _forbidden(f"{path}.additionalProperties", text)
    if pattern := schema.get("pattern"):
        yield from _pattern_errors(pattern, f"{path}.pattern")
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        given = schema["x-kubernetes-preserve-unknown-fields"]
        yield _invalid(f"{path}.x-kubernetes-preserve-unknown-fields", given, "must be true or undefined")
    yield from _map_type_errors(schema, path)
    yield from _list_type_errors(schema, path)
    for option, below in _options(schema, path):
        yield from _supported_errors(option, below)
    for child, below, _ in _children(schema, path):
        yield from _supported_errors(child, below)


def _pattern_errors(pattern: str, path: str) -> Iterator[FieldError]:
    try:
        re.compile(pattern.replace(r"\z", r"\Z"))
    except re.error as error:
        yield _invalid(path, pattern, f"must be a valid regular expression, but isn't: {error}")


def _map_type_errors(schema: OpenApi, path: str) -> Iterator[FieldError]:
    map_type = schema.get("x-kubernetes-map-type")
    if map_type is None:
        return
    yield from _wrong_container(
        schema, path, "object", "must be object if x-kubernetes-map-type is specified"
    )
    if map_type not in ("atomic", "granular"):
        yield _unsupported(f"{path}.x-kubernetes-map-type", map_type, ("atomic", "granular"))


def _wrong_container(schema: OpenApi, path: str, wanted: str, text: str) -> Iterator[FieldError]:
    kind = schema.get("type") or ""
    if not kind:
        yield _required(f"{path}.type", text)
    elif kind != wanted:
        yield _invalid(f"{path}.type", kind, text)


def _list_type_errors(schema: OpenApi, path: str) -> Iterator[FieldError]:
    list_type, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys") or []
    if keys and list_type != "map":
        text = "must be map if x-kubernetes-list-map-keys is non-empty"
        where = f"{path}.x-kubernetes-list-type"
        yield _required(where, text) if list_type is None else _invalid(where, list_type, text)
    if list_type is None:
        return
    yield from _wrong_container(schema, path, "array", "must be array if x-kubernetes-list-type is specified")
    if list_type not in ("atomic", "set", "map"):
        yield _unsupported(f"{path}.x-kubernetes-list-type", list_type, ("atomic", "set", "map"))
    if list_type == "map":
        yield from _keyed_list_errors(schema, keys, path)
    items = schema.get("items") or {}
    if list_type == "set" and isinstance(items, Mapping):
        yield from _set_errors(items, f"{path}.items")
    if list_type in ("set", "map") and isinstance(items, Mapping) and items.get("nullable"):
        yield _forbidden(
            f"{path}.items.nullable", f"cannot be nullable when x-kubernetes-list-type is {list_type}"
        )


def _set_errors(items: OpenApi, path: str) -> Iterator[FieldError]:
    text = "must be atomic as item of a list with x-kubernetes-list-type=set"
    for container, key in (("array", "x-kubernetes-list-type"), ("object", "x-kubernetes-map-type")):
        if items.get("type") == container and items.get(key) != "atomic":
            yield _invalid(f"{path}.{key}", items.get(key), text)


def _keyed_list_errors(schema: OpenApi, keys: Sequence[str], path: str) -> Iterator[FieldError]:
    where = f"{path}.x-kubernetes-list-map-keys"
    items = schema.get("items")
    if not keys:
        yield _required(where, "must not be empty if x-kubernetes-list-type is map")
    if not isinstance(items, Mapping):
        yield _required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
        return
    kind = items.get("type") or ""
    if kind != "object":
        text = "must be object if parent array's x-kubernetes-list-type is map"
        yield _invalid(f"{path}.items.type", kind, text)
    if len(set(keys)) != len(keys):
        yield _invalid(where, list(keys), "must not contain duplicate entries")
    for key in keys:
        yield from _key_errors(items, key, path, keys)


def _key_errors(items: OpenApi, key: str, path: str, keys: Sequence[str]) -> Iterator[FieldError]:
    child = (items.get("properties") or {}).get(key)
    if child is None:
        yield _invalid(
            f"{path}.x-kubernetes-list-map-keys", list(keys), "entries must all be names of item properties"
        )
        return
    below = f"{path}.items.properties[{key}]"
    if child.get("type") in ("array", "object"):
        text = "must be a scalar type if parent array's x-kubernetes-list-type is map"
        yield _invalid(f"{below}.type", child.get("type"), text)
    if child.get("default") is None and key not in (items.get("required") or ()):
        text = "so it must have a default or be a required property"
        text = f"this property is in x-kubernetes-list-map-keys, {text}"
        yield _required(f"{below}.default", text)
    if child.get("nullable"):
        text = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
        yield _forbidden(f"{below}.nullable", text)


def _default_errors(schema: OpenApi, path: str) -> Iterator[FieldError]:
    """A default must be valid where it stands, and hold nothing that would be pruned."""
    for child, below, _ in _children(schema, path):
        default = child.get("default")
        if default is not None:
            node = root_node({"type": "object", "properties": {"value": child}})
            holder = private_copy({"value": default})
            prune, fill = compile_prune(node), compile_default(node, zero_counts=True)
            dropped = prune(holder) if prune is not None else None
            if dropped:
                yield _invalid(f"{below}.default", default, "must not have unknown fields")
            if fill is not None:
                fill(holder)
            for problem in compile_validate(node)(holder) or ():
                error = problem.field_error()
                text = error.message.replace("value in body", f"{below}.default in body")
                yield FieldError(error.type, below + ".default" + error.field.removeprefix("value"), text)
        yield from _default_errors(child, below)
