"""Schemas of custom resources, from the openAPIV3Schema of a CustomResourceDefinition version.

structural_errors() in structural_rules.py says whether such a schema may be used at all; here it is taken as
it is.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from apiserver.schema.builtin import object_meta
from apiserver.schema.node import MISSING, Limits, Node
from apiserver.schema.structural import Schema

_TEXT: Final = Node(type="string")


def custom_schema(open_api: Mapping[str, Any] | None) -> Schema:
    """The schema of a kind. Without an openAPIV3Schema everything is kept and nothing is checked."""
    return Schema(
        lambda: root_node(open_api), metadata=object_meta, open_api=lambda: open_api or {"type": "object"}
    )


def root_node(open_api: Mapping[str, Any] | None) -> Node:
    """The tree of a whole object, whatever the author wrote about TypeMeta and ObjectMeta."""
    given = node_from_open_api(open_api) if open_api else Node(type="object", preserve_unknown=True)
    metadata = given.properties.get("metadata")
    # Only the rules an author may add to metadata are left of it, for name and generateName.
    rules = Node(type="object", properties=metadata.properties if metadata else {}, preserve_unknown=True)
    properties = {**given.properties, "apiVersion": _TEXT, "kind": _TEXT, "metadata": rules}
    return replace(given, type="object", properties=properties)


def node_from_open_api(schema: Mapping[str, Any]) -> Node:
    get = schema.get
    properties = {name: node_from_open_api(child) for name, child in (get("properties") or {}).items()}
    additional = get("additionalProperties")
    items = get("items")
    strategies = get("x-kubernetes-patch-strategy") or ""
    embedded = bool(get("x-kubernetes-embedded-resource"))
    if embedded:
        properties = {**_EMBEDDED_PROPERTIES, **properties}
    return Node(
        type=get("type") or "",
        format=get("format") or "",
        properties=properties,
        additional=_additional(additional),
        items=node_from_open_api(items) if isinstance(items, Mapping) else None,
        required=tuple(get("required") or ()),
        default=get("default", MISSING) if get("default") is not None else MISSING,
        enum=tuple(get("enum") or ()),
        nullable=bool(get("nullable")),
        limits=_limits(schema),
        all_of=tuple(node_from_open_api(option) for option in get("allOf") or ()),
        any_of=tuple(node_from_open_api(option) for option in get("anyOf") or ()),
        one_of=tuple(node_from_open_api(option) for option in get("oneOf") or ()),
        negated=node_from_open_api(schema["not"]) if get("not") else None,
        rules=tuple(get("x-kubernetes-validations") or ()),
        preserve_unknown=bool(get("x-kubernetes-preserve-unknown-fields")),
        embedded_resource=embedded,
        int_or_string=bool(get("x-kubernetes-int-or-string")),
        list_type=get("x-kubernetes-list-type") or "",
        list_map_keys=tuple(get("x-kubernetes-list-map-keys") or ()),
        map_type=get("x-kubernetes-map-type") or "",
        patch_strategies=tuple(strategies.split(",")) if strategies else (),
        patch_merge_key=get("x-kubernetes-patch-merge-key") or "",
    )


_EMBEDDED_PROPERTIES: Final = {
    "apiVersion": _TEXT,
    "kind": _TEXT,
    "metadata": Node(type="object", preserve_unknown=True),
}


def _additional(given: Any) -> Node | None:
    if given is True:
        return Node(preserve_unknown=True)
    return node_from_open_api(given) if isinstance(given, Mapping) else None


def _limits(schema: Mapping[str, Any]) -> Limits | None:
    get = schema.get
    limits = Limits(
        minimum=get("minimum"),
        maximum=get("maximum"),
        exclusive_minimum=bool(get("exclusiveMinimum")),
        exclusive_maximum=bool(get("exclusiveMaximum")),
        multiple_of=get("multipleOf"),
        min_length=get("minLength"),
        max_length=get("maxLength"),
        pattern=get("pattern") or "",
        min_items=get("minItems"),
        max_items=get("maxItems"),
        min_properties=get("minProperties"),
        max_properties=get("maxProperties"),
    )
    return None if limits == _NO_LIMITS else limits


_NO_LIMITS: Final = Limits()
