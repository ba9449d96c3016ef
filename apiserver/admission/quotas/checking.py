"""Whether a write fits into a quota, and what the quota says afterwards. Pure.

In: what a write adds, a quota as it is. Out: the quota with the charge in its status, or why it is refused,
in Kubernetes' words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from typing_extensions import override

from apiserver.admission.context import AdmissionContext
from apiserver.admission.quotas.charging import Charge, QuotaRefused
from karmada.api.objects import Object, name_of
from karmada.api.pod_amounts import Amounts, readable
from karmada.api.quantity import ZERO, Quantity
from karmada.api.quota_usage import concerns, in_scope, unsaid, usage_of

_ON_UPDATE = frozenset({("", "persistentvolumeclaims"), ("", "services")})


@dataclass(frozen=True, slots=True)
class ObjectCharge(Charge):
    """What one write adds to ResourceQuotas. delta has no zeros and may be empty."""

    group: str
    resource: str
    obj: Object
    delta: Mapping[str, Quantity]

    def names(self, limits: Iterable[str]) -> list[str]:
        """Those of limits that are about this sort of object."""
        return [name for name in limits if concerns(name, self.group, self.resource)]

    @override
    def counts_for(self, quota: Object) -> bool:
        return bool(self.names(hard_of(quota))) and in_scope(quota, self.group, self.resource, self.obj)

    @override
    def added(self, quota: Object) -> Object:
        hard, used = hard_of(quota), used_of(quota)
        asked = {name: each for name, each in self.delta.items() if name in hard}
        sums = {name: used.get(name, ZERO) + each for name, each in asked.items()}
        over = sorted(name for name, total in sums.items() if total > hard[name])
        if over:
            parts = (("requested", asked), ("used", used), ("limited", hard))
            texts = [f"{word}: {_shown(amounts, over)}" for word, amounts in parts]
            raise QuotaRefused(f"exceeded quota: {name_of(quota)}, {', '.join(texts)}")
        return _with_used(quota, {**used, **sums}) if asked else quota

    @override
    def taken_back(self, quota: Object) -> Object:
        hard, used = hard_of(quota), used_of(quota)
        back = {
            name: max(used[name] - each, ZERO)
            for name, each in self.delta.items()
            if name in hard and name in used
        }
        return _with_used(quota, {**used, **back})


def is_charged(context: AdmissionContext) -> bool:
    """Whether writes like this use anything."""
    if not context.namespace or context.resource.resource == "namespaces":
        return False
    kind = (context.resource.group, context.resource.resource)
    if context.subresource:
        return (*kind, context.subresource, context.operation) == ("", "pods", "resize", "UPDATE")
    return context.operation == "CREATE" or (context.operation == "UPDATE" and kind in _ON_UPDATE)


def charge_of(obj: Object, context: AdmissionContext) -> ObjectCharge:
    """Raises QuotaRefused for an object that asks for less than nothing."""
    group, resource = context.resource.group, context.resource.resource
    used = usage_of(group, resource, obj)
    if negative := sorted(name for name, quantity in used.items() if quantity < ZERO):
        raise QuotaRefused(f"quota usage is negative for resource(s): {','.join(negative)}")
    before: Amounts = {}
    if context.operation == "UPDATE" and context.old is not None:
        before = usage_of(group, resource, context.old)
    delta = {name: quantity - before.get(name, ZERO) for name, quantity in used.items()}
    return ObjectCharge(group, resource, obj, {name: each for name, each in delta.items() if each > ZERO})


def hard_of(quota: Object) -> Amounts:
    return readable((quota.get("status") or {}).get("hard") or {})


def used_of(quota: Object) -> Amounts:
    return readable((quota.get("status") or {}).get("used") or {})


def check_said(charge: ObjectCharge, quota: Object) -> None:
    """What a quota asks of an object before anything is counted. Raises QuotaRefused."""
    name, hard = name_of(quota), hard_of(quota)
    if (charge.group, charge.resource) == ("", "pods") and (missing := unsaid(hard, charge.obj)):
        texts = [f"{resource} for: {','.join(containers)}" for resource, containers in missing.items()]
        raise QuotaRefused(f"failed quota: {name}: must specify {'; '.join(texts)}")
    used = used_of(quota)
    unknown = [each for each in charge.names(hard) if each not in used]
    if unknown:
        listed = ",".join(sorted(charge.names(hard)))
        raise QuotaRefused(f"status unknown for quota: {name}, resources: {listed}")


def _with_used(quota: Object, used: Amounts) -> Object:
    shown = {name: str(used[name]) for name in sorted(used)}
    return {**quota, "status": {**(quota.get("status") or {}), "used": shown}}


def _shown(amounts: Amounts, names: Iterable[str]) -> str:
    return ",".join(f"{name}={amounts.get(name, ZERO)}" for name in names)
