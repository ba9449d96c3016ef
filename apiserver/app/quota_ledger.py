"""The sums of quotas in storage, for admission: changed by compare-and-swap, whoever else writes."""

from collections.abc import Callable
from dataclasses import dataclass

from typing_extensions import override

from apiserver.admission.quotas.charging import QuotaLedger
from apiserver.resources.definition import Resources
from apiserver.storage import refusals
from apiserver.storage.entries import Entry, encode
from apiserver.storage.keys import Collection, path_of
from apiserver.storage.store import Keep, Store, Verdict, Write
from karmada.api.objects import Object


@dataclass(frozen=True, slots=True)
class StoredQuotas(QuotaLedger):
    """Of one kind."""

    store: Store
    resources: Resources
    group: str
    version: str
    resource: str

    @override
    async def change(self, namespace: str, name: str, change: Callable[[Object], Object]) -> None:
        definition = self.resources.lookup(self.group, self.version, self.resource)
        assert definition is not None
        collection = Collection(self.group, self.resource)

        async def decide(entry: Entry | None) -> Verdict:
            if entry is None:
                raise refusals.not_found(collection, name)
            quota = definition.decode(entry)
            after = change(quota)
            return Keep() if after is quota else Write(encode(after, definition.storage_head))

        await self.store.settle(collection, path_of(namespace, name), decide)
