"""The nodes of an embedded member, and how much room they have. Room is pure; ensure_nodes writes.

Nodes are made once and have no heartbeat: nothing in an embedded member watches for one, and an idle member
should write nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from karmada.api.errors import AlreadyExists
from karmada.api.groups.kubernetes import NODES
from karmada.api.objects import Object
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
    def of(cls, node: Object, pods: Iterable[Object]) -> "Room":
        allocatable = (node.get("status") or {}).get("allocatable") or {}
        requests = [request_of(pod) for pod in pods]
        return cls(
            cpu_milli=Quantity.parse(allocatable.get("cpu", "0")).milli_value()
            - sum(cpu for cpu, _ in requests),
            memory_bytes=Quantity.parse(allocatable.get("memory", "0")).value()
            - sum(size for _, size in requests),
            pods=len(requests),
            pod_limit=Quantity.parse(allocatable.get("pods", "0")).value(),
        )

    def fits(self, pod: Object) -> bool:
        cpu, memory = request_of(pod)
        return self.pods < self.pod_limit and cpu <= self.cpu_milli and memory <= self.memory_bytes


def request_of(pod: Object) -> tuple[int, int]:
    """(CPU in milli-cores, memory in bytes) that its containers ask for."""
    cpu = memory = 0
    for container in (pod.get("spec") or {}).get("containers") or ():
        requests = (container.get("resources") or {}).get("requests") or {}
        cpu += Quantity.parse(requests.get("cpu", "0")).milli_value()
        memory += Quantity.parse(requests.get("memory", "0")).value()
    return cpu, memory


def node_addresses(name: str) -> str:
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
            {"type": "InternalIP", "address": node_addresses(name)},
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
