"""What a transaction costs on each store: `python -m tests.bench.etcd_transactions [memory] [sqlite] [etcd]`.

Per store and number of writers: transactions per second, CPU of this process per transaction, and how long
after its write an event reaches a watcher. Then what opening a file of 50,000 keys takes. Each transaction
creates a key of 1 KB, as an API server does; one watch over everything runs beside, as its cache does.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvloop

from etcd import Backend, Put, mod, open_backend
from karmada.runtime.tasks import Tasks
from tests.bench.measure import percentile, report
from tests.support.etcd_server import EtcdServer

VALUE = b"x" * 1024
RUNS = ((1, 2_000), (8, 10_000), (64, 30_000))
"""Writers and transactions."""


class Latencies:
    """Seconds from the start of each write to its event, and to the writer's answer."""

    def __init__(self) -> None:
        self.began: dict[bytes, float] = {}
        self.events: list[float] = []
        self.answers: list[float] = []
        self.watching = asyncio.Event()
        self.complete = asyncio.Event()

    async def follow(self, backend: Backend, *, until: int) -> None:
        async for batch in backend.watch_prefix(b"/registry/"):
            self.watching.set()
            now = time.perf_counter()
            self.events += [now - self.began.pop(event.key_value.key) for event in batch.events]
            if len(self.events) == until:
                self.complete.set()


async def write(backend: Backend, name: str, numbers: Sequence[int], latencies: Latencies) -> None:
    for number in numbers:
        key = f"/registry/core/configmaps/{name}/{number}".encode()
        began = latencies.began[key] = time.perf_counter()
        result = await backend.transaction(compare=[mod(key) == 0], success=[Put(key, VALUE)])
        latencies.answers.append(time.perf_counter() - began)
        assert result.succeeded


async def measure(name: str, backend: Backend, writers: int, transactions: int) -> None:
    latencies = Latencies()
    async with Tasks("bench") as tasks:
        tasks.start(latencies.follow(backend, until=transactions), name="watch")
        await latencies.watching.wait()
        wall, cpu = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for writer in range(writers):
                share = range(writer, transactions, writers)
                group.create_task(write(backend, f"{writers}-{writer}", share, latencies))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        await latencies.complete.wait()
    facts = {"store": name, "writers": writers}
    report("etcd_transactions", "transactions", transactions / wall, "1/s", **facts)
    report("etcd_transactions", "cpu per transaction", cpu / transactions * 1e6, "us", **facts)
    for what, seconds in (("answer", latencies.answers), ("event", latencies.events)):
        for percent in (50, 99):
            value = percentile(seconds, percent) * 1e6
            report("etcd_transactions", f"{what} p{percent}", value, "us", **facts)


async def measure_opening(url: str, *, keys: int) -> None:
    async with open_backend(url) as backend, asyncio.TaskGroup() as group:
        for writer in range(64):
            share = range(writer, keys - await backend.count_prefix(b""), 64)
            group.create_task(write(backend, f"more-{writer}", share, Latencies()))
    began = time.perf_counter()
    async with open_backend(url) as backend:
        seconds = time.perf_counter() - began
        facts = {"store": "sqlite", "keys": await backend.count_prefix(b"")}
        report("etcd_transactions", "open", seconds * 1e3, "ms", **facts)
        report("etcd_transactions", "file size", await backend.size_bytes() / 1e6, "MB", **facts)


@asynccontextmanager
async def storage_url(name: str, directory: Path) -> AsyncIterator[str]:
    async with AsyncExitStack() as stack:
        if name == "etcd":
            yield stack.enter_context(EtcdServer(directory)).url
        elif name == "sqlite":
            yield f"sqlite://{directory}/store.db"
        else:
            yield "memory://"


async def main(stores: Sequence[str]) -> None:
    for name in stores:
        with tempfile.TemporaryDirectory() as directory:
            async with storage_url(name, Path(directory)) as url:
                async with open_backend(url) as backend:
                    for writers, transactions in RUNS:
                        await measure(name, backend, writers, transactions)
                if name == "sqlite":
                    await measure_opening(url, keys=50_000)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:] or ["memory", "sqlite", "etcd"]))
