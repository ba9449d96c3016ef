"""A real etcd that restarts, dies, hangs, wants certificates or passwords. The protocol is in
test_contract.py.
"""

import asyncio
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Awaitable, Iterator
from pathlib import Path

import pytest

from etcd import Backend, Compacted, Put, StoreError, Unavailable, mod, open_backend
from etcd.remote_watch import supports_progress
from karmada.cli.local.layout import free_ports
from tests.etcd.certificates import Authority
from tests.etcd.watching import Watching
from tests.support.etcd_server import EtcdServer, etcd_cluster


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EtcdServer]:
    """An etcd of this test alone."""
    with EtcdServer(tmp_path) as server:
        yield server


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after a second instead of ten."""
    monkeypatch.setattr("etcd.connection.REQUEST_SECONDS", 1.0)
    monkeypatch.setattr("etcd.connection.CONNECT_SECONDS", 1.0)


async def put(backend: Backend, key: bytes, value: bytes) -> int:
    return (await backend.transaction(compare=[], success=[Put(key, value)])).revision


async def surely_put(backend: Backend, key: bytes, value: bytes) -> int:
    """Create key once, whatever happens on the way: the revision it was created at."""
    async with asyncio.timeout(30):
        while True:
            try:
                result = await backend.transaction(compare=[mod(key) == 0], success=[Put(key, value)])
            except Unavailable:
                continue
            if result.succeeded:
                return result.revision
            held = result.current[0]
            assert held is not None
            assert held.value == value
            return held.mod_revision


def etcdctl(url: str, *words: str) -> str:
    """What etcdctl answers."""
    binary = shutil.which("etcdctl")
    if binary is None:
        pytest.skip("no etcdctl on PATH: apt-get install etcd-client")
    command = [binary, f"--endpoints={url}", *words]
    return subprocess.run(
        command, env={"ETCDCTL_API": "3"}, check=True, capture_output=True, text=True, timeout=20
    ).stdout


# Restarts


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
async def test_watches_and_writes_survive_a_restart(server: EtcdServer, kill: bool) -> None:
    async with open_backend(server.url) as backend, Watching(backend, b"/") as watching:
        written: list[int] = []

        async def write() -> None:
            for number in range(60):
                written.append(await surely_put(backend, b"/%d" % number, b"%d" % number))
                await asyncio.sleep(0.02)

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            for _ in range(2):
                await asyncio.sleep(0.3)
                await asyncio.to_thread(server.stop, kill=kill)
                await asyncio.to_thread(server.start)
        await watching.until(lambda watching: len(watching.events) >= 60)
        assert [event.key_value.mod_revision for event in watching.events] == written
        assert [event.key_value.value for event in watching.events] == [b"%d" % n for n in range(60)]


async def test_a_watch_that_sleeps_through_a_compaction_is_told(server: EtcdServer) -> None:
    async with open_backend(server.url) as backend:
        watch = backend.watch_prefix(b"/")
        await anext(watch)
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        written = [await surely_put(backend, b"/%d" % number, b"") for number in range(5)]
        await backend.compact(written[-1])
        with pytest.raises(Compacted):
            async for _ in watch:
                pass


async def test_big_histories_are_replayed_whole_after_a_restart(server: EtcdServer) -> None:
    async with open_backend(server.url) as backend:
        for number in range(30):
            await backend.transaction(
                compare=[], success=[Put(b"/%d/%d" % (number, i), b"x" * 10_000) for i in range(50)]
            )
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        async with Watching(backend, b"/", start_revision=2) as watching:
            await watching.until(lambda watching: len(watching.events) == 1500)
        for batch in watching.batches:
            assert len(batch.events) % 50 == 0


# Nobody there


@pytest.mark.usefixtures("impatient")
async def test_an_etcd_that_is_down_is_named(server: EtcdServer) -> None:
    async with open_backend(server.url) as backend:
        await put(backend, b"/a", b"1")
        await asyncio.to_thread(server.stop)
        for attempt in (backend.get(b"/a"), put(backend, b"/a", b"2"), backend.current_revision()):
            with pytest.raises(Unavailable, match=server.address):
                await attempt


async def test_a_dead_endpoint_is_passed_over(server: EtcdServer) -> None:
    (dead,) = free_ports(1)
    async with open_backend(f"http://127.0.0.1:{dead},{server.url}") as backend:
        async with asyncio.timeout(4):
            revision = await put(backend, b"/a", b"1")
        assert await backend.current_revision() == revision


@pytest.mark.usefixtures("impatient")
async def test_a_write_to_a_hanging_etcd_may_or_may_not_have_happened(server: EtcdServer) -> None:
    async with open_backend(server.url) as backend, Watching(backend, b"/") as watching:
        await put(backend, b"/a", b"1")
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(Unavailable, match="Deadline Exceeded"):
                await put(backend, b"/a", b"2")
        finally:
            server.process.send_signal(signal.SIGCONT)
        await surely_put(backend, b"/b", b"3")
        held = await backend.get(b"/a")
        assert held is not None
        await watching.until(lambda watching: watching.events[-1].key_value.key == b"/b")
        told = [event.key_value.value for event in watching.events]
        assert told == ([b"1", b"2", b"3"] if held.value == b"2" else [b"1", b"3"])


async def test_leaving_ends_calls_that_are_under_way(server: EtcdServer) -> None:
    backend = open_backend(server.url)
    await backend.__aenter__()
    await backend.get(b"/a")
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    await asyncio.to_thread(_until_stopped, server.process.pid)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(asyncio.wait_for(_refusal(call), 5))
                for call in (backend.get(b"/a"), backend.current_revision(), put(backend, b"/a", b""))
            ]
            await asyncio.sleep(0.1)
            began = time.monotonic()
            await backend.__aexit__(None, None, None)
        assert time.monotonic() - began < 2
        assert [task.result() for task in tasks] == ["store is closed"] * 3
    finally:
        server.process.send_signal(signal.SIGCONT)


def _until_stopped(pid: int) -> None:
    """A signal takes a moment: until then the process may still answer."""
    while " (etcd) T " not in Path(f"/proc/{pid}/stat").read_text():
        time.sleep(0.01)


async def _refusal(call: Awaitable[object]) -> str:
    with pytest.raises(Unavailable) as caught:
        await call
    return str(caught.value)


async def test_the_loss_of_a_leader_loses_nothing(tmp_path: Path) -> None:
    members = etcd_cluster(tmp_path, size=3)
    try:
        await asyncio.gather(*(asyncio.to_thread(member.start) for member in members))
        async with open_backend(",".join(member.url for member in members)) as backend:
            await surely_put(backend, b"/first", b"")
            async with Watching(backend, b"/") as watching:
                written = [await surely_put(backend, b"/%d" % number, b"") for number in range(20)]
                leader = await asyncio.to_thread(_leader, members)
                await asyncio.to_thread(leader.stop, kill=True)
                written += [await surely_put(backend, b"/%d" % number, b"") for number in range(20, 40)]
                await watching.until(lambda watching: len(watching.events) >= 40)
                assert [event.key_value.mod_revision for event in watching.events] == written
                assert await backend.count_prefix(b"/") == 41
    finally:
        for member in members:
            member.stop(kill=True)


def _leader(members: list[EtcdServer]) -> EtcdServer:
    for member in members:
        with urllib.request.urlopen(f"{member.url}/metrics", timeout=5) as response:
            if b"\netcd_server_is_leader 1\n" in response.read():
                return member
    raise AssertionError("no leader")


# Progress


@pytest.mark.parametrize(
    ("version", "supported"),
    [
        ("3.3.27", False),
        ("3.4.23", False),
        ("3.4.25", True),
        ("3.5.7", False),
        ("3.5.8", True),
        ("3.6.0-rc.1", True),
        ("4.0.0", True),
        ("unknown", False),
    ],
)
def test_progress_is_asked_for_only_where_it_never_overtakes_events(version: str, supported: bool) -> None:
    assert supports_progress(version) is supported


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask this server for progress although it is old: it answers rightly while nothing else happens."""
    monkeypatch.setattr("etcd.remote_watch.PROGRESS_SINCE", {(3, 4): 0, (3, 5): 0})


@pytest.mark.usefixtures("narrow")
async def test_a_narrow_watch_makes_progress_when_somebody_asks_for_the_revision(
    etcd_url: str, prefix: bytes
) -> None:
    async with open_backend(etcd_url) as backend, Watching(backend, prefix + b"mine/") as watching:
        await put(backend, prefix + b"mine/a", b"1")
        await watching.until(lambda watching: len(watching.events) == 1)
        elsewhere = await put(backend, prefix + b"theirs/a", b"1")
        assert watching.revision < elsewhere
        assert await backend.current_revision() >= elsewhere
        await watching.until(lambda watching: watching.revision >= elsewhere)
        assert len(watching.events) == 1


@pytest.mark.usefixtures("narrow")
async def test_a_narrow_watch_makes_progress_by_itself(
    etcd_url: str, prefix: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etcd.remote.PROGRESS_SECONDS", 0.1)
    async with open_backend(etcd_url) as backend, Watching(backend, prefix + b"mine/") as watching:
        elsewhere = await put(backend, prefix + b"theirs/a", b"1")
        await watching.until(lambda watching: watching.revision >= elsewhere)


# Who may come in


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "test")


@pytest.fixture
def tls_server(tmp_path: Path, authority: Authority) -> Iterator[EtcdServer]:
    serving = authority.issue("server")
    options = (
        f"--cert-file={serving.certificate}",
        f"--key-file={serving.key}",
        f"--trusted-ca-file={authority.certificate}",
        "--client-cert-auth",
    )
    with EtcdServer(tmp_path, options=options, scheme="https") as server:
        yield server


@pytest.mark.parametrize("scheme", ["https", "etcd"])
async def test_certificates_prove_both_ends(
    tls_server: EtcdServer, authority: Authority, scheme: str
) -> None:
    client = authority.issue("client")
    backend = open_backend(
        f"{scheme}://{tls_server.address}",
        ca_file=str(authority.certificate),
        cert_file=str(client.certificate),
        key_file=str(client.key),
    )
    async with backend:
        async with Watching(backend, b"/") as watching:
            await put(backend, b"/a", b"1")
            await watching.until(lambda watching: len(watching.events) == 1)
        assert await backend.count_prefix(b"/") == 1


@pytest.mark.usefixtures("impatient")
async def test_a_stranger_is_not_let_in(tls_server: EtcdServer, authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    stranger = other.issue("stranger")
    for ca_file, pair in ((authority.certificate, stranger), (other.certificate, authority.issue("client"))):
        backend = open_backend(
            tls_server.url, ca_file=str(ca_file), cert_file=str(pair.certificate), key_file=str(pair.key)
        )
        async with backend:
            with pytest.raises(Unavailable, match=tls_server.address):
                await backend.get(b"/a")


async def test_a_missing_certificate_file_is_named() -> None:
    with pytest.raises(StoreError, match=r"etcd TLS file /absent/ca\.pem: No such file"):
        await open_backend("https://127.0.0.1:1", ca_file="/absent/ca.pem").__aenter__()


async def test_a_password_opens_what_its_user_may_see(server: EtcdServer) -> None:
    for words in (
        ("user", "add", "root:secret"),
        ("user", "add", "karmada:p@ss"),
        ("role", "add", "registry"),
        ("role", "grant-permission", "registry", "--prefix=true", "readwrite", "/registry/"),
        ("user", "grant-role", "root", "root"),
        ("user", "grant-role", "karmada", "registry"),
        ("auth", "enable"),
    ):
        etcdctl(server.url, *words)
    async with open_backend(f"etcd://{server.address}") as backend:
        with pytest.raises(StoreError, match="user name is empty"):
            await backend.get(b"/registry/a")
    async with open_backend(f"etcd://karmada:wrong@{server.address}") as backend:
        with pytest.raises(StoreError, match="authentication failed"):
            await backend.get(b"/registry/a")
    async with open_backend(f"etcd://karmada:p%40ss@{server.address}") as backend:
        with pytest.raises(StoreError, match="permission denied"):
            await backend.get(b"/elsewhere")
        async with Watching(backend, b"/registry/") as watching:
            await put(backend, b"/registry/a", b"1")
            await watching.until(lambda watching: len(watching.events) == 1)
            await asyncio.to_thread(server.stop)  # forgets its tokens
            await asyncio.to_thread(server.start)
            await surely_put(backend, b"/registry/b", b"1")
            await watching.until(lambda watching: len(watching.events) == 2)


# With others


async def test_etcdctl_reads_what_we_write_and_we_see_what_it_writes(etcd_url: str, prefix: bytes) -> None:
    async with open_backend(etcd_url) as backend, Watching(backend, prefix) as watching:
        await put(backend, prefix + b"ours", b'{"kind":"ConfigMap"}')
        key = prefix.decode()
        read = await asyncio.to_thread(etcdctl, etcd_url, "get", key + "ours", "--print-value-only")
        assert read == '{"kind":"ConfigMap"}\n'
        await asyncio.to_thread(etcdctl, etcd_url, "put", key + "theirs", "1")
        await asyncio.to_thread(etcdctl, etcd_url, "del", key, "--prefix")
        await watching.until(lambda watching: len(watching.events) == 4)
        assert [event.type for event in watching.events] == ["put", "put", "delete", "delete"]
        assert await backend.count_prefix(prefix) == 0


async def test_many_who_ask_for_the_revision_share_few_round_trips(etcd_url: str) -> None:
    def ranges() -> int:
        with urllib.request.urlopen(f"{etcd_url}/metrics", timeout=5) as response:
            found = re.search(
                rb'grpc_server_handled_total{grpc_code="OK",grpc_method="Range".*} (\d+)', response.read()
            )
        return int(found[1]) if found else 0

    async with open_backend(etcd_url) as backend:
        before = await asyncio.to_thread(ranges)
        revisions = await asyncio.gather(*(backend.current_revision() for _ in range(200)))
        after = await asyncio.to_thread(ranges)
    assert len(set(revisions)) == 1
    assert 1 <= after - before <= 2
