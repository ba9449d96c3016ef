"""Defaulting: set absent fields that the schema gives a default, depth first, in place.

compile_default(node) is None where nothing below has a default, so that whole subtrees cost nothing.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import orjson

from apiserver.schema.node import MISSING, Node

Default: TypeAlias = Callable[[Any], None]


def compile_default(node: Node, *, zero_counts: bool) -> Default | None:
    """zero_counts False leaves out defaults that are Go zero values: a typed kind has those anyway."""
    return _Compiler(zero_counts=zero_counts).compile(node)


class _Compiler:
    def __init__(self, *, zero_counts: bool) -> None:
        self._zero_counts = zero_counts
        self._has_default: dict[int, bool] = {}
        self._objects: dict[int, Default] = {}

    def compile(self, node: Node) -> Default | None:
        if not self._matters(node, set()):
            return None
        if node.items is not None:
            return self._list(node.items)
        if node.properties:
            known = self._objects.get(id(node.properties))
            if known is None:
                own: list[tuple[str, Callable[[], Any]]] = []
                below: list[tuple[str, Default]] = []
                known = self._objects[id(node.properties)] = _object(own, below)
                self._fill(node, own, below)
            return known
        assert node.additional is not None
        return self._map(node.additional)

    def _fill(
        self, node: Node, own: list[tuple[str, Callable[[], Any]]], below: list[tuple[str, Default]]
    ) -> None:
        for name, child in node.properties.items():
            if self._sets(child):
                own.append((name, _maker(child.default)))
            default = self.compile(child)
            if default is not None:
                below.append((name, default))

    def _sets(self, node: Node) -> bool:
        return node.default is not MISSING and (self._zero_counts or bool(node.default))

    def _matters(self, node: Node, visiting: set[int]) -> bool:
        """Whether anything below node has a default; a type met inside itself adds nothing."""
        key = id(node.properties) if node.properties else id(node)
        known = self._has_default.get(key)
        if known is not None:
            return known
        if key in visiting:
            return False
        visiting.add(key)
        children = [child for child in (node.items, node.additional) if child is not None]
        answer = any(
            self._sets(child) or self._matters(child, visiting) for child in node.properties.values()
        ) or any(self._matters(child, visiting) for child in children)
        if answer or len(visiting) == 1:
            self._has_default[key] = answer
        visiting.discard(key)
        return answer

    def _list(self, items: Node) -> Default:
        default = self.compile(items)
        assert default is not None

        def default_list(value: Any) -> None:
            if type(value) is list:
                for item in value:
                    default(item)

        return default_list

    def _map(self, values: Node) -> Default:
        default = self.compile(values)
        assert default is not None

        def default_map(value: Any) -> None:
            if type(value) is dict:
                for item in value.values():
                    default(item)

        return default_map


def _object(own: list[tuple[str, Callable[[], Any]]], below: list[tuple[str, Default]]) -> Default:
    def default_object(value: Any) -> None:
        if type(value) is not dict:
            return
        for name, make in own:
            if name not in value:
                value[name] = make()
        for name, default in below:
            item = value.get(name)
            if item is not None:
                default(item)

    return default_object


def _maker(value: Any) -> Callable[[], Any]:
    """Fresh containers each time: a default must not be shared between objects."""
    if isinstance(value, dict | list):
        encoded = orjson.dumps(value)
        return lambda: orjson.loads(encoded)
    return lambda: value
