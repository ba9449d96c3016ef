"""Constants, lists, maps and messages written in an expression."""

from typing import Any

from apiserver.schema.cel.scope import Compiling, Scope
from apiserver.schema.cel.syntax import ListExpr, MapExpr, MessageExpr
from apiserver.schema.cel.terms import Frame, Run, Term
from apiserver.schema.cel.types import DYN, NULL, Type, is_optional, list_of, map_of, match
from apiserver.schema.cel.values import EvaluationError, Message, Optional, UInt, no_such_overload

_CONSTANTS = {bool: "bool", int: "int", UInt: "uint", float: "double", str: "string", bytes: "bytes"}


def constant(value: Any) -> Term:
    type_ = NULL if value is None else Type(_CONSTANTS[type(value)])
    size = len(value) if isinstance(value, str | bytes) else None
    return Term(type_, lambda _frame: value, 0, 0, size, constant=value)


def joined(first: Type, second: Type) -> Type | None:
    """The type of something that is one or the other; None when they do not go together."""
    if first.kind == "error" or second.kind == "error":
        return first if second.kind == "error" else second
    if first.kind == "null" and match(second, first, {}):
        return second
    if first == second or match(first, second, {}):
        return DYN if second.kind == "dyn" else _wider(first, second)
    return None


def _wider(first: Type, second: Type) -> Type:
    """Of two types that fit, the one with more dyn in it; an empty list tells nothing of its items."""
    if first.params and any(param.kind == "dyn" for param in first.params):
        return second if second.params and first.kind == second.kind else first
    return first


def _common(compiler: Compiling, terms: list[Term], positions: list[int]) -> Type:
    """The one type of all terms: a list or map of different types is refused."""
    found: Type | None = None
    for term, position in zip(terms, positions, strict=True):
        if found is None:
            found = term.type
            continue
        both = joined(found, term.type)
        if both is None and compiler.mixed:
            both = DYN
        if both is None:
            compiler.report(position, f"expected type '{found}' but found '{term.type}'")
            return DYN
        found = both
    return found or DYN


def _unwrapped(compiler: Compiling, term: Term, position: int) -> Term:
    """An entry written with `?` is an optional."""
    if not is_optional(term.type) and term.type.kind not in ("dyn", "error"):
        compiler.report(position, f"expected type 'optional_type({term.type})' but found '{term.type}'")
        return term
    held = term.type.params[0] if term.type.params else DYN
    return Term(held, term.run, term.steps, term.cost)


def list_term(compiler: Compiling, expression: ListExpr, scope: Scope) -> Term:
    terms = [compiler.visit(item, scope) for item in expression.items]
    positions = [item.position for item in expression.items]
    seen = [
        _unwrapped(compiler, term, positions[index]) if index in expression.optional else term
        for index, term in enumerate(terms)
    ]
    type_ = list_of(_common(compiler, seen, positions))
    runs = [term.run for term in terms]
    cost = 10 + sum(term.cost for term in terms)
    if all(term.is_constant for term in terms) and not expression.optional:
        value = [term.constant for term in terms]
        return Term(type_, lambda _frame: value, 1, cost, len(value), constant=value)
    optional = expression.optional
    run = _list_with_optionals(runs, optional) if optional else _list(runs)
    return Term(type_, run, 1 + len(terms) + sum(term.steps for term in terms), cost, len(terms))


def _list(runs: list[Run]) -> Run:
    return lambda frame: [run(frame) for run in runs]


def _list_with_optionals(runs: list[Run], optional: frozenset[int]) -> Run:
    def build(frame: Frame) -> list[Any]:
        items: list[Any] = []
        for index, run in enumerate(runs):
            value = run(frame)
            if index not in optional:
                items.append(value)
            elif type(value) is not Optional:
                raise no_such_overload()
            elif value.present:
                items.append(value.value)
        return items

    return build


def map_term(compiler: Compiling, expression: MapExpr, scope: Scope) -> Term:
    keys = [compiler.visit(key, scope) for key, _ in expression.entries]
    values = [compiler.visit(value, scope) for _, value in expression.entries]
    key_type = _common(compiler, keys, [key.position for key, _ in expression.entries])
    seen = [
        _unwrapped(compiler, term, expression.entries[index][1].position)
        if index in expression.optional
        else term
        for index, term in enumerate(values)
    ]
    value_type = _common(compiler, seen, [value.position for _, value in expression.entries])
    pairs = [(key.run, value.run) for key, value in zip(keys, values, strict=True)]
    terms = keys + values
    steps, cost = 1 + len(terms) + sum(t.steps for t in terms), 30 + sum(t.cost for t in terms)
    return Term(map_of(key_type, value_type), _map(pairs, expression.optional), steps, cost, len(pairs))


def _map(pairs: list[tuple[Run, Run]], optional: frozenset[int]) -> Run:
    def build(frame: Frame) -> dict[Any, Any]:
        entries: dict[Any, Any] = {}
        for index, (key_of, value_of) in enumerate(pairs):
            key, value = key_of(frame), value_of(frame)
            if type(key) not in (str, int, bool, UInt):
                raise EvaluationError("unsupported key type")
            if key in entries:
                raise EvaluationError(f"Failed with repeated key: {key}")
            if index in optional:
                if type(value) is not Optional:
                    raise no_such_overload()
                if not value.present:
                    continue
                value = value.value
            entries[key] = value
        return entries

    return build


def message_term(compiler: Compiling, expression: MessageExpr, scope: Scope) -> Term:
    type_ = compiler.environment.message_type(expression.name)
    if type_ is None:
        text = f"undeclared reference to '{expression.name}' (in container '')"
        return compiler.report(expression.position, text)
    fields: list[tuple[str, Run, bool]] = []
    steps, cost = 1, 40.0
    for index, (name, value, position) in enumerate(expression.fields):
        term = compiler.visit(value, scope)
        steps, cost = steps + term.steps, cost + term.cost
        known = type_.fields.get(name)
        if known is None and not type_.open_fields:
            compiler.report(position, f"undefined field '{name}'")
            continue
        is_spread = index in expression.optional
        seen = _unwrapped(compiler, term, value.position) if is_spread else term
        wanted = known.type if known else DYN
        if not match(wanted, seen.type, {}):
            text = f"expected type of field '{name}' is '{wanted}' but provided type is '{seen.type}'"
            compiler.report(position, text)
        fields.append((known.raw if known else name, term.run, is_spread))
    return Term(type_, _message(expression.name, fields), steps, cost)


def _message(name: str, fields: list[tuple[str, Run, bool]]) -> Run:
    def build(frame: Frame) -> Message:
        found: dict[str, Any] = {}
        for field, run, is_spread in fields:
            value = run(frame)
            if is_spread:
                if type(value) is not Optional:
                    raise no_such_overload()
                if not value.present:
                    continue
                value = value.value
            found[field] = value
        return Message(name, found)

    return build
