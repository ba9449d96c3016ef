"""How every benchmark measures and reports: equal operations by so many writers, CPU and memory, JSON lines.

Processes are looked at through /proc, so the figures hold for any server, ours or not.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
POLL_SECONDS = 0.02
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def report(bench: str, metric: str, value: float, unit: str, **facts: object) -> None:
    """One figure, one line."""
    rounded = round(value) if value >= 1000 else float(f"{value:.3g}")
    line = {"bench": bench, "metric": metric, "value": rounded, "unit": unit, **facts}
    print(json.dumps(line), flush=True)


def percentile(values: Sequence[float], percent: int) -> float:
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time the processes took so far."""
    return sum(_cpu_ticks(pid) for pid in pids) / TICKS_PER_SECOND


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident_megabytes(pids: Iterable[int]) -> float:
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * PAGE_BYTES / 1e6


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of equal operations took."""

    operations: int
    seconds: float
    latencies: Sequence[float]
    server_cpu: float
    client_cpu: float

    @property
    def per_second(self) -> float:
        return self.operations / self.seconds


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 30.0) -> None:
    """Wait for it; raises TimeoutError when it does not come true."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s")
        await asyncio.sleep(POLL_SECONDS)


async def load(
    operation: Callable[[int], Awaitable[object]], *, operations: int, writers: int, pids: Sequence[int]
) -> Load:
    """Do operation(0), operation(1), ... with so many writers at a time."""
    numbers = iter(range(operations))
    latencies: list[float] = []

    async def write() -> None:
        for number in numbers:
            began = time.perf_counter()
            await operation(number)
            latencies.append(time.perf_counter() - began)

    cpu, own, began = cpu_seconds(pids), time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(writers):
            group.create_task(write())
    seconds = time.perf_counter() - began
    return Load(operations, seconds, latencies, cpu_seconds(pids) - cpu, time.process_time() - own)


def report_load(bench: str, what: str, done: Load, **facts: object) -> None:
    """Rate, latencies and what one operation cost the server."""
    busy = round(done.client_cpu / done.seconds, 2)
    report(bench, f"{what} rate", done.per_second, "1/s", **facts, client_busy=busy)
    report(bench, f"{what} p50", percentile(done.latencies, 50) * 1e3, "ms", **facts)
    report(bench, f"{what} p99", percentile(done.latencies, 99) * 1e3, "ms", **facts)
    report(bench, f"{what} server cpu", done.server_cpu / done.operations * 1e6, "us", **facts)
