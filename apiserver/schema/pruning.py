"""Pruning: drop what a structural schema does not describe, in place, and say what was dropped.

compile_prune(node) is None where nothing can be dropped. A closure answers None or the paths of dropped
fields below it, so paths are built only when something was dropped. Explicit nulls of fields that may not be
null vanish silently: defaulting then sees an absent field.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from apiserver.schema.node import Node

Prune: TypeAlias = Callable[[Any], list[str] | None]
_EMBEDDED: Final = ("apiVersion", "kind", "metadata")


def compile_prune(node: Node) -> Prune | None:
    if node.type == "array" or node.items is not None:
        return _list(compile_prune(node.items)) if node.items is not None else None
    if node.additional is not None and not node.properties:
        return _map(node.additional, compile_prune(node.additional))
    if node.type == "object" or node.properties or (node.preserve_unknown and not node.type):
        return _object(node)
    return None


def _list(prune: Prune | None) -> Prune | None:
    if prune is None:
        return None

    def prune_list(value: Any) -> list[str] | None:
        if type(value) is not list:
            return None
        dropped: list[str] = []
        for index, item in enumerate(value):
            below = prune(item)
            if below:
                dropped.extend(f"[{index}]{path}" for path in below)
        return dropped

    return prune_list


def _map(values: Node, prune: Prune | None) -> Prune:
    keeps_nulls = values.nullable or not values.type

    def prune_map(value: Any) -> list[str] | None:
        if type(value) is not dict:
            return None
        if not keeps_nulls and None in value.values():
            for name in [name for name, item in value.items() if item is None]:
                del value[name]
        if prune is None:
            return None
        dropped: list[str] = []
        for name, item in value.items():
            below = prune(item)
            if below:
                dropped.extend(f".{name}{path}" for path in below)
        return dropped

    return prune_map


def _object(node: Node) -> Prune:
    known = {name: compile_prune(child) for name, child in node.properties.items()}
    if node.embedded_resource:
        known |= dict.fromkeys(name for name in _EMBEDDED if name not in known)
    nullable = frozenset(name for name, child in node.properties.items() if child.nullable or not child.type)
    if node.additional is not None:
        unknown = compile_prune(node.additional)
        return _object_pruner(known, nullable, unknown=unknown, keep_unknown=True)
    return _object_pruner(known, nullable, unknown=None, keep_unknown=node.preserve_unknown)


def _object_pruner(
    known: dict[str, Prune | None], nullable: frozenset[str], *, unknown: Prune | None, keep_unknown: bool
) -> Prune:
    def prune_object(value: Any) -> list[str] | None:
        if type(value) is not dict:
            return None
        dropped: list[str] = []
        doomed: list[str] = []
        for name, item in value.items():
            prune = known.get(name, unknown)
            if prune is not None and item is not None:
                if below := prune(item):
                    dropped.extend(f".{name}{path}" for path in below)
            elif item is None and name in known and name not in nullable:
                doomed.append(name)
            elif not keep_unknown and name not in known:
                doomed.append(name)
                dropped.append(f".{name}")
        for name in doomed:
            del value[name]
        return dropped

    return prune_object
