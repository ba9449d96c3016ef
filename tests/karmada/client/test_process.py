"""The shell of every process: flags, listeners, one leader."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from apiserver.app import RunningServer, ServerOptions, serve
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import LEASES, NAMESPACES
from karmada.client.client import Client
from karmada.client.informer import Informer
from karmada.client.kubeconfig_file import new_kubeconfig, with_context, write_kubeconfig
from karmada.client.leases import LeaderElectionOptions, LeadershipLost
from karmada.client.process import (
    LedProcessOptions,
    ProcessOptions,
    control_plane_process,
    split_address,
    unsynced,
)
from karmada.runtime.observe import StartError
from karmada.runtime.options import flags_of, parse_flags


@dataclass(frozen=True)
class SomeOptions(LedProcessOptions):
    """As a process derives them."""

    health_probe_bind_address: str = "0"
    metrics_bind_address: str = "0"
    lease_name: str = "some-process"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param("0", None, id="off"),
        pytest.param(":10351", ("", 10351), id="any-host"),
        pytest.param("127.0.0.1:0", ("127.0.0.1", 0), id="free-port"),
        pytest.param("[::1]:80", ("::1", 80), id="ipv6"),
    ],
)
def test_addresses(address: str, expected: object) -> None:
    assert split_address(address) == expected


def test_a_process_changes_defaults_and_keeps_the_words() -> None:
    flags = {flag.name: flag for flag in flags_of(SomeOptions)}
    assert flags["health-probe-bind-address"].default == "0"
    assert flags["health-probe-bind-address"].help == (
        "where /healthz and /readyz are served; 0 turns them off."
    )
    assert flags["leader-elect-resource-name"].default == "some-process"
    assert parse_flags(SomeOptions, ["--v=4"], prog="some").verbosity == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(SomeOptions(metrics_bind_address="8080"), "is no address", id="port-alone"),
        pytest.param(SomeOptions(health_probe_bind_address=":99999"), "is no address", id="port-too-high"),
        pytest.param(SomeOptions(kubeconfig="/no/such/file"), "/no/such/file", id="no-kubeconfig"),
    ],
)
async def test_what_cannot_work_is_told_in_one_line(options: SomeOptions, message: str) -> None:
    with pytest.raises(StartError) as error:
        async with control_plane_process(options, name="some"):
            pass
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.fixture
async def server() -> AsyncIterator[RunningServer]:
    async with serve(ServerOptions(storage="memory://")) as running:
        yield running


async def test_periods_that_cannot_work_together_are_refused(server: RunningServer) -> None:
    options = SomeOptions(election=LeaderElectionOptions(lease_seconds=1.0))
    with pytest.raises(StartError, match="lease duration"):
        async with control_plane_process(options, name="some", access=server.access):
            pass


async def test_master_overrides_the_address_in_the_kubeconfig(server: RunningServer, tmp_path: Path) -> None:
    access, path = server.access, tmp_path / "config"
    config = with_context(
        new_kubeconfig(),
        context="here",
        cluster="here",
        user="admin",
        server="https://127.0.0.1:1",
        ca_data=access.ca_data,
        client_certificate=access.client_certificate,
        client_key=access.client_key,
        token=access.token,
        make_current=True,
    )
    write_kubeconfig(path, config)
    options = SomeOptions(kubeconfig=str(path), master=server.access.server)
    async with control_plane_process(options, name="some") as process:
        assert (await process.client.list(NAMESPACES)).items


async def test_without_an_election_the_work_is_done_at_once(server: RunningServer) -> None:
    options = SomeOptions(election=LeaderElectionOptions(leader_elect=False))
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    async with control_plane_process(options, name="some", access=server.access) as process:
        assert process.fence is None
        assert await process.lead(work) == 0
    assert done.is_set()


async def test_only_the_holder_of_the_lease_may_write_and_one_that_loses_it_ends(
    server: RunningServer,
) -> None:
    options = SomeOptions(
        election=LeaderElectionOptions(lease_seconds=1.5, renew_seconds=1.0, retry_seconds=0.1)
    )
    key = LEASES.key("karmada-system", "some-process")
    async with (
        control_plane_process(options, name="some", access=server.access) as process,
        Client(server.access) as other,
        asyncio.timeout(20),
        asyncio.TaskGroup() as group,
    ):
        with pytest.raises(LeadershipLost):
            await process.client.create(NAMESPACES, {"metadata": {"name": "early"}})
        leads = asyncio.Event()

        async def work() -> None:
            leads.set()
            await asyncio.Event().wait()

        code = group.create_task(process.lead(work), name="work")
        await leads.wait()
        await process.client.create(NAMESPACES, {"metadata": {"name": "late"}})
        thief = {"holderIdentity": "thief", "leaseDurationSeconds": 3600}
        await other.patch(LEASES, key, {"spec": thief})
        assert await code == 1


async def test_a_process_answers_probes_and_is_ready_when_its_caches_are(
    server: RunningServer, unused_tcp_port: int
) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    options = SomeOptions(health_probe_bind_address=address, metrics_bind_address=address)
    async with (
        control_plane_process(options, name="some", access=server.access) as process,
        aiohttp.ClientSession() as session,
    ):
        clusters = Informer(process.client, CLUSTERS)
        process.await_caches([clusters])
        assert unsynced([clusters]) == "clusters.cluster.karmada.io"
        async with session.get(f"http://{address}/readyz") as answer:
            assert answer.status == 500
            assert "clusters.cluster.karmada.io" in await answer.text()
        await process.stack.enter_async_context(clusters)
        for path in ("healthz", "readyz", "metrics"):
            async with session.get(f"http://{address}/{path}") as answer:
                assert answer.status == 200


@pytest.mark.parametrize("enabled", [True, False], ids=["asked-for", "not-asked-for"])
async def test_profiles_are_served_only_where_they_are_asked_for(
    server: RunningServer, unused_tcp_port: int, enabled: bool
) -> None:
    address = f"127.0.0.1:{unused_tcp_port}"
    options = SomeOptions(enable_pprof=enabled, profiling_bind_address=address)
    async with (
        control_plane_process(options, name="some", access=server.access),
        aiohttp.ClientSession() as session,
    ):
        try:
            async with session.get(f"http://{address}/debug/pprof/goroutine") as answer:
                assert (answer.status, enabled) == (200, True)
        except aiohttp.ClientConnectorError:
            assert not enabled


def test_a_process_without_a_leader_has_no_flag_for_one() -> None:
    assert not any(flag.name.startswith("leader-elect") for flag in flags_of(ProcessOptions))
