"""The sums of ResourceQuotas in storage, for admission: changed by compare-and-swap, whoever else writes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from apiserver.admission.quotas.charging import QuotaLedger
from apiserver.resources.definition import Resources
from apiserver.storage import refusals
from apiserver.storage.entries import Entry, encode
from apiserver.storage.keys import Collection, path_of
from apiserver.storage.store import Keep, Store, Verdict, Write
from karmada.api.objects import Object

QUOTAS: Final = Collection("", "resourcequotas")


@dataclass(frozen=True, slots=True)
class StoredQuotas(QuotaLedger):
    store: Store
    resources: Resources

    @override
    async def change(self, namespace: str, name: str, change: Callable[[Object], Object]) -> None:
        definition = self.resources.lookup("", "v1", "resourcequotas")
        assert definition is not None

        async def decide(entry: Entry | None) -> Verdict:
            if entry is None:
                raise refusals.not_found(QUOTAS, name)
            quota = definition.decode(entry)
            after = change(quota)
            return Keep() if after is quota else Write(encode(after, definition.storage_head))

        await self.store.settle(QUOTAS, path_of(namespace, name), decide)
