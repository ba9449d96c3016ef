"""Policy: a registered policy, compiled; what its expressions say about one request.

In: the policy object. Out: matchConditions, validations and audit annotations as programs over the variables
of a policy, evaluated for Facts and a param. Expressions that nothing asks for are not run: variables are
worked out when they are first read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import override

from apiserver.admission.facts import CONDITION_VARIABLES, NAMESPACE, Facts
from apiserver.admission.match_conditions import ConditionsFailed, compile_conditions_over
from apiserver.admission.policies.matching import Matching
from apiserver.schema.cel import BudgetExceeded, EvaluationError, Meter, Program, compile_program
from apiserver.schema.cel.types import BOOL, DYN, NULL, STRING, Field, Type, object_of
from karmada.api.objects import Object, name_of

BUDGET: Final = 10_000_000
"""What all expressions of a policy may cost for one request and one param."""
MAX_MESSAGE_CHARACTERS: Final = 5120


@dataclass(slots=True)
class Inputs:
    """What the expressions of a policy look at."""

    facts: Facts
    params: Object | None
    namespace: Callable[[], Object | None]

    def plain(self) -> tuple[Any, ...]:
        """For variables_of() without `variables`, in its order."""
        return (*self.facts.values(), self.namespace(), self.params)


class LazyVariables(dict[str, Any]):
    """The `variables` of a policy: each is worked out when it is first read."""

    __slots__ = ("_meter", "_programs", "_values")

    def __init__(self, programs: Mapping[str, Program], values: tuple[Any, ...], meter: Meter) -> None:
        super().__init__()
        self._programs, self._values, self._meter = programs, values, meter

    @override
    def __contains__(self, name: object) -> bool:
        return name in self._programs

    def __missing__(self, name: str) -> Any:
        try:
            value = self._programs[name].run(*self._values, self, meter=self._meter)
        except EvaluationError as error:
            text = f'composited variable "{name}" fails to evaluate: {error}'
            raise EvaluationError(text) from error
        self[name] = value
        return value


def condition_variables(*, has_params: bool) -> dict[str, Type]:
    """What matchConditions of a policy see."""
    params = {"params": DYN} if has_params else {}
    return {**CONDITION_VARIABLES, "namespaceObject": NAMESPACE, **params}


class PolicyScope:
    """The variables of a policy's expressions; declared variables are added one by one."""

    def __init__(self, *, has_params: bool) -> None:
        # A policy without paramKind cannot name params; its place in the frame stays.
        self._base = {**CONDITION_VARIABLES, "namespaceObject": NAMESPACE}
        self._params = "params" if has_params else " params"
        self._fields: dict[str, Field] = {}

    @property
    def types(self) -> dict[str, Type]:
        variables = object_of("kubernetes.variables", dict(self._fields))
        return {**self._base, self._params: DYN, "variables": variables}

    def add(self, name: str, type_: Type) -> None:
        self._fields[name] = Field(name, type_)


@dataclass(frozen=True, slots=True)
class Validation:
    program: Program
    message: str
    message_program: Program | None
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one expression says against a request: is_error when it has no value."""

    message: str
    reason: str = "Invalid"
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    name: str
    matching: Matching
    param_kind: tuple[str, str] | None
    """apiVersion, kind"""
    fails_open: bool
    conditions: Callable[[Inputs], bool]
    variables: Mapping[str, Program]
    validations: Sequence[Validation]
    annotations: Sequence[tuple[str, Program]]

    def run(self, inputs: Inputs) -> "Findings":
        """Of one param. Raises Undecided."""
        try:
            if not self.conditions(inputs):
                return Findings((), ())
        except ConditionsFailed as error:
            return Findings((Judgement(str(error), is_error=True),), ())
        meter, values = Meter(BUDGET), inputs.plain()
        given = (*values, LazyVariables(self.variables, values, meter))
        judged = [found for each in self.validations if (found := _judge(each, given, meter)) is not None]
        annotations, failures = _annotations(self.annotations, given, meter)
        return Findings((*judged, *failures), annotations)


@dataclass(frozen=True, slots=True)
class Findings:
    judgements: Sequence[Judgement]
    annotations: Sequence[tuple[str, str]]


def _judge(validation: Validation, given: tuple[Any, ...], meter: Meter) -> Judgement | None:
    program = validation.program
    try:
        if program.run(*given, meter=meter) is True:
            return None
    except (EvaluationError, BudgetExceeded) as error:
        return Judgement(f"expression '{program.source}' resulted in error: {error}", is_error=True)
    words = _message(validation, given, meter)
    return Judgement(words or f"failed expression: {program.source.strip()}", validation.reason)


def _message(validation: Validation, given: tuple[Any, ...], meter: Meter) -> str:
    if validation.message_program is not None:
        try:
            words = str(validation.message_program.run(*given, meter=meter)).strip()
        except (EvaluationError, BudgetExceeded):
            words = ""
        if words and "\n" not in words and len(words) <= MAX_MESSAGE_CHARACTERS:
            return words
    return validation.message.strip()


def _annotations(
    declared: Sequence[tuple[str, Program]], given: tuple[Any, ...], meter: Meter
) -> tuple[list[tuple[str, str]], list[Judgement]]:
    found: list[tuple[str, str]] = []
    failures: list[Judgement] = []
    for key, program in declared:
        try:
            value = program.run(*given, meter=meter)
        except (EvaluationError, BudgetExceeded) as error:
            failures.append(
                Judgement(f"expression '{program.source}' resulted in error: {error}", is_error=True)
            )
            continue
        if isinstance(value, str) and value.strip():
            found.append((key, value.strip()))
    return found, failures


# -- compiling ----------------------------------------------------------------------------------------------


def compile_policy(policy: Object) -> Policy:
    """Raises CompileError, ResultError or InvalidSelector for what was stored without being judged."""
    spec = policy["spec"]
    scope, variables = compile_variables(spec)
    types = scope.types
    return Policy(
        name=name_of(policy),
        matching=Matching.of(spec.get("matchConstraints") or {}),
        param_kind=param_kind_of(spec),
        fails_open=spec.get("failurePolicy") == "Ignore",
        conditions=policy_conditions(spec),
        variables=variables,
        validations=tuple(_validation(item, types) for item in spec.get("validations") or ()),
        annotations=tuple(
            (item["key"], compile_program(item["valueExpression"], types, result=[STRING, NULL]))
            for item in spec.get("auditAnnotations") or ()
        ),
    )


def param_kind_of(spec: Mapping[str, Any]) -> tuple[str, str] | None:
    given = spec.get("paramKind")
    return (given.get("apiVersion") or "", given.get("kind") or "") if given else None


def compile_variables(spec: Mapping[str, Any]) -> tuple[PolicyScope, dict[str, Program]]:
    """Each may use those before it."""
    scope = PolicyScope(has_params=bool(spec.get("paramKind")))
    programs: dict[str, Program] = {}
    for item in spec.get("variables") or ():
        program = compile_program(item["expression"], scope.types)
        programs[item["name"]] = program
        scope.add(item["name"], program.type)
    return scope, programs


def policy_conditions(spec: Mapping[str, Any]) -> Callable[[Inputs], bool]:
    given = spec.get("matchConditions") or ()
    if not given:
        return lambda _inputs: True
    has_params = bool(spec.get("paramKind"))
    variables = condition_variables(has_params=has_params)
    return compile_conditions_over(given, variables, lambda inputs: inputs.plain()[: len(variables)])


def _validation(item: Mapping[str, Any], types: Mapping[str, Type]) -> Validation:
    message = item.get("messageExpression") or ""
    return Validation(
        compile_program(item["expression"], types, result=[BOOL]),
        item.get("message") or "",
        compile_program(message, types, result=[STRING]) if message else None,
        item.get("reason") or "Invalid",
    )
