"""Term: a compiled part of an expression: its type, the closure that runs it, what it costs.

Frame: what one run works on: frame[0] is the Meter, then the variables, then a slot for each name that
macros bind. Overload: one signature of a function and its implementation; a library is a list of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from apiserver.schema.cel.types import Type

Frame: TypeAlias = list[Any]
Run: TypeAlias = Callable[[Frame], Any]

_UNSET: Final = object()


@dataclass(frozen=True, slots=True)
class Term:
    type: Type
    run: Run
    steps: int = 1
    """What one run charges at most besides what loops and functions charge themselves."""
    cost: float = 1
    """The most a run can cost by what is known before it: the estimate rules are refused by."""
    size: float | None = None
    """The most items or characters the value can have; None: not bounded by what is known."""
    constant: Any = _UNSET
    slot: int = 0
    """The frame slot of a plain variable; 0 for anything else."""

    @property
    def is_constant(self) -> bool:
        return self.constant is not _UNSET


@dataclass(frozen=True, slots=True)
class Overload:
    """args include the receiver of a member. sized: arguments and result are charged by their length.
    metered: the implementation takes the Meter first and sees to its own charges."""

    name: str
    args: tuple[Type, ...]
    result: Type
    call: Callable[..., Any]
    member: bool = False
    sized: bool = False
    metered: bool = False
    result_size: Callable[..., float | None] | None = None
    """Size of the result from the sizes of the arguments, for the estimate."""
    check: Callable[[Any], None] | None = None
    """Raises EvaluationError for a constant last argument that can never work (a pattern)."""


def function(
    name: str,
    args: list[Type],
    result: Type,
    call: Callable[..., Any],
    **facts: Any,
) -> Overload:
    return Overload(name, tuple(args), result, call, **facts)


def member(name: str, args: list[Type], result: Type, call: Callable[..., Any], **facts: Any) -> Overload:
    return Overload(name, tuple(args), result, call, member=True, **facts)
