"""Follow the nodes and pods of members, trimmed hard, and keep their sums.

In: members. Out: a summary per member, cheap enough for every pass of status.py. Neighbours: capacity.py
does the sums; members.py is how a member is reached.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from controllers.cluster.capacity import Ledger, trimmed_node, trimmed_pod
from controllers.members import Members
from karmada.api.errors import ServiceUnavailable
from karmada.api.groups.cluster import NodeSummary, ResourceModel, ResourceSummary
from karmada.api.groups.kubernetes import NODES, PODS
from karmada.api.objects import Object, name_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Followed:
    """One member while it is reached through one client."""

    client: Client
    nodes: Informer[Object]
    pods: Informer[Object]
    ledger: Ledger

    @property
    def synced(self) -> bool:
        return self.nodes.synced and self.pods.synced

    async def wait_synced(self) -> None:
        await self.nodes.wait_synced()
        await self.pods.wait_synced()

    async def close(self) -> None:
        await self.nodes.close()
        await self.pods.close()


class MemberCapacity:
    """An async context manager; leaving ends every informer. sync_seconds bounds the wait for first lists."""

    def __init__(self, *, members: Members, sync_seconds: float, clock: Clock = SYSTEM_CLOCK) -> None:
        self._members = members
        self._sync_seconds = sync_seconds
        self._clock = clock
        self._followed: dict[str, _Followed] = {}

    async def __aenter__(self) -> "MemberCapacity":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        followed, self._followed = list(self._followed.values()), {}
        await asyncio.gather(*(member.close() for member in followed))

    async def summary(
        self, cluster: str, models: Sequence[ResourceModel]
    ) -> tuple[NodeSummary, ResourceSummary]:
        """Raises MemberUnavailable, and ServiceUnavailable when nodes and pods cannot be listed in time."""
        followed = await self._of(cluster)
        if not followed.synced:
            await self._first_lists(cluster, followed)
        nodes = sorted(followed.nodes.cache.list(), key=name_of)
        return followed.ledger.summary(nodes, models)

    async def drop(self, cluster: str) -> None:
        """Stop following a member; a later summary begins anew."""
        followed = self._followed.pop(cluster, None)
        if followed is not None:
            await followed.close()

    async def _of(self, cluster: str) -> _Followed:
        client = await self._members.client(cluster)
        followed = self._followed.get(cluster)
        if followed is not None and followed.client is client:
            return followed
        await self.drop(cluster)
        followed = self._followed[cluster] = _follow(client, self._clock)
        return followed

    async def _first_lists(self, cluster: str, followed: _Followed) -> None:
        try:
            async with asyncio.timeout(self._sync_seconds):
                await followed.wait_synced()
        except TimeoutError as error:
            trouble = followed.nodes.trouble or followed.pods.trouble or "it is slow"
            raise ServiceUnavailable(
                f"nodes and pods of cluster {cluster} cannot be listed: {trouble}"
            ) from error


def _follow(client: Client, clock: Clock) -> _Followed:
    nodes = Informer(client, NODES, transform=trimmed_node, clock=clock)
    pods = Informer(client, PODS, transform=trimmed_pod, clock=clock)
    ledger = Ledger()

    def pod_changed(change: Change[Object]) -> None:
        ledger.pod_changed(change.old, change.new)

    pods.add_handler(pod_changed, name="capacity")
    nodes.start()
    pods.start()
    return _Followed(client, nodes, pods, ledger)
