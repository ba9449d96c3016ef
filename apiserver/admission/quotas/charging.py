"""Charging: writes take their share of the quotas of their namespace before they are stored, or are refused.

In: charges, each of one write. Out: quotas with the charges in their status, or QuotaRefused. The new sums
are written by compare-and-swap, so that any number of servers together never give more than there is. Writes
that wait for the same namespace are charged together, by whichever comes first.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from apiserver.admission.context import Reader
from karmada.api.errors import NotFound
from karmada.api.objects import Object, name_of


class QuotaRefused(Exception):
    """The write does not fit."""


class Charge(Protocol):
    """What one write adds to quotas. Its methods are pure."""

    def counts_for(self, quota: Object) -> bool: ...

    def added(self, quota: Object) -> Object:
        """quota with the charge in its status; quota itself when nothing changes. Raises QuotaRefused."""
        ...

    def taken_back(self, quota: Object) -> Object:
        """quota as if the charge had never been made."""
        ...


class QuotaLedger(Protocol):
    """Quotas of one kind in storage."""

    group: str
    resource: str

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


class Charging:
    """Of all quotas of one kind."""

    def __init__(self, reader: Reader, ledger: QuotaLedger) -> None:
        self._reader = reader
        self._ledger = ledger
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, list[_Pending]] = {}

    def quotas(self, namespace: str) -> list[Object]:
        return self._reader.list(self._ledger.group, self._ledger.resource, namespace)

    async def charge(self, namespace: str, charge: Charge, *, dry_run: bool) -> None:
        """Whoever comes first charges for all that wait. Raises QuotaRefused, and then nothing is charged."""
        pending = _Pending(charge, dry_run)
        self._waiting.setdefault(namespace, []).append(pending)
        lock = self._locks.setdefault(namespace, asyncio.Lock())
        try:
            async with lock:
                if not pending.done:
                    await self._settle(namespace, self._waiting.pop(namespace))
        finally:
            if not pending.done and pending in self._waiting.get(namespace, ()):
                self._waiting[namespace].remove(pending)
            if not lock.locked() and not self._waiting.get(namespace):
                self._locks.pop(namespace, None)
                self._waiting.pop(namespace, None)
        if pending.refusal is not None:
            raise pending.refusal

    async def _settle(self, namespace: str, batch: list[_Pending]) -> None:
        try:
            done: list[str] = []
            for quota in self.quotas(namespace):
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
                if pending.refusal is None and pending.charge.counts_for(quota):
                    try:
                        after = pending.charge.added(quota)
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
            return charge.taken_back(quota) if charge.counts_for(quota) else quota

        for name in names:
            try:
                await self._ledger.change(namespace, name, change)
            except NotFound:
                continue
