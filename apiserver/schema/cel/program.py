"""Program: an expression compiled once, run many times.

In: source and the types of its variables. Out: a Program, or CompileError whose text is CEL's. A run gives a
value or raises EvaluationError; it can neither hang nor fill the memory: loops, texts and lists are paid for
from a budget, and a run that has spent it ends with BudgetExceeded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apiserver.schema.cel.compiler import Compiler
from apiserver.schema.cel.library import TYPE_NAMES, kubernetes_functions
from apiserver.schema.cel.parser import parse
from apiserver.schema.cel.scope import Environment, Scope
from apiserver.schema.cel.syntax import CompileError, Issue
from apiserver.schema.cel.terms import Overload, Run
from apiserver.schema.cel.types import Type
from apiserver.schema.cel.values import EvaluationError, Meter

CALL_BUDGET: Final = 1_000_000
"""What one run may cost."""


@dataclass(frozen=True, slots=True)
class Program:
    """variables are given to run() in the order they were declared."""

    source: str
    type: Type
    estimate: float
    """The most a run can cost, by what its types say of sizes."""
    variables: frozenset[str]
    """Those it looks at; names that macros bind are among them."""
    _run: Run
    _steps: int
    _slots: int

    def run(self, *values: Any, meter: Meter | None = None) -> Any:
        """The value for these variables. Raises EvaluationError, or BudgetExceeded.

        meter is a budget that several runs share; each run may still cost no more than CALL_BUDGET.
        """
        if meter is None:
            return self._evaluate(Meter(CALL_BUDGET), values)
        own = Meter(min(CALL_BUDGET, meter.left))
        before = own.left
        try:
            return self._evaluate(own, values)
        finally:
            meter.left -= before - own.left

    def _evaluate(self, meter: Meter, values: Sequence[Any]) -> Any:
        meter.charge(self._steps)
        try:
            return self._run([meter, *values, *[None] * self._slots])
        except RecursionError as error:
            raise EvaluationError("expression is nested too deeply") from error
        except (TypeError, AttributeError) as error:
            # A value inside a list or map is not what its static type says.
            raise EvaluationError("no such overload") from error
        except (ValueError, ArithmeticError) as error:
            raise EvaluationError(str(error)) from error


def compile_program(
    source: str,
    variables: Mapping[str, Type],
    *,
    result: Sequence[Type] = (),
    functions: Mapping[str, Sequence[Overload]] | None = None,
    message_type: Callable[[str], Type | None] | None = None,
) -> Program:
    """Raises CompileError; ResultError for a result of none of the types asked for."""
    expression = parse(source)
    environment = Environment(
        functions or kubernetes_functions(), TYPE_NAMES, message_type or (lambda _name: None)
    )
    compiler = Compiler(environment)
    names: dict[str, tuple[int, Type, float | None]] = {
        name: (slot, type_, type_.max_size) for slot, (name, type_) in enumerate(variables.items(), 1)
    }
    try:
        term = compiler.visit(expression, Scope(names, len(variables) + 1))
    except RecursionError as error:
        raise CompileError(source[:100], [Issue(0, "expression is nested too deeply")]) from error
    if compiler.issues:
        raise CompileError(source, compiler.issues)
    if result and not any(wanted.kind == term.type.kind for wanted in result):
        raise ResultError(f"must evaluate to {_listed(result)} but got {term.type}")
    slots = compiler.frame_size - len(variables) - 1
    return Program(source, term.type, term.cost, frozenset(compiler.used), term.run, term.steps, slots)


def _listed(types: Sequence[Type]) -> str:
    names = [TYPE_WORDS.get(type_.kind, str(type_)) for type_ in types]
    return names[0] if len(names) == 1 else f"one of [{' '.join(names)}]"


TYPE_WORDS: Final = {"null": "null_type"}


class ResultError(Exception):
    """The expression is sound, but its type is not what is needed."""
