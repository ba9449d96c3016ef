"""Cluster key: look at the member, and write down what was found.

In: Clusters with the finalizer of lifecycle.py, their members. Out: Ready, version, APIs, nodes, capacity in
the Cluster's status, written only when something changed. readiness.py judges, enablements.py and
member_capacity.py collect. A member is looked at as soon as it can be, then periodically, and soon after
a CRD of ours changes in it. The agent runs the same controller for its own cluster.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from controllers.cluster import metrics
from controllers.cluster.enablements import ApiReader, Enablements
from controllers.cluster.heartbeat import Heartbeat
from controllers.cluster.member_capacity import MemberCapacity
from controllers.cluster.readiness import (
    HEALTHY,
    OFFLINE,
    UNHEALTHY,
    Memory,
    Thresholds,
    Verdict,
    is_ready,
    judge,
    no_client,
)
from controllers.members import Members, MemberUnavailable
from karmada.api.conditions import find_condition, with_condition
from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.cluster import CLUSTERS, PUSH, Cluster, ClusterStatus, NodeSummary, ResourceSummary
from karmada.api.groups.kubernetes import CUSTOM_RESOURCE_DEFINITIONS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object
from karmada.api.wellknown import CLUSTER_FINALIZER, CLUSTER_READY, COMPLETE_API_ENABLEMENTS
from karmada.client.client import Client, Unreachable
from karmada.client.informer import Change, Informer
from karmada.client.newest import Newest
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue

log = logging.getLogger(__name__)

LEAST_PROBE_SECONDS: Final = 1.0
NEW_API_SECONDS: Final = 0.5
"""A member needs a moment to serve a CRD it was given."""


@dataclass(frozen=True, slots=True)
class ClusterStatusOptions:
    """How members are looked at."""

    frequency_seconds: float = 10.0
    """--cluster-status-update-frequency: pause between two collections of a cluster's status."""
    success_seconds: float = 30.0
    """--cluster-success-threshold: how long a failed cluster must answer before it is Ready again."""
    failure_seconds: float = 30.0
    """--cluster-failure-threshold: how long a cluster must fail before it is not Ready any more."""
    sync_seconds: float = 120.0
    """--cluster-cache-sync-timeout: longest wait for the first list of nodes and pods of a cluster."""
    resource_modeling: bool = True
    """--enable-cluster-resource-modeling: collect nodes and capacity of clusters."""

    @property
    def probe_seconds(self) -> float:
        """A look must not hold up the next one: a member that swallows requests is noticed in time."""
        return max(LEAST_PROBE_SECONDS, self.frequency_seconds)

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(success_seconds=self.success_seconds, failure_seconds=self.failure_seconds)


@dataclass(frozen=True, slots=True)
class Collected:
    """What a ready member told."""

    version: str
    enablements: Enablements
    summaries: tuple[NodeSummary, ResourceSummary] | None


def is_push(cluster: Cluster) -> bool:
    """Clusters the controller manager looks at; the others look at themselves."""
    return cluster.spec.sync_mode == PUSH and cluster.spec.secret_ref is not None


class ClusterStatusController:
    """Keys are Clusters. capacity None: no nodes, no pods. graded: the gate
    CustomizedClusterResourceModeling. heartbeat: begun with the first healthy look, for the agent.
    """

    name = "cluster-status-controller"

    def __init__(
        self,
        *,
        clusters: Informer[Cluster],
        members: Members,
        capacity: MemberCapacity | None,
        client: Client,
        options: ClusterStatusOptions,
        clock: Clock,
        serves: Callable[[Cluster], bool] = is_push,
        graded: bool = True,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self._clusters = clusters
        self._members = members
        self._capacity = capacity
        self._client = client
        self._options = options
        self._clock = clock
        self._serves = serves
        self._graded = graded
        self._heartbeat = heartbeat
        self._memories: dict[str, Memory] = {}
        self._readers: dict[str, ApiReader] = {}
        self._newest: Newest[Cluster] = Newest(lambda cluster: cluster.metadata.resource_version)

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def cluster_changed(change: Change[Cluster]) -> None:
            if change.new is None or (self._serves(change.new) and asks_for_a_look(change.old, change.new)):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def member_changed(cluster: str, change: Change[Object]) -> None:
            if change.key.resource == CUSTOM_RESOURCE_DEFINITIONS.gvr and not change.initial:
                queue.add_after(CLUSTERS.key("", cluster), NEW_API_SECONDS)

        self._clusters.add_handler(cluster_changed, name=self.name)
        self._members.add_handler(member_changed)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        cluster = self._newest.of(key, self._clusters.cache.get(key))
        if cluster is None or not self._serves(cluster):
            await self._forget(key.name)
            return None
        if CLUSTER_FINALIZER not in cluster.metadata.finalizers:
            return None  # its arrival comes with an event
        with metrics.timed(key.name, self._clock):
            verdict, collected = await self._look(cluster)
            await self._write(key, cluster, verdict, collected)
        return Requeue(after=self._options.frequency_seconds)

    async def _look(self, cluster: Cluster) -> tuple[Verdict | None, Collected | None]:
        """The verdict to write, None for none, and what a healthy member that counts as ready told."""
        name = cluster.metadata.name
        client: Client | None = None
        try:
            client = await self._members.client(name)
            observed = await probe(client, seconds=self._options.probe_seconds)
        except MemberUnavailable as error:
            observed = no_client(error)
        current = find_condition(cluster.status.conditions, CLUSTER_READY)
        self._memories[name], verdict = judge(
            self._memories.get(name),
            observed,
            current,
            now=self._clock.monotonic(),
            thresholds=self._options.thresholds,
        )
        if client is None or observed is not HEALTHY or not is_ready(verdict, current):
            return verdict, None
        return verdict, await self._collect(cluster, client)

    async def _collect(self, cluster: Cluster, client: Client) -> Collected:
        name = cluster.metadata.name
        summaries = None
        if self._capacity is not None:
            models = cluster.spec.resource_models if self._graded else ()
            summaries = await self._capacity.summary(name, models)
        enablements = await self._readers.setdefault(name, ApiReader()).read(client)
        return Collected(await version_of(client), enablements, summaries)

    async def _write(
        self, key: ObjectKey, cluster: Cluster, verdict: Verdict | None, collected: Collected | None
    ) -> None:
        now = rfc3339(self._clock.now())

        def change(live: Cluster) -> Cluster:
            status = with_findings(live.status, verdict, collected, now=now)
            return live if status == live.status else live.model_copy(update={"status": status})

        try:
            written = await self._client.update_status(CLUSTERS, key, change, cached=cluster)
        except NotFound:
            return
        metrics.show(written)
        if collected is not None and self._heartbeat is not None:
            self._heartbeat.begin(written)
        if written is not cluster:
            self._newest.wrote(key, written)
            _log_readiness(cluster, written)

    async def _forget(self, cluster: str) -> None:
        metrics.forget(cluster)
        self._memories.pop(cluster, None)
        self._readers.pop(cluster, None)
        if self._capacity is not None:
            await self._capacity.drop(cluster)


def shard_of(key: ObjectKey) -> str:
    """Each member has a worker of its own: one that hangs delays no other."""
    return key.name


def asks_for_a_look(before: Cluster | None, after: Cluster) -> bool:
    """A Cluster that is new, that is reached or modelled another way, or that lifecycle.py has let in."""
    if before is None:
        return True
    old, new = before.metadata, after.metadata
    let_in = CLUSTER_FINALIZER in new.finalizers and CLUSTER_FINALIZER not in old.finalizers
    return let_in or old.generation != new.generation


async def probe(client: Client, *, seconds: float) -> Verdict:
    """One look at a member's health endpoint. Any error counts as offline, as it does in Karmada; so does an
    answer that takes longer.
    """
    try:
        try:
            answer = await client.request("GET", "/readyz", timeout_seconds=seconds)
        except NotFound:
            answer = await client.request("GET", "/healthz", timeout_seconds=seconds)
    except ApiError:
        return OFFLINE
    return HEALTHY if answer.status == 200 else UNHEALTHY


async def version_of(client: Client) -> str:
    """The version of Kubernetes the member says it is; "" when it does not say. Raises Unreachable."""
    try:
        answer = (await client.request("GET", "/version")).json()
    except Unreachable:
        raise
    except ApiError:
        return ""
    return str(answer.get("gitVersion") or "") if isinstance(answer, dict) else ""


def with_findings(
    status: ClusterStatus, verdict: Verdict | None, collected: Collected | None, *, now: str
) -> ClusterStatus:
    """status with the Ready condition and, if there is more, with the rest; other fields and other
    conditions stay.
    """
    conditions = status.conditions
    update: dict[str, Any] = {}
    if verdict is not None:
        conditions = with_condition(
            conditions,
            type=CLUSTER_READY,
            status=verdict.status,
            reason=verdict.reason,
            message=verdict.message,
            now=now,
        )
    if collected is not None:
        complete, reason, message = collected.enablements.condition
        conditions = with_condition(
            conditions,
            type=COMPLETE_API_ENABLEMENTS,
            status=complete,
            reason=reason,
            message=message,
            now=now,
        )
        update["kubernetes_version"] = collected.version
        update["api_enablements"] = collected.enablements.apis
        if collected.summaries is not None:
            update["node_summary"], update["resource_summary"] = collected.summaries
    if conditions is not status.conditions:
        update["conditions"] = conditions
    return status.model_copy(update=update)


def _log_readiness(before: Cluster, after: Cluster) -> None:
    was = find_condition(before.status.conditions, CLUSTER_READY)
    now = find_condition(after.status.conditions, CLUSTER_READY)
    if now is not None and (was is None or was.status != now.status):
        log.info(
            "cluster readiness changed",
            extra={"cluster": after.metadata.name, "ready": now.status, "reason": now.reason},
        )
