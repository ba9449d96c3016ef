"""A syntax tree to a Term: types checked, names resolved, closures made, in one walk.

In: an Expr and an Environment (library.py makes them). Out: a Term, and Issues in CEL's words for what is
wrong; a wrong part has the error type, which fits everywhere, so that one mistake is told once. Macros are in
comprehensions.py.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from apiserver.schema.cel import comprehensions, literals, logic
from apiserver.schema.cel.dispatch import call_term
from apiserver.schema.cel.operators import at_dyn
from apiserver.schema.cel.scope import Environment, Scope, failed
from apiserver.schema.cel.syntax import (
    Call,
    Expr,
    Ident,
    Issue,
    ListExpr,
    Literal,
    MapExpr,
    MessageExpr,
    Select,
)
from apiserver.schema.cel.terms import Frame, Overload, Term
from apiserver.schema.cel.types import (
    BOOL,
    DYN,
    TYPE,
    Convert,
    Type,
    is_optional,
    match,
    optional_of,
)
from apiserver.schema.cel.values import EvaluationError, TypeValue, name_of_type

_SCALARS: Final = frozenset(("int", "string", "bool", "uint", "bytes", "double"))


class Compiler:
    """One expression."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.issues: list[Issue] = []
        self.frame_size = 0
        self.used: set[str] = set()
        """Variables the expression looks at."""
        self.mixed = 0
        """Inside how many arguments of format(), where a list may hold values of any types."""

    # -- shared ---------------------------------------------------------------------------------------------

    def report(self, position: int, message: str) -> Term:
        self.issues.append(Issue(position, message))
        return failed()

    def visit(self, expression: Expr, scope: Scope) -> Term:
        term = self._visit(expression, scope)
        self.frame_size = max(self.frame_size, scope.size)
        return term

    def _visit(self, expression: Expr, scope: Scope) -> Term:
        match expression:
            case Literal():
                return literals.constant(expression.value)
            case Ident():
                return self._ident(expression, scope)
            case Select():
                return self._select(expression, scope)
            case Call():
                return self._call(expression, scope)
            case ListExpr():
                return literals.list_term(self, expression, scope)
            case MapExpr():
                return literals.map_term(self, expression, scope)
            case MessageExpr():
                return literals.message_term(self, expression, scope)

    # -- names ----------------------------------------------------------------------------------------------

    def _ident(self, expression: Ident, scope: Scope) -> Term:
        return self._named(expression.name.removeprefix("."), scope) or self.report(
            expression.position, f"undeclared reference to '{expression.name}' (in container '')"
        )

    def _named(self, name: str, scope: Scope) -> Term | None:
        """A variable, or a type as a value."""
        known = scope.names.get(name)
        if known is not None:
            slot, type_, size = known
            self.used.add(name)
            return Term(type_, lambda frame: frame[slot], 1, 1, size, slot=slot)
        type_name = self.environment.type_names.get(name)
        if type_name is not None:
            value = TypeValue(type_name)
            return Term(Type("type", (Type(name),)), lambda _frame: value, 0, 0, constant=value)
        return None

    def _qualified(self, expression: Expr, scope: Scope) -> str:
        """`a.b.c` when a is not a variable, else ""."""
        if isinstance(expression, Ident):
            return "" if expression.name in scope.names else expression.name.removeprefix(".")
        if isinstance(expression, Select) and not expression.optional:
            head = self._qualified(expression.operand, scope)
            return f"{head}.{expression.field}" if head else ""
        return ""

    # -- fields ---------------------------------------------------------------------------------------------

    def _select(self, expression: Select, scope: Scope) -> Term:
        if (name := self._qualified(expression, scope)) and (known := self._named(name, scope)):
            return known
        if isinstance(expression.operand, Ident):
            # A variable with a dot in its name: authorizer.requestResource.
            dotted = self._named(f"{expression.operand.name}.{expression.field}", scope)
            if dotted is not None:
                return dotted
        operand = self.visit(expression.operand, scope)
        found = self.field_of(operand.type, expression.field, expression.position)
        if found is None:
            return failed()
        raw, type_, convert = found
        steps, cost = operand.steps + 1, operand.cost + 1
        if expression.optional:
            run = logic.optional_reader(operand.run, raw, convert)
            return Term(optional_of(type_), run, steps, cost)
        if is_optional(operand.type):
            run = logic.optional_reader(operand.run, raw, convert)
            return Term(optional_of(type_), run, steps, cost)
        run = logic.reader(operand.run, operand.slot, raw, convert)
        return Term(type_, run, steps, cost, type_.max_size)

    def field_of(self, holder: Type, name: str, position: int) -> tuple[str, Type, Convert | None] | None:
        """(name in the data, type, conversion) of a field; None after a report."""
        if is_optional(holder):
            holder = holder.params[0]
        if holder.kind in ("dyn", "error"):
            return name, DYN, None
        if holder.kind == "map":
            return name, holder.params[1], None
        if holder.kind == "object":
            known = holder.fields.get(name)
            if known is not None:
                return known.raw, known.type, known.convert
            if holder.open_fields:
                return name, DYN, None
            self.report(position, f"undefined field '{name}'")
            return None
        self.report(position, f"type '{holder}' does not support field selection")
        return None

    # -- calls ----------------------------------------------------------------------------------------------

    def _call(self, call: Call, scope: Scope) -> Term:
        special = _SPECIAL.get(call.function)
        if special is not None and call.target is None:
            return special(self, call, scope)
        macro = comprehensions.macro_of(call, self._qualified(call.target, scope) if call.target else "")
        if macro is not None:
            return macro(self, call, scope)
        name, members, parts = self._callee(call, scope)
        self.mixed += name == "format"
        args = [self.visit(part, scope) for part in parts]
        self.mixed -= name == "format"
        return self.applied(name, args, call.position, is_member=members)

    def _callee(self, call: Call, scope: Scope) -> tuple[str, bool, tuple[Expr, ...]]:
        """The function's name, whether it is called on a receiver, and its arguments."""
        if call.target is None:
            return call.function, False, call.args
        head = self._qualified(call.target, scope)
        if head and f"{head}.{call.function}" in self.environment.functions:
            return f"{head}.{call.function}", False, call.args
        return call.function, True, (call.target, *call.args)

    def applied(self, name: str, args: Sequence[Term], position: int, *, is_member: bool = False) -> Term:
        if name not in self.environment.functions:
            return self.report(position, f"undeclared reference to '{name}' (in container '')")
        if any(arg.type.kind == "error" for arg in args):
            return failed()
        overloads = [item for item in self.environment.functions[name] if item.member == is_member]
        term = call_term(overloads, args)
        if term is None:
            shown = ", ".join(str(arg.type) for arg in args[1 if is_member else 0 :])
            receiver = f"{args[0].type}." if is_member else ""
            return self.report(
                position, f"found no matching overload for '{name}' applied to '{receiver}({shown})'"
            )
        self._check_constant(name, overloads, args, position)
        return term

    def _check_constant(
        self, name: str, overloads: Sequence[Overload], args: Sequence[Term], position: int
    ) -> None:
        check = next((item.check for item in overloads if item.check is not None), None)
        if check is None or not args or not args[-1].is_constant:
            return
        try:
            check(args[-1].constant)
        except EvaluationError:
            self.report(position + 1, f"invalid {name} argument")


# -- calls that are not functions ---------------------------------------------------------------------------


def _logic(compiler: Compiler, call: Call, scope: Scope) -> Term:
    terms = [compiler.visit(arg, scope) for arg in call.args]
    for arg, term in zip(call.args, terms, strict=True):
        if not match(BOOL, term.type, {}):
            compiler.report(arg.position, f"expected type 'bool' but found '{term.type}'")
    run = logic.settled_by(call.function == "_||_", [term.run for term in terms])
    return _combined(BOOL, run, terms)


def _ternary(compiler: Compiler, call: Call, scope: Scope) -> Term:
    condition, then, otherwise = terms = [compiler.visit(arg, scope) for arg in call.args]
    type_ = literals.joined(then.type, otherwise.type)
    if not match(BOOL, condition.type, {}) or type_ is None:
        listed = ", ".join(str(term.type) for term in terms)
        return compiler.report(
            call.position, f"found no matching overload for '_?_:_' applied to '({listed})'"
        )
    run = logic.chosen(condition.run, then.run, otherwise.run)
    sizes = (then.size, otherwise.size)
    size = None if None in sizes else max(sizes)  # type: ignore[type-var]
    cost = condition.cost + max(then.cost, otherwise.cost)
    return Term(type_, run, 1 + condition.steps + max(then.steps, otherwise.steps), cost, size)


def _combined(type_: Type, run: Callable[[Frame], Any], terms: Sequence[Term]) -> Term:
    return Term(type_, run, 1 + sum(t.steps for t in terms), sum(t.cost for t in terms))


def _has(compiler: Compiler, call: Call, scope: Scope) -> Term:
    argument = call.args[0] if len(call.args) == 1 else None
    if not isinstance(argument, Select) or argument.optional:
        return compiler.report(call.position + 1, "invalid argument to has() macro")
    operand = compiler.visit(argument.operand, scope)
    found = compiler.field_of(operand.type, argument.field, call.position)
    if found is None:
        return failed()
    return Term(BOOL, logic.presence(operand.run, found[0]), operand.steps + 1, operand.cost + 1)


def _dyn(compiler: Compiler, call: Call, scope: Scope) -> Term:
    if len(call.args) != 1:
        args = [compiler.visit(arg, scope) for arg in call.args]
        return compiler.applied("dyn", args, call.position)
    term = compiler.visit(call.args[0], scope)
    return Term(DYN, term.run, term.steps, term.cost, term.size)


def _type(compiler: Compiler, call: Call, scope: Scope) -> Term:
    term = compiler.visit(call.args[0], scope) if len(call.args) == 1 else failed()
    run = term.run
    return Term(
        Type("type", (term.type,)) if len(call.args) == 1 else TYPE,
        lambda frame: TypeValue(name_of_type(run(frame))),
        term.steps + 1,
        term.cost + 1,
    )


def _index(compiler: Compiler, call: Call, scope: Scope) -> Term:
    operand, index = (compiler.visit(arg, scope) for arg in call.args)
    if call.function == "_[_]" and not is_optional(operand.type):
        if operand.type.kind != "dyn":
            term = compiler.applied("_[_]", (operand, index), call.position)
            return Term(term.type, term.run, term.steps, term.cost, term.type.max_size)
        holder, key = operand.run, index.run
        run: Callable[[Frame], Any] = lambda frame: at_dyn(holder(frame), key(frame))  # noqa: E731
        return Term(DYN, run, operand.steps + index.steps + 1, operand.cost + index.cost + 1)
    held = operand.type.params[0] if is_optional(operand.type) else operand.type
    kinds = {"map": 1, "list": 0}
    if held.kind in kinds:
        value = held.params[kinds[held.kind]]
    elif held.kind in ("dyn", "error"):
        value = DYN
    else:
        text = f"found no matching overload for '{call.function}' applied to '({operand.type}, {index.type})'"
        return compiler.report(call.position, text)
    run = logic.optional_index(operand.run, index.run)
    return Term(optional_of(value), run, operand.steps + index.steps + 1, operand.cost + index.cost + 1)


def _equality(compiler: Compiler, call: Call, scope: Scope) -> Term:
    left, right = (compiler.visit(arg, scope) for arg in call.args)
    term = compiler.applied(call.function, (left, right), call.position)
    if term.type.kind == "error":
        return term
    run = logic.equality(left, right, negated=call.function == "_!=_") or term.run
    return Term(BOOL, run, term.steps, term.cost)


def _comparison(compiler: Compiler, call: Call, scope: Scope) -> Term:
    left, right = (compiler.visit(arg, scope) for arg in call.args)
    term = compiler.applied(call.function, (left, right), call.position)
    if term.type.kind == "error":
        return term
    run = logic.comparison(call.function, left, right) or term.run
    return Term(BOOL, run, term.steps, term.cost)


_SPECIAL: Final[dict[str, Callable[[Compiler, Call, Scope], Term]]] = {
    "_&&_": _logic,
    "_||_": _logic,
    "_?_:_": _ternary,
    "has": _has,
    "dyn": _dyn,
    "type": _type,
    "_[_]": _index,
    "_[?_]": _index,
    "_==_": _equality,
    "_!=_": _equality,
    "_<_": _comparison,
    "_<=_": _comparison,
    "_>_": _comparison,
    "_>=_": _comparison,
}
