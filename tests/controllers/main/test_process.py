"""The whole controller manager against a real control plane."""

import asyncio
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from controllers.main import ControllerManagerOptions, main, run
from controllers.main.options import NAME
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, LEASES
from karmada.api.groups.work import WORKS
from karmada.api.objects import Object
from karmada.client.kubeconfig_file import new_kubeconfig, with_context, write_kubeconfig
from karmada.client.leases import LeaderElectionOptions
from karmada.runtime.observe import StartError
from tests.controllers.cluster.live import (
    QUICK,
    Plane,
    background,
    control_plane,
    eventually,
    join,
    member,
    pull_cluster,
)

ELECTION = LeaderElectionOptions(lease_seconds=1.5, renew_seconds=1.0, retry_seconds=0.1)


def options(port: int = 0) -> ControllerManagerOptions:
    return ControllerManagerOptions(
        health_probe_bind_address=f"127.0.0.1:{port}" if port else "0",
        metrics_bind_address="0",
        election=ELECTION,
        cluster_status=QUICK,
    )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def holder(plane: Plane) -> str:
    lease = await plane.client.get(LEASES, LEASES.key("karmada-system", NAME))
    return str((lease.get("spec") or {}).get("holderIdentity") or "")


async def test_a_second_manager_waits_and_takes_over_when_the_first_goes() -> None:
    async with control_plane() as plane, asyncio.TaskGroup() as group:
        first = group.create_task(run(options(), access=plane.access), name="first")
        leader = await eventually(lambda: holder(plane), "the first leads")
        second = group.create_task(run(options(), access=plane.access), name="second")
        await pull_cluster(plane, "one")
        await eventually(lambda: is_marked(plane, "one"), "the leader acts")
        assert await holder(plane) == leader
        first.cancel()

        async def taken_over() -> bool:
            return await holder(plane) not in ("", leader)

        await eventually(taken_over, "the second leads")
        await pull_cluster(plane, "two")
        await eventually(lambda: is_marked(plane, "two"), "the new leader acts")
        second.cancel()


async def test_a_manager_that_loses_its_lease_stops_with_code_1() -> None:
    async with control_plane() as plane, asyncio.TaskGroup() as group:
        manager = group.create_task(run(options(), access=plane.access), name="manager")
        await eventually(lambda: holder(plane), "it leads")
        thief = {
            "holderIdentity": "thief",
            "leaseDurationSeconds": 3600,
            "renewTime": "2099-01-01T00:00:00.000000Z",
        }
        key = LEASES.key("karmada-system", NAME)
        await plane.client.patch(LEASES, key, {"spec": thief})
        async with asyncio.timeout(10):
            assert await manager == 1
        assert await holder(plane) == "thief"


async def is_marked(plane: Plane, cluster: str) -> bool:
    return bool((await plane.cluster(cluster)).metadata.finalizers)


async def answer(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


async def test_health_is_served_and_ready_means_that_caches_are_warm() -> None:
    port = free_port()
    async with control_plane() as plane, background(run(options(port), access=plane.access), "manager"):

        async def ready() -> bool:
            try:
                return (await answer(port, "/readyz"))[0] == 200
            except aiohttp.ClientError:
                return False

        await eventually(ready, "the manager is ready")
        assert await answer(port, "/healthz") == (200, "ok")


async def test_a_manager_waits_for_a_control_plane_that_does_not_answer_yet() -> None:
    port = free_port()
    async with control_plane() as plane:
        access = plane.access
    async with background(run(options(port), access=access), "manager"):

        async def unready() -> str:
            try:
                status, text = await answer(port, "/readyz")
            except aiohttp.ClientError:
                return ""
            return text if status == 500 else ""

        assert "not synced" in str(await eventually(unready, "it says what it waits for"))


GROUPS = [
    "cluster.karmada.io",
    "work.karmada.io",
    "policy.karmada.io",
    "rbac.authorization.k8s.io",
    "apps",
    "apps.karmada.io",
    "config.karmada.io",
    "remedy.karmada.io",
]
FEW_RIGHTS: Object = {
    "metadata": {"name": "few-rights"},
    "rules": [
        {"apiGroups": GROUPS, "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": ["apiextensions.k8s.io", "apiregistration.k8s.io"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
        {
            "apiGroups": [""],
            "resources": ["namespaces", "secrets", "serviceaccounts", "events"],
            "verbs": ["*"],
        },
    ],
}


async def test_an_api_that_cannot_be_read_holds_up_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controllers.main.plane.TEMPLATES_SECONDS", 0.5)
    port = free_port()
    async with control_plane() as plane:
        await plane.create(CLUSTER_ROLES, FEW_RIGHTS)
        reference = {"apiGroup": GROUPS[3], "kind": "ClusterRole", "name": "few-rights"}
        subject = {"apiGroup": GROUPS[3], "kind": "User", "name": "manager"}
        binding = {"metadata": {"name": "few-rights"}, "roleRef": reference, "subjects": [subject]}
        await plane.create(CLUSTER_ROLE_BINDINGS, binding)
        access = replace(plane.access, impersonate_user="manager")
        async with background(run(options(port), access=access), "manager"):
            await pull_cluster(plane, "m")
            await eventually(lambda: is_marked(plane, "m"), "the manager acts")
            assert (await answer(port, "/readyz"))[0] == 200


async def test_a_restart_with_nothing_changed_writes_nothing(tmp_path: Path) -> None:
    async with control_plane() as plane, member(tmp_path, "m") as m:
        versions: list[dict[str, str]] = []
        for _ in range(2):
            async with background(run(options(), access=plane.access), "manager"):
                if not versions:
                    await join(plane, m, impersonatorSecretRef={"namespace": "karmada-cluster", "name": "m"})
                    await plane.namespace("demo")
                await plane.until_ready("m")
                await eventually(lambda: holder(plane), "it leads")
                last: dict[str, str] = {}

                async def settled() -> bool:
                    nonlocal last
                    before, last = last, await plane.versions(CLUSTERS, WORKS)
                    await asyncio.sleep(0.4)
                    return before == last

                await eventually(settled, "all is in place")
                versions.append(last)
        assert versions[0] == versions[1]


async def test_a_busy_port_is_told_before_anything_else() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        async with control_plane() as plane:
            with pytest.raises(StartError, match="the port is in use; choose another with --health-probe"):
                await run(options(port), access=plane.access)


def test_a_missing_kubeconfig_is_one_line_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(
        [f"--kubeconfig={tmp_path / 'none'}", "--health-probe-bind-address=0", "--metrics-bind-address=0"]
    )
    assert code == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "cannot start" in lines[0]


async def test_the_process_runs_as_a_module_and_ends_on_a_signal(tmp_path: Path) -> None:
    port = free_port()
    async with control_plane() as plane:
        path = tmp_path / "kubeconfig"
        access = plane.access
        config = with_context(
            new_kubeconfig(),
            context="plane",
            cluster="plane",
            user="admin",
            server=access.server,
            ca_data=access.ca_data,
            client_certificate=access.client_certificate,
            client_key=access.client_key,
            make_current=True,
        )
        write_kubeconfig(path, config)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "controllers",
            f"--kubeconfig={path}",
            f"--health-probe-bind-address=127.0.0.1:{port}",
            f"--metrics-bind-address=127.0.0.1:{port}",
            "--leader-elect-retry-period=100ms",
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        try:
            await eventually(lambda: holder(plane), "the process leads")
            status, text = await answer(port, "/metrics")
            assert status == 200
            assert "workqueue_depth" in text
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                assert await process.wait() == 0
            assert await holder(plane) == ""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
