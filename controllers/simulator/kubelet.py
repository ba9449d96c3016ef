"""Plays scheduler and kubelet: pods get a node and run, finish, or leave, without a container anywhere.

In: Pods, Nodes. Out: bindings, Pod status, removal of deleted pods. What a pod does can be chosen with
annotations of its template:
    simulator.karmada.io/exit: "succeed" | "fail"   the containers end (pods of Jobs succeed by themselves)
    simulator.karmada.io/ready: "false"             the pod runs but never becomes ready
"""

import hashlib
from typing import Final

from controllers.simulator.daemon_sets import node_of, tolerates
from controllers.simulator.nodes import Room, node_addresses
from controllers.simulator.workload import is_finished
from karmada.api.errors import Conflict, NotFound
from karmada.api.groups.kubernetes import PODS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import (
    Object,
    annotations_of,
    controller_of,
    generation_of,
    is_deleting,
    labels_of,
    name_of,
    uid_of,
)
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import Requeue, WorkQueue

EXIT_ANNOTATION: Final = "simulator.karmada.io/exit"
READY_ANNOTATION: Final = "simulator.karmada.io/ready"
JOB_SECONDS: Final = 1.0
"""How long the containers of a Job run."""
NODE_INDEX: Final = "node"


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
        pods.cache.add_index(NODE_INDEX, lambda pod: [(pod.get("spec") or {}).get("nodeName") or ""])
        self._bound: dict[str, str] = {}

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            if change.new is None:
                self._bound.pop(uid_of(change.old) if change.old else "", None)
                for pod in self._pods.cache.by_index(NODE_INDEX, ""):
                    queue.add(PODS.key_of(pod))  # there may be room for it now
            else:
                queue.add(change.key)

        def node_changed(change: Change[Object]) -> None:
            for pod in self._pods.cache.by_index(NODE_INDEX, ""):
                queue.add(PODS.key_of(pod))

        self._pods.add_handler(changed, name=self.name)
        self._nodes.add_handler(node_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        pod = self._pods.cache.get(key)
        if pod is None:
            return None
        try:
            return await self._step(pod)
        except (NotFound, Conflict):
            return None  # it moved on; the watch tells

    async def _step(self, pod: Object) -> Requeue | None:
        key = PODS.key_of(pod)
        if is_deleting(pod):
            await self._client.delete(PODS, key, uid=uid_of(pod), grace_period_seconds=0)
            return None
        node = (pod.get("spec") or {}).get("nodeName") or self._bound.get(uid_of(pod))
        if not node:
            chosen = self._choose_node(pod)
            if chosen is None:
                await self._write_status(pod, unschedulable_status(pod, now=rfc3339(self._clock.now())))
                return None
            node = name_of(chosen)
            await self._bind(pod, node)
        if is_finished(pod):
            return None
        status = running_status(pod, node=node, now=rfc3339(self._clock.now()))
        if outcome := outcome_of(pod):
            if (pod.get("status") or {}).get("phase") == "Running":
                status = finished_status(pod, status, outcome, now=rfc3339(self._clock.now()))
            else:
                await self._write_status(pod, status)
                return Requeue(after=JOB_SECONDS)
        await self._write_status(pod, status)
        return None

    def _choose_node(self, pod: Object) -> Object | None:
        """The emptiest node that takes the pod."""
        wanted = node_of(pod)
        candidates = [
            node
            for node in self._nodes.cache.list()
            if (not wanted or name_of(node) == wanted) and _takes(node, pod)
        ]
        rooms = [(node, self._room(node)) for node in candidates]
        fitting = [(node, room) for node, room in rooms if room.fits(pod)]
        if not fitting:
            return None
        return min(fitting, key=lambda each: (each[1].pods, name_of(each[0])))[0]

    def _room(self, node: Object) -> Room:
        name = name_of(node)
        cached = self._pods.cache.by_index(NODE_INDEX, name)
        ours = [
            pod for pod in self._pods.cache.by_index(NODE_INDEX, "") if self._bound.get(uid_of(pod)) == name
        ]
        return Room.of(node, [pod for pod in (*cached, *ours) if not is_finished(pod)])

    async def _bind(self, pod: Object, node: str) -> None:
        self._bound[uid_of(pod)] = node
        metadata = {"name": name_of(pod), "namespace": pod["metadata"]["namespace"], "uid": uid_of(pod)}
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": metadata,
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        await self._client.create(PODS, body, subresource="binding", name=name_of(pod))

    async def _write_status(self, pod: Object, status: Object) -> None:
        if (pod.get("status") or {}) != status:
            await self._client.patch(PODS, PODS.key_of(pod), {"status": status}, subresource="status")


def outcome_of(pod: Object) -> str:
    """How its containers end: "succeed", "fail", or "" when they run on."""
    chosen = annotations_of(pod).get(EXIT_ANNOTATION, "")
    if chosen:
        return chosen
    controller = controller_of(pod)
    return "succeed" if controller is not None and controller["kind"] == "Job" else ""


def running_status(pod: Object, *, node: str, now: str) -> Object:
    before = pod.get("status") or {}
    ready = annotations_of(pod).get(READY_ANNOTATION) != "false"
    address = before.get("podIP") or pod_address(pod)
    started = before.get("startTime") or now
    status: Object = {
        "phase": "Running",
        "observedGeneration": generation_of(pod),
        "conditions": _conditions(before, ready=ready, now=now),
        "hostIP": node_addresses(node),
        "hostIPs": [{"ip": node_addresses(node)}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": started,
        "containerStatuses": [
            _container(container, ready=ready, state={"running": {"startedAt": started}})
            for container in pod["spec"].get("containers") or ()
        ],
        "qosClass": before.get("qosClass") or "BestEffort",
    }
    if init := pod["spec"].get("initContainers"):
        ended = {
            "terminated": {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": started}
        }
        status["initContainerStatuses"] = [_container(each, ready=True, state=ended) for each in init]
    return {name: value for name, value in status.items() if value not in (None, 0)}


def finished_status(pod: Object, running: Object, outcome: str, *, now: str) -> Object:
    failed = outcome == "fail"
    state = {
        "terminated": {
            "exitCode": 1 if failed else 0,
            "reason": "Error" if failed else "Completed",
            "startedAt": running["startTime"],
            "finishedAt": now,
        }
    }
    return {
        **running,
        "phase": "Failed" if failed else "Succeeded",
        "conditions": [
            {
                **each,
                "status": "False",
                "reason": "PodFailed" if failed else "PodCompleted",
                "lastTransitionTime": now,
            }
            if each["type"] in ("Ready", "ContainersReady")
            else each
            for each in running["conditions"]
        ],
        "containerStatuses": [
            _container(container, ready=False, state=state)
            for container in pod["spec"].get("containers") or ()
        ],
    }


def unschedulable_status(pod: Object, *, now: str) -> Object:
    before = pod.get("status") or {}
    text = "no node has room for the pod or tolerates it"
    conditions = [each for each in before.get("conditions") or () if each["type"] != "PodScheduled"]
    present = next((each for each in before.get("conditions") or () if each["type"] == "PodScheduled"), None)
    if present is not None and present["status"] == "False":
        return before
    scheduled = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": text,
        "lastTransitionTime": now,
    }
    return {**before, "phase": "Pending", "conditions": [*conditions, scheduled]}


def pod_address(pod: Object) -> str:
    """An address of its own, always the same for one pod."""
    digest = hashlib.blake2s(uid_of(pod).encode(), digest_size=3).digest()
    return f"10.{digest[0]}.{digest[1]}.{max(1, digest[2])}"


def _conditions(before: Object, *, ready: bool, now: str) -> list[Object]:
    old = {each["type"]: each for each in before.get("conditions") or ()}
    wanted = {
        "PodReadyToStartContainers": True,
        "Initialized": True,
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": True,
    }
    conditions = []
    for kind, value in wanted.items():
        status = "True" if value else "False"
        same = kind in old and old[kind]["status"] == status
        moved = old[kind].get("lastTransitionTime", now) if same else now
        conditions.append(
            {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": moved}
        )
    return conditions


def _container(container: Object, *, ready: bool, state: Object) -> Object:
    image = container.get("image", "")
    digest = hashlib.sha256(image.encode()).hexdigest()
    return {
        "name": container["name"],
        "state": state,
        "lastState": {},
        "ready": ready,
        "restartCount": 0,
        "image": image,
        "imageID": f"simulated://sha256:{digest}",
        "containerID": f"simulated://{digest[:32]}",
        "started": "running" in state,
    }


def _takes(node: Object, pod: Object) -> bool:
    spec = node.get("spec") or {}
    if spec.get("unschedulable"):
        return False
    wanted = (pod.get("spec") or {}).get("nodeSelector") or {}
    labels = labels_of(node)
    if any(labels.get(name) != value for name, value in wanted.items()):
        return False
    tolerations = (pod.get("spec") or {}).get("tolerations") or ()
    return all(
        taint.get("effect") == "PreferNoSchedule" or any(tolerates(each, taint) for each in tolerations)
        for taint in spec.get("taints") or ()
    )
