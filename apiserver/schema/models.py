"""Schemas of Karmada kinds, made from their pydantic models: the one declaration of each kind.

open_api_of(model) is the openAPIV3Schema that a CustomResourceDefinition of the kind would carry;
model_schema compiles the same text, so what clients read and what the server enforces cannot differ.
"""

from dataclasses import replace
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin

from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from apiserver.schema.builtin import object_meta, open_api_of_type
from apiserver.schema.custom import node_from_open_api, root_node
from apiserver.schema.node import Node
from apiserver.schema.structural import Schema, TypedSchema
from karmada.api.model import Model, facts_of, schema_facts

OpenApi: TypeAlias = dict[str, Any]

_PLAIN: Final[dict[Any, str]] = {str: "string", int: "integer", bool: "boolean", float: "number"}
_TYPE_META: Final = ("api_version", "kind", "metadata")


@cache
def model_schema(model: type[Model], *, typed: bool = False) -> Schema:
    """The schema of a root kind.

    typed is for the kinds that Karmada serves from an aggregated server instead of a CRD: JSON types are
    checked and quantities become canonical as for built-in kinds, and no rule or default of the schema is
    enforced.
    """
    if typed:
        return TypedSchema(lambda: _typed_root(model), open_api=lambda: open_api_of(model))
    return Schema(
        lambda: root_node(open_api_of(model)), metadata=object_meta, open_api=lambda: open_api_of(model)
    )


def _typed_root(model: type[Model]) -> Node:
    text = Node(type="string", go_type="string", omit="empty")
    root = _typed(node_from_open_api(open_api_of(model)), model.__name__)
    first = {"kind": text, "apiVersion": text, "metadata": object_meta().node}
    return replace(root, properties={**first, **{k: v for k, v in root.properties.items() if k not in first}})


def _typed(node: Node, name: str) -> Node:
    """node as a typed place: nothing but its JSON type counts, and what was given is kept, zero or not."""
    items, additional = node.items, node.additional
    return Node(
        type="string" if node.int_or_string else node.type,
        format=node.format,
        properties={key: _typed(child, f"{name}.{key}") for key, child in node.properties.items()},
        items=_typed(items, name) if items is not None else None,
        additional=_typed(additional, name) if additional is not None else None,
        go_type=_go_type(node) or name,
        codec=_codec(node),
        pointer=True,
        omit="empty",
        preserve_unknown=node.preserve_unknown,
        list_type=node.list_type,
        list_map_keys=node.list_map_keys,
        map_type=node.map_type,
    )


def _go_type(node: Node) -> str:
    if node.type == "integer":
        return node.format or "int64"
    return {"string": "string", "boolean": "bool", "number": "double"}.get(node.type, "")


def _codec(node: Node) -> str:
    if node.int_or_string:
        return "quantity" if node.limits is not None and node.limits.pattern else "intorstring"
    if node.format == "date-time":
        return "time"
    return "rawjson" if node.preserve_unknown or not node.type else ""


@cache
def open_api_of(model: type[Model]) -> OpenApi:
    """The openAPIV3Schema of a root kind. Shared: not to be changed."""
    root = _object(model)
    type_meta = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    }
    root["properties"] = {**type_meta, **root.get("properties", {})}
    return root


def _object(model: type[Model], *, is_root: bool = True) -> OpenApi:
    properties: OpenApi = {}
    required: list[str] = []
    for attribute, info in model.model_fields.items():
        if is_root and attribute in _TYPE_META:
            continue
        name = info.alias or to_camel(attribute)
        declared = schema_facts(info)
        if declared.pop("required", False):
            required.append(name)
        properties[name] = _field(info, declared)
    described: OpenApi = {"type": "object"}
    if model.__doc__:
        described["description"] = model.__doc__.strip()
    if properties:
        described["properties"] = properties
    if required:
        described["required"] = sorted(required)
    return described


def _field(info: FieldInfo, declared: OpenApi) -> OpenApi:
    kept_as_json = declared.pop("x-schema-type", None)
    items = declared.pop("items", None)
    described = open_api_of_type(kept_as_json) if kept_as_json else _annotated(info.annotation)
    if items:
        key = "items" if "items" in described else "additionalProperties"
        described[key] = {**described.get(key, {}), **items}
    described |= declared
    if info.description:
        described["description"] = info.description
    return _settled(described)


def _settled(described: OpenApi) -> OpenApi:
    """An int-or-string has no type of its own."""
    if described.get("x-kubernetes-int-or-string"):
        described.pop("type", None)
    return described


def _annotated(annotation: Any) -> OpenApi:
    origin = get_origin(annotation)
    if origin is Annotated:
        base = _annotated(get_args(annotation)[0])
        return _settled({**base, **facts_of(annotation)})
    if origin in (Union, UnionType):
        options = [option for option in get_args(annotation) if option is not type(None)]
        # int | str and the like come with their facts; the type itself stays open.
        return _annotated(options[0]) if len(options) == 1 else {}
    if origin in (list, tuple):
        return {"type": "array", "items": _annotated(get_args(annotation)[0])}
    if origin is dict or annotation is dict:
        return _map(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return _object(annotation, is_root=False)
    if annotation in _PLAIN:
        return {"type": _PLAIN[annotation]}
    return {"x-kubernetes-preserve-unknown-fields": True}


def _map(arguments: tuple[Any, ...]) -> OpenApi:
    if len(arguments) == 2 and arguments[1] is not Any:
        return {"type": "object", "additionalProperties": _annotated(arguments[1])}
    return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
