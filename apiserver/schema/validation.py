"""Validation: the rules of a schema compiled into one closure per node, all broken rules reported together.

compile_validate(node) answers a closure from a value to None or Problems. Problems carry their path as steps
that are put in front while the recursion unwinds, so a valid object costs no path work at all. Which rule is
worded how is in bounds.py; unchanged() lets an update keep values that a later, stricter schema refuses.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from apiserver.schema.bounds import Problem, bound_checks, enum_check, plain_text, type_problem
from apiserver.schema.formats import FORMATS
from apiserver.schema.node import MISSING, Node

Validate: TypeAlias = Callable[[Any], list[Problem] | None]
_Checks: TypeAlias = list[Callable[[Any], list[Problem] | None]]

_PYTHON_TYPES: Final[dict[str, type]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
}


def compile_validate(node: Node) -> Validate:
    return _Compiler().compile(node)


class _Compiler:
    """Shares closures between uses of one recursive type."""

    def __init__(self) -> None:
        self._objects: dict[int, Validate] = {}
        self._kept: list[Any] = []

    def compile(self, node: Node) -> Validate:
        if not node.properties:
            return self._build(node)
        known = self._objects.get(id(node))
        if known is None:
            later: list[Validate] = []
            self._objects[id(node)] = lambda value: later[0](value)
            self._kept.append(node)
            known = self._build(node)
            later.append(known)
            self._objects[id(node)] = known
        return known

    def _build(self, node: Node) -> Validate:
        checks: _Checks = []
        if node.enum:
            checks.append(enum_check(node.enum))
        checks.extend(bound_checks(node))
        if node.format in FORMATS and (not node.type or node.type == "string"):
            checks.append(_format_check(node.format))
        if node.properties or node.required or node.additional is not None:
            checks.append(self._object(node))
        if node.items is not None:
            checks.append(self._items(node.items))
        if node.list_type in ("set", "map"):
            checks.append(_duplicate_check(node))
        checks.extend(self._combinations(node))
        return _typed(node, checks)

    def _object(self, node: Node) -> Validate:
        # A bare Python type stands for "nothing but this type": most fields need no call at all.
        fields = {name: (_bare_type(child), self.compile(child)) for name, child in node.properties.items()}
        values = self.compile(node.additional) if node.additional is not None else None
        required = node.required

        def validate_object(value: Any) -> list[Problem] | None:
            if type(value) is not dict:
                return None
            problems: list[Problem] = []
            if required:
                problems.extend(
                    Problem("FieldValueRequired", "Required value", steps=[name])
                    for name in required
                    if name not in value
                )
            for name, item in value.items():
                bare, validate = fields.get(name, _UNDESCRIBED)
                if validate is None:
                    if values is None:
                        continue
                    validate = values
                elif type(item) is bare:
                    continue
                below = validate(item)
                if below:
                    problems.extend(problem.under(name) for problem in below)
            return problems

        return validate_object

    def _items(self, items: Node) -> Validate:
        bare, validate = _bare_type(items), self.compile(items)

        def validate_items(value: Any) -> list[Problem] | None:
            if type(value) is not list:
                return None
            problems: list[Problem] = []
            for index, item in enumerate(value):
                if type(item) is not bare and (below := validate(item)):
                    problems.extend(problem.under(index) for problem in below)
            return problems

        return validate_items

    def _combinations(self, node: Node) -> _Checks:
        checks: _Checks = []
        if node.all_of:
            checks.extend(self.compile(option) for option in node.all_of)
        if node.any_of and not node.int_or_string:
            checks.append(_any_of([self.compile(option) for option in node.any_of]))
        if node.one_of:
            checks.append(_one_of([self.compile(option) for option in node.one_of]))
        if node.negated is not None:
            checks.append(_negated(self.compile(node.negated)))
        return checks


_UNDESCRIBED: Final[tuple[None, None]] = (None, None)


def _bare_type(node: Node) -> type | None:
    """The Python type that alone makes a value of node valid, if there is one."""
    is_bare = (
        not node.enum
        and node.limits is None
        and not node.int_or_string
        and not node.nullable
        and not (node.all_of or node.any_of or node.one_of or node.negated)
        and (node.type in ("boolean", "integer") or (node.type == "string" and node.format not in FORMATS))
    )
    return _PYTHON_TYPES[node.type] if is_bare else None


def _typed(node: Node, checks: _Checks) -> Validate:
    wanted = node.type
    expected = _PYTHON_TYPES.get(wanted)
    nullable, int_or_string = node.nullable, node.int_or_string

    def validate(value: Any) -> list[Problem] | None:
        actual = type(value)
        if actual is not expected:
            if value is None and nullable:
                return None
            if int_or_string:
                if actual is not str and not _is_integer(value):
                    return [type_problem(value, "integer,string")]
            elif wanted and not _fits(wanted, value):
                return [type_problem(value, wanted)]
        problems: list[Problem] | None = None
        for check in checks:
            found = check(value)
            if found:
                problems = [*problems, *found] if problems else found
        return problems

    return validate


def _is_integer(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _fits(wanted: str, value: Any) -> bool:
    if wanted == "integer":
        return _is_integer(value)
    if wanted == "number":
        return type(value) in (int, float)
    return type(value) is _PYTHON_TYPES.get(wanted)


def _format_check(name: str) -> Validate:
    is_valid = FORMATS[name]

    def check(value: Any) -> list[Problem] | None:
        if type(value) is not str or is_valid(value):
            return None
        head = f"Invalid value: {plain_text(value)}: "
        tail = f" in body must be of type {name}: {plain_text(value)}"
        return [Problem("FieldValueTypeInvalid", head, tail=tail)]

    return check


def _duplicate_check(node: Node) -> Validate:
    keys = node.list_map_keys if node.list_type == "map" else ()
    items = node.items or Node()
    defaults = {key: items.child(key).default for key in keys}

    def identity(item: Any) -> Any:
        if not keys:
            return item
        if type(item) is not dict:
            return MISSING
        return {
            key: item.get(key, defaults[key]) for key in keys if item.get(key, defaults[key]) is not MISSING
        }

    def check(value: Any) -> list[Problem] | None:
        if type(value) is not list or len(value) < 2:
            return None
        seen: set[str] = set()
        problems: list[Problem] = []
        for index, item in enumerate(value):
            text = plain_text(identity(item), sort=True)
            if text in seen:
                head = f"Duplicate value: {text}"
                problems.append(Problem("FieldValueDuplicate", head, steps=[index]))
            seen.add(text)
        return problems

    return check


def _any_of(options: list[Validate]) -> Validate:
    def check(value: Any) -> list[Problem] | None:
        if any(not option(value) for option in options):
            return None
        return [_combination_problem(value, "must validate at least one schema (anyOf)")]

    return check


def _one_of(options: list[Validate]) -> Validate:
    def check(value: Any) -> list[Problem] | None:
        valid = sum(not option(value) for option in options)
        if valid == 1:
            return None
        count = "none" if not valid else str(valid)
        found = f"Found {count} valid" + (" alternatives" if valid else "")
        return [_combination_problem(value, f"must validate one and only one schema (oneOf). {found}")]

    return check


def _negated(option: Validate) -> Validate:
    def check(value: Any) -> list[Problem] | None:
        if option(value):
            return None
        return [_combination_problem(value, "must not validate the schema (not)")]

    return check


def _combination_problem(value: Any, text: str) -> Problem:
    return Problem("FieldValueInvalid", f'Invalid value: {plain_text(value)}: "', tail=f'" {text}')


def unchanged(problem: Problem, new: Any, old: Any) -> bool:
    """Whether the place of a problem, or one it lies in, is the same as in the object before the update."""
    for step in problem.steps:
        if isinstance(new, dict) and isinstance(old, dict):
            new, old = new.get(step, MISSING), old.get(step, MISSING)
        elif isinstance(new, list) and isinstance(old, list) and isinstance(step, int):
            # Lists are compared place by place; a moved item counts as changed.
            if step >= min(len(new), len(old)):
                return False
            new, old = new[step], old[step]
        else:
            return False
        if new == old and new is not MISSING:
            return True
    return False
