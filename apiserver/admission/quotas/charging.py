"""ResourceQuota as an admission step: the last one, so that only what nothing else refuses is charged.

In: a write about to be stored. Out: the quotas of its namespace with the write added to what is used, or a
403. The new sums are written by compare-and-swap before the object is stored, so that any number of servers
together never give more than there is. Writes that wait for the same namespace are charged together.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from apiserver.admission.chain import Plugin
from apiserver.admission.context import AdmissionContext, Reader
from apiserver.admission.quotas.checking import (
    Charge,
    QuotaRefused,
    charge_of,
    charged,
    check_said,
    is_charged,
    released,
)
from karmada.api.errors import NotFound
from karmada.api.objects import Object, name_of


class QuotaLedger(Protocol):
    async def change(self, namespace: str, name: str, change: Callable[[Object], Object]) -> None:
        """Apply change to the newest quota and store what differs. change may run several times. Raises
        NotFound."""
        ...


@dataclass(slots=True, eq=False)
class _Pending:
    charge: Charge
    dry_run: bool
    refusal: QuotaRefused | None = None
    done: bool = False


class QuotaAdmission(Plugin):
    name = "ResourceQuota"

    def __init__(self, reader: Reader, ledger: QuotaLedger) -> None:
        self._reader = reader
        self._ledger = ledger
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, list[_Pending]] = {}

    @override
    def concerns(self, context: AdmissionContext) -> bool:
        return is_charged(context)

    @override
    async def mutate(self, obj: Object | None, context: AdmissionContext) -> Object | None:
        return None

    @override
    async def validate(self, obj: Object | None, context: AdmissionContext) -> None:
        quotas = self._reader.list("", "resourcequotas", context.namespace)
        if not quotas or obj is None:
            return
        try:
            charge = charge_of(obj, context)
            concerned = [quota for quota in quotas if charge.counts_for(quota)]
            for quota in concerned:
                check_said(charge, quota)
            if concerned and charge.delta:
                await self._charge(context.namespace, _Pending(charge, context.dry_run))
        except QuotaRefused as refusal:
            raise context.forbidden(str(refusal)) from refusal

    async def _charge(self, namespace: str, pending: _Pending) -> None:
        """Whoever comes first charges for all that wait. Raises QuotaRefused."""
        self._waiting.setdefault(namespace, []).append(pending)
        lock = self._locks.setdefault(namespace, asyncio.Lock())
        try:
            async with lock:
                if not pending.done:
                    await self._settle(namespace, self._waiting.pop(namespace))
        finally:
            if not lock.locked() and namespace not in self._waiting:
                self._locks.pop(namespace, None)
            if not pending.done and pending in self._waiting.get(namespace, ()):
                self._waiting[namespace].remove(pending)
        if pending.refusal is not None:
            raise pending.refusal

    async def _settle(self, namespace: str, batch: list[_Pending]) -> None:
        try:
            done: list[str] = []
            for quota in self._reader.list("", "resourcequotas", namespace):
                await self._settle_one(namespace, name_of(quota), batch, done)
                done.append(name_of(quota))
            for pending in batch:
                pending.done = True
        finally:
            # Whoever charged for others and was cut off leaves them to the next.
            if left := [pending for pending in batch if not pending.done]:
                self._waiting[namespace] = left + self._waiting.get(namespace, [])

    async def _settle_one(self, namespace: str, name: str, batch: list[_Pending], before: list[str]) -> None:
        """Charge one quota. What it refuses is given back to the quotas before."""
        refused: dict[_Pending, QuotaRefused] = {}

        def change(quota: Object) -> Object:
            refused.clear()
            for pending in batch:
                if pending.refusal is None:
                    try:
                        after = charged(pending.charge, quota)
                    except QuotaRefused as refusal:
                        refused[pending] = refusal
                        continue
                    quota = quota if pending.dry_run else after
            return quota

        try:
            await self._ledger.change(namespace, name, change)
        except NotFound:
            return  # a quota that has gone limits nothing
        for pending, refusal in refused.items():
            pending.refusal = refusal
            if not pending.dry_run:
                await self._give_back(namespace, before, pending.charge)

    async def _give_back(self, namespace: str, names: list[str], charge: Charge) -> None:
        def change(quota: Object) -> Object:
            return released(charge, quota) if charge.counts_for(quota) else quota

        for name in names:
            try:
                await self._ledger.change(namespace, name, change)
            except NotFound:
                continue
