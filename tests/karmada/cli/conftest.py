"""A control plane in a process of its own, and somebody who types commands at it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from karmada.cli.local.layout import free_ports
from tests.karmada.cli.console import Typist
from tests.support.local import eventually


@pytest.fixture
def karmadactl(capsys: pytest.CaptureFixture[str]) -> Typist:
    return Typist(capsys)


@pytest.fixture(scope="session")
def plane_kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The administrator's kubeconfig of an API server without controllers, which runs."""
    folder = tmp_path_factory.mktemp("plane")
    (port,) = free_ports(1)
    kubeconfig = folder / "pki" / "admin.kubeconfig"
    command = [sys.executable, "-m", "apiserver", "--storage=memory://", f"--secure-port={port}"]
    command += ["--bind-address=127.0.0.1", f"--cert-dir={folder / 'pki'}"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            eventually(lambda: _answers(kubeconfig), until=bool)
            yield kubeconfig
        finally:
            process.terminate()


def _answers(kubeconfig: Path) -> bool:
    command = [sys.executable, "-m", "karmada.cli.main", "get", "namespaces", f"--kubeconfig={kubeconfig}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
