"""Rules in CEL of custom resources, at every depth: the tree of a schema compiled into one check.

In: a Node tree. Out: a check from an object and its predecessor to Problems, or None where nobody wrote a
rule: then a write pays nothing. What an update leaves as it was is not checked again, except by rules that
compare with oldSelf; list items have predecessors only in lists with keys.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from apiserver.schema.bounds import MapKey, Problem, Step
from apiserver.schema.cel import CompileError, EvaluationError, Meter, ResultError
from apiserver.schema.cel.types import DYN, Type
from apiserver.schema.node import MISSING, Node
from apiserver.schema.rule import BUDGET, OutOfBudget, Rule, compile_rule
from apiserver.schema.rule_types import converter_of, type_of

log = logging.getLogger(__name__)

Check: TypeAlias = Callable[[Any, Any, Meter, list[Problem]], None]
"""(value, predecessor or MISSING, budget, problems found)"""
CheckRules: TypeAlias = Callable[[Any, Any], list[Problem]]
_BLOCKING: Final = frozenset(
    {"FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"}
)
NOT_CHECKED: Final = Problem(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the "
    "existing errors to complete validation",
)


def compile_rules(node: Node) -> CheckRules | None:
    check = _compile(node, is_root=True)
    if check is None:
        return None

    def check_rules(obj: Any, old: Any) -> list[Problem]:
        problems: list[Problem] = []
        try:
            check(obj, MISSING if old is None else old, Meter(BUDGET), problems)
        except OutOfBudget as end:
            problems.append(end.problem)
        return problems

    return check_rules


def is_blocking(problems: Sequence[Problem]) -> bool:
    """Whether an object is too broken for its rules to mean anything."""
    return any(problem.type in _BLOCKING for problem in problems)


def has_rules(node: Node) -> bool:
    below = [*node.properties.values(), node.items, node.additional]
    return bool(node.rules) or any(child is not None and has_rules(child) for child in below)


def _compile(node: Node, *, is_root: bool = False) -> Check | None:
    if not has_rules(node):
        return None
    checks = [
        check
        for check in (_own(node, is_root=is_root), _properties(node), _items(node), _values(node))
        if check is not None
    ]
    if len(checks) == 1:
        return checks[0]

    def check_all(value: Any, old: Any, meter: Meter, problems: list[Problem]) -> None:
        for check in checks:
            check(value, old, meter, problems)

    return check_all


def _own(node: Node, *, is_root: bool) -> Check | None:
    """The rules written at this place."""
    rules = _usable(node, type_of(node, is_root=is_root) or DYN)
    if not rules:
        return None
    convert = converter_of(node) or (lambda value: value)
    looks_back = any(rule.is_transition for rule in rules)

    def check(value: Any, old: Any, meter: Meter, problems: list[Problem]) -> None:
        if value is None:
            return
        has_old = old is not MISSING and old is not None
        same = has_old and value == old
        if same and not looks_back:
            return
        try:
            current, previous = convert(value), convert(old) if has_old and looks_back else None
        except (EvaluationError, ValueError):
            # Not what its format promises: an update may keep such a value, and no rule can judge it.
            return
        for rule in rules:
            if not _applies(rule, same=same, has_old=has_old):
                continue
            problem = rule.problem(current, previous, has_old=has_old, meter=meter, shown=value)
            if problem is not None:
                problems.append(problem)

    return check


def _applies(rule: Rule, *, same: bool, has_old: bool) -> bool:
    return has_old or rule.old_optional if rule.is_transition else not same


def _usable(node: Node, self_type: Type) -> list[Rule]:
    rules: list[Rule] = []
    for entry in node.rules:
        try:
            rules.append(compile_rule(entry, self_type))
        except (CompileError, ResultError) as error:
            # It was accepted by another version of the server.
            log.warning("rule not usable", extra={"rule": entry.get("rule"), "reason": str(error)})
    return rules


def _below(check: Check, step: Step, value: Any, old: Any, meter: Meter, problems: list[Problem]) -> None:
    """Runs check one step down; what it finds is put under that step."""
    found: list[Problem] = []
    try:
        check(value, old, meter, found)
    except OutOfBudget as end:
        raise OutOfBudget(end.problem.under(step)) from end
    finally:
        problems.extend(problem.under(step) for problem in found)


def _properties(node: Node) -> Check | None:
    checks = [
        (name, check) for name, child in node.properties.items() if (check := _compile(child)) is not None
    ]
    if not checks:
        return None

    def check_properties(value: Any, old: Any, meter: Meter, problems: list[Problem]) -> None:
        if type(value) is not dict:
            return
        before = old if type(old) is dict else {}
        for name, check in checks:
            if name in value:
                _below(check, name, value[name], before.get(name, MISSING), meter, problems)

    return check_properties


def _values(node: Node) -> Check | None:
    check = _compile(node.additional) if node.additional is not None else None
    if check is None:
        return None

    def check_values(value: Any, old: Any, meter: Meter, problems: list[Problem]) -> None:
        if type(value) is not dict:
            return
        before = old if type(old) is dict else {}
        for key, item in value.items():
            _below(check, MapKey(key), item, before.get(key, MISSING), meter, problems)

    return check_values


def _items(node: Node) -> Check | None:
    check = _compile(node.items) if node.items is not None else None
    if check is None:
        return None
    keys = node.list_map_keys if node.list_type == "map" else ()

    def check_items(value: Any, old: Any, meter: Meter, problems: list[Problem]) -> None:
        if type(value) is not list or (not keys and value == old):
            return
        before = {_identity(item, keys): item for item in old} if keys and type(old) is list else {}
        for index, item in enumerate(value):
            _below(check, index, item, before.get(_identity(item, keys), MISSING), meter, problems)

    return check_items


def _identity(item: Any, keys: tuple[str, ...]) -> Any:
    return tuple(item.get(key) for key in keys) if keys and type(item) is dict else None
