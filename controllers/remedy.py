"""Actions for clusters in trouble: Cluster.status.remedyActions follows from Remedies and conditions.

In: Remedies, Cluster conditions. Out: the sorted union of the actions that are asked for, in the status of
each Cluster. Whoever acts on them (a traffic controller, say) watches that status.
"""

from collections.abc import Iterable

from karmada.api.conditions import find_condition
from karmada.api.errors import NotFound
from karmada.api.groups.cluster import CLUSTERS, Cluster, ClusterStatus
from karmada.api.groups.remedy import DecisionMatch, Remedy
from karmada.api.gvk import ObjectKey
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import LOW_PRIORITY, Requeue, WorkQueue


class RemedyController:
    """Keys are Clusters."""

    name = "remedy-controller"

    def __init__(self, *, clusters: Informer[Cluster], remedies: Informer[Remedy], client: Client) -> None:
        self._clusters = clusters
        self._remedies = remedies
        self._client = client

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def cluster_changed(change: Change[Cluster]) -> None:
            old, new = change.old, change.new
            if new is not None and (
                old is None
                or old.status.conditions != new.status.conditions
                or old.status.remedy_actions != new.status.remedy_actions
            ):
                queue.add(change.key, priority=LOW_PRIORITY if change.initial else 0)

        def remedy_changed(change: Change[Remedy]) -> None:
            if change.initial or (
                change.old is not None and change.new is not None and change.old.spec == change.new.spec
            ):
                return
            versions = [remedy for remedy in (change.old, change.new) if remedy is not None]
            for key in self._clusters.cache:
                if any(concerns(remedy, key.name) for remedy in versions):
                    queue.add(key)

        self._clusters.add_handler(cluster_changed, name=self.name)
        self._remedies.add_handler(remedy_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        await self._remedies.wait_synced()  # without them every action would seem to be over
        cluster = self._clusters.cache.get(key)
        if cluster is None or cluster.metadata.deletion_timestamp:
            return None

        def change(stored: Cluster) -> Cluster:
            return with_remedy_actions(stored, remedy_actions(self._remedies.cache.list(), stored))

        try:
            await self._client.update_status(CLUSTERS, key, change, cached=cluster)
        except NotFound:
            return None
        return None


def remedy_actions(remedies: Iterable[Remedy], cluster: Cluster) -> list[str]:
    """What the Remedies ask for in a cluster as it is: each action once, sorted. Pure."""
    return sorted(
        {
            action
            for remedy in remedies
            if concerns(remedy, cluster.metadata.name) and fires(remedy, cluster)
            for action in remedy.spec.actions
        }
    )


def concerns(remedy: Remedy, cluster: str) -> bool:
    affinity = remedy.spec.cluster_affinity
    return affinity is None or cluster in affinity.cluster_names


def fires(remedy: Remedy, cluster: Cluster) -> bool:
    """Whether one of its decisions holds; without any it always fires."""
    matches = remedy.spec.decision_matches
    return not matches or any(_holds(match, cluster) for match in matches)


def with_remedy_actions(cluster: Cluster, actions: list[str]) -> Cluster:
    status = cluster.status
    if status.remedy_actions == actions:
        return cluster
    fields = {name: getattr(status, name) for name in status.model_fields_set if name != "remedy_actions"}
    if actions:
        fields["remedy_actions"] = actions
    return cluster.model_copy(update={"status": ClusterStatus.model_validate(fields)})


def _holds(match: DecisionMatch, cluster: Cluster) -> bool:
    wanted = match.cluster_condition_match
    if wanted is None:
        return False
    condition = find_condition(cluster.status.conditions, wanted.condition_type)
    if condition is None:
        return False
    match wanted.operator:
        case "Equal":
            return condition.status == wanted.condition_status
        case "NotEqual":
            return condition.status != wanted.condition_status
        case _:
            return False
