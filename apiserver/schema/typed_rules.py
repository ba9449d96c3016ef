"""The rules of built-in kinds that the fact table states: closed value sets, and parts that must be there.

Types were checked by decoding (typed.py), everything else is the kind's own admission. So this visits only
the fields on the way to such a rule; compile_typed_rules is None for kinds without any.
"""

from typing import Any

from apiserver.schema.bounds import Check, Problem, enum_check
from apiserver.schema.node import Node


def compile_typed_rules(node: Node) -> Check | None:
    return _Compiler().compile(node)


class _Compiler:
    def __init__(self) -> None:
        self._structs: dict[int, Check] = {}
        self._barren: set[int] = set()

    def compile(self, node: Node) -> Check | None:
        if node.codec:
            return None
        if node.type == "object":
            return self._struct(node) if node.additional is None else self._values(node.additional)
        if node.items is not None:
            return self._list(node.items)
        return _value_set(node.enum) if node.enum else None

    def _struct(self, node: Node) -> Check | None:
        key = id(node.properties)
        if key in self._barren:
            return None
        known = self._structs.get(key)
        if known is None:
            below: list[tuple[str, Check]] = []
            known = self._structs[key] = _struct_check(node.required, below)
            for name, child in node.properties.items():
                check = self.compile(child)
                if check is not None:
                    below.append((name, check))
            if not below and not node.required:
                self._barren.add(key)
                return None
        return known

    def _values(self, values: Node) -> Check | None:
        check = self.compile(values)
        if check is None:
            return None

        def check_map(value: Any) -> list[Problem] | None:
            return _below(value.items(), check) if value else None

        return check_map

    def _list(self, items: Node) -> Check | None:
        check = self.compile(items)
        if check is None:
            return None

        def check_list(value: Any) -> list[Problem] | None:
            return _below(enumerate(value), check) if value else None

        return check_list


def _below(entries: Any, check: Check) -> list[Problem] | None:
    problems: list[Problem] | None = None
    for step, item in entries:
        found = check(item)
        if found:
            problems = [*(problems or ()), *(problem.under(step) for problem in found)]
    return problems


def _struct_check(required: tuple[str, ...], below: list[tuple[str, Check]]) -> Check:
    def check_struct(value: Any) -> list[Problem] | None:
        problems: list[Problem] | None = None
        for name in required:
            if value.get(name) is None:
                missing = Problem("FieldValueRequired", "Required value", steps=[name])
                problems = [*(problems or ()), missing]
        for name, check in below:
            item = value.get(name)
            if item is not None and (found := check(item)):
                problems = [*(problems or ()), *(problem.under(name) for problem in found)]
        return problems

    return check_struct


def _value_set(allowed: tuple[Any, ...]) -> Check:
    check = enum_check(allowed)

    def check_value(value: Any) -> list[Problem] | None:
        # An empty value is an absent one here; whether it may be absent is another rule.
        return check(value) if value and value not in allowed else None

    return check_value
