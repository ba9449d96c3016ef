"""What is in reach while an expression is compiled: its environment, its names, and the compiler as macros
and literals see it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from apiserver.schema.cel.syntax import Expr, Issue
from apiserver.schema.cel.terms import Frame, Overload, Term
from apiserver.schema.cel.types import ERROR, Type
from apiserver.schema.cel.values import EvaluationError


@dataclass(frozen=True, slots=True)
class Environment:
    """What an expression may use: functions by name, type names, message types it may make."""

    functions: Mapping[str, Sequence[Overload]]
    type_names: Mapping[str, str]
    """Identifier of a type as a value to its CEL name."""
    message_type: Callable[[str], Type | None] = field(default=lambda _name: None)


@dataclass(slots=True)
class Scope:
    """Names in reach, and the slots of the frame."""

    names: dict[str, tuple[int, Type, float | None]]
    size: int

    def bind(self, name: str, type_: Type, size: float | None = None) -> tuple["Scope", int]:
        """A scope with one more name; slots are never shared, so the frame only grows."""
        slot = self.size
        self.size += 1
        inner = Scope({**self.names, name: (slot, type_, size)}, self.size)
        return inner, slot


class Compiling(Protocol):
    """Compiles one expression; issues are the mistakes found so far."""

    environment: Environment
    issues: list[Issue]
    mixed: int

    def visit(self, expression: Expr, scope: Scope) -> Term: ...

    def report(self, position: int, message: str) -> Term:
        """A mistake, and the term that stands for the part it is in."""
        ...


def failed() -> Term:
    def run(_frame: Frame) -> Any:
        raise EvaluationError("the expression was not compiled")

    return Term(ERROR, run)
