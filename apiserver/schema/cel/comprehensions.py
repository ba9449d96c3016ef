"""Macros: all, exists, exists_one, map, filter, their two-variable forms, transform*, optMap, cel.bind.

Each element costs what the body costs: that is what bounds a run, since nothing else in CEL repeats.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from apiserver.schema.cel.scope import Compiling, Scope
from apiserver.schema.cel.syntax import Call, Expr, Ident
from apiserver.schema.cel.terms import Frame, Run, Term
from apiserver.schema.cel.types import BOOL, DYN, INT, Type, is_optional, list_of, map_of, match, optional_of
from apiserver.schema.cel.values import NONE, EvaluationError, Optional, name_of_type, no_such_overload

Macro = Callable[[Compiling, Call, Scope], Term]
Build = Callable[["_Loop"], tuple[Type, Run]]
UNBOUNDED_ITEMS: Final = 1_572_864
"""As many items as a request of the largest size can hold: what the estimate takes for no bound at all."""


@dataclass(slots=True)
class _Loop:
    """A range, the slots of its variables, the compiled bodies."""

    compiler: Compiling
    call: Call
    pairs: Callable[[Frame], Iterable[tuple[Any, Any]]]
    """(first, second) per element; second is None for one variable."""
    bodies: list[Term]
    set_variables: Callable[[Frame, tuple[Any, Any]], None]
    steps: int
    first_type: Type

    @property
    def elements(self) -> Callable[[Frame], Iterable[None]]:
        """Sets the variables of one element after the other and pays for each."""
        pairs, assign, steps = self.pairs, self.set_variables, self.steps

        def iterate(frame: Frame) -> Iterable[None]:
            charge = frame[0].charge
            for pair in pairs(frame):
                charge(steps)
                assign(frame, pair)
                yield None

        return iterate


def macro_of(call: Call, qualifier: str) -> Macro | None:
    """The macro that a call is, by name and number of arguments."""
    if call.target is None:
        return None
    if qualifier == "cel" and call.function == "bind" and len(call.args) == 3:
        return _bind
    if call.function in ("optMap", "optFlatMap") and len(call.args) == 2:
        return _opt_map
    known = _MACROS.get((call.function, len(call.args)))
    if known is None:
        return None
    variables, build = known
    return lambda compiler, item, scope: _loop(compiler, item, scope, variables, build)


def _simple_name(compiler: Compiling, expression: Expr) -> str:
    if isinstance(expression, Ident) and not expression.name.startswith("."):
        return expression.name
    compiler.report(expression.position, "argument must be a simple name")
    return ""


def _loop(compiler: Compiling, call: Call, scope: Scope, variables: int, build: Build) -> Term:
    assert call.target is not None
    names = [_simple_name(compiler, argument) for argument in call.args[:variables]]
    source = compiler.visit(call.target, scope)
    types = _variable_types(compiler, call.target, source.type, variables)
    inner, slots = scope, []
    for name, type_ in zip(names, types, strict=True):
        inner, slot = inner.bind(name, type_, type_.max_size)
        slots.append(slot)
    bodies = [compiler.visit(argument, inner) for argument in call.args[variables:]]
    scope.size = max(scope.size, inner.size)
    steps = 1 + sum(body.steps for body in bodies)
    loop = _Loop(compiler, call, _pairs(source.run, variables), bodies, _assigner(slots), steps, types[0])
    type_, run = build(loop)
    size = UNBOUNDED_ITEMS if source.size is None else source.size
    cost = source.cost + 1 + size * (2 + sum(body.cost for body in bodies))
    length = source.size if type_.kind in ("list", "map") else None
    return Term(type_, run, source.steps + 1, cost, length)


def _variable_types(compiler: Compiling, target: Expr, source: Type, variables: int) -> list[Type]:
    if source.kind == "list":
        return [source.params[0]] if variables == 1 else [INT, source.params[0]]
    if source.kind == "map":
        return list(source.params[:variables])
    if source.kind not in ("dyn", "error"):
        compiler.report(
            target.position,
            f"expression of type '{source}' cannot be range of a comprehension (must be list, map, or "
            "dynamic)",
        )
    return [DYN] * variables


def _pairs(source: Run, variables: int) -> Callable[[Frame], Iterable[tuple[Any, Any]]]:
    def run(frame: Frame) -> Iterable[tuple[Any, Any]]:
        value = source(frame)
        if type(value) is list:
            return enumerate(value) if variables == 2 else [(item, None) for item in value]
        if isinstance(value, dict):
            return value.items() if variables == 2 else [(key, None) for key in value]
        raise EvaluationError(f"got '{name_of_type(value)}', expected iterable type")

    return run


def _assigner(slots: list[int]) -> Callable[[Frame, tuple[Any, Any]], None]:
    if len(slots) == 1:
        (only,) = slots

        def assign_one(frame: Frame, pair: tuple[Any, Any]) -> None:
            frame[only] = pair[0]

        return assign_one
    first, second = slots

    def assign(frame: Frame, pair: tuple[Any, Any]) -> None:
        frame[first], frame[second] = pair

    return assign


# -- what each macro makes of its loop ----------------------------------------------------------------------


def _quantified(deciding: bool) -> Build:  # noqa: FBT001 - the value that ends the loop
    def build(loop: _Loop) -> tuple[Type, Run]:
        body = _predicate(loop, 0)
        elements, other = loop.elements, not deciding

        def run(frame: Frame) -> bool:
            failure: EvaluationError | None = None
            for _ in elements(frame):
                try:
                    value = body(frame)
                except EvaluationError as error:
                    failure = failure or error
                    continue
                if value is deciding:
                    return bool(value)
                if value is not other:
                    failure = failure or no_such_overload()
            if failure is not None:
                raise failure
            return other

        return BOOL, run

    return build


def _predicate(loop: _Loop, index: int) -> Run:
    term = loop.bodies[index]
    if not match(BOOL, term.type, {}):
        position = loop.call.args[len(loop.call.args) - len(loop.bodies) + index].position
        loop.compiler.report(position, f"expected type 'bool' but found '{term.type}'")
    return term.run


def _condition(loop: _Loop, result: Type) -> Run:
    """The first body as a filter: CEL tells its wrong type as one of the conditional it stands for."""
    term = loop.bodies[0]
    if not match(BOOL, term.type, {}):
        loop.compiler.report(
            loop.call.position,
            f"found no matching overload for '_?_:_' applied to '({term.type}, {result}, {result})'",
        )
    run = term.run

    def test(frame: Frame) -> bool:
        value = run(frame)
        if value is not True and value is not False:
            raise no_such_overload()
        return bool(value)

    return test


def _exists_one(loop: _Loop) -> tuple[Type, Run]:
    test, elements = _condition(loop, INT), loop.elements
    return BOOL, lambda frame: sum(test(frame) for _ in elements(frame)) == 1


def _map(loop: _Loop) -> tuple[Type, Run]:
    body, elements = loop.bodies[-1], loop.elements
    type_, value = list_of(body.type), body.run
    if len(loop.bodies) == 1:
        return type_, lambda frame: [value(frame) for _ in elements(frame)]
    test = _condition(loop, type_)
    return type_, lambda frame: [value(frame) for _ in elements(frame) if test(frame)]


def _filter(loop: _Loop) -> tuple[Type, Run]:
    pairs, assign, steps = loop.pairs, loop.set_variables, loop.steps
    type_ = list_of(loop.first_type)
    test = _condition(loop, type_)

    def run(frame: Frame) -> list[Any]:
        kept: list[Any] = []
        for pair in pairs(frame):
            frame[0].charge(steps)
            assign(frame, pair)
            if test(frame):
                kept.append(pair[0])
        return kept

    return type_, run


def _transform_map(loop: _Loop) -> tuple[Type, Run]:
    body = loop.bodies[-1]
    pairs, assign, steps, value = loop.pairs, loop.set_variables, loop.steps, body.run
    type_ = map_of(loop.first_type, body.type)
    test = _condition(loop, type_) if len(loop.bodies) == 2 else None

    def run(frame: Frame) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for pair in pairs(frame):
            frame[0].charge(steps)
            assign(frame, pair)
            if test is None or test(frame):
                found[pair[0]] = value(frame)
        return found

    return type_, run


def _transform_map_entry(loop: _Loop) -> tuple[Type, Run]:
    body = loop.bodies[-1]
    elements, value = loop.elements, body.run
    type_ = body.type if body.type.kind == "map" else map_of(DYN, DYN)
    test = _condition(loop, type_) if len(loop.bodies) == 2 else None

    def run(frame: Frame) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for _ in elements(frame):
            if test is not None and not test(frame):
                continue
            for key, item in value(frame).items():
                if key in found:
                    raise EvaluationError(f"insert failed: key {key} already exists")
                found[key] = item
        return found

    return type_, run


_ALL, _EXISTS = _quantified(False), _quantified(True)  # noqa: FBT003
_MACROS: Final[dict[tuple[str, int], tuple[int, Build]]] = {
    ("all", 2): (1, _ALL),
    ("all", 3): (2, _ALL),
    ("exists", 2): (1, _EXISTS),
    ("exists", 3): (2, _EXISTS),
    ("exists_one", 2): (1, _exists_one),
    ("exists_one", 3): (2, _exists_one),
    ("existsOne", 3): (2, _exists_one),
    ("map", 2): (1, _map),
    ("map", 3): (1, _map),
    ("filter", 2): (1, _filter),
    ("transformList", 3): (2, _map),
    ("transformList", 4): (2, _map),
    ("transformMap", 3): (2, _transform_map),
    ("transformMap", 4): (2, _transform_map),
    ("transformMapEntry", 3): (2, _transform_map_entry),
    ("transformMapEntry", 4): (2, _transform_map_entry),
}


# -- names without loops ------------------------------------------------------------------------------------


def _bind(compiler: Compiling, call: Call, scope: Scope) -> Term:
    """cel.bind(name, value, body)"""
    name = _simple_name(compiler, call.args[0])
    value = compiler.visit(call.args[1], scope)
    inner, slot = scope.bind(name, value.type, value.size)
    body = compiler.visit(call.args[2], inner)
    scope.size = max(scope.size, inner.size)
    first, then = value.run, body.run

    def run(frame: Frame) -> Any:
        frame[slot] = first(frame)
        return then(frame)

    return Term(body.type, run, value.steps + body.steps + 1, value.cost + body.cost + 1, body.size)


def _opt_map(compiler: Compiling, call: Call, scope: Scope) -> Term:
    """optional.optMap(name, body): body over the value, if there is one."""
    assert call.target is not None
    source = compiler.visit(call.target, scope)
    held = source.type.params[0] if is_optional(source.type) else DYN
    name = _simple_name(compiler, call.args[0])
    inner, slot = scope.bind(name, held)
    body = compiler.visit(call.args[1], inner)
    scope.size = max(scope.size, inner.size)
    is_flat = call.function == "optFlatMap"
    start, then = source.run, body.run

    def run(frame: Frame) -> Optional:
        given = start(frame)
        if type(given) is not Optional:
            raise no_such_overload()
        if not given.present:
            return NONE
        frame[slot] = given.value
        result = then(frame)
        if not is_flat:
            return Optional(result)
        if type(result) is not Optional:
            raise no_such_overload()
        return result

    type_ = body.type if is_flat else optional_of(body.type)
    return Term(type_, run, source.steps + body.steps + 1, source.cost + body.cost + 1)
