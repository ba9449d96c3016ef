"""matchConditions of webhooks and policies: CEL conditions that must all hold for a request to concern them.

In: the conditions as they are written, the Facts of a request. Out: whether all hold; ConditionsFailed when
one has no value and none says no; broken conditions as field errors when a configuration is written.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar

from apiserver.admission.broken_rules import duplicate, invalid_value, required
from apiserver.admission.context import AdmissionContext
from apiserver.admission.facts import CONDITION_VARIABLES, Facts
from apiserver.admission.webhooks.matching import Hook
from apiserver.rbac import Authorizer
from apiserver.schema.cel import (
    BudgetExceeded,
    CompileError,
    EvaluationError,
    Meter,
    Program,
    ResultError,
    compile_program,
)
from apiserver.schema.cel.types import BOOL, Type
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.validation import qualified_name_errors

CONDITIONS_BUDGET: Final = 2_500_000
"""What all conditions of one webhook or policy may cost for one request."""
Given = TypeVar("Given")
Conditions = Callable[[Given], bool]


class ConditionsFailed(Exception):
    """No condition says no, and at least one cannot be evaluated."""


def compile_conditions(conditions: Iterable[Mapping[str, Any]]) -> Conditions[Facts]:
    """The conditions as one function of a request. Raises CompileError or ResultError."""
    return compile_conditions_over(conditions, CONDITION_VARIABLES, Facts.values)


def compile_conditions_over(
    conditions: Iterable[Mapping[str, Any]],
    variables: Mapping[str, Type],
    values: Callable[[Given], tuple[Any, ...]],
) -> Conditions[Given]:
    """For owners of more variables than webhooks have, such as the params of a policy."""
    programs = [_condition(item["expression"], variables) for item in conditions]

    def hold(request: Given) -> bool:
        given, meter, failures = values(request), Meter(CONDITIONS_BUDGET), []
        for program in programs:
            try:
                if program.run(*given, meter=meter) is False:
                    return False
            except (EvaluationError, BudgetExceeded) as error:
                failures.append(f"expression '{program.source}' resulted in error: {error}")
        if failures:
            raise ConditionsFailed(failures[0] if len(failures) == 1 else f"[{', '.join(failures)}]")
        return True

    return hold


@dataclass(frozen=True, slots=True)
class WebhookConditions:
    """The matchConditions of registered webhooks, as webhooks.asking asks about them."""

    authorizer: Authorizer

    async def __call__(
        self,
        hook: Hook,
        context: AdmissionContext,
        obj: Object | None,
        old: Object | None,
        request: Mapping[str, Any],
    ) -> bool:
        facts = Facts(context, obj, old, request["kind"], request["resource"], self.authorizer)
        try:
            conditions = _compiled(tuple(item["expression"] for item in hook.conditions))
            return await facts.settled(lambda: conditions(facts))
        except (ConditionsFailed, CompileError, ResultError) as error:
            if hook.fails_open:
                return False
            raise context.forbidden(str(error)) from error


@lru_cache(maxsize=256)
def _compiled(expressions: tuple[str, ...]) -> Conditions[Facts]:
    return compile_conditions([{"expression": expression} for expression in expressions])


def _condition(expression: str, variables: Mapping[str, Type]) -> Program:
    return compile_program(expression, variables, result=[BOOL])


def condition_errors(
    conditions: Iterable[Mapping[str, Any]],
    path: str,
    *,
    variables: Mapping[str, Type] = CONDITION_VARIABLES,
) -> list[FieldError]:
    """What is wrong with conditions where they are written."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        below = f"{path}[{index}]"
        name, expression = condition.get("name") or "", condition.get("expression") or ""
        if not expression.strip():
            errors.append(required(f"{below}.expression"))
        else:
            errors += expression_errors(f"{below}.expression", expression, variables, BOOL)
        if not name:
            errors.append(required(f"{below}.name"))
        else:
            errors += [invalid_value(f"{below}.name", name, text) for text in qualified_name_errors(name)]
        if name and name in seen:
            errors.append(duplicate(f"{below}.name", name))
        seen.add(name)
    return errors


def expression_errors(
    path: str, expression: str, variables: Mapping[str, Type], *results: Type, **options: Any
) -> list[FieldError]:
    """The field error of an expression that cannot be compiled."""
    try:
        compile_program(expression, variables, result=results, **options)
    except CompileError as error:
        return [invalid_value(path, expression, f"compilation failed: {error}")]
    except ResultError as error:
        return [invalid_value(path, expression, str(error))]
    return []
