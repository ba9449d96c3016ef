"""ClusterTaintPolicy: taints that may not be set by policy, and taints listed twice."""

from typing import Final

from apiserver.admission.broken_rules import duplicate, forbidden
from apiserver.admission.context import AdmissionContext, Rules
from apiserver.admission.karmada.refusals import refusing
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from karmada.api.wellknown import NO_EXECUTE


def taint_policy_errors(policy: Object, *, allow_no_execute: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    taints = (policy.get("spec") or {}).get("taints") or ()
    identities = [(taint.get("key") or "", taint.get("effect") or "") for taint in taints]
    for index, (key, effect) in enumerate(identities):
        path = f"spec.taints[{index}]"
        if effect == NO_EXECUTE and not allow_no_execute:
            text = (
                "Configuring taint with NoExecute effect is not allowed, this capability must be explicitly "
                "enabled by administrators through command-line flags"
            )
            errors.append(forbidden(path, text))
        if (key, effect) in identities[index + 1 :]:
            text = f"Duplicate taint with the same key({key}) and effect({effect}) is not allowed"
            errors.append(duplicate(path, text))
    return errors


def rules(*, allow_no_execute: bool) -> Rules:
    def judge(policy: Object, old: Object | None, context: AdmissionContext) -> list[FieldError]:
        return taint_policy_errors(policy, allow_no_execute=allow_no_execute)

    return Rules(refuse=refusing("clustertaintpolicy", judge))


KIND: Final = ("policy.karmada.io", "clustertaintpolicies")
RULES: Final = rules(allow_no_execute=False)
