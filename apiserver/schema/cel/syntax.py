"""The syntax tree of a CEL expression, and how a mistake in one is shown.

Made by parser.py, read by compiler.py. Operators are Calls under the names CEL gives them (`_+_`, `!_`).
Positions are offsets into the source.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    position: int
    value: Any


@dataclass(frozen=True, slots=True)
class Ident:
    position: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    position: int
    operand: "Expr"
    field: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    position: int
    function: str
    args: tuple["Expr", ...]
    target: "Expr | None" = None


@dataclass(frozen=True, slots=True)
class ListExpr:
    position: int
    items: tuple["Expr", ...]
    optional: frozenset[int] = frozenset()
    """Indices of items written with `?`."""


@dataclass(frozen=True, slots=True)
class MapExpr:
    position: int
    entries: tuple[tuple["Expr", "Expr"], ...]
    optional: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class MessageExpr:
    """`Object.spec{replicas: 3}`."""

    position: int
    name: str
    fields: tuple[tuple[str, "Expr", int], ...]
    """Name, value, position of the name."""
    optional: frozenset[int] = frozenset()


Expr: TypeAlias = Literal | Ident | Select | Call | ListExpr | MapExpr | MessageExpr


@dataclass(frozen=True, slots=True)
class Issue:
    """A mistake and where it is."""

    position: int
    message: str

    def shown(self, source: str) -> str:
        """The way CEL shows it: place, text, the line, a pointer below it."""
        if not source:
            return f"ERROR: <input>:1:0: {self.message}"
        before = source[: self.position]
        row = before.count("\n")
        column = self.position - (before.rfind("\n") + 1)
        line = source.split("\n")[row].replace("\t", " ")
        head = f"ERROR: <input>:{row + 1}:{column + 1}: {self.message}"
        return f"{head}\n | {line}\n | {'.' * column}^"


class CompileError(Exception):
    """The expression cannot be used. The text lists every mistake as CEL shows it."""

    def __init__(self, source: str, issues: list[Issue]) -> None:
        unique = sorted(dict.fromkeys(issues), key=lambda issue: issue.position)
        super().__init__("\n".join(issue.shown(source) for issue in unique))
        self.issues = unique


class ParseError(Exception):
    """One mistake; parser.py gathers them into a CompileError."""

    def __init__(self, position: int, message: str) -> None:
        super().__init__(message)
        self.issue = Issue(position, message)
