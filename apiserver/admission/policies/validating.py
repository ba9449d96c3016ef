"""ValidatingAdmissionPolicy: what policies say against a write, and what their bindings make of it.

In: the object as it will be stored. Out: a refusal of the first judgement that a binding denies; warnings and
audit annotations of the others.
"""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from apiserver.admission.policies.params import ParamKind, ParamsFailed, params_of
from apiserver.admission.policies.policy import Findings, Judgement, Policy
from apiserver.admission.policies.registry import Binding, Bound, PolicyRegistry
from apiserver.admission.policies.requests import Requests, inputs
from apiserver.admission.webhooks.asking import subject_of
from apiserver.resources.definition import Resources
from karmada.api.errors import ApiError
from karmada.api.objects import Object

FAILURE_ANNOTATION: Final = "validation.policy.admission.k8s.io/validation_failure"
_CODES: Final = {"Unauthorized": 401, "Forbidden": 403, "RequestEntityTooLarge": 413, "Invalid": 422}


class PolicyDenied(ApiError):
    """A policy refuses. Its reason is the one of the broken validation."""

    def __init__(self, context: AdmissionContext, text: str, reason: str) -> None:
        details: dict[str, Any] = {"name": context.name} if context.name else {}
        if context.resource.group:
            details["group"] = context.resource.group
        details |= {"kind": context.resource.resource, "causes": [{"message": text}]}
        message = f'{context.resource.group_resource} "{context.name}" is forbidden: {text}'
        super().__init__(message, details=details, code=_CODES.get(reason, 422))
        self.reason = reason  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class _Refusal:
    text: str
    reason: str


class ValidatingPolicies(Plugin):
    name = "ValidatingAdmissionPolicy"

    def __init__(self, registry: PolicyRegistry[Policy], requests: Requests, resources: Resources) -> None:
        self._registry = registry
        self._requests = requests
        self._resources = resources

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        return bool(self._registry.concerned(subject_of(context)))

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        return None

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        refusals: list[_Refusal] = []
        failures: list[Object] = []
        for bound in self._registry.concerned(subject_of(context)):
            refusals += await self._judge(bound, obj, context, failures)
        if failures:
            context.annotations[FAILURE_ANNOTATION] = json.dumps(failures, separators=(",", ":"))
        if refusals:
            raise PolicyDenied(context, refusals[0].text, refusals[0].reason)

    async def _judge(
        self, bound: Bound[Policy], obj: Object | None, context: AdmissionContext, failures: list[Object]
    ) -> list[_Refusal]:
        policy = bound.policy
        target = await self._requests.target(bound, obj, context)
        if target is None:
            return []
        facts, refusals = await self._requests.facts(target, obj, context), []
        head = f"ValidatingAdmissionPolicy '{policy.name}'"
        for binding in bound.bindings:
            if not await self._requests.is_bound(binding.matching, bound, obj, context):
                continue
            try:
                kind = ParamKind(*policy.param_kind) if policy.param_kind else None
                found = params_of(kind, binding.param_ref, context, self._resources)
            except ParamsFailed as error:
                if not policy.fails_open:
                    of_policy = str(error).startswith("failed to configure policy")
                    where = head if of_policy else f"{head} with binding '{binding.name}'"
                    refusals.append(_Refusal(f"{where} denied request: {error}", "Invalid"))
                continue
            for params in found:
                given = inputs(facts, params)
                findings = await facts.settled(partial(policy.run, given))
                refusals += _acted(policy, binding, findings, context, failures)
        return refusals


def _acted(
    policy: Policy, binding: Binding, findings: Findings, context: AdmissionContext, failures: list[Object]
) -> list[_Refusal]:
    """What the actions of a binding make of what its policy found."""
    for key, value in findings.annotations:
        name = f"{policy.name}/{key}"
        known = context.annotations.get(name)
        context.annotations[name] = value if known in (None, value) else f"{known}, {value}"
    refusals: list[_Refusal] = []
    where = f"ValidatingAdmissionPolicy '{policy.name}' with binding '{binding.name}'"
    for index, judgement in enumerate(findings.judgements):
        if judgement.is_error and policy.fails_open:
            continue
        if "Deny" in binding.actions:
            refusals.append(_Refusal(f"{where} denied request: {judgement.message}", judgement.reason))
        if "Warn" in binding.actions:
            context.warnings.append(f"Validation failed for {where}: {judgement.message}")
        if "Audit" in binding.actions:
            failures.append(_failure(policy, binding, judgement, index))
    return refusals


def _failure(policy: Policy, binding: Binding, judgement: Judgement, index: int) -> Object:
    return {
        "message": judgement.message,
        "policy": policy.name,
        "binding": binding.name,
        "expressionIndex": index,
        "validationActions": sorted(binding.actions),
    }
