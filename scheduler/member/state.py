"""What the estimator knows of its member: nodes, what pods take of them, Deployments, quotas.

In: informers on the member. Out: free nodes, quotas, pods of a Deployment, at this moment. Sums per node
follow pod by pod and are never made anew; objects are trimmed to what is read here.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Final

from karmada.api.groups.kubernetes import DEPLOYMENTS, NODES, PODS, REPLICA_SETS, RESOURCE_QUOTAS
from karmada.api.objects import Object, metadata_of
from karmada.api.pod_requests import PODS as POD_COUNT
from karmada.api.pod_requests import Amounts, add_amounts, pod_requests
from karmada.api.quantity import QuantityError
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from scheduler.estimator.first_fit import Node
from scheduler.member.nodes import NodeFacts, by_turns, free_nodes
from scheduler.member.unschedulable import controller_uid, current_replica_set

NOT_ENDED: Final = "status.phase!=Succeeded,status.phase!=Failed"
OWNER_INDEX: Final = "controller"


class MemberState:
    """An async context manager: entering waits for the first lists. quotas: keep those too."""

    def __init__(self, client: Client, *, quotas: bool = False, clock: Clock = SYSTEM_CLOCK) -> None:
        self._client = client
        self._nodes = Informer(client, NODES, transform=trimmed_node, clock=clock)
        self._pods = Informer(client, PODS, field_selector=NOT_ENDED, transform=trimmed_pod, clock=clock)
        self._deployments = Informer(client, DEPLOYMENTS, transform=trimmed_workload, clock=clock)
        self._replica_sets = Informer(client, REPLICA_SETS, transform=trimmed_workload, clock=clock)
        self._quotas = Informer(client, RESOURCE_QUOTAS, clock=clock) if quotas else None
        self._taken: dict[str, Amounts] = {}
        self._facts: list[NodeFacts] | None = None
        self._stack = AsyncExitStack()
        for informer in (self._pods, self._replica_sets):
            informer.cache.add_index(OWNER_INDEX, lambda obj: [uid] if (uid := controller_uid(obj)) else [])
        self._pods.add_handler(self._on_pod, name="room on nodes")
        self._nodes.add_handler(self._on_node, name="nodes")

    @property
    def informers(self) -> list[Informer[Any]]:
        found = [self._nodes, self._pods, self._deployments, self._replica_sets]
        return [*found, self._quotas] if self._quotas is not None else found

    async def __aenter__(self) -> "MemberState":
        for informer in self.informers:
            informer.start()
            self._stack.push_async_callback(informer.close)
        try:
            for informer in self.informers:
                await informer.wait_synced()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def nodes(self) -> list[Node]:
        """What is left on every node now; the caller may change it."""
        if self._facts is None:
            self._facts = by_turns(map(NodeFacts.of, self._nodes.cache.list()))
        return free_nodes(self._facts, self._taken)

    def quotas(self, namespace: str) -> list[Object]:
        return self._quotas.cache.list(namespace) if self._quotas is not None and namespace else []

    async def pods_of_deployment(self, namespace: str, name: str) -> list[Object]:
        """The pods of its current ReplicaSet. Raises NotFound."""
        deployment = self._deployments.cache.named(namespace, name)
        if deployment is None:
            deployment = await self._client.get(DEPLOYMENTS, DEPLOYMENTS.key(namespace, name))
        uid = str(metadata_of(deployment).get("uid") or "")
        current = current_replica_set(deployment, self._replica_sets.cache.by_index(OWNER_INDEX, uid))
        if current is None:
            return []
        return self._pods.cache.by_index(OWNER_INDEX, str(metadata_of(current).get("uid") or ""))

    def _on_node(self, change: Change[Object]) -> None:
        self._facts = None

    def _on_pod(self, change: Change[Object]) -> None:
        for pod, sign in ((change.old, -1), (change.new, 1)):
            if pod is not None and pod["node"]:
                on_node = self._taken.setdefault(pod["node"], {})
                add_amounts(on_node, {**pod["requests"], POD_COUNT: 1}, sign)
                if not on_node:
                    del self._taken[pod["node"]]


# --- the little that is kept ----------------------------------------------------------------------


def trimmed_node(node: Object) -> Object:
    """Without images, addresses, conditions."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    return {
        "metadata": _kept_metadata(node, "labels"),
        "spec": {name: spec[name] for name in ("taints", "unschedulable") if name in spec},
        "status": {"allocatable": status.get("allocatable") or {}},
    }


def trimmed_pod(pod: Object) -> Object:
    """Where it is, what it takes, whose it is, whether it could be placed."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    try:
        requests = pod_requests(spec)
    except QuantityError:
        requests = {}
    conditions = [item for item in status.get("conditions") or () if item.get("type") == "PodScheduled"]
    return {
        "metadata": _kept_metadata(pod, "ownerReferences"),
        "node": spec.get("nodeName") or "",
        "requests": requests,
        "status": {"phase": status.get("phase") or "", "conditions": conditions},
    }


def trimmed_workload(workload: Object) -> Object:
    """Its pod template, and whose it is."""
    template = (workload.get("spec") or {}).get("template")
    return {
        "metadata": _kept_metadata(workload, "ownerReferences", "creationTimestamp"),
        "spec": {"template": template},
    }


def _kept_metadata(obj: Object, *names: str) -> Mapping[str, Any]:
    metadata = metadata_of(obj)
    wanted = ("name", "namespace", "uid", "resourceVersion", *names)
    return {name: metadata[name] for name in wanted if name in metadata}
