"""Schemas of built-in Kubernetes kinds, from the fact table that comes with karmada.api.

A type's nodes are made when the first schema that reaches it is asked for; nothing is read at import.
"""

from functools import cache
from typing import Any, Final

from apiserver.schema.node import MISSING, Node
from apiserver.schema.structural import TypedSchema
from karmada.api.facts import OBJECT_META, type_facts

_SCALAR_TYPES: Final = {
    "string": "string",
    "bool": "boolean",
    "int32": "integer",
    "int64": "integer",
    "uint32": "integer",
    "uint64": "integer",
    "double": "number",
    "bytes": "string",
}
_CODEC_TYPES: Final = {
    "time": "string",
    "microtime": "string",
    "duration": "string",
    "quantity": "string",
    "list": "array",
    "rawext": "object",
}


@cache
def builtin_schema(type_name: str) -> TypedSchema:
    """The schema of a type such as `io.k8s.api.apps.v1.Deployment`. Raises KeyError for an unknown one."""
    if type_name not in type_facts():
        raise KeyError(type_name)
    return TypedSchema(lambda: type_node(type_name))


@cache
def type_node(type_name: str) -> Node:
    return _named(type_name, {})


def object_meta() -> TypedSchema:
    return builtin_schema(OBJECT_META)


_properties: Final[dict[str, dict[str, Node]]] = {}


def _properties_of(type_name: str) -> dict[str, Node]:
    """One dict per type, shared by all its nodes; filled after it is registered, so recursion ends."""
    known = _properties.get(type_name)
    if known is None:
        known = _properties[type_name] = {}
        facts = type_facts()[type_name]
        if facts.get("typemeta"):
            known["kind"] = known["apiVersion"] = Node(type="string", go_type="string", omit="empty")
        for name, declared in facts["fields"].items():
            extra = declared[3] if len(declared) > 3 else {}
            if extra.get("inline"):
                known |= _properties_of(declared[1])
            else:
                known[name] = _field_node(declared[1], declared[2], extra)
    return known


def _field_node(type_name: str, cardinality: str, facts: dict[str, Any]) -> Node:
    if cardinality == "single":
        return _named(type_name, facts)
    shared = _shared_facts(facts)
    if cardinality == "map":
        return Node(type="object", additional=_named(type_name, {}), **shared)
    item_facts = {key: facts[key] for key in ("enum",) if key in facts}
    return Node(
        type="array",
        items=_named(type_name, item_facts),
        list_type=facts.get("x-kubernetes-list-type", ""),
        list_map_keys=tuple(facts.get("x-kubernetes-list-map-keys", ())),
        **shared,
    )


def _named(type_name: str, facts: dict[str, Any]) -> Node:
    scalar = _SCALAR_TYPES.get(type_name)
    shared = _shared_facts(facts)
    if scalar is not None:
        return Node(type=scalar, go_type=type_name, enum=tuple(facts.get("enum", ())), **shared)
    entry = type_facts()[type_name]
    shared["map_type"] = shared["map_type"] or entry.get("x-kubernetes-map-type", "")
    codec = entry.get("codec", "")
    if codec:
        is_schema = codec.startswith("schema-or-")
        return Node(
            type=_CODEC_TYPES.get(codec, ""),
            codec=codec,
            go_type=type_name,
            properties=_properties_of(_SCHEMA_PROPS) if is_schema else {},
            preserve_unknown=codec in ("rawext", "rawjson"),
            **shared,
        )
    return Node(
        type="object",
        properties=_properties_of(type_name),
        go_type=type_name,
        required=_required_of(type_name),
        **shared,
    )


_SCHEMA_PROPS: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"


def _shared_facts(facts: dict[str, Any]) -> dict[str, Any]:
    strategies = facts.get("x-kubernetes-patch-strategy", "")
    return {
        "format": facts.get("format", ""),
        "default": facts.get("default", MISSING),
        "pointer": bool(facts.get("ptr")),
        "omit": facts.get("omit", ""),
        "map_type": facts.get("x-kubernetes-map-type", ""),
        "patch_strategies": tuple(strategies.split(",")) if strategies else (),
        "patch_merge_key": facts.get("x-kubernetes-patch-merge-key", ""),
    }


def _required_of(type_name: str) -> tuple[str, ...]:
    """Fields that decoding cannot supply by itself: required parts behind a pointer."""
    return tuple(
        name
        for name, declared in type_facts()[type_name]["fields"].items()
        if len(declared) > 3 and declared[3].get("required") and declared[3].get("ptr")
    )


def open_api_of_type(type_name: str) -> dict[str, Any]:
    """A built-in type written out as a structural OpenAPI schema, for embedding. A fresh dict."""
    return _open_api(type_node(type_name))


def _open_api(node: Node) -> dict[str, Any]:
    if node.codec in ("quantity", "intorstring"):
        choices = [{"type": "integer"}, {"type": "string"}]
        return {"anyOf": choices, "x-kubernetes-int-or-string": True}
    described: dict[str, Any] = {"type": node.type} if node.type else {}
    if node.codec in ("time", "microtime"):
        described["format"] = "date-time"
    if node.format:
        described["format"] = node.format
    if node.properties:
        described["properties"] = {name: _open_api(child) for name, child in node.properties.items()}
    if node.additional is not None:
        described["additionalProperties"] = _open_api(node.additional)
    if node.items is not None:
        described["items"] = _open_api(node.items)
    marks = {
        "required": list(node.required),
        "enum": list(node.enum),
        "x-kubernetes-preserve-unknown-fields": node.preserve_unknown,
        "x-kubernetes-map-type": node.map_type,
        "x-kubernetes-list-type": node.list_type,
        "x-kubernetes-list-map-keys": list(node.list_map_keys),
    }
    return described | {key: value for key, value in marks.items() if value}
