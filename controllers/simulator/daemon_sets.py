"""DaemonSet -> one pod on every node that takes it.

In: DaemonSets, their pods, Nodes. Out: pods with a node affinity to their node, a ControllerRevision per
template, DaemonSet status.
"""

from typing import Final

from controllers.simulator.owned import OwnedPods
from controllers.simulator.revisions import revision_name, revision_object
from controllers.simulator.workload import (
    CONTROLLER_REVISION_HASH_LABEL,
    is_finished,
    is_ready,
    pod_from,
)
from karmada.api.errors import AlreadyExists, NotFound
from karmada.api.groups.kubernetes import CONTROLLER_REVISIONS, DAEMON_SETS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, generation_of, is_deleting, labels_of, name_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.controller import Requeue, WorkQueue

TOLERATED_TAINTS: Final = frozenset(
    {
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
        "node.kubernetes.io/disk-pressure",
        "node.kubernetes.io/memory-pressure",
        "node.kubernetes.io/pid-pressure",
        "node.kubernetes.io/unschedulable",
    }
)


class DaemonSetController:
    """Keeps one pod per node."""

    name = "daemonset"

    def __init__(
        self, *, daemon_sets: Informer[Object], nodes: Informer[Object], pods: OwnedPods, client: Client
    ) -> None:
        self._daemon_sets = daemon_sets
        self._nodes = nodes
        self._pods = pods
        self._client = client

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            queue.add(change.key)

        def node_changed(change: Change[Object]) -> None:
            if change.old is None or change.new is None or _placing(change.old) != _placing(change.new):
                for key in self._daemon_sets.cache.keys():  # noqa: SIM118 - a Cache is no dict
                    queue.add(key)

        self._daemon_sets.add_handler(changed, name=self.name)
        self._nodes.add_handler(node_changed, name=self.name)
        self._pods.notify(DAEMON_SETS, queue)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        daemon_set = self._daemon_sets.cache.get(key)
        if daemon_set is None or is_deleting(daemon_set):
            return None
        revision = revision_name(daemon_set)
        await self._ensure_revision(daemon_set, revision)
        short = revision.rpartition("-")[2]
        by_node = await self._place(daemon_set, short)
        status = daemon_set_status(daemon_set, by_node, revision=short)
        try:
            await self._client.update_status(
                DAEMON_SETS, key, lambda live: {**live, "status": status}, cached=daemon_set
            )
        except NotFound:
            return None
        return None

    async def _place(self, daemon_set: Object, revision: str) -> dict[str, Object | None]:
        """Create what is missing, delete what is too much. Returns the pod of each node that takes one."""
        eligible = {name_of(node) for node in self._nodes.cache.list() if takes(node, daemon_set)}
        by_node: dict[str, Object | None] = dict.fromkeys(sorted(eligible))
        rolling = (daemon_set["spec"].get("updateStrategy") or {}).get(
            "type", "RollingUpdate"
        ) == "RollingUpdate"
        replaced = False
        for pod in self._pods.of(daemon_set):
            node = node_of(pod)
            if is_deleting(pod):
                continue
            outdated = labels_of(pod).get(CONTROLLER_REVISION_HASH_LABEL) != revision
            if node not in eligible or by_node[node] is not None or is_finished(pod):
                await self._pods.delete(daemon_set, pod)
            elif rolling and outdated and not replaced:
                replaced = True  # one at a time: maxUnavailable 1
                await self._pods.delete(daemon_set, pod)
            else:
                by_node[node] = pod
        for node, present in by_node.items():
            if present is None and not replaced:
                by_node[node] = await self._pods.create(daemon_set, daemon_pod(daemon_set, node, revision))
        return by_node

    async def _ensure_revision(self, daemon_set: Object, revision: str) -> None:
        if (daemon_set.get("status") or {}).get("observedGeneration") == generation_of(daemon_set):
            return
        try:
            await self._client.create(CONTROLLER_REVISIONS, revision_object(daemon_set, revision))
        except AlreadyExists:
            return


def daemon_pod(daemon_set: Object, node: str, revision: str) -> Object:
    template = daemon_set["spec"]["template"]
    spec = template.get("spec") or {}
    affinity = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
                ]
            }
        }
    }
    tolerations = [
        {
            "key": key,
            "operator": "Exists",
            "effect": "NoExecute" if key.endswith(("ready", "able")) else "NoSchedule",
        }
        for key in sorted(TOLERATED_TAINTS)
    ]
    return pod_from(
        daemon_set,
        template,
        labels={
            CONTROLLER_REVISION_HASH_LABEL: revision,
            "pod-template-generation": str(generation_of(daemon_set)),
        },
        spec={
            "affinity": {**(spec.get("affinity") or {}), **affinity},
            "tolerations": [*(spec.get("tolerations") or ()), *tolerations],
        },
    )


def node_of(pod: Object) -> str:
    """The node a daemon pod is for, bound or not."""
    spec = pod.get("spec") or {}
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    ) or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            if field["key"] == "metadata.name":
                return str(field["values"][0])
    return ""


def takes(node: Object, daemon_set: Object) -> bool:
    """Node selector and taints let a pod of the DaemonSet on the node."""
    spec = daemon_set["spec"]["template"].get("spec") or {}
    labels = labels_of(node)
    if any(labels.get(name) != value for name, value in (spec.get("nodeSelector") or {}).items()):
        return False
    tolerations = spec.get("tolerations") or ()
    taints = (node.get("spec") or {}).get("taints") or ()
    return all(
        taint.get("effect") == "PreferNoSchedule"
        or taint["key"] in TOLERATED_TAINTS
        or any(tolerates(toleration, taint) for toleration in tolerations)
        for taint in taints
    )


def tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if not toleration.get("key"):
        return toleration.get("operator") == "Exists"
    if toleration["key"] != taint["key"]:
        return False
    return toleration.get("operator") == "Exists" or toleration.get("value", "") == taint.get("value", "")


def daemon_set_status(daemon_set: Object, by_node: dict[str, Object | None], *, revision: str) -> Object:
    pods = [pod for pod in by_node.values() if pod is not None]
    ready = sum(map(is_ready, pods))
    updated = sum(labels_of(pod).get(CONTROLLER_REVISION_HASH_LABEL) == revision for pod in pods)
    status: Object = {
        "currentNumberScheduled": len(pods),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": len(by_node),
        "numberReady": ready,
        "observedGeneration": generation_of(daemon_set),
    }
    optional = {
        "updatedNumberScheduled": updated,
        "numberAvailable": ready,
        "numberUnavailable": len(by_node) - ready,
    }
    return status | {name: value for name, value in optional.items() if value}


def _placing(node: Object) -> tuple[object, object]:
    return labels_of(node), (node.get("spec") or {}).get("taints")
