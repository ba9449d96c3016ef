"""Rule: one entry of x-kubernetes-validations, compiled; and what a broken one tells.

In: the entry and the type of its place. Out: for a value and its predecessor a Problem or None, in
Kubernetes' words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apiserver.schema.bounds import MapKey, Problem, Step, plain_text
from apiserver.schema.cel import (
    BudgetExceeded,
    CompileError,
    EvaluationError,
    Meter,
    Program,
    ResultError,
    compile_program,
)
from apiserver.schema.cel.types import BOOL, STRING, Type, optional_of
from apiserver.schema.cel.values import NONE, Optional

MAX_MESSAGE_CHARACTERS: Final = 5120
BUDGET: Final = 10_000_000
"""What all rules of one object may cost in one write."""
_PATH: Final = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\['((?:[^'\\]|\\.)+)'\]")
_NO_OVERLOAD: Final = (
    "call arguments did not match a supported operator, function or macro signature for rule"
)
_SPENT: Final = "validation failed due to running out of cost budget, no further validation rules will be run"


class OutOfBudget(Exception):
    """No further rule may run; problem is what the client is told."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.head)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Rule:
    """is_transition: it looks at oldSelf and needs a predecessor, unless old_optional."""

    text: str
    program: Program
    message: str
    message_program: Program | None
    reason: str
    path: tuple[Step, ...]
    is_transition: bool
    old_optional: bool

    def problem(self, value: Any, old: Any, *, has_old: bool, meter: Meter, shown: Any) -> Problem | None:
        """None when it holds. value and old are CEL values, shown is the JSON value."""
        previous = (Optional(old) if has_old else NONE) if self.old_optional else old
        try:
            if self.program.run(value, previous, meter=meter) is True:
                return None
        except BudgetExceeded as error:
            raise OutOfBudget(self._spent(error, shown, meter)) from error
        except EvaluationError as error:
            return _failed(self._failure(error), shown)
        return self._broken(self._words(value, previous, meter), shown)

    def _spent(self, error: BudgetExceeded, shown: Any, meter: Meter) -> Problem:
        if meter.left <= 0:
            text = _SPENT
        else:
            text = f"{error}: no further validation rules will be run due to call cost exceeding limit for "
            text += f"rule: {self.text}"
        return _failed(text, shown)

    def _failure(self, error: EvaluationError) -> str:
        if str(error).startswith("no such overload"):
            return f"{error}: {_NO_OVERLOAD}: {self.text}"
        return f"{error} evaluating rule: {self.text}"

    def _words(self, value: Any, old: Any, meter: Meter) -> str:
        if self.message_program is not None:
            try:
                words = self.message_program.run(value, old, meter=meter)
            except (EvaluationError, BudgetExceeded):
                words = ""
            usable = isinstance(words, str) and words.strip() and "\n" not in words.strip()
            if usable and len(words) <= MAX_MESSAGE_CHARACTERS:
                return str(words.strip())
        if self.message:
            return self.message.strip()
        return "failed rule: " + self.text.strip().replace("\n", "\\n")

    def _broken(self, words: str, shown: Any) -> Problem:
        steps = list(self.path)
        is_scalar = not isinstance(shown, dict | list) and not steps
        if self.reason == "FieldValueForbidden":
            return Problem(self.reason, f"Forbidden: {words}", steps=steps)
        if self.reason == "FieldValueRequired":
            return Problem(self.reason, f"Required value: {words}", steps=steps)
        if self.reason == "FieldValueDuplicate":
            value = f": {plain_text(shown)}" if is_scalar else ""
            return Problem(self.reason, f"Duplicate value{value}", steps=steps)
        value = f"{plain_text(shown)}: " if is_scalar else ""
        return Problem("FieldValueInvalid", f"Invalid value: {value}{words}", steps=steps)


def _failed(text: str, shown: Any) -> Problem:
    value = plain_text(shown)
    if isinstance(shown, dict | list):
        value = '"object"' if isinstance(shown, dict) else '"array"'
    return Problem("FieldValueInvalid", f"Invalid value: {value}: {text}")


def variables_of(self_type: Type, *, old_optional: bool) -> dict[str, Type]:
    return {"self": self_type, "oldSelf": optional_of(self_type) if old_optional else self_type}


def compile_rule(entry: Mapping[str, Any], self_type: Type) -> Rule:
    """Raises CompileError or ResultError; the message of a rule that would not compile is left out."""
    text, expression = entry["rule"], entry.get("messageExpression") or ""
    old_optional = bool(entry.get("optionalOldSelf"))
    variables = variables_of(self_type, old_optional=old_optional)
    program = compile_program(text, variables, result=[BOOL])
    message = None
    if expression:
        try:
            message = compile_program(expression, variables, result=[STRING])
        except (CompileError, ResultError):
            message = None
    return Rule(
        text=text,
        program=program,
        message=entry.get("message") or "",
        message_program=message,
        reason=entry.get("reason") or "FieldValueInvalid",
        path=path_steps(entry.get("fieldPath") or "") or (),
        is_transition="oldSelf" in program.variables,
        old_optional=old_optional,
    )


def path_steps(path: str) -> tuple[Step, ...] | None:
    """`.spec['a-b']` as steps; None when it is no path."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        found = _PATH.match(path, position)
        if found is None:
            return None
        name = found[1] or re.sub(r"\\(.)", r"\1", found[2])
        steps.append(name if found[1] else MapKey(name))
        position = found.end()
    return tuple(steps)
