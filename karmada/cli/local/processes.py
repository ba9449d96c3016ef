"""Start, find and stop the processes of a local control plane, each known by a pid file.

A process outlives the command that started it, writes to its own log file and is stopped by its pid only,
after a look at its command line: a pid that was given to somebody else meanwhile is left alone.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from karmada.cli.local.layout import Layout, LocalError

STOP_SECONDS = 10.0
POLL_SECONDS = 0.02
LOG_TAIL_BYTES = 2000


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """name is the console script's; module what `python -m` runs; arguments identify it besides."""

    name: str
    module: str
    arguments: tuple[str, ...]

    @property
    def command(self) -> Sequence[str]:
        return (sys.executable, "-m", self.module, *self.arguments)


class Processes:
    """The processes of one state folder."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def pid(self, name: str) -> int | None:
        """The pid of the running process of that name, None when it does not run."""
        try:
            started = json.loads(self._pid_file(name).read_text())
            if sys.platform != "linux":
                return int(started["pid"]) if _answers(started["pid"]) else None
            command = Path(f"/proc/{started['pid']}/cmdline").read_bytes().split(b"\0")[:-1]
        except (FileNotFoundError, ProcessLookupError, PermissionError, ValueError):
            return None
        return int(started["pid"]) if [part.decode() for part in command] == started["command"] else None

    def names(self) -> list[str]:
        """Every process started here and not stopped since, running or not."""
        return sorted(path.stem for path in self._layout.run.glob("*.pid"))

    def command_of(self, name: str) -> Sequence[str]:
        """The command line it runs with; empty when it does not run."""
        if self.pid(name) is None:
            return ()
        command: list[str] = json.loads(self._pid_file(name).read_text())["command"]
        return command

    def start(self, spec: ProcessSpec) -> bool:
        """Start it unless it runs already with the same arguments; with others it is restarted.

        Returns whether a new process was started.
        """
        running = self.command_of(spec.name)
        if running:
            if tuple(running) == tuple(spec.command):
                return False
            self.stop(spec.name)
        log = self.log_file(spec.name)
        with log.open("ab") as output:
            process = subprocess.Popen(
                spec.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._layout.state,
                start_new_session=True,
            )
        started = {"pid": process.pid, "command": list(spec.command)}
        self._pid_file(spec.name).write_text(json.dumps(started) + "\n")
        return True

    def stop(self, name: str) -> bool:
        """SIGTERM, then SIGKILL after STOP_SECONDS. Returns whether it ran."""
        pid = self.pid(name)
        if pid is not None:
            _signal(pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while self.pid(name) is not None and time.monotonic() < deadline:
                _reap(pid)
                time.sleep(POLL_SECONDS)
            if self.pid(name) is not None:
                _signal(pid, signal.SIGKILL)
                _reap(pid)
        self._pid_file(name).unlink(missing_ok=True)
        return pid is not None

    def require_running(self, name: str) -> None:
        """Raises LocalError with the end of its log when the process is gone."""
        pid = self.pid(name)
        if pid is not None:
            _reap(pid)
            if self.pid(name) is not None:
                return
        raise LocalError(f"{name} stopped:\n{self.log_tail(name)}\nall of it: {self.log_file(name)}")

    def log_file(self, name: str) -> Path:
        return self._layout.log / f"{name}.log"

    def log_tail(self, name: str) -> str:
        try:
            return self.log_file(name).read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace").strip()
        except FileNotFoundError:
            return "(no log)"

    def _pid_file(self, name: str) -> Path:
        return self._layout.run / f"{name}.pid"


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _reap(pid: int) -> None:
    """Collect it when it is our own child: a zombie still has a pid."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
