"""A real etcd server for tests: Debian's `etcd` binary in a directory of its own, on loopback.

`EtcdServer` starts and stops one; the fixture `etcd_url` shares one per test run and skips when the binary
is not there. Use keys under a prefix of your own: the shared server is never emptied.
"""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from karmada.cli.local.layout import free_ports

START_SECONDS: Final = 20.0


def etcd_binary() -> str:
    """Path of etcd. Skips the test when there is none."""
    binary = os.environ.get("ETCD_BINARY") or shutil.which("etcd")
    if binary is None:
        pytest.skip("no etcd binary on PATH: apt-get install etcd-server")
    return binary


class EtcdServer:
    """One member. It keeps its ports and its data over stop() and start()."""

    def __init__(
        self, directory: Path, *, options: Sequence[str] = (), scheme: str = "http", name: str = "test"
    ) -> None:
        self._binary = etcd_binary()
        self._directory = directory
        self._options = options
        client, peer = free_ports(2)
        self.name = name
        self.address = f"127.0.0.1:{client}"
        self.url = f"{scheme}://{self.address}"
        self.peer_url = f"http://127.0.0.1:{peer}"
        self.initial_cluster = f"{name}={self.peer_url}"
        """Where all members of its cluster are; change it before the first start."""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it serves; with TLS when it accepts connections."""
        with (self._directory / "etcd.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    self._binary,
                    f"--name={self.name}",
                    f"--data-dir={self._directory / 'data'}",
                    f"--listen-client-urls={self.url}",
                    f"--advertise-client-urls={self.url}",
                    f"--listen-peer-urls={self.peer_url}",
                    f"--initial-advertise-peer-urls={self.peer_url}",
                    f"--initial-cluster={self.initial_cluster}",
                    *self._options,
                ],
                stdout=log,
                stderr=log,
                env={**os.environ, "ETCD_UNSUPPORTED_ARCH": os.uname().machine},
            )
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if self._serves():
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError("etcd did not start:\n" + (self._directory / "etcd.log").read_text()[-2000:])

    def _serves(self) -> bool:
        try:
            if self.url.startswith("https"):
                host, port = self.address.split(":")
                socket.create_connection((host, int(port)), timeout=1).close()
                return True
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as response:
                return b'"true"' in response.read()
        except OSError:
            return False

    def stop(self, *, kill: bool = False) -> None:
        """Ends it, with kill at once."""
        if self.process is None:
            return
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=10)
        self.process = None

    def __enter__(self) -> "EtcdServer":
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def etcd_cluster(directory: Path, *, size: int) -> list[EtcdServer]:
    """Members of one cluster, not started: each waits for nothing but its own listener."""
    members = []
    for number in range(size):
        home = directory / str(number)
        home.mkdir()
        members.append(EtcdServer(home, name=f"member{number}"))
    everybody = ",".join(member.initial_cluster for member in members)
    for member in members:
        member.initial_cluster = everybody
    return members


@pytest.fixture(scope="session")
def etcd_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`http://127.0.0.1:port` of a real etcd, shared by all tests of this run."""
    with EtcdServer(tmp_path_factory.mktemp("etcd")) as server:
        yield server.url
