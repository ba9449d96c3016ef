"""A local control plane in a folder of its own, started and stopped as a user would: with `karmadactl
local`."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from karmada.client.kubeconfig import Access, load_kubeconfig
from karmada.client.tls import ssl_context

T = TypeVar("T")
UP_SECONDS = 120
WAIT_SECONDS = 30.0


class LocalPlane:
    """A context manager around `karmadactl local up` and `down`."""

    def __init__(
        self,
        state: Path,
        *,
        port: int,
        members: int = 3,
        nodes: int = 1,
        etcd: str = "",
        pull: int = 0,
        estimators: bool = False,
        flags: Sequence[str] = (),
    ) -> None:
        self.state = state
        self._options = [f"--port={port}", f"--members={members}", f"--nodes={nodes}", f"--pull={pull}"]
        self._options += [f"--flag={flag}" for flag in flags]
        if estimators:
            self._options.append("--estimators")
        if etcd:
            self._options.append(f"--etcd={etcd}")
        self.karmada_config = state / "karmada.config"
        self.members_config = state / "members.config"
        self._accesses: dict[Path, Access] = {}
        self._contexts: dict[Path, ssl.SSLContext | None] = {}

    def __enter__(self) -> "LocalPlane":
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.karmadactl("local", "down", f"--state={self.state}")

    def up(self) -> str:
        """Start what does not run; returns what it printed."""
        return self.karmadactl("local", "up", f"--state={self.state}", *self._options)

    def karmadactl(self, *arguments: str) -> str:
        """Run it; raises with all output when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "karmada.cli.main", *arguments],
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
            check=False,
            env={**os.environ, "KUBECONFIG": str(self.karmada_config)},
        )
        if done.returncode:
            raise RuntimeError(
                f"karmadactl {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def member_config(self, name: str) -> Path:
        return self.state / "members" / name / "admin.kubeconfig"

    def pid(self, process: str) -> int:
        """Of a process this plane started."""
        return int(json.loads((self.state / "run" / f"{process}.pid").read_text())["pid"])

    def kill(self, process: str, *, signal_number: int = signal.SIGKILL) -> None:
        """End it as a crash would, and wait until it is gone."""
        pid = self.pid(process)
        os.kill(pid, signal_number)
        eventually(lambda: pid, until=lambda _: not _runs(pid))

    def health_port(self, process: str) -> int:
        return int(json.loads((self.state / "local.json").read_text())["ports"][process])

    def kubectl(
        self,
        *arguments: str,
        member: str = "",
        program: Path | None = None,
        stdin: str = "",
        config: Path | None = None,
    ) -> str:
        """Output of a kubectl command; raises when it fails. config: of another cluster than these."""
        config = config or (self.member_config(member) if member else self.karmada_config)
        done = subprocess.run(
            [str(program or self.state / "bin" / "kubectl"), f"--kubeconfig={config}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def api(self, method: str, path: str, body: object = None, *, member: str = "") -> Any:
        """What the API server answers; raises RuntimeError when it refuses. Cheaper than kubectl."""
        config = self.member_config(member) if member else self.karmada_config
        access = self._accesses.setdefault(config, load_kubeconfig(config))
        request = urllib.request.Request(
            access.server + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json" if method == "POST" else "application/merge-patch+json"
            },
        )
        context = self._contexts.setdefault(config, ssl_context(access))
        try:
            with urllib.request.urlopen(request, context=context, timeout=30) as answer:
                return json.loads(answer.read())
        except OSError as error:
            raise RuntimeError(f"{method} {path}: {error}") from error


def _runs(pid: int) -> bool:
    """Not gone, and no zombie either."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually(probe: Callable[[], T], *, until: Callable[[T], bool], seconds: float = WAIT_SECONDS) -> T:
    """What probe gives once it is what we wait for; the last answer is in the error when it never is."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found: T | RuntimeError = probe()
            if until(found):  # type: ignore[arg-type]
                return found  # type: ignore[return-value]
        except RuntimeError as error:
            found = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s; last: {found}")
        time.sleep(0.1)
