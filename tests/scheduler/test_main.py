"""Flags, addresses and the process around the scheduler."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from apiserver.app import RunningServer, ServerOptions, serve
from karmada.api.groups.kubernetes import LEASES
from karmada.client.client import Client
from karmada.client.informer import Informer
from karmada.client.leases import LeaderElectionOptions
from karmada.runtime.clock import ManualClock
from karmada.runtime.observe import StartError
from karmada.runtime.options import parse_flags
from scheduler.main import (
    SchedulerOptions,
    make_queue,
    run,
    without_conditions,
    without_unread,
)
from scheduler.queue import FifoBindingQueue, PriorityBindingQueue


def options(*argv: str) -> SchedulerOptions:
    return parse_flags(SchedulerOptions, argv, prog="karmada-scheduler")


def test_the_defaults_are_those_of_karmada() -> None:
    chosen = options()
    assert chosen.scheduler_name == "default-scheduler"
    assert chosen.lease_name == "karmada-scheduler"
    assert chosen.cycle.plugins == ("*",)
    assert chosen.cycle.settings.gates.resource_modeling
    assert not chosen.cycle.settings.gates.workload_affinity


def test_gates_and_plugins_reach_the_cycle() -> None:
    chosen = options("--feature-gates=WorkloadAffinity=true", "--plugins=*,-ClusterLocality")
    assert chosen.cycle.settings.gates.workload_affinity
    assert chosen.cycle.plugins == ("*", "-ClusterLocality")


def test_the_gate_chooses_the_queue() -> None:
    clock = ManualClock()
    assert isinstance(make_queue(options(), clock=clock), PriorityBindingQueue)
    without = options("--feature-gates=PriorityBasedScheduling=false", "--rate-limiter-qps=-1")
    assert isinstance(make_queue(without, clock=clock), FifoBindingQueue)


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["--scheduler-name="], id="empty-name"),
        pytest.param(["--health-probe-bind-address=somewhere"], id="no-port"),
        pytest.param(["--metrics-bind-address=:70000"], id="port-too-large"),
    ],
)
def test_what_cannot_work_is_refused(argv: list[str]) -> None:
    with pytest.raises(StartError):
        options(*argv).check()


def test_equal_placements_are_kept_once() -> None:
    one, other = (
        without_unread({"spec": {"placement": {"clusterAffinity": {"clusterNames": ["m1"]}}}})
        for _ in range(2)
    )
    assert one["spec"]["placement"] is other["spec"]["placement"]
    unreadable = {"spec": {"placement": {"clusterTolerations": "none"}}}
    assert without_unread(unreadable) is unreadable


def test_what_nobody_reads_is_not_kept() -> None:
    item = {"clusterName": "m1", "health": "Healthy"}
    binding = {"status": {"aggregatedStatus": [{**item, "status": {"readyReplicas": 1}}]}}
    assert without_unread(binding) == {"status": {"aggregatedStatus": [item]}}
    assert without_conditions({"status": {"conditions": [{}], "kubernetesVersion": "v1"}}) == {
        "status": {"kubernetesVersion": "v1"}
    }


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    async with serve(ServerOptions(storage="memory://")) as running:
        yield running


async def test_the_process_leads_answers_probes_and_lets_go(
    server: RunningServer, unused_tcp_port: int
) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    chosen = SchedulerOptions(
        health_probe_bind_address=address,
        metrics_bind_address=address,
        election=LeaderElectionOptions(retry_seconds=0.05),
    )
    key = LEASES.key("karmada-system", "karmada-scheduler")
    async with (
        Client(server.access) as client,
        Informer(client, LEASES) as leases,
        aiohttp.ClientSession() as session,
        asyncio.timeout(20),
        asyncio.TaskGroup() as group,
    ):
        task = group.create_task(run(chosen, access=server.access), name="scheduler")
        await leases.cache.wait_for(key, lambda lease: bool(lease and lease["spec"].get("holderIdentity")))
        for path, text in {"healthz": "ok", "readyz": "ok", "metrics": "scheduler_pending_bindings"}.items():
            async with session.get(f"http://{address}/{path}") as answer:
                assert answer.status == 200
                assert text in await answer.text()
        task.cancel()
        await asyncio.wait([task])
        assert (await client.get(LEASES, key))["spec"]["holderIdentity"] == ""
