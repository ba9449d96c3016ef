"""MutatingAdmissionPolicy: objects are changed as registered policies say, before webhooks see them.

In: the object a client wants. Out: a new object in its kind's shape, or None. Policies run by name, each sees
what those before it made; where something changed, those with reinvocationPolicy IfNeeded run once more in
the second round of the chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Final

import orjson
from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from apiserver.admission.facts import Facts
from apiserver.admission.match_conditions import ConditionsFailed
from apiserver.admission.policies.mutation import Mutation, MutationFailed, applied, compile_mutation, patched
from apiserver.admission.policies.params import ParamKind, ParamsFailed, params_of
from apiserver.admission.policies.policy import (
    BUDGET,
    LazyVariables,
    Policy,
    compile_policy,
    compile_variables,
)
from apiserver.admission.policies.registry import Binding, Bound, PolicyRegistry
from apiserver.admission.policies.requests import Requests, inputs
from apiserver.admission.webhooks.asking import subject_of
from apiserver.resources.definition import Resources
from apiserver.schema.cel import BudgetExceeded, EvaluationError, Meter
from karmada.api.errors import ApiError, BadRequest
from karmada.api.objects import Object

FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True)
class MutatingPolicy(Policy):
    mutations: Sequence[Mutation] = ()
    reinvocable: bool = False


def compile_mutating_policy(policy: Object) -> MutatingPolicy:
    """Raises what compile_policy raises."""
    base, spec = compile_policy(policy), policy["spec"]
    scope, _ = compile_variables(spec)
    shared: dict[str, Any] = {each.name: getattr(base, each.name) for each in fields(base)}
    types = scope.types
    return MutatingPolicy(
        **shared,
        mutations=tuple(compile_mutation(item, types) for item in spec.get("mutations") or ()),
        reinvocable=spec.get("reinvocationPolicy") == "IfNeeded",
    )


class MutationDenied(ApiError):
    """A mutating policy cannot do its work, and must."""

    def __init__(self, context: AdmissionContext, text: str) -> None:
        details: dict[str, Any] = {"name": context.name} if context.name else {}
        if context.resource.group:
            details["group"] = context.resource.group
        details |= {"kind": context.resource.resource, "causes": [{"message": text}]}
        super().__init__(text, details=details, code=FORBIDDEN)
        self.reason = "Invalid"  # type: ignore[misc]


class MutatingPolicies(Plugin):
    name = "MutatingAdmissionPolicy"

    def __init__(
        self, registry: PolicyRegistry[MutatingPolicy], requests: Requests, resources: Resources
    ) -> None:
        self._registry = registry
        self._requests = requests
        self._resources = resources

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        return context.operation != "DELETE" and bool(self._registry.concerned(subject_of(context)))

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        return None

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        if obj is None:
            return None
        current = obj
        for bound in self._registry.concerned(subject_of(context)):
            if context.reinvocation.round == 0 or bound.policy.reinvocable:
                current = await self._run(bound, current, context)
        if current is obj:
            return None
        context.reinvocation.changed_by_webhook()
        return current

    async def _run(self, bound: Bound[MutatingPolicy], obj: Object, context: AdmissionContext) -> Object:
        policy = bound.policy
        target = await self._requests.target(bound, obj, context)
        if target is None:
            return obj
        for binding in bound.bindings:
            if not await self._requests.is_bound(binding.matching, bound, obj, context):
                continue
            try:
                kind = ParamKind(*policy.param_kind) if policy.param_kind else None
                for params in params_of(kind, binding.param_ref, context, self._resources):
                    facts = await self._requests.facts(target, obj, context)
                    obj = await self._changed(policy, facts, params, obj, context)
            except (ParamsFailed, ConditionsFailed, MutationFailed) as error:
                if not policy.fails_open:
                    raise self._denied(policy, binding, error, context) from error
        return obj

    @staticmethod
    def _denied(
        policy: MutatingPolicy, binding: Binding, error: Exception, context: AdmissionContext
    ) -> MutationDenied:
        head = f"policy '{policy.name}'"
        if not str(error).startswith("failed to configure policy"):
            head += f" with binding '{binding.name}'"
        return MutationDenied(context, f"{head} denied request: {error}")

    async def _changed(
        self,
        policy: MutatingPolicy,
        facts: Facts,
        params: Object | None,
        obj: Object,
        context: AdmissionContext,
    ) -> Object:
        """obj after all mutations of one policy, for one param."""
        given = inputs(facts, params)
        if not await facts.settled(lambda: policy.conditions(given)):
            return obj
        meter = Meter(BUDGET)
        for mutation in policy.mutations:
            run = partial(self._value, policy, mutation, facts, params, meter)
            value = await facts.settled(run)
            assert facts.obj is not None
            after = self._applied(mutation, facts, value)
            if not _same(after, facts.obj):
                back = await self._requests.in_version(after, facts.resource, context.resource)
                assert back is not None
                try:
                    obj = context.reshape(back)
                except BadRequest as error:
                    raise MutationFailed(error.message) from error
                shown = await self._requests.in_version(obj, context.resource, facts.resource)
                facts = replace(facts, obj=shown)
        return obj

    @staticmethod
    def _value(
        policy: MutatingPolicy, mutation: Mutation, facts: Facts, params: Object | None, meter: Meter
    ) -> Any:
        values = inputs(facts, params).plain()
        variables = LazyVariables(policy.variables, values, meter)
        try:
            return mutation.program.run(*values, variables, meter=meter)
        except (EvaluationError, BudgetExceeded) as error:
            raise MutationFailed(
                f"expression '{mutation.program.source}' resulted in error: {error}"
            ) from error

    def _applied(self, mutation: Mutation, facts: Facts, value: Any) -> Object:
        assert facts.obj is not None
        if mutation.is_patch:
            return patched(facts.obj, value)
        definition = self._resources.lookup(*facts.resource)
        if definition is None:
            raise MutationFailed(f"no schema is known of {facts.resource}")
        return applied(definition.schema.node, facts.obj, value)


def _same(left: Object, right: Object) -> bool:
    option = orjson.OPT_SORT_KEYS
    return orjson.dumps(left, option=option) == orjson.dumps(right, option=option)
