"""Cluster key: taints that follow from the conditions of a cluster, as ClusterTaintPolicies say.

In: Clusters, ClusterTaintPolicies. Out: spec.taints of Clusters. Next: the scheduler keeps away, and the
taint manager evicts. What a policy has added stays when the policy goes: nobody knows any more whose it was.
"""

from collections.abc import Iterable

from karmada.api.cluster_affinity import cluster_matches
from karmada.api.conditions import find_condition
from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.meta import Taint
from karmada.api.groups.policy import ClusterTaintPolicy, MatchCondition, PolicyTaint
from karmada.api.gvk import ObjectKey
from karmada.api.wellknown import EVENT_TAINT_CLUSTER_FAILED, EVENT_TAINT_CLUSTER_SUCCEED, NORMAL, WARNING
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue


class ClusterTaintPolicyController:
    """Keys are Clusters."""

    name = "cluster-taint-policy-controller"

    def __init__(
        self,
        *,
        clusters: Informer[Cluster],
        policies: Informer[ClusterTaintPolicy],
        client: Client,
        recorder: EventRecorder,
        clock: Clock,
    ) -> None:
        self._clusters = clusters
        self._policies = policies
        self._client = client
        self._recorder = recorder
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def cluster_changed(change: Change[Cluster]) -> None:
            old, new = change.old, change.new
            if new is not None and (old is None or old.status.conditions != new.status.conditions):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def policy_changed(change: Change[ClusterTaintPolicy]) -> None:
            old, new = change.old, change.new
            if change.initial or new is None or (old is not None and old.spec == new.spec):
                return
            for cluster in self._clusters.cache.list():
                if targets(new, cluster):
                    queue.add(CLUSTERS.key("", cluster.metadata.name))

        self._clusters.add_handler(cluster_changed, name=self.name)
        self._policies.add_handler(policy_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        await self._policies.wait_synced()
        cluster = self._clusters.cache.get(key)
        if cluster is None or cluster.metadata.deletion_timestamp:
            return None
        before = cluster
        now = rfc3339(self._clock.now())

        def change(stored: Cluster) -> Cluster:
            nonlocal before
            before = stored
            taints = tainted(stored, self._policies.cache.list(), now=now)
            if taints is stored.spec.taints:
                return stored
            spec = stored.spec.model_copy(update={"taints": taints or None})
            return stored.model_copy(update={"spec": spec})

        try:
            after = await self._client.update(CLUSTERS, key, change, cached=cluster)
        except NotFound:
            return None
        except ApiError as error:
            message = f"Update Cluster({key.name}) with taints failed: {error}"
            self._recorder.event(cluster, type=WARNING, reason=EVENT_TAINT_CLUSTER_FAILED, message=message)
            raise
        if after is not before:
            message = f"Update Cluster({key.name}) with taints({_text(after.spec.taints)}) succeed"
            self._recorder.event(after, type=NORMAL, reason=EVENT_TAINT_CLUSTER_SUCCEED, message=message)
        return None


def tainted(cluster: Cluster, policies: Iterable[ClusterTaintPolicy], *, now: str) -> list[Taint]:
    """The taints the policies want, oldest policy first; the very list when nothing is to change. Pure.

    now is the RFC 3339 time that new taints carry.
    """
    taints = cluster.spec.taints
    for policy in sorted(policies, key=_age):
        if not targets(policy, cluster):
            continue
        if holds(policy.spec.add_on_conditions, cluster):
            taints = _with(taints, policy.spec.taints, now)
        if holds(policy.spec.remove_on_conditions, cluster):
            taints = _without(taints, policy.spec.taints)
    return cluster.spec.taints if taints == cluster.spec.taints else taints


def targets(policy: ClusterTaintPolicy, cluster: Cluster) -> bool:
    affinity = policy.spec.target_clusters
    return affinity is None or cluster_matches(affinity, cluster)


def holds(conditions: list[MatchCondition], cluster: Cluster) -> bool:
    """Whether all of them match; none at all is no reason to act, and a condition that is missing matches
    nothing.
    """
    return bool(conditions) and all(_matches(condition, cluster) for condition in conditions)


def _matches(wanted: MatchCondition, cluster: Cluster) -> bool:
    found = find_condition(cluster.status.conditions, wanted.condition_type)
    if found is None:
        return False
    if wanted.operator == "In":
        return found.status in wanted.status_values
    return wanted.operator == "NotIn" and found.status not in wanted.status_values


def _with(taints: list[Taint], wanted: Iterable[PolicyTaint], now: str) -> list[Taint]:
    present = {(taint.key, taint.effect) for taint in taints}
    added = [item for item in wanted if (item.key, item.effect) not in present]
    return [*taints, *(_taint(item, now) for item in added)]


def _without(taints: list[Taint], unwanted: Iterable[PolicyTaint]) -> list[Taint]:
    gone = {(item.key, item.effect) for item in unwanted}
    return [taint for taint in taints if (taint.key, taint.effect) not in gone]


def _taint(wanted: PolicyTaint, now: str) -> Taint:
    fields = {"key": wanted.key, "value": wanted.value, "effect": wanted.effect, "time_added": now}
    return Taint.model_validate({name: value for name, value in fields.items() if value})


def _age(policy: ClusterTaintPolicy) -> tuple[str, str]:
    return policy.metadata.creation_timestamp or "", policy.metadata.name


def _text(taints: Iterable[Taint] | None) -> str:
    """`{Key:...,Effect:...},` each, as Karmada writes them."""
    return ",".join(
        f"{{Key:{taint.key},{f'Value:{taint.value},' if taint.value else ''}Effect:{taint.effect}}}"
        for taint in taints or ()
    )
