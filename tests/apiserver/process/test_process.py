"""karmada-apiserver as a process: starting, refusing to start, stopping, and what survives."""

import asyncio
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.apiserver.serving import config_map, until

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


@asynccontextmanager
async def process(*flags: str) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "apiserver",
        *flags,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def flags(folder: Path, port: int) -> list[str]:
    return [
        f"--storage=sqlite://{folder}/store.db",
        f"--cert-dir={folder}/pki",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
    ]


async def session_to(folder: Path, port: int) -> aiohttp.ClientSession:
    """A session of the administrator, once the server is ready."""
    await until((folder / "pki" / "admin.kubeconfig").exists, seconds=30)
    async with asyncio.timeout(30):
        context = ssl.create_default_context(cafile=str(folder / "pki" / "ca.crt"))
        context.load_cert_chain(folder / "pki" / "admin.crt", folder / "pki" / "admin.key")
        session = aiohttp.ClientSession(
            f"https://127.0.0.1:{port}", connector=aiohttp.TCPConnector(ssl=context)
        )
        while True:
            try:
                async with session.get("/readyz") as answer:
                    if answer.status == 200:
                        return session
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.05)


async def test_a_start_makes_its_pki_and_a_stop_ends_watches_without_loss(tmp_path: Path) -> None:
    port = free_port()
    async with process(*flags(tmp_path, port)) as server:
        session = await session_to(tmp_path, port)
        async with session:
            assert (await session.post(CONFIG_MAPS, json=config_map("kept", {"k": "v"}))).status == 201
            listed = await (await session.get(CONFIG_MAPS)).json()
            watch = await session.get(
                f"{CONFIG_MAPS}?watch=1&resourceVersion={listed['metadata']['resourceVersion']}"
            )
            server.send_signal(signal.SIGTERM)
            assert await watch.read() == b""
            async with asyncio.timeout(20):
                assert await server.wait() == 0
    async with process(*flags(tmp_path, port)):
        session = await session_to(tmp_path, port)
        async with session:
            kept = await (await session.get(f"{CONFIG_MAPS}/kept")).json()
            assert kept["data"] == {"k": "v"}
            # Nothing was missing, so the second start wrote nothing, and old versions can still be watched.
            again = await (await session.get(CONFIG_MAPS)).json()
            assert again["metadata"]["resourceVersion"] == listed["metadata"]["resourceVersion"]


async def test_a_killed_server_has_everything_it_acknowledged(tmp_path: Path) -> None:
    port = free_port()
    acknowledged: list[str] = []

    async def write(session: aiohttp.ClientSession, start: int) -> None:
        for number in range(start, 10_000, 8):
            try:
                async with session.post(CONFIG_MAPS, json=config_map(f"c{number}")) as answer:
                    if answer.status == 201:
                        acknowledged.append(f"c{number}")
            except aiohttp.ClientError:
                return

    async with process(*flags(tmp_path, port)) as server:
        session = await session_to(tmp_path, port)
        async with session, asyncio.TaskGroup() as group:
            for start in range(8):
                group.create_task(write(session, start))
            await until(lambda: len(acknowledged) >= 100)
            server.kill()
    async with process(*flags(tmp_path, port)):
        session = await session_to(tmp_path, port)
        async with session:
            listed = await (await session.get(CONFIG_MAPS)).json()
            present = {item["metadata"]["name"] for item in listed["items"]}
    assert set(acknowledged) <= present


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param(["--storage=bogus://x"], "storage bogus://x cannot be opened", id="storage"),
        pytest.param(
            ["--client-ca-file=/absent"], "--client-ca-file: /absent cannot be read", id="client-ca"
        ),
        pytest.param(
            ["--tls-cert-file=/absent"], "serving certificate /absent cannot be used", id="certificate"
        ),
    ],
)
async def test_a_bad_setting_ends_the_process_with_one_line(
    tmp_path: Path, given: list[str], text: str
) -> None:
    async with process(
        "--storage=memory://", f"--cert-dir={tmp_path}/pki", "--secure-port=0", *given
    ) as server:
        async with asyncio.timeout(30):
            _, errors = await server.communicate()
        assert server.returncode == 1
        assert text in errors.decode()
        assert len(errors.decode().strip().splitlines()) == 1


async def test_a_taken_port_ends_the_process_with_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        given = [
            "--storage=memory://",
            f"--cert-dir={tmp_path}/pki",
            f"--secure-port={port}",
            "--bind-address=127.0.0.1",
        ]
        async with process(*given) as server:
            async with asyncio.timeout(30):
                _, errors = await server.communicate()
            assert server.returncode == 1
            assert f"cannot listen on 127.0.0.1:{port}: the port is in use" in errors.decode()
            assert len(errors.decode().strip().splitlines()) == 1


async def test_an_unknown_flag_is_named(tmp_path: Path) -> None:
    async with process("--bogus") as server:
        _, errors = await server.communicate()
        assert server.returncode == 2
        assert b"unrecognized arguments: --bogus" in errors
