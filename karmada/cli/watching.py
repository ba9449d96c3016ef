"""Follow one resource in several clusters: rows as they come, under one header, in columns that only grow.

In: Answers of the list that was shown, or nothing (--watch-only). Out: lines, until the user has seen enough.
A stream that ends is taken up again where it stopped; a cluster that fails is told and the others go on.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from karmada.api.errors import ApiError, Expired
from karmada.cli.merged_tables import KARMADA, Answer, Columns, Shape
from karmada.cli.printers import Console, GrowingTable
from karmada.cli.scope import through_proxy
from karmada.cli.tables import ACCEPT_TABLE
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.mapper import DiscoveredResource
from karmada.runtime.clock import SYSTEM_CLOCK

PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class WatchWish:
    """What is followed."""

    resource: DiscoveredResource
    namespace: str
    name: str
    labels: str


class Watching:
    """Prints what happens in each cluster."""

    def __init__(
        self, access: Access, wish: WatchWish, shape: Shape, console: Console, *, headers: bool
    ) -> None:
        self._access = access
        self._wish = wish
        self._shape = shape
        self._console = console
        self._columns = Columns()
        self._table = GrowingTable(console)
        self._headers = headers

    def show(self, answer: Answer, *, event: str) -> None:
        self._columns.learn([answer])
        rows = answer.document.get("rows") or ()
        if rows and self._headers:
            self._headers = False
            self._table.row([name.upper() for name in self._columns.header(self._shape)])
        for row in rows:
            self._table.row(self._columns.row(answer.cluster, row, self._shape, event=event))

    async def run(self, versions: Mapping[str, str]) -> None:
        """versions: cluster to the resourceVersion after which it is followed; "" from now on."""
        async with asyncio.TaskGroup() as group:
            for cluster, version in versions.items():
                group.create_task(self._follow(cluster, version), name=f"watch {cluster}")

    async def _follow(self, cluster: str, version: str) -> None:
        access = self._access if cluster == KARMADA else through_proxy(self._access, cluster)
        async with Client(access, user_agent="karmadactl") as client:
            while True:
                try:
                    version = await self._stream(client, cluster, version)
                except Expired:
                    version = ""
                except ApiError as error:
                    where = "" if cluster == KARMADA else f"cluster({cluster}): "
                    self._console.error(f"error: {where}{error.message}")
                    return
                await SYSTEM_CLOCK.sleep(PAUSE_SECONDS)

    async def _stream(self, client: Client, cluster: str, version: str) -> str:
        wish = self._wish
        async for batch in client.watch_batches(
            wish.resource.resource,
            namespace=wish.namespace,
            label_selector=wish.labels,
            field_selector=f"metadata.name={wish.name}" if wish.name else "",
            resource_version=version,
            accept=ACCEPT_TABLE,
        ):
            for event in batch:
                version = event.resource_version or version
                if event.type != "BOOKMARK":
                    self.show(Answer(cluster, event.object), event=event.type)
        return version
