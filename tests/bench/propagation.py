"""From a template to three members: `karmadactl local up`, ConfigMaps and one policy.

Latency of one ConfigMap at a time, from create to present in all members; throughput of many; CPU and memory
per process; then a restart of controllers and scheduler with nothing changed: time to ready, and what they
wrote, counted by the API server's own request metric.
"""

import asyncio
import json
import re
import signal
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import uvloop

from karmada.api.groups.kubernetes import CONFIG_MAPS, NAMESPACES
from karmada.api.groups.policy import PROPAGATION_POLICIES
from karmada.api.objects import Object
from karmada.cli.local.layout import free_ports
from karmada.client.client import Client
from karmada.client.kubeconfig import load_kubeconfig
from karmada.runtime.tasks import Tasks
from tests.bench.measure import cpu_seconds, load, percentile, report, resident_megabytes, until
from tests.support.local import LocalPlane

BENCH: Final = "propagation"
MEMBERS: Final = ("member1", "member2", "member3")
CONTROLLERS: Final = ("karmada-controller-manager", "karmada-scheduler")
PROCESSES: Final = ("karmada-apiserver", *CONTROLLERS, "karmada-simulator")
ALONE: Final = 50
MANY: Final = 500
WRITERS: Final = 16
SPREAD_SECONDS: Final = 120.0
QUIET_SECONDS: Final = 10.0
NAMESPACE: Final = "bench"
_WRITTEN: Final = re.compile(r"apiserver_request_total\{(.*)\} (\S+)")
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


class Arrivals:
    """When each ConfigMap was first seen in each member."""

    def __init__(self) -> None:
        self.complete: dict[str, float] = {}
        """By name, when the last member got it."""
        self._seen: Counter[str] = Counter()
        self._changed = asyncio.Condition()
        self.watching = asyncio.Semaphore(0)

    async def follow(self, member: Client) -> None:
        listed = await member.list(CONFIG_MAPS, namespace=NAMESPACE)
        self.watching.release()
        start = listed.resource_version
        async for event in member.watch(CONFIG_MAPS, namespace=NAMESPACE, resource_version=start):
            if event.type == "ADDED":
                await self._arrived(event.object["metadata"]["name"])

    async def _arrived(self, name: str) -> None:
        self._seen[name] += 1
        if self._seen[name] == len(MEMBERS):
            self.complete[name] = time.perf_counter()
            async with self._changed:
                self._changed.notify_all()

    async def wait_for(self, names: Sequence[str]) -> None:
        async with asyncio.timeout(SPREAD_SECONDS), self._changed:
            await self._changed.wait_for(lambda: self.complete.keys() >= set(names))


def config_map(name: str) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {"bench": "propagation"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"key": "v" * 200}}


POLICY: Final[Object] = {
    "apiVersion": "policy.karmada.io/v1alpha1",
    "kind": "PropagationPolicy",
    "metadata": {"name": "everywhere", "namespace": NAMESPACE},
    "spec": {
        "resourceSelectors": [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "labelSelector": {"matchLabels": {"bench": "propagation"}},
            }
        ],
        "placement": {"clusterAffinity": {"clusterNames": list(MEMBERS)}},
    },
}


async def latency(plane: Client, arrivals: Arrivals) -> None:
    seconds = []
    for number in range(ALONE):
        name = f"alone-{number}"
        began = time.perf_counter()
        await plane.create(CONFIG_MAPS, config_map(name))
        await arrivals.wait_for([name])
        seconds.append(arrivals.complete[name] - began)
    for percent in (50, 90, 99):
        report(
            BENCH, f"create to present in all p{percent}", percentile(seconds, percent) * 1e3, "ms", members=3
        )


async def throughput(plane: Client, arrivals: Arrivals, pids: Mapping[str, int]) -> None:
    names = [f"many-{number}" for number in range(MANY)]
    before = {name: cpu_seconds([pid]) for name, pid in pids.items()}
    began = time.perf_counter()
    await load(
        lambda n: plane.create(CONFIG_MAPS, config_map(names[n])), operations=MANY, writers=WRITERS, pids=[]
    )
    report(BENCH, "all created", time.perf_counter() - began, "s", templates=MANY)
    await arrivals.wait_for(names)
    seconds = max(arrivals.complete[name] for name in names) - began
    facts = {"templates": MANY, "members": 3}
    report(BENCH, "first create to last present", seconds, "s", **facts)
    report(BENCH, "templates", MANY / seconds, "1/s", **facts)
    # Statuses still flow back; what they cost belongs to the templates.
    await settled(pids)
    spent = {name: cpu_seconds([pid]) - before[name] for name, pid in pids.items()}
    for name, cpu in spent.items():
        report(BENCH, "cpu per template", cpu / MANY * 1e3, "ms", process=name, **facts)
    own = sum(cpu for name, cpu in spent.items() if name != "karmada-simulator")
    report(BENCH, "cpu per template", own / MANY * 1e3, "ms", process="control plane", **facts)


async def settled(pids: Mapping[str, int]) -> None:
    """Until a second passes in which all processes together use less than a tenth of it."""
    last = cpu_seconds(pids.values())

    async def quiet() -> bool:
        nonlocal last
        await asyncio.sleep(1)
        before, last = last, cpu_seconds(pids.values())
        return last - before < 0.1

    await until(quiet, seconds=60)


async def restart(plane: Client, local: LocalPlane) -> None:
    """Stop controllers and scheduler, start them again, and see what they write though nothing changed."""
    for name in CONTROLLERS:
        await asyncio.to_thread(local.kill, name, signal_number=signal.SIGTERM)
    before = await writes(plane)
    for name in CONTROLLERS:
        command = json.loads((local.state / "run" / f"{name}.pid").read_text())["command"]
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command, cwd=local.state, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            port = local.health_port(name)
            await until(lambda port=port: asyncio.to_thread(_ready, port))  # type: ignore[misc]
            report(BENCH, "restart to ready", time.perf_counter() - began, "s", process=name)
            await asyncio.sleep(QUIET_SECONDS)
            report(BENCH, "cpu of a restart", cpu_seconds([process.pid]), "s", process=name)
        finally:
            process.terminate()
            await process.wait()
    written = await writes(plane) - before
    leases = sum(count for what, count in written.items() if what.startswith("leases"))
    report(BENCH, "writes of a restart", written.total() - leases, "requests", templates=ALONE + MANY)
    report(
        BENCH, "Lease writes meanwhile", leases, "requests", of={what: int(n) for what, n in written.items()}
    )


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


async def writes(plane: Client) -> Counter[str]:
    """Requests that may change something, since the API server started, by resource."""
    text = (await plane.request("GET", "/metrics")).body.decode()
    found: Counter[str] = Counter()
    for labels, value in _WRITTEN.findall(text):
        named = dict(_LABEL.findall(labels))
        if named["verb"] in ("POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"):
            found[f"{named['resource']}/{named['subresource']}".rstrip("/")] += int(float(value))
    return found


@asynccontextmanager
async def watched(local: LocalPlane) -> AsyncIterator[tuple[Client, Arrivals]]:
    """A client of the control plane; what arrives in the members is noted meanwhile."""
    async with AsyncExitStack() as stack:
        plane = await stack.enter_async_context(Client(load_kubeconfig(local.karmada_config)))
        await plane.create(
            NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        )
        await plane.create(PROPAGATION_POLICIES, PROPAGATION_POLICIES.decode(POLICY))
        arrivals = Arrivals()
        tasks = await stack.enter_async_context(Tasks("bench"))
        for name in MEMBERS:
            access = load_kubeconfig(local.member_config(name))
            member = await stack.enter_async_context(Client(access))
            tasks.start(arrivals.follow(member), name=name)
            await arrivals.watching.acquire()
        yield plane, arrivals


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        local = LocalPlane(Path(directory), port=free_ports(1)[0], members=len(MEMBERS), nodes=0)
        began = time.perf_counter()
        with local:
            report(BENCH, "local up", time.perf_counter() - began, "s", members=3)
            pids = {name: local.pid(name) for name in PROCESSES}
            async with watched(local) as (plane, arrivals):
                await latency(plane, arrivals)
                await throughput(plane, arrivals, pids)
                for name, pid in pids.items():
                    report(BENCH, "memory", resident_megabytes([pid]), "MB", process=name)
                own = [pid for name, pid in pids.items() if name != "karmada-simulator"]
                report(BENCH, "memory", resident_megabytes(own), "MB", process="control plane")
                await restart(plane, local)


if __name__ == "__main__":
    uvloop.run(main())
