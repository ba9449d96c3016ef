"""Watch over the clusters that report by themselves: without a sign of life they become Unknown.

In: Pull clusters, their Leases in karmada-cluster. Out: the Ready condition, status Unknown. A sign of life
is a new renewTime or a changed Ready condition. status.py judges Push clusters; lifecycle.py turns the
condition into a taint. The decision is pure; the rest is a loop.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from karmada.api.conditions import find_condition, with_condition
from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.cluster import CLUSTERS, PULL, Cluster
from karmada.api.groups.kubernetes import LEASES
from karmada.api.groups.meta import Condition
from karmada.api.names import KARMADA_CLUSTER_NAMESPACE
from karmada.api.objects import Object
from karmada.api.wellknown import (
    CLUSTER_READY,
    CLUSTER_STATUS_NEVER_UPDATED_REASON,
    CLUSTER_STATUS_UNKNOWN_REASON,
)
from karmada.client.client import Client, Unreachable
from karmada.client.informer import Informer
from karmada.runtime.clock import Clock, parse_rfc3339, rfc3339

log = logging.getLogger(__name__)

UNKNOWN: Final = "Unknown"
STOPPED: Final = (CLUSTER_STATUS_UNKNOWN_REASON, "Cluster status controller stopped posting cluster status.")
NEVER: Final = (
    CLUSTER_STATUS_NEVER_UPDATED_REASON,
    "Cluster status controller never posted cluster status.",
)


@dataclass(frozen=True, slots=True)
class ClusterMonitorOptions:
    """How long a cluster may be silent."""

    period_seconds: float = 5.0
    """--cluster-monitor-period: pause between two looks at the leases of pull mode clusters."""
    grace_seconds: float = 40.0
    """--cluster-monitor-grace-period: how long a cluster may be silent before it is Unknown."""
    startup_seconds: float = 60.0
    """--cluster-startup-grace-period: the same, for a cluster that has not reported yet."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was last heard from a cluster, and when."""

    ready: Condition | None
    renewed: datetime | None
    at: datetime


def heard(before: Heard | None, cluster: Cluster, *, renewed: datetime | None, now: datetime) -> Heard:
    """Take note of what a cluster says now. renewed: the renewTime of its Lease."""
    ready = find_condition(cluster.status.conditions, CLUSTER_READY)
    if before is None:
        # A cluster that never said anything has its grace from the join on, any other from now on: before
        # this moment nobody listened.
        joined = cluster.metadata.creation_timestamp
        at = parse_rfc3339(joined) if ready is None and joined else now
        return Heard(ready, renewed, at)
    if ready != before.ready:
        return Heard(ready, renewed, now)
    if is_newer(renewed, before.renewed):
        return replace(before, renewed=renewed, at=now)
    return before


def is_overdue(last: Heard, *, now: datetime, options: ClusterMonitorOptions) -> bool:
    """Whether the cluster has been silent for too long and is not known to be."""
    if last.ready is not None and last.ready.status == UNKNOWN:
        return False
    grace = options.startup_seconds if last.ready is None else options.grace_seconds
    return now > last.at + timedelta(seconds=grace)


def silenced(cluster: Cluster, *, now: str) -> Cluster:
    """cluster with Ready Unknown."""
    ready = find_condition(cluster.status.conditions, CLUSTER_READY)
    if ready is not None and ready.status == UNKNOWN:
        return cluster
    reason, message = NEVER if ready is None else STOPPED
    conditions = with_condition(
        cluster.status.conditions,
        type=CLUSTER_READY,
        status=UNKNOWN,
        reason=reason,
        message=message,
        now=now,
    )
    return cluster.model_copy(update={"status": cluster.status.model_copy(update={"conditions": conditions})})


class ClusterHealthMonitor:
    """leases: the Leases of the namespace karmada-cluster."""

    name = "cluster-monitor"

    def __init__(
        self,
        *,
        clusters: Informer[Cluster],
        leases: Informer[Object],
        client: Client,
        options: ClusterMonitorOptions,
        clock: Clock,
    ) -> None:
        self._clusters = clusters
        self._leases = leases
        self._client = client
        self._options = options
        self._clock = clock
        self._heard: dict[str, Heard] = {}

    async def run(self) -> None:
        """Look at all clusters, again and again, until cancelled."""
        await self._leases.wait_synced()
        while True:
            await self.look()
            await self._clock.sleep(self._options.period_seconds)

    async def look(self) -> None:
        """One pass over all clusters. A cluster that cannot be written is looked at again in the next one."""
        clusters = [cluster for cluster in self._clusters.cache.list() if cluster.spec.sync_mode == PULL]
        names = {cluster.metadata.name for cluster in clusters}
        self._heard = {name: last for name, last in self._heard.items() if name in names}
        for cluster in clusters:
            try:
                await self._look_at(cluster)
            except ApiError as error:
                log.warning(
                    "cluster cannot be monitored",
                    extra={"cluster": cluster.metadata.name, "error": str(error)},
                )

    async def _look_at(self, cluster: Cluster) -> None:
        name = cluster.metadata.name
        lease = self._leases.cache.named(KARMADA_CLUSTER_NAMESPACE, name)
        last = heard(self._heard.get(name), cluster, renewed=renew_time(lease), now=self._clock.now())
        self._heard[name] = last
        if not is_overdue(last, now=self._clock.now(), options=self._options):
            return
        if await self._is_alive(cluster, last):
            return
        written = await self._silence(cluster)
        if written is not None:
            # Our own word is no sign of life.
            ready = find_condition(written.status.conditions, CLUSTER_READY)
            self._heard[name] = replace(last, ready=ready)

    async def _is_alive(self, cluster: Cluster, last: Heard) -> bool:
        """Ask the server itself before a verdict: our watch may be late, or we may have been cut off."""
        name = cluster.metadata.name
        try:
            lease = await self._client.get(LEASES, LEASES.key(KARMADA_CLUSTER_NAMESPACE, name))
        except NotFound:
            return False
        except Unreachable:
            # Whoever could not reach the server could not hear the cluster either: start to count again.
            self._heard[name] = replace(last, at=self._clock.now())
            return True
        renewed = renew_time(lease)
        if not is_newer(renewed, last.renewed):
            return False
        self._heard[name] = replace(last, renewed=renewed, at=self._clock.now())
        return True

    async def _silence(self, cluster: Cluster) -> Cluster | None:
        now = rfc3339(self._clock.now())
        key = CLUSTERS.key("", cluster.metadata.name)
        before = find_condition(cluster.status.conditions, CLUSTER_READY)

        def change(live: Cluster) -> Cluster:
            # A cluster that has just spoken up is left alone.
            if find_condition(live.status.conditions, CLUSTER_READY) != before:
                return live
            return silenced(live, now=now)

        try:
            written = await self._client.update_status(CLUSTERS, key, change, cached=cluster)
        except NotFound:
            return None
        log.warning("cluster is silent", extra={"cluster": cluster.metadata.name})
        return written


def renew_time(lease: Object | None) -> datetime | None:
    """When a Lease was renewed last; None when it does not say."""
    text = ((lease or {}).get("spec") or {}).get("renewTime")
    try:
        return parse_rfc3339(text) if text else None
    except ValueError:
        return None


def is_newer(renewed: datetime | None, known: datetime | None) -> bool:
    """A cache that is behind must not pass for news."""
    return renewed is not None and (known is None or renewed > known)
