"""DaemonSet -> one pod on every node that takes it.

In: DaemonSets, their pods, Nodes. Out: pods with a node affinity to their node, a ControllerRevision per
template, DaemonSet status. Who goes where is daemon_pods.py.
"""

from controllers.simulator.daemon_pods import daemon_pod, daemon_set_status, place
from controllers.simulator.owned import OwnedPods
from controllers.simulator.revisions import ensure_revision, revision_name
from controllers.simulator.workload import BURST_PODS, count_available
from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import DAEMON_SETS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, generation_of, is_deleting, labels_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock
from karmada.runtime.controller import Requeue, WorkQueue


class DaemonSetController:
    """Keeps one pod per node."""

    name = "daemonset"

    def __init__(
        self,
        *,
        daemon_sets: Informer[Object],
        nodes: Informer[Object],
        pods: OwnedPods,
        client: Client,
        clock: Clock,
    ) -> None:
        self._daemon_sets = daemon_sets
        self._nodes = nodes
        self._pods = pods
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            queue.add(change.key)

        def node_changed(change: Change[Object]) -> None:
            if change.old is None or change.new is None or _placing(change.old) != _placing(change.new):
                for key in self._daemon_sets.cache:
                    queue.add(key)

        self._daemon_sets.add_handler(changed, name=self.name)
        self._nodes.add_handler(node_changed, name=self.name)
        self._pods.notify(DAEMON_SETS, self._daemon_sets, queue)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        daemon_set = self._daemon_sets.cache.get(key)
        if daemon_set is None or is_deleting(daemon_set):
            return None
        revision = revision_name(daemon_set)
        if (daemon_set.get("status") or {}).get("observedGeneration") != generation_of(daemon_set):
            await ensure_revision(self._client, daemon_set, revision, used=())
        short = revision.rpartition("-")[2]
        pods = await self._pods.claim(daemon_set)
        placement = place(daemon_set, self._nodes.cache.list(), pods, revision=short)
        for pod in placement.delete[:BURST_PODS]:
            await self._pods.delete(pod)
        created = [
            await self._pods.create(daemon_set, daemon_pod(daemon_set, node, short))
            for node in placement.create[:BURST_PODS]
        ]
        available, wait = count_available(
            placement.kept.values(),
            min_ready_seconds=daemon_set["spec"].get("minReadySeconds") or 0,
            now=self._clock.now(),
        )
        status = daemon_set_status(daemon_set, placement, created, revision=short, available=available)
        try:
            await self._client.update_status(
                DAEMON_SETS, key, lambda live: {**live, "status": status}, cached=daemon_set
            )
        except NotFound:
            return None
        return None if wait is None else Requeue(after=wait)


def _placing(node: Object) -> tuple[object, object]:
    return labels_of(node), (node.get("spec") or {}).get("taints")
