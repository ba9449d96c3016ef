"""Whether an applied object fits its kind: declared fields, JSON types, no duplicate list elements. Pure.

Apply refuses what other writes would prune: a field that is not in the schema cannot be owned.
"""

from typing import Any

from apiserver.merge.field_sets import path_element_text
from apiserver.merge.ownership import element_key
from apiserver.merge.refusals import UnclassifiedError, go_text
from apiserver.schema.node import ANYTHING, Node
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, name_of, namespace_of


def check_applied(node: Node, applied: Object) -> None:
    """Raises UnclassifiedError with all misfits, as kube-apiserver words them."""
    misfits: list[str] = []
    _check(node, applied, "", misfits)
    if misfits:
        listed = misfits[0] if len(misfits) == 1 else "\n  ".join(["errors:", *misfits])
        what = f"{namespace_of(applied)}/{name_of(applied)}; {GroupVersionKind.of(applied)}"
        raise UnclassifiedError(f"failed to create typed patch object ({what}): {listed}")


def _check(node: Node, value: Any, path: str, misfits: list[str]) -> None:
    if value is None or node is ANYTHING:
        return
    if _is_map(node):
        _check_map(node, value, path, misfits)
    elif node.type == "array":
        _check_list(node, value, path, misfits)
    elif problem := _scalar_problem(node, value):
        misfits.append(f"{path}: {problem}")


def _is_map(node: Node) -> bool:
    return node.type == "object" and not node.codec


def _check_map(node: Node, value: Any, path: str, misfits: list[str]) -> None:
    if not isinstance(value, dict):
        misfits.append(f"{path}: expected map, got &{{{go_text(value)}}}")
        return
    is_open = node.preserve_unknown or node.embedded_resource or node.additional is not None
    # A schema without any properties describes nothing, so nothing can be undeclared.
    is_open = is_open or not (node.properties or node.go_type)
    for name, item in value.items():
        below = f"{path}.{name}"
        if name in node.properties or is_open:
            _check(node.child(name), item, below, misfits)
        else:
            misfits.append(f"{below}: field not declared in schema")


def _check_list(node: Node, value: Any, path: str, misfits: list[str]) -> None:
    if not isinstance(value, list):
        misfits.append(f"{path}: expected list, got &{{{go_text(value)}}}")
        return
    items = node.items or ANYTHING
    by_element = node.ownership in ("keyed", "set")
    seen: set[str] = set()
    for index, item in enumerate(value):
        key = element_key(node, item) if by_element else None
        if by_element and key is None:
            misfits.append(f"{path}: element {index}: {_unkeyed(node, item)}")
            continue
        below = path + (path_element_text(key) if key else f"[{index}]")
        if key is not None and key in seen:
            misfits.append(f"{path}: duplicate entries for key {path_element_text(key)}")
            continue
        if key is not None:
            seen.add(key)
        _check(items, item, below, misfits)


def _unkeyed(node: Node, item: Any) -> str:
    if node.ownership == "set":
        if item is None:
            return "associative list without keys has an element that's an explicit null"
        if isinstance(item, dict):
            return "associative list without keys has an element that's a map type"
        return "not supported: associative list with lists as elements"
    if item is None:
        return "associative list with keys may not have a null element"
    if not isinstance(item, dict):
        return "associative list with keys may not have non-map elements"
    names = " ".join(f'"{name}"' for name in node.list_map_keys)
    omits = f"has an element that omits all key fields [{names}]"
    return f"associative list with keys {omits} (and doesn't have default values for any key fields)"


def _scalar_problem(node: Node, value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if node.type in ("integer", "number"):
        return "" if is_number else f"expected numeric (int or float), got {_go_type(value)}"
    if node.int_or_string or node.codec in ("quantity", "intorstring", "time", "microtime"):
        is_scalar = isinstance(value, str | int | float)
        return "" if is_scalar else f"expected any scalar, got &{{{go_text(value)}}}"
    if node.type == "string" and not isinstance(value, str):
        return f"expected string, got &value.valueUnstructured{{Value:{go_text(value)}}}"
    if node.type == "boolean" and not isinstance(value, bool):
        return f"expected boolean, got &{{{go_text(value)}}}"
    return ""


def _go_type(value: Any) -> str:
    words = {str: "string", bool: "bool", list: "[]interface {}", dict: "map[string]interface {}"}
    return words.get(type(value), "float64")
