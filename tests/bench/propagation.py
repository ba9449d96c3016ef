"""From a template to three members: latency, throughput, what it costs, and what a restart writes.

All processes of a local control plane with three embedded members; this process creates ConfigMaps and
watches all members. Writes of a restart are counted by the revision of the store: every write moves it by
one, leases included.
"""

import asyncio
import json
import tempfile
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from karmada.api.groups.kubernetes import CONFIG_MAPS, NAMESPACES
from karmada.api.groups.policy import PROPAGATION_POLICIES
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.client.kubeconfig import load_kubeconfig
from tests.bench.measure import cpu_seconds, percentile, report, resident_megabytes
from tests.support.etcd_server import free_ports
from tests.support.local import LocalPlane

BENCH: Final = "propagation"
MEMBERS: Final = ("member1", "member2", "member3")
NAMESPACE: Final = "bench"
SINGLE: Final = 60
MANY: Final = 500
WRITERS: Final = 16
SETTLE_SECONDS: Final = 5.0
LIMIT_SECONDS: Final = 90.0
RESTART_SECONDS: Final = 10.0
PROCESSES: Final = (
    "karmada-apiserver",
    "karmada-controller-manager",
    "karmada-scheduler",
    "karmada-simulator",
)


class Arrivals:
    """When each object was first seen in each member."""

    def __init__(self) -> None:
        self.seen: defaultdict[str, dict[str, float]] = defaultdict(dict)

    def follow(self, member: str, informer: Informer[Object]) -> None:
        def changed(change: Change[Object]) -> None:
            if change.new is not None:
                self.seen[change.key.name].setdefault(member, time.perf_counter())

        informer.add_handler(changed, name="arrivals")

    async def everywhere(self, names: list[str]) -> float:
        """When the last of them was seen in the last member."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while not all(len(self.seen[name]) == len(MEMBERS) for name in names):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not everywhere within {LIMIT_SECONDS:.0f} s")
            await asyncio.sleep(0.001 if len(names) == 1 else 0.02)
        return max(max(self.seen[name].values()) for name in names)


def config_map(name: str) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"colour": "teal"}}


def policy() -> Object:
    placement = {"clusterAffinity": {"clusterNames": list(MEMBERS)}}
    return {
        "metadata": {"name": "everywhere", "namespace": NAMESPACE},
        "spec": {"resourceSelectors": [{"apiVersion": "v1", "kind": "ConfigMap"}], "placement": placement},
    }


async def measure(plane: LocalPlane) -> None:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Client(load_kubeconfig(plane.karmada_config)))
        await client.create(
            NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        )
        await client.create(PROPAGATION_POLICIES, PROPAGATION_POLICIES.decode(policy()))
        arrivals = Arrivals()
        for member in MEMBERS:
            access = load_kubeconfig(plane.members_config, context=member)
            member_client = await stack.enter_async_context(Client(access))
            informer = Informer(member_client, CONFIG_MAPS, namespace=NAMESPACE)
            arrivals.follow(member, informer)
            await stack.enter_async_context(informer)
        await asyncio.sleep(SETTLE_SECONDS)
        await latency(client, arrivals)
        await throughput(client, arrivals, plane)
        await quiet_restart(client, plane)


async def latency(client: Client, arrivals: Arrivals) -> None:
    """One template at a time."""
    took = []
    for number in range(SINGLE):
        name, began = f"single-{number}", time.perf_counter()
        await client.create(CONFIG_MAPS, config_map(name))
        took.append(await arrivals.everywhere([name]) - began)
        await asyncio.sleep(0.05)
    for percent in (50, 90, 99):
        report(
            BENCH, f"create to present in all p{percent}", percentile(took, percent) * 1e3, "ms", members=3
        )


async def throughput(client: Client, arrivals: Arrivals, plane: LocalPlane) -> None:
    """Many templates at once."""
    pids = pids_of(plane)
    before = {name: cpu_seconds([pid]) for name, pid in pids.items()}
    names = [f"many-{number}" for number in range(MANY)]
    waiting = iter(names)

    async def write() -> None:
        for name in waiting:
            await client.create(CONFIG_MAPS, config_map(name))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(WRITERS):
            group.create_task(write())
    done = await arrivals.everywhere(names)
    report(BENCH, "first create to last present", done - began, "s", templates=MANY, members=3)
    await asyncio.sleep(SETTLE_SECONDS)
    spent = {name: cpu_seconds([pid]) - before[name] for name, pid in pids.items()}
    for name, pid in pids.items():
        report(BENCH, "cpu per template", spent[name] / MANY * 1e3, "ms", process=name)
        report(BENCH, "memory", resident_megabytes([pid]), "MB", process=name)
    control = [name for name in PROCESSES if name != "karmada-simulator"]
    report(
        BENCH,
        "cpu per template",
        sum(spent[name] for name in control) / MANY * 1e3,
        "ms",
        process="control plane",
    )
    report(BENCH, "memory", resident_megabytes(pids[name] for name in control), "MB", process="control plane")


async def quiet_restart(client: Client, plane: LocalPlane) -> None:
    """Kill the controller manager over everything that is there, and count what its successor writes."""
    before = await revision(client)
    plane.kill("karmada-controller-manager")
    plane.up()
    await asyncio.sleep(RESTART_SECONDS)
    writes = await revision(client) - before
    report(
        BENCH, "writes of a restart, leases included", writes, "writes", templates=MANY + SINGLE, members=3
    )


async def revision(client: Client) -> int:
    answer = await client.request("GET", "/api/v1/namespaces?limit=1")
    return int(json.loads(answer.body)["metadata"]["resourceVersion"])


def pids_of(plane: LocalPlane) -> dict[str, int]:
    return {name: json.loads((plane.state / "run" / f"{name}.pid").read_text())["pid"] for name in PROCESSES}


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="karmada-bench-") as folder,
        LocalPlane(Path(folder), port=free_ports(1)[0], members=len(MEMBERS), nodes=0) as plane,
    ):
        asyncio.run(measure(plane))


if __name__ == "__main__":
    main()
