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
from dataclasses import dataclass
from pathlib import Path

from karmada.cli.local.layout import Layout, LocalError

STOP_SECONDS = 10.0
POLL_SECONDS = 0.02
EXEC_SECONDS = 1.0
EXEC_POLL_SECONDS = 0.001
LOG_TAIL_BYTES = 2000


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """name is the console script's; module what `python -m` runs; arguments identify it besides."""

    name: str
    module: str
    arguments: tuple[str, ...]

    @property
    def command(self) -> tuple[str, ...]:
        return (sys.executable, "-m", self.module, *self.arguments)


class Processes:
    """The processes of one state folder."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def pid(self, name: str) -> int | None:
        """The pid of the running process of that name, None when it does not run."""
        started = self._started(name)
        return started.pid if started is not None and _runs(started) else None

    def names(self) -> list[str]:
        """Every process started here and not stopped since, running or not."""
        return sorted(path.stem for path in self._layout.run.glob("*.pid"))

    def command_of(self, name: str) -> tuple[str, ...]:
        """The command line it runs with; empty when it does not run."""
        started = self._started(name)
        return started.command if started is not None and _runs(started) else ()

    def start(self, spec: ProcessSpec) -> bool:
        """Start it unless it runs already with the same arguments; with others it is restarted.

        Returns whether a new process was started.
        """
        running = self.command_of(spec.name)
        if running:
            if running == spec.command:
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
        record = {"pid": process.pid, "command": spec.command}
        self._pid_file(spec.name).write_text(json.dumps(record) + "\n")
        _await_command_line(process, _Started(process.pid, spec.command))
        process.returncode = 0  # it outlives this command: nobody is to be warned that it still runs
        return True

    def stop(self, name: str) -> bool:
        """SIGTERM, then SIGKILL after STOP_SECONDS. Returns whether it ran."""
        pid = self.pid(name)
        if pid is not None:
            _signal(pid, signal.SIGTERM)
            if not _gone(pid):
                _signal(pid, signal.SIGKILL)
                _gone(pid)
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

    def _started(self, name: str) -> "_Started | None":
        """What the pid file says; None when there is none that can be read."""
        try:
            record = json.loads(self._pid_file(name).read_text())
            return _Started(int(record["pid"]), tuple(record["command"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _pid_file(self, name: str) -> Path:
        return self._layout.run / f"{name}.pid"


@dataclass(frozen=True, slots=True)
class _Started:
    pid: int
    command: tuple[str, ...]


def _runs(started: _Started) -> bool:
    """Whether the pid is still that process, not a zombie and not somebody else's."""
    if sys.platform != "linux":
        return _answers(started.pid)
    try:
        words = Path(f"/proc/{started.pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except OSError:
        return False
    return tuple(map(os.fsdecode, words)) == started.command


def _await_command_line(process: subprocess.Popen[bytes], started: _Started) -> None:
    """A new process has its command line a moment after it exists; before that it looks like a stranger."""
    deadline = time.monotonic() + EXEC_SECONDS
    while process.poll() is None and not _runs(started) and time.monotonic() < deadline:
        time.sleep(EXEC_POLL_SECONDS)


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _gone(pid: int) -> bool:
    """Whether it ends within STOP_SECONDS, its ports with it."""
    deadline = time.monotonic() + STOP_SECONDS
    while not _ended(pid) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return _ended(pid)


def _ended(pid: int) -> bool:
    """Gone, or a zombie that only waits for whoever started it. Collects our own."""
    _reap(pid)
    if sys.platform != "linux":
        return not _answers(pid)
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
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
