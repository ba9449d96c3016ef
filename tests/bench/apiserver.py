"""An API server as its users meet it: its own process, TLS, a client certificate, RBAC, a durable store.

Create, get, patch, list and watch fan-out; then CPU and memory of the server. Then the same with a real etcd
under it, and, where one is in the cache, against a real kube-apiserver: lines `... ratio` say how many times
quicker ours is.
"""

import asyncio
import json
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

import aiohttp
import uvloop

from karmada.cli.local.layout import free_ports
from karmada.runtime.tasks import Tasks
from tests.bench.measure import (
    Load,
    cpu_seconds,
    load,
    percentile,
    report,
    report_load,
    resident_megabytes,
    until,
)
from tests.support.etcd_server import EtcdServer
from tests.support.kubernetes import RealCluster, has_binaries
from tests.support.tools import default_cache

BENCH: Final = "apiserver"
FANOUT_SECONDS: Final = 60.0
LISTED: Final = 2_000
LISTS: Final = 15
WATCHERS: Final = 100
EVENTS: Final = 300
CONFIG_MAPS: Final = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS: Final = "/apis/apps/v1/namespaces/default/deployments"
MERGE_PATCH: Final = "application/merge-patch+json"
DATA: Final = {f"key-{number}": "v" * 80 for number in range(8)}


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs. pids are those its CPU and memory are counted from; a kube-apiserver's etcd is not."""

    name: str
    url: str
    certificates: Path
    pids: list[int]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one server did, by name; higher is better."""

    rates: dict[str, float] = field(default_factory=dict)

    def take(self, server: Server, what: str, done: Load, *, writers: int) -> None:
        report_load(BENCH, what, done, server=server.name, writers=writers)
        self.rates[f"{what} x{writers}"] = done.per_second


@contextmanager
def our_server(directory: Path, *, name: str = "karmada", storage: str = "") -> Iterator[Server]:
    """storage "": one durable file."""
    (port,) = free_ports(1)
    pki = directory / "pki"
    command = [sys.executable, "-m", "apiserver", "--bind-address=127.0.0.1", f"--secure-port={port}"]
    command += [f"--cert-dir={pki}", f"--storage={storage or f'sqlite://{directory}/store.db'}"]
    with (directory / "server.log").open("wb") as log, Popen(command, stdout=log, stderr=log) as process:
        try:
            yield Server(name, f"https://127.0.0.1:{port}", pki, [process.pid])
        finally:
            process.terminate()


@contextmanager
def our_server_on_etcd(directory: Path) -> Iterator[Server]:
    with (
        EtcdServer(directory) as etcd,
        our_server(directory, name="karmada on etcd", storage=etcd.url) as server,
    ):
        yield server


@contextmanager
def real_server(directory: Path) -> Iterator[Server]:
    with RealCluster(directory, default_cache(), controllers=False) as cluster:
        yield Server("kube-apiserver", cluster.url, directory, cluster.pids)


@asynccontextmanager
async def session(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    """Connections that prove who we are with the administrator's certificate, once the server is ready."""
    await until(lambda: _exists(server.certificates / "admin.key"))
    context = ssl.create_default_context(cafile=server.certificates / "ca.crt")
    context.load_cert_chain(server.certificates / "admin.crt", server.certificates / "admin.key")
    connector = aiohttp.TCPConnector(ssl=context, limit=0)
    async with aiohttp.ClientSession(server.url, connector=connector) as client:
        await until(lambda: _ready(client))
        yield client


async def _exists(path: Path) -> bool:
    return await asyncio.to_thread(path.exists)


async def _ready(client: aiohttp.ClientSession) -> bool:
    try:
        async with client.get("/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientConnectionError:
        return False


async def call(
    client: aiohttp.ClientSession,
    method: str,
    path: str,
    body: object = None,
    content_type: str = "application/json",
) -> bytes:
    data = json.dumps(body) if body is not None else None
    headers = {"Content-Type": content_type} if body is not None else {}
    async with client.request(method, path, data=data, headers=headers) as answer:
        content = await answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content


def config_map(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": "bench"}},
        "data": DATA,
    }


def deployment(name: str) -> dict[str, Any]:
    labels = {"app": name}
    container = {
        "name": "main",
        "image": "nginx",
        "ports": [{"containerPort": 80}],
        "env": [{"name": "A", "value": "b"}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }


async def measure(server: Server) -> Figures:
    figures = Figures()
    async with session(server) as client:
        await requests(client, server, figures)
        await lists(client, server, figures)
        await fan_out(client, server, figures)
        report(BENCH, "memory", resident_megabytes(server.pids), "MB", server=server.name)
        report(BENCH, "cpu since start", cpu_seconds(server.pids), "s", server=server.name)
    return figures


async def requests(client: aiohttp.ClientSession, server: Server, figures: Figures) -> None:
    """Creates leave exactly LISTED ConfigMaps behind."""

    async def run(what: str, number: int, writers: int, operation: Any) -> None:
        done = await load(operation, operations=number, writers=writers, pids=server.pids)
        figures.take(server, what, done, writers=writers)

    await run("create ConfigMap", 400, 1, lambda n: call(client, "POST", CONFIG_MAPS, config_map(f"one-{n}")))
    many = LISTED - 400
    await run(
        "create ConfigMap", many, 16, lambda n: call(client, "POST", CONFIG_MAPS, config_map(f"cm-{n}"))
    )
    await run(
        "create Deployment", 300, 1, lambda n: call(client, "POST", DEPLOYMENTS, deployment(f"one-{n}"))
    )
    await run(
        "create Deployment", 1000, 16, lambda n: call(client, "POST", DEPLOYMENTS, deployment(f"d-{n}"))
    )
    for writers, number in ((1, 400), (16, 3000)):
        await run("get", number, writers, lambda n: _get(client, n % many))
        await run("patch", number // 2, writers, lambda n: _patch(client, n % many))


async def _get(client: aiohttp.ClientSession, number: int) -> None:
    await call(client, "GET", f"{CONFIG_MAPS}/cm-{number}")


async def _patch(client: aiohttp.ClientSession, number: int) -> None:
    patch = {"data": {"key-0": f"{number} {time.perf_counter()}"}}
    await call(client, "PATCH", f"{CONFIG_MAPS}/cm-{number}", patch, MERGE_PATCH)


async def lists(client: aiohttp.ClientSession, server: Server, figures: Figures) -> None:
    seconds = []
    cpu = cpu_seconds(server.pids)
    for _ in range(LISTS):
        began = time.perf_counter()
        content = await call(client, "GET", CONFIG_MAPS)
        seconds.append(time.perf_counter() - began)
        assert len(content) > LISTED * 500
    cpu = cpu_seconds(server.pids) - cpu
    report(BENCH, f"list of {LISTED} p50", percentile(seconds, 50) * 1e3, "ms", server=server.name)
    report(BENCH, f"list of {LISTED} server cpu", cpu / LISTS * 1e3, "ms", server=server.name)
    figures.rates[f"list of {LISTED}"] = 1 / percentile(seconds, 50)


async def fan_out(client: aiohttp.ClientSession, server: Server, figures: Figures) -> None:
    """EVENTS patches, each seen by WATCHERS watches."""
    listing = json.loads(await call(client, "GET", f"{CONFIG_MAPS}?limit=1"))
    start = listing["metadata"]["resourceVersion"]
    opened = asyncio.Semaphore(0)
    complete = asyncio.Semaphore(0)

    async def watch() -> None:
        path = f"{CONFIG_MAPS}?watch=1&resourceVersion={start}"
        async with client.get(path, timeout=aiohttp.ClientTimeout(total=FANOUT_SECONDS)) as answer:
            opened.release()
            seen = 0
            async for chunk in answer.content.iter_any():
                seen += chunk.count(b'"type":"MODIFIED"')
                if seen >= EVENTS:
                    break
        complete.release()

    async with asyncio.timeout(FANOUT_SECONDS), Tasks("bench") as tasks:
        for number in range(WATCHERS):
            tasks.start(watch(), name=f"watch {number}")
        for _ in range(WATCHERS):
            await opened.acquire()
        cpu, began = cpu_seconds(server.pids), time.perf_counter()
        await load(lambda n: _patch(client, n), operations=EVENTS, writers=16, pids=server.pids)
        for _ in range(WATCHERS):
            await complete.acquire()
        seconds, cpu = time.perf_counter() - began, cpu_seconds(server.pids) - cpu
    events = WATCHERS * EVENTS
    facts = {"server": server.name, "watchers": WATCHERS}
    report(BENCH, "watch fan-out", events / seconds, "events/s", **facts)
    report(BENCH, "watch fan-out server cpu", cpu / events * 1e6, "us", **facts)
    figures.rates["watch fan-out"] = events / seconds


async def main() -> None:
    starts: list[Callable[[Path], AbstractContextManager[Server]]] = [our_server]
    if shutil.which("etcd"):
        starts.append(our_server_on_etcd)
        if has_binaries(default_cache()):
            starts.append(real_server)
    figures: dict[str, Figures] = {}
    for start in starts:
        with tempfile.TemporaryDirectory() as directory, start(Path(directory)) as server:
            figures[server.name] = await measure(server)
    theirs = figures.pop("kube-apiserver", Figures())
    for name, ours in figures.items():
        for what, rate in theirs.rates.items():
            report(BENCH, f"{what} ratio", ours.rates[what] / rate, "times kube-apiserver", server=name)


if __name__ == "__main__":
    uvloop.run(main())
