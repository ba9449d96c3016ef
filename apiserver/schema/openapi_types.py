"""Type definitions of OpenAPI documents: built-in types from the fact table, other kinds from their own
schema.

Both dialects: version 2 (`definitions`, no defaults, only what Swagger can say) and 3 (`components.schemas`).
A definition is made once per dialect and kept. Descriptions come from the kubernetes-validate package, which
is read when the first description is needed.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import orjson

from karmada.api.facts import LIST_META, OBJECT_META, type_facts
from karmada.api.gvk import GroupVersionKind

Dialect: TypeAlias = Literal[2, 3]
Definition: TypeAlias = dict[str, Any]

META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1"
DESCRIPTIONS_VERSION: Final = "v1.36.0"
_PREFIXES: Final[dict[int, str]] = {2: "#/definitions/", 3: "#/components/schemas/"}
_API_VERSION_TEXT: Final = (
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert "
    "recognized schemas to the latest internal value, and may reject unrecognized values. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources"
)
_KIND_TEXT: Final = (
    "Kind is a string value representing the REST resource this object represents. Servers may infer this "
    "from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
)
_METADATA_TEXT: Final = (
    "Standard object's metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
_LIST_METADATA_TEXT: Final = (
    "Standard list metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
)
TYPE_META: Final[Definition] = {
    "apiVersion": {"description": _API_VERSION_TEXT, "type": "string"},
    "kind": {"description": _KIND_TEXT, "type": "string"},
}
_SCALARS: Final[dict[str, Definition]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "uint32": {"type": "integer", "format": "int64"},
    "uint64": {"type": "integer", "format": "int64"},
    "double": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
}
_CODECS: Final[dict[str, Definition]] = {
    "time": {"type": "string", "format": "date-time"},
    "microtime": {"type": "string", "format": "date-time"},
    "duration": {"type": "string"},
    "list": {"type": "array", "items": {"type": "string"}},
    "rawext": {"type": "object"},
}
_EXTENSIONS: Final = (
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-patch-merge-key",
)


def reference(name: str, dialect: Dialect) -> Definition:
    return {"$ref": _PREFIXES[dialect] + name}


@cache
def builtin_definition(name: str, dialect: Dialect) -> Definition:
    """A built-in type. Shared: not to be changed."""
    facts = type_facts()[name]
    described = _descriptions().get(name) or {}
    definition: Definition = {}
    if text := described.get("description"):
        definition["description"] = text
    codec = facts.get("codec", "")
    if codec:
        is_object = name == f"{META}.FieldsV1"
        return definition | ({"type": "object"} if is_object else _codec_definition(codec, dialect))
    definition["type"] = "object"
    texts = described.get("properties") or {}
    fields = dict(_fields(name))
    properties = {
        field: _property(declared, (texts.get(field) or {}).get("description"), dialect)
        for field, declared in sorted(fields.items())
    }
    if facts.get("typemeta"):
        properties |= TYPE_META
    if properties:
        definition["properties"] = dict(sorted(properties.items()))
    if required := [field for field, declared in fields.items() if _facts(declared).get("required")]:
        definition["required"] = required
    for key in ("x-kubernetes-map-type", "x-kubernetes-unions"):
        if key in facts:
            definition[key] = facts[key]
    if kinds := _kinds(name):
        definition["x-kubernetes-group-version-kind"] = kinds
    return definition


def _codec_definition(codec: str, dialect: Dialect) -> Definition:
    if codec in ("quantity", "intorstring"):
        if dialect == 2:
            return {"type": "string"} | ({"format": "int-or-string"} if codec == "intorstring" else {})
        number = "number" if codec == "quantity" else "integer"
        options = {"oneOf": [{"type": "string"}, {"type": number}]}
        return {"format": "int-or-string", **options} if codec == "intorstring" else options
    return _CODECS.get(codec, {})


def _fields(name: str) -> Iterator[tuple[str, list[Any]]]:
    for field, declared in type_facts()[name]["fields"].items():
        if _facts(declared).get("inline"):
            yield from _fields(declared[1])
        else:
            yield field, declared


def _facts(declared: list[Any]) -> dict[str, Any]:
    return declared[3] if len(declared) > 3 else {}


def _property(declared: list[Any], text: str | None, dialect: Dialect) -> Definition:
    _, type_name, cardinality, *_ = declared
    facts = _facts(declared)
    one = _inline(type_name)
    definition: Definition = {"description": text} if text else {}
    if cardinality == "repeated":
        items = dict(one) if one else reference(type_name, dialect)
        if dialect == 3:
            items = _with_default(items, facts.get("items-default", _zero_default(type_name)))
            items |= {"enum": facts["enum"]} if "enum" in facts else {}
        definition |= {"type": "array", "items": items}
    elif cardinality == "map":
        values = dict(one) if one else reference(type_name, dialect)
        definition |= {"type": "object", "additionalProperties": values}
    else:
        definition = _single(definition, one, type_name, facts, dialect)
    return definition | {key: facts[key] for key in _EXTENSIONS if key in facts}


def _inline(type_name: str) -> Definition | None:
    """Types that documents write out instead of naming them."""
    if type_name in _SCALARS:
        return _SCALARS[type_name]
    return _CODECS["list"] if type_facts()[type_name].get("codec") == "list" else None


def _single(
    definition: Definition, one: Definition | None, type_name: str, facts: dict[str, Any], dialect: Dialect
) -> Definition:
    if one is not None:
        definition |= one
        if dialect == 3:
            definition |= {key: facts[key] for key in ("default", "enum") if key in facts}
        return definition
    if dialect == 2:
        # Swagger readers ignore what stands beside a reference; kubectl reads the description there.
        return definition | reference(type_name, dialect)
    if not facts.get("ptr") and not type_facts()[type_name].get("codec"):
        definition["default"] = {}
    return (
        definition | {"allOf": [reference(type_name, dialect)]}
        if definition
        else reference(type_name, dialect)
    )


def _zero_default(type_name: str) -> Any:
    scalar = _SCALARS.get(type_name)
    if scalar is not None:
        return {"string": "", "integer": 0, "number": 0, "boolean": False}[scalar["type"]]
    return {} if not type_facts()[type_name].get("codec") else None


def _with_default(items: Definition, default: Any) -> Definition:
    if default is None:
        return items
    return {"allOf": [items], "default": default} if "$ref" in items else {**items, "default": default}


@cache
def _every_group_version() -> tuple[tuple[str, str], ...]:
    pairs = {
        (group, version)
        for facts in type_facts().values()
        for group, version, _ in facts.get("gvk", ())
        if group != "*"
    }
    return tuple(sorted(pairs))


def _kinds(name: str) -> list[dict[str, str]]:
    kinds: list[dict[str, str]] = []
    for group, version, kind in type_facts()[name].get("gvk", ()):
        pairs = _every_group_version() if group == "*" else ((group, version),)
        kinds.extend({"group": each, "kind": kind, "version": of} for each, of in pairs)
    return kinds


@cache
def _descriptions() -> Mapping[str, Any]:
    """Definitions of the stock OpenAPI document, for their texts; {} where the package is not installed."""
    # The package itself is not imported: it would bring a JSON schema library with it.
    found = find_spec("kubernetes_validate")
    for place in (found.submodule_search_locations or ()) if found else ():
        path = Path(place, "kubernetes-json-schema", f"{DESCRIPTIONS_VERSION}-local", "_definitions.json")
        if path.is_file():
            definitions: Mapping[str, Any] = orjson.loads(path.read_bytes())["$defs"]
            return definitions
    return {}


def custom_type_name(gvk: GroupVersionKind) -> str:
    """`io.ex.v1.Foo` for a kind of group ex.io."""
    return ".".join([*reversed(gvk.group.split(".")), gvk.version, gvk.kind])


def custom_definition(open_api: Mapping[str, Any], gvk: GroupVersionKind, dialect: Dialect) -> Definition:
    """A kind that is declared by an openAPIV3Schema, as a definition of the document.

    Version 2 names no field of a kind that keeps unknown ones: clients would refuse all others.
    """
    if dialect == 2 and (open_api.get(PRESERVE_UNKNOWN) or not open_api):
        return {"type": "object", "x-kubernetes-group-version-kind": [_kind(gvk)]}
    root = _reduced(open_api) if dialect == 2 else _cleaned(open_api)
    metadata = _reference_with_text(OBJECT_META, _METADATA_TEXT, dialect)
    own = {name: child for name, child in (root.get("properties") or {}).items() if name not in TYPE_META}
    root["properties"] = {**TYPE_META, **own, "metadata": metadata}
    root["type"] = "object"
    root["x-kubernetes-group-version-kind"] = [_kind(gvk)]
    return root


def list_definition(item_name: str, gvk: GroupVersionKind, list_kind: str, dialect: Dialect) -> Definition:
    return {
        "description": f"{list_kind} is a list of {gvk.kind}",
        "properties": {
            **TYPE_META,
            "items": {
                "description": f"List of {gvk.kind}. More info: "
                "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md",
                "items": reference(item_name, dialect),
                "type": "array",
            },
            "metadata": _reference_with_text(LIST_META, _LIST_METADATA_TEXT, dialect),
        },
        "required": ["items"],
        "type": "object",
        "x-kubernetes-group-version-kind": [_kind(gvk._replace(kind=list_kind))],
    }


def _kind(gvk: GroupVersionKind) -> dict[str, str]:
    return {"group": gvk.group, "kind": gvk.kind, "version": gvk.version}


def _reference_with_text(name: str, text: str, dialect: Dialect) -> Definition:
    target = reference(name, dialect)
    return {"description": text, **target} if dialect == 2 else {"allOf": [target], "description": text}


def _cleaned(schema: Mapping[str, Any]) -> Definition:
    return {key: value for key, value in schema.items() if value is not None}


PRESERVE_UNKNOWN: Final = "x-kubernetes-preserve-unknown-fields"
_NOT_IN_SWAGGER: Final = frozenset(("oneOf", "anyOf", "allOf", "not", "nullable", "default", "example"))
_CHILD_SCHEMAS: Final = frozenset(("items", "additionalProperties"))


def _reduced(schema: Mapping[str, Any]) -> Definition:
    """What Swagger 2 can say of a structural schema."""
    if schema.get("x-kubernetes-int-or-string") or schema.get(PRESERVE_UNKNOWN) or schema.get("nullable"):
        return {
            key: value
            for key, value in schema.items()
            if key == "description" or key.startswith("x-kubernetes-")
        }
    result: Definition = {}
    for key, value in schema.items():
        if value is None or key in _NOT_IN_SWAGGER:
            continue
        if key == "properties":
            result[key] = {name: _reduced(child) for name, child in value.items()}
        elif key in _CHILD_SCHEMAS and isinstance(value, Mapping):
            result[key] = _reduced(value)
        else:
            result[key] = value
    return result


def referenced(definition: Any) -> Iterator[str]:
    """Names of the types a definition refers to."""
    if isinstance(definition, dict):
        target = definition.get("$ref")
        if isinstance(target, str):
            yield target.rpartition("/")[2]
        for value in definition.values():
            if isinstance(value, dict | list):
                yield from referenced(value)
    elif isinstance(definition, list):
        for value in definition:
            yield from referenced(value)


@cache
def _direct_references(name: str) -> frozenset[str]:
    return frozenset(referenced(builtin_definition(name, 3)))


def reachable(names: Iterable[str]) -> list[str]:
    """names of built-in types and of all types they are made of, sorted."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(_direct_references(name))
    return sorted(found)
