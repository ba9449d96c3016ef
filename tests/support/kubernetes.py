"""A real cluster for tests: kube-apiserver and kube-controller-manager, built once from the Go modules.

build_kubernetes takes minutes the first time; the binaries stay in the cache. RealCluster runs one with an
etcd of its own on loopback and gives an admin kubeconfig. Tests that need it carry the marker
real_kubernetes and are skipped where the binaries are not there.
"""

import json
import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from apiserver.filters.authentication.pki import ensure_pki
from karmada.cli.local.layout import free_ports
from karmada.client.kubeconfig_file import new_kubeconfig, with_context, write_kubeconfig
from tests.support.etcd_server import EtcdServer

VERSION: Final = "1.36.3"
MODULE: Final = "k8s.io/kubernetes"
PROGRAMS: Final = ("kube-apiserver", "kube-controller-manager")
BUILD_SECONDS: Final = 1800
START_SECONDS: Final = 60.0


def binaries(cache: Path) -> Path:
    return cache / f"kubernetes-{VERSION}"


def has_binaries(cache: Path) -> bool:
    return all((binaries(cache) / program).exists() for program in PROGRAMS)


def build_kubernetes(cache: Path) -> str:
    """Build both programs into the cache unless they are there. Returns what went wrong, "" when nothing
    did."""
    target = binaries(cache)
    if has_binaries(cache):
        return ""
    go = shutil.which("go")
    if go is None:
        return "no Go toolchain to build it with"
    work = cache / "kubernetes-build"
    work.mkdir(parents=True, exist_ok=True)
    try:
        packages = [f"{MODULE}/cmd/{program}" for program in PROGRAMS]
        write_module(go, work, packages)
        command = [go, "build", "-trimpath", "-ldflags", link_flags(), "-o", f"{work}/bin/"]
        run_go([*command, *packages], work)
    except (subprocess.SubprocessError, OSError, KeyError) as error:
        output = getattr(error, "stderr", "") or str(error)
        return f"go: {output.strip()[-300:]}"
    target.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        (work / "bin" / program).replace(target / program)
    shutil.rmtree(work, ignore_errors=True)
    return ""


def link_flags() -> str:
    """Programs built with these know their version."""
    major, minor, _ = VERSION.split(".")
    facts = (f"gitVersion=v{VERSION}", f"gitMajor={major}", f"gitMinor={minor}")
    return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{fact}" for fact in facts)])


def write_module(go: str, work: Path, packages: Sequence[str]) -> None:
    """A module of our own that needs packages, with the staging modules at their published versions."""
    found = json.loads(run_go([go, "mod", "download", "-json", f"{MODULE}@v{VERSION}"], work))
    text = Path(found["GoMod"]).read_text()
    staging = re.findall(r"^\s*(k8s\.io/\S+) => \./staging", text, re.MULTILINE)
    language = re.search(r"^go (\S+)", text, re.MULTILINE)
    assert language is not None
    minor = VERSION.partition(".")[2]
    replaced = "\n".join(f"\t{module} => {module} v0.{minor}" for module in staging)
    requirement = f"require {MODULE} v{VERSION}\n\nreplace (\n{replaced}\n)\n"
    (work / "go.mod").write_text(f"module test.example/kubernetes\n\ngo {language[1]}\n\n{requirement}")
    imports = "\n".join(f'\t_ "{package}"' for package in packages)
    (work / "tools.go").write_text(f"//go:build tools\n\npackage kubernetes\n\nimport (\n{imports}\n)\n")
    run_go([go, "mod", "tidy"], work)


def run_go(command: list[str], work: Path) -> str:
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    return subprocess.run(
        command, cwd=work, env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS, check=True
    ).stdout


class RealCluster:
    """kube-apiserver and, unless controllers is False, kube-controller-manager on loopback, without nodes.

    A context manager. Its certificates and the administrator's are in directory, as ensure_pki names them.
    """

    def __init__(
        self, directory: Path, cache: Path, *, controllers: bool = True, flags: Sequence[str] = ()
    ) -> None:
        """flags are further ones of kube-apiserver."""
        self._directory = directory
        self._programs = require_binaries(cache)
        self._controllers = controllers
        self._flags = tuple(flags)
        self._etcd = EtcdServer(directory)
        (port,) = free_ports(1)
        self.url = f"https://127.0.0.1:{port}"
        self.kubeconfig = directory / "admin.kubeconfig"
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def pids(self) -> list[int]:
        """Of kube-apiserver and, if it runs, kube-controller-manager, in this order."""
        return [process.pid for process in self._processes]

    def __enter__(self) -> "RealCluster":
        self._etcd.start()
        try:
            self._start_all()
        except BaseException:
            self._stop_all()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop_all()

    def _stop_all(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)
        self._etcd.stop()

    def _start_all(self) -> None:
        pki = ensure_pki(self._directory, hosts=["127.0.0.1", "localhost"])
        folder = self._directory
        key = folder / "service-account.key"
        key.write_bytes(_signing_key())
        config = with_context(
            new_kubeconfig(),
            context="real",
            cluster="real",
            user="admin",
            server=self.url,
            ca_data=pki.authority.certificate,
            client_certificate=pki.admin.certificate,
            client_key=pki.admin.key,
        )
        write_kubeconfig(self.kubeconfig, config)
        self._start(
            "kube-apiserver",
            f"--etcd-servers={self._etcd.url}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.url.rpartition(':')[2]}",
            f"--tls-cert-file={pki.serving.certificate_path}",
            f"--tls-private-key-file={pki.serving.key_path}",
            f"--client-ca-file={pki.authority.certificate_path}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            *self._flags,
        )
        self._await_ready()
        if not self._controllers:
            return
        self._start(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig}",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
            "--leader-elect=false",
            f"--service-account-private-key-file={key}",
            f"--root-ca-file={pki.authority.certificate_path}",
            "--use-service-account-credentials=false",
        )

    def _start(self, program: str, *arguments: str) -> None:
        log = (self._directory / f"{program}.log").open("wb")
        with log:
            command = [str(self._programs / program), *arguments]
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=self._directory))

    def _await_ready(self) -> None:
        context = ssl.create_default_context(cafile=str(self._directory / "ca.crt"))
        context.load_cert_chain(self._directory / "admin.crt", self._directory / "admin.key")
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", context=context, timeout=5):
                    return
            except (urllib.error.URLError, OSError) as error:
                if time.monotonic() > deadline:
                    log = (self._directory / "kube-apiserver.log").read_text()[-2000:]
                    raise TimeoutError(f"kube-apiserver does not get ready: {error}\n{log}") from error
                time.sleep(0.2)


def require_binaries(cache: Path) -> Path:
    """The folder of the programs. Skips the test where they are not."""
    if not has_binaries(cache):
        pytest.skip("no kube-apiserver in the cache: `make tools` builds one where a Go toolchain is")
    return binaries(cache)


def _signing_key() -> bytes:
    """An EC key to sign service account tokens with; much quicker to make than an RSA one."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
