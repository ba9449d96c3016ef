"""Processes that outlive the command that started them, with real children."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from karmada.cli.local.layout import Layout, LocalError
from karmada.cli.local.processes import Processes, ProcessSpec
from tests.support.local import eventually

STAYING = "import sys, time; print('hello', *sys.argv[1:], flush=True); time.sleep(60)"
LEAVING = "import sys; sys.exit('no certificate: it is missing')"
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
time.sleep(60)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    layout = Layout(tmp_path / "state")
    layout.prepare()
    for name, text in (("staying", STAYING), ("leaving", LEAVING), ("deaf", DEAF)):
        (layout.state / f"{name}.py").write_text(text)
    started = Processes(layout)
    yield started
    for name in started.names():
        started.stop(name)


def said(processes: Processes, name: str) -> str:
    return eventually(lambda: processes.log_file(name).read_text(), until=bool)


def test_a_process_is_started_once(processes: Processes) -> None:
    spec = ProcessSpec("p", "staying", ("--a",))
    assert processes.start(spec) is True
    pid = processes.pid("p")
    assert processes.start(spec) is False
    assert processes.pid("p") == pid
    assert processes.names() == ["p"]
    assert said(processes, "p") == "hello --a\n"


def test_other_arguments_restart_it(processes: Processes) -> None:
    processes.start(ProcessSpec("p", "staying", ("--a",)))
    before = processes.pid("p")
    assert processes.start(ProcessSpec("p", "staying", ("--b",))) is True
    assert processes.pid("p") not in (None, before)
    assert processes.command_of("p")[-1] == "--b"


def test_a_stopped_process_is_gone_and_forgotten(processes: Processes) -> None:
    processes.start(ProcessSpec("p", "staying", ()))
    pid = processes.pid("p")
    assert pid is not None
    assert processes.stop("p") is True
    assert processes.pid("p") is None
    assert processes.names() == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert processes.stop("p") is False


def test_a_process_that_does_not_listen_is_killed(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("karmada.cli.local.processes.STOP_SECONDS", 0.2)
    processes.start(ProcessSpec("p", "deaf", ()))
    said(processes, "p")
    assert processes.stop("p") is True
    assert processes.pid("p") is None


def test_a_killed_process_does_not_run_and_is_started_again(processes: Processes) -> None:
    spec = ProcessSpec("p", "staying", ())
    processes.start(spec)
    pid = processes.pid("p")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: processes.pid("p"), until=lambda found: found is None)
    assert processes.names() == ["p"]
    assert processes.start(spec) is True


def test_a_process_that_ends_at_once_shows_the_end_of_its_log(processes: Processes) -> None:
    processes.start(ProcessSpec("p", "leaving", ()))
    eventually(lambda: processes.pid("p"), until=lambda found: found is None)
    with pytest.raises(
        LocalError, match=r"p stopped:\nno certificate: it is missing\nall of it: /.*/log/p\.log"
    ):
        processes.require_running("p")


def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(processes: Processes, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        record = {"pid": stranger.pid, "command": [sys.executable, "-m", "staying"]}
        (tmp_path / "state" / "run" / "p.pid").write_text(json.dumps(record))
        assert processes.pid("p") is None
        assert processes.stop("p") is False
        time.sleep(0.05)
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize(
    "text", ["", "12", "{}", "[]", '{"pid": "x", "command": []}', '{"pid": 0, "command": []}']
)
def test_a_broken_pid_file_means_that_nothing_runs(processes: Processes, tmp_path: Path, text: str) -> None:
    (tmp_path / "state" / "run" / "p.pid").write_text(text)
    assert processes.pid("p") is None
    assert processes.stop("p") is False


def test_logs_of_earlier_runs_are_kept(processes: Processes) -> None:
    for argument in ("one", "two"):
        processes.start(ProcessSpec("p", "staying", (argument,)))
        eventually(lambda: processes.log_tail("p"), until=lambda text, end=argument: text.endswith(end))  # type: ignore[misc]
    assert processes.log_tail("p") == "hello one\nhello two"
