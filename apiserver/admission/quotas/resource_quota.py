"""ResourceQuota as an admission step: the last one, so that only what nothing else refuses is charged."""

from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext
from apiserver.admission.quotas.charging import Charging, QuotaRefused
from apiserver.admission.quotas.checking import charge_of, check_said, is_charged
from karmada.api.objects import Object


class QuotaAdmission(Plugin):
    name = "ResourceQuota"

    def __init__(self, charging: Charging) -> None:
        self._charging = charging

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        return is_charged(context)

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        return None

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        quotas = self._charging.quotas(context.namespace)
        if not quotas or obj is None:
            return
        try:
            charge = charge_of(obj, context)
            concerned = [quota for quota in quotas if charge.counts_for(quota)]
            for quota in concerned:
                check_said(charge, quota)
            if concerned and charge.delta:
                await self._charging.charge(context.namespace, charge, dry_run=context.dry_run)
        except QuotaRefused as refusal:
            raise context.forbidden(str(refusal)) from refusal
