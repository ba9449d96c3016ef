"""Plays scheduler and kubelet: pods get a node and run, finish, or leave, without a container anywhere.

In: Pods, Nodes. Out: bindings, Pod status, removal of deleted pods. What a pod does can be chosen with
annotations of its template:
    simulator.karmada.io/exit: "succeed" | "fail" | "never"   how containers end; those of Jobs succeed untold
    simulator.karmada.io/ready: "false"                       the pod runs but never becomes ready
"""

from typing import Final

from controllers.simulator.daemon_pods import admits, node_of
from controllers.simulator.nodes import Rooms
from controllers.simulator.pod_status import finished_status, outcome_of, running_status, unschedulable_status
from controllers.simulator.workload import is_finished
from karmada.api.errors import Conflict, NotFound
from karmada.api.groups.kubernetes import PODS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, is_deleting, name_of, namespace_of, uid_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, parse_rfc3339, rfc3339
from karmada.runtime.controller import Requeue, WorkQueue

JOB_SECONDS: Final = 1.0
"""How long the containers of a Job run."""
WAITING: Final = "without-a-node"
RETRY_SECONDS: Final = 0.05
"""So long after room may have appeared the waiting pods are tried again, all at once."""
RETRY_MANY_SECONDS: Final = 2.0
MANY: Final = 500


class Kubelet:
    """Binds pods and reports what they do."""

    name = "kubelet"

    def __init__(
        self, *, pods: Informer[Object], nodes: Informer[Object], client: Client, clock: Clock
    ) -> None:
        self._pods = pods
        self._nodes = nodes
        self._client = client
        self._clock = clock
        self._rooms = Rooms()
        self._retrying = False
        pods.cache.add_index(WAITING, lambda pod: () if (pod.get("spec") or {}).get("nodeName") else ("",))

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def pod_changed(change: Change[Object]) -> None:
            pod = change.new
            if pod is None or is_finished(pod):
                gone = pod if pod is not None else change.old
                if gone is not None and self._rooms.leave(gone):
                    self._retry(queue)
            elif node := (pod.get("spec") or {}).get("nodeName"):
                self._rooms.take(pod, node)
            if pod is not None:
                queue.add(change.key)

        def node_changed(change: Change[Object]) -> None:
            self._retry(queue)

        self._pods.add_handler(pod_changed, name=self.name)
        self._nodes.add_handler(node_changed, name=self.name)

    def _retry(self, queue: WorkQueue[ObjectKey]) -> None:
        """There may be room now: try the waiting pods once more, soon, and once for many changes."""
        waiting = len(self._pods.cache.keys_by_index(WAITING, ""))
        if self._retrying or not waiting:
            return
        self._retrying = True

        def again() -> None:
            self._retrying = False
            for key in self._pods.cache.keys_by_index(WAITING, ""):
                queue.add(key)

        self._clock.call_later(RETRY_SECONDS if waiting < MANY else RETRY_MANY_SECONDS, again)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        pod = self._pods.cache.get(key)
        if pod is None:
            return None
        try:
            return await self._step(pod)
        except (NotFound, Conflict):
            return None  # it moved on; the watch tells

    async def _step(self, pod: Object) -> Requeue | None:
        now = rfc3339(self._clock.now())
        if is_deleting(pod):
            await self._client.delete(PODS, PODS.key_of(pod), uid=uid_of(pod), grace_period_seconds=0)
            return None
        spec = pod.get("spec") or {}
        node = spec.get("nodeName") or self._rooms.place_of(pod)
        if not node:
            if spec.get("schedulingGates"):
                return None
            chosen = self._choose_node(pod)
            if chosen is None:
                await self._write_status(pod, unschedulable_status(pod, now=now))
                return None
            node = name_of(chosen)
            await self._bind(pod, node)
        if is_finished(pod):
            return None
        status = running_status(pod, node=node, now=now)
        outcome = outcome_of(pod)
        left = self._seconds_left(pod) if outcome else 0.0
        if outcome and left <= 0:
            status = finished_status(pod, status, outcome, now=now)
        await self._write_status(pod, status)
        return Requeue(after=left) if left > 0 else None

    def _seconds_left(self, pod: Object) -> float:
        """How long the containers still run."""
        started = (pod.get("status") or {}).get("startTime")
        if not started:
            return JOB_SECONDS
        return JOB_SECONDS - (self._clock.now() - parse_rfc3339(started)).total_seconds()

    def _choose_node(self, pod: Object) -> Object | None:
        """The emptiest node that takes the pod."""
        wanted = node_of(pod)
        spec = pod.get("spec") or {}
        best: tuple[int, str] | None = None
        chosen: Object | None = None
        for node in self._nodes.cache.list():
            if wanted and name_of(node) != wanted:
                continue
            closed = (node.get("spec") or {}).get("unschedulable") and not wanted
            tolerations = spec.get("tolerations") or ()
            if closed or not admits(node, selector=spec.get("nodeSelector"), tolerations=tolerations):
                continue
            room = self._rooms.on(node)
            if room.fits(pod) and (best is None or (room.pods, name_of(node)) < best):
                best, chosen = (room.pods, name_of(node)), node
        return chosen

    async def _bind(self, pod: Object, node: str) -> None:
        """The place is taken before the server is asked: others choose meanwhile."""
        self._rooms.take(pod, node)
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name_of(pod), "namespace": namespace_of(pod), "uid": uid_of(pod)},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        try:
            await self._client.create(PODS, body, subresource="binding", name=name_of(pod))
        except BaseException:
            self._rooms.leave(pod)
            raise

    async def _write_status(self, pod: Object, status: Object) -> None:
        if (pod.get("status") or {}) != status:
            await self._client.patch(PODS, PODS.key_of(pod), {"status": status}, subresource="status")
