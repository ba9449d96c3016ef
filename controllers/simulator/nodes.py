"""The nodes of an embedded member, and how much room they have. Room is pure; ensure_nodes writes.

Nodes are made once and have no heartbeat: nothing in an embedded member watches for one, and an idle member
should write nothing.
"""

from dataclasses import dataclass
from typing import Final

from karmada.api.errors import AlreadyExists
from karmada.api.groups.kubernetes import NODES
from karmada.api.objects import Object, name_of, uid_of
from karmada.api.quantity import Quantity
from karmada.client.client import Client
from karmada.runtime.clock import Clock, rfc3339

NODE_CAPACITY: Final = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"}
KUBELET_VERSION: Final = "v1.36.0"


@dataclass(frozen=True, slots=True)
class Room:
    """What is left on a node; pods is how many run there."""

    cpu_milli: int
    memory_bytes: int
    pods: int
    pod_limit: int

    @classmethod
    def of(cls, node: Object, cpu_milli: int, memory_bytes: int, pods: int) -> "Room":
        """The room on a node where so much is taken."""
        allocatable = (node.get("status") or {}).get("allocatable") or {}
        return cls(
            cpu_milli=Quantity.parse(allocatable.get("cpu", "0")).milli_value() - cpu_milli,
            memory_bytes=Quantity.parse(allocatable.get("memory", "0")).value() - memory_bytes,
            pods=pods,
            pod_limit=Quantity.parse(allocatable.get("pods", "0")).value(),
        )

    def fits(self, pod: Object) -> bool:
        cpu, memory = request_of(pod)
        return self.pods < self.pod_limit and cpu <= self.cpu_milli and memory <= self.memory_bytes


class Rooms:
    """What is taken on each node, kept up to date pod by pod."""

    def __init__(self) -> None:
        self._taken: dict[str, tuple[int, int, int]] = {}
        self._places: dict[str, tuple[str, int, int]] = {}

    def take(self, pod: Object, node: str) -> None:
        """The pod runs on the node now; it may be told twice."""
        self.leave(pod)
        cpu, memory = request_of(pod)
        self._places[uid_of(pod)] = (node, cpu, memory)
        self._add(node, cpu, memory, 1)

    def leave(self, pod: Object) -> bool:
        """The pod ended. False when it had no place."""
        place = self._places.pop(uid_of(pod), None)
        if place is None:
            return False
        node, cpu, memory = place
        self._add(node, -cpu, -memory, -1)
        return True

    def place_of(self, pod: Object) -> str:
        """The node it was given; "" for none."""
        place = self._places.get(uid_of(pod))
        return place[0] if place is not None else ""

    def on(self, node: Object) -> Room:
        return Room.of(node, *self._taken.get(name_of(node), (0, 0, 0)))

    def _add(self, node: str, cpu: int, memory: int, pods: int) -> None:
        taken = self._taken.get(node, (0, 0, 0))
        self._taken[node] = (taken[0] + cpu, taken[1] + memory, taken[2] + pods)


def request_of(pod: Object) -> tuple[int, int]:
    """(CPU in milli-cores, memory in bytes) that its containers ask for."""
    cpu = memory = 0
    for container in (pod.get("spec") or {}).get("containers") or ():
        requests = (container.get("resources") or {}).get("requests") or {}
        cpu += Quantity.parse(requests.get("cpu", "0")).milli_value()
        memory += Quantity.parse(requests.get("memory", "0")).value()
    return cpu, memory


def node_address(name: str) -> str:
    """The address of a node, made from the number at the end of its name."""
    number = name.rpartition("-")[2]
    return f"10.255.0.{number if number.isdigit() else 1}"


def node_object(name: str) -> Object:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}}


def node_status(name: str, *, now: str) -> Object:
    fine = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    pressures = [
        {
            "type": kind,
            "status": "False",
            "reason": f"KubeletHasSufficient{kind.removesuffix('Pressure')}",
            **fine,
        }
        for kind in ("MemoryPressure", "DiskPressure", "PIDPressure")
    ]
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "the node is simulated",
        **fine,
    }
    return {
        "capacity": NODE_CAPACITY,
        "allocatable": NODE_CAPACITY,
        "conditions": [*pressures, ready],
        "addresses": [
            {"type": "InternalIP", "address": node_address(name)},
            {"type": "Hostname", "address": name},
        ],
        "nodeInfo": {
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
            "kernelVersion": "simulated",
            "osImage": "simulated",
            "containerRuntimeVersion": "simulated://1",
            "kubeletVersion": KUBELET_VERSION,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
    }


async def ensure_nodes(client: Client, *, cluster: str, count: int, clock: Clock) -> None:
    """Create the nodes that are missing: `{cluster}-node-1`, ..."""
    for number in range(1, count + 1):
        name = f"{cluster}-node-{number}"
        try:
            created = await client.create(NODES, node_object(name))
        except AlreadyExists:
            continue
        status = node_status(name, now=rfc3339(clock.now()))
        await client.replace(NODES, {**created, "status": status}, subresource="status")
