"""A control plane, members and a controller manager for tests: all real, in this process."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from apiserver.app import ServerOptions, serve
from controllers.cluster.status import ClusterStatusOptions
from controllers.main import ControllerManagerOptions, run
from controllers.simulator.member import MemberOptions, run_member
from karmada.api.conditions import find_condition
from karmada.api.errors import AlreadyExists, ApiError
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.kubernetes import CLUSTER_ROLE_BINDINGS, NAMESPACES, NODES, SECRETS, SERVICE_ACCOUNTS
from karmada.api.groups.meta import Condition
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.kubeconfig import Access, load_kubeconfig
from karmada.client.leases import LeaderElectionOptions

T = TypeVar("T")

WAIT_SECONDS = 15.0
NAMESPACE = "karmada-cluster"
ACCOUNT = "karmada-control-plane"
QUICK = ClusterStatusOptions(frequency_seconds=0.1, success_seconds=0.3, failure_seconds=0.3)


@dataclass(frozen=True)
class Plane:
    """The user's side of a control plane."""

    access: Access
    client: Client

    async def cluster(self, name: str) -> Cluster:
        return await self.client.get(CLUSTERS, CLUSTERS.key("", name))

    async def ready(self, name: str) -> Condition | None:
        return find_condition((await self.cluster(name)).status.conditions, "Ready")

    async def until_ready(self, name: str, status: str = "True") -> Condition:
        async def look() -> Condition | None:
            found = await self.ready(name)
            return found if found is not None and found.status == status else None

        return await eventually(look, f"{name} has Ready={status}")

    async def namespace(self, name: str, **labels: str) -> Object:
        metadata = {"name": name, "labels": labels}
        return await self.create(NAMESPACES, {"metadata": metadata})

    async def create(self, resource: Resource[Any], obj: Object) -> Object:
        """obj in wire names; apiVersion and kind are added."""
        plain = {"apiVersion": resource.api_version, "kind": resource.kind, **obj}
        return await self.client.create(untyped(resource), plain)

    async def gone(self, resource: Resource[Any], namespace: str, name: str) -> None:
        async def look() -> bool:
            found = await self.client.list(untyped(resource), namespace=namespace)
            return all(item["metadata"]["name"] != name for item in found.items)

        await eventually(look, f"{resource.kind} {name} is gone")

    async def versions(self, *resources: Resource[Any]) -> dict[str, str]:
        """Every object of these with its version: equal before and after means no write."""
        found: dict[str, str] = {}
        for resource in resources:
            for item in (await self.client.list(untyped(resource))).items:
                found[str(resource.key_of(item))] = item["metadata"]["resourceVersion"]
        return found


@dataclass(frozen=True)
class Member:
    """A running member, and its administrator."""

    name: str
    access: Access
    client: Client


def untyped(resource: Resource[Any]) -> Resource[Object]:
    return Resource(resource.gvr, resource.kind, resource.namespaced)


async def eventually(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """What look returns, once that is true; API errors count as not yet."""
    seen: object = None
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                try:
                    seen = found = await look()
                    if found:
                        return found
                except ApiError as error:
                    seen = error
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"never happened: {what} (last: {seen!r})") from None


@asynccontextmanager
async def control_plane() -> AsyncIterator[Plane]:
    async with serve(ServerOptions()) as server, Client(server.access, user_agent="user") as client:
        yield Plane(server.access, client)


@asynccontextmanager
async def member(folder: Path, name: str, *, port: int = 0, nodes: int = 1) -> AsyncIterator[Member]:
    """An embedded cluster; with the same folder and port it is the same cluster again."""
    home = folder / name
    home.mkdir(exist_ok=True)
    started = asyncio.Event()
    options = MemberOptions(name=name, folder=home, port=port, nodes=nodes)
    async with background(run_member(options, started=started), name):
        async with asyncio.timeout(WAIT_SECONDS):
            await started.wait()
        access = load_kubeconfig(home / "admin.kubeconfig")
        async with Client(access, user_agent="admin") as client:
            yield Member(name, access, client)


@asynccontextmanager
async def manager(
    plane: Plane, *controllers: str, status: ClusterStatusOptions = QUICK, **fields: Any
) -> AsyncIterator[None]:
    """A controller manager that runs these controllers besides those that always run."""
    options = ControllerManagerOptions(
        controllers=controllers or ("*",),
        health_probe_bind_address="0",
        metrics_bind_address="0",
        election=LeaderElectionOptions(leader_elect=False),
        cluster_status=status,
    )
    async with background(run(replace(options, **fields), access=plane.access), "manager"):
        yield


@asynccontextmanager
async def background(work: Any, name: str) -> AsyncIterator[None]:
    """Run work meanwhile; if it fails the test fails."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work, name=name)
        yield
        task.cancel()


async def credentials(member: Member) -> Object:
    """The data of the Secret a Cluster refers to: a token that may do everything in the member."""
    client = member.client
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": ACCOUNT, "namespace": "default"},
    }
    rights = {
        "apiVersion": CLUSTER_ROLE_BINDINGS.api_version,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ACCOUNT},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": "default"}],
    }
    await _ensure(client, SERVICE_ACCOUNTS, account)
    await _ensure(client, CLUSTER_ROLE_BINDINGS, rights)
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {"namespace": "default"},
        "spec": {"expirationSeconds": 7200},
    }
    answer = await client.create(SERVICE_ACCOUNTS, request, subresource="token", name=ACCOUNT)
    token = base64.b64encode(answer["status"]["token"].encode()).decode()
    return {"token": token, "caBundle": base64.b64encode(member.access.ca_data or b"").decode()}


async def join(plane: Plane, member: Member, **spec: Any) -> None:
    """Register a member in push mode. spec adds to the Cluster's, in wire names."""
    await _ensure(plane.client, NAMESPACES, {"metadata": {"name": NAMESPACE}})
    reference = {"namespace": NAMESPACE, "name": member.name}
    secret = {"metadata": reference, "data": await credentials(member)}
    await plane.create(SECRETS, secret)
    basics = {"syncMode": "Push", "apiEndpoint": member.access.server, "secretRef": reference}
    await plane.create(CLUSTERS, {"metadata": {"name": member.name}, "spec": {**basics, **spec}})


async def pull_cluster(plane: Plane, name: str) -> None:
    """Register a cluster that is to report by itself."""
    await plane.create(CLUSTERS, {"metadata": {"name": name}, "spec": {"syncMode": "Pull"}})


async def node_name(member: Member) -> str:
    return str((await member.client.list(NODES)).items[0]["metadata"]["name"])


async def _ensure(client: Client, resource: Resource[Object], obj: Object) -> None:
    try:
        await client.create(resource, {"apiVersion": resource.api_version, "kind": resource.kind, **obj})
    except AlreadyExists:
        return
