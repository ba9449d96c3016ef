"""FederatedResourceQuota as an admission step: a binding that is given clusters takes its share of the quotas
of its namespace, or is refused.

In: a ResourceBinding about to be stored. Out: status.overallUsed of the quotas with its share, or a 403 with
reason QuotaExceeded, which the scheduler knows. Only with the gate FederatedQuotaEnforcement. The controller
of the same name counts anew from time to time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from apiserver.admission.karmada.refusals import denied
from apiserver.admission.quotas.charging import Charge, Charging, QuotaRefused
from karmada.api.errors import Forbidden
from karmada.api.groups.work import ResourceBindingSpec
from karmada.api.objects import Object, name_of, namespace_of
from karmada.api.pod_amounts import Amounts, readable
from karmada.api.quantity import ZERO, Quantity
from karmada.api.quota_amounts import usage
from karmada.api.wellknown import QUOTA_EXCEEDED_REASON

_BINDINGS: Final = ("work.karmada.io", "resourcebindings")


class QuotaExceeded(Forbidden):
    """403 with a reason of its own."""

    reason = QUOTA_EXCEEDED_REASON


@dataclass(frozen=True, slots=True)
class BindingCharge(Charge):
    """What a binding uses more than before; negative where it gives back."""

    delta: Mapping[str, Quantity]

    @override
    def counts_for(self, quota: Object) -> bool:
        return any(name in self.delta for name in overall_of(quota))

    @override
    def added(self, quota: Object) -> Object:
        limits, used = overall_of(quota), _used_of(quota)
        sums = {name: used.get(name, ZERO) + self.delta[name] for name in limits if name in self.delta}
        for name in sorted(sums):
            if self.delta[name] > ZERO and sums[name] > limits[name]:
                raise QuotaRefused(
                    f"FederatedResourceQuota({namespace_of(quota)}/{name_of(quota)}) exceeded for resource "
                    f"{name}: requested sum {sums[name]}, limit {limits[name]}."
                )
        return _with_used(quota, {**used, **sums})

    @override
    def taken_back(self, quota: Object) -> Object:
        used = _used_of(quota)
        back = {
            name: used.get(name, ZERO) - self.delta[name] for name in overall_of(quota) if name in self.delta
        }
        return _with_used(quota, {**used, **back})


def binding_charge(binding: Object, old: Object | None) -> BindingCharge:
    used, before = _usage(binding), _usage(old)
    names = used.keys() | before.keys()
    delta = {name: used.get(name, ZERO) - before.get(name, ZERO) for name in names}
    return BindingCharge({name: each for name, each in delta.items() if each})


def overall_of(quota: Object) -> Amounts:
    return readable((quota.get("spec") or {}).get("overall") or {})


def _usage(binding: Object | None) -> Amounts:
    spec: Any = (binding or {}).get("spec") or {}
    if not spec.get("clusters"):
        return {}
    return readable(usage(ResourceBindingSpec.from_json(spec)))


def _used_of(quota: Object) -> Amounts:
    return readable((quota.get("status") or {}).get("overallUsed") or {})


def _with_used(quota: Object, used: Amounts) -> Object:
    shown = {name: str(max(used[name], ZERO)) for name in sorted(used)}
    return {**quota, "status": {**(quota.get("status") or {}), "overallUsed": shown}}


class FederatedQuotaAdmission(Plugin):
    name = "resourcebinding"

    def __init__(self, charging: Charging) -> None:
        self._charging = charging

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        is_binding = (context.resource.group, context.resource.resource) == _BINDINGS
        return is_binding and not context.subresource and context.operation in ("CREATE", "UPDATE")

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        return None

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        if obj is None or not any(map(overall_of, self._charging.quotas(context.namespace))):
            return
        charge = binding_charge(obj, context.old)
        if not charge.delta:
            return
        try:
            await self._charging.charge(context.namespace, charge, dry_run=context.dry_run)
        except QuotaRefused as refusal:
            raise QuotaExceeded(denied(self.name, str(refusal)).message) from refusal
