"""The sign of life of a cluster that reports by itself: a Lease in karmada-cluster, renewed again and again.

In: its Cluster. Out: the Lease, owned by the Cluster. It begins with the first healthy look at the member
(status.py) and then goes on whatever the member's health: it says that somebody watches. health.py reads it.
Used by the agent.
"""

import logging
import random
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final

from karmada.api.errors import AlreadyExists, ApiError, NotFound
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.kubernetes import LEASES
from karmada.api.names import KARMADA_CLUSTER_NAMESPACE
from karmada.api.objects import Object, owners_of, with_metadata
from karmada.client.client import Client
from karmada.runtime.clock import Clock, rfc3339_micro
from karmada.runtime.tasks import Tasks

log = logging.getLogger(__name__)

JITTER: Final = 0.04


@dataclass(frozen=True, slots=True)
class HeartbeatOptions:
    """How often the Lease is renewed."""

    lease_seconds: float = 40.0
    """--cluster-lease-duration: how long a cluster counts as alive after its last sign of life."""
    fraction: float = 0.25
    """--cluster-lease-renew-interval-fraction: the lease is renewed after this part of its duration."""


class Heartbeat:
    """An async context manager; leaving ends the heartbeat."""

    def __init__(self, *, client: Client, options: HeartbeatOptions, clock: Clock) -> None:
        self._client = client
        self._options = options
        self._clock = clock
        self._beating: set[str] = set()
        self._tasks = Tasks("heartbeat")

    async def __aenter__(self) -> "Heartbeat":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._tasks.close()

    def begin(self, cluster: Cluster) -> None:
        """Renew the Lease of cluster from now on. Asked again it changes nothing."""
        uid = cluster.metadata.uid
        if uid not in self._beating:
            self._beating.add(uid)
            self._tasks.start(self._beat(cluster), name=f"heartbeat {cluster.metadata.name}")

    async def _beat(self, cluster: Cluster) -> None:
        """Until cancelled."""
        pause = self._options.lease_seconds * self._options.fraction
        lease: Object | None = None
        while True:
            try:
                lease = await self._renew(cluster, lease)
            except ApiError as error:
                lease = None
                log.warning("heartbeat failed", extra={"cluster": cluster.metadata.name, "error": str(error)})
            await self._clock.sleep(pause * (1 + random.random() * JITTER))

    async def _renew(self, cluster: Cluster, lease: Object | None) -> Object:
        """One write when lease is as the server has it."""
        key = LEASES.key(KARMADA_CLUSTER_NAMESPACE, cluster.metadata.name)
        now = self._clock.now()

        def change(live: Object) -> Object:
            return renewed(live, cluster, seconds=self._options.lease_seconds, now=now)

        try:
            return await self._client.update(LEASES, key, change, cached=lease)
        except NotFound:
            pass
        new: Object = {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": {"name": key.name, "namespace": key.namespace},
        }
        try:
            return await self._client.create(LEASES, change(new))
        except AlreadyExists:
            return await self._client.update(LEASES, key, change)


def renewed(lease: Object, cluster: Cluster, *, seconds: float, now: datetime) -> Object:
    """lease with a sign of life of now, held and owned by cluster."""
    spec: dict[str, Any] = {
        **(lease.get("spec") or {}),
        "holderIdentity": cluster.metadata.name,
        "leaseDurationSeconds": max(1, round(seconds)),
        "renewTime": rfc3339_micro(now),
    }
    owner = {
        "apiVersion": CLUSTERS.api_version,
        "kind": CLUSTERS.kind,
        "name": cluster.metadata.name,
        "uid": cluster.metadata.uid,
    }
    kept = {**lease, "spec": spec}
    return kept if owners_of(lease) == [owner] else with_metadata(kept, ownerReferences=[owner])
