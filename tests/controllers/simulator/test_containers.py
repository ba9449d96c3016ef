"""Simulated containers: logs that follow from a pod's status, and the commands that run in them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typing_extensions import override

from apiserver.app import ContainerIO, LogWish
from controllers.simulator.containers import SimulatedContainers, log_lines, selected
from karmada.api.errors import BadRequest
from karmada.runtime.clock import ManualClock, rfc3339

T0 = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = "simulated container web of pod shop/a started"


def pod(**state: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": {
            "nodeName": "n",
            "containers": [{"name": "web", "env": [{"name": "COLOR", "value": "red"}]}],
        },
        "status": {"containerStatuses": [{"name": "web", "state": state}]},
    }


RUNS = pod(running={"startedAt": rfc3339(T0)})
ENDED = pod(
    terminated={"startedAt": rfc3339(T0), "finishedAt": rfc3339(T0 + timedelta(seconds=61)), "exitCode": 1}
)


class Terminal(ContainerIO):
    """Plays the client."""

    def __init__(self, *typed: bytes, tty: bool = False) -> None:
        self.tty = tty
        self.out = b""
        self.err = b""
        self._typed = list(typed)

    @override
    async def read(self) -> bytes:
        return self._typed.pop(0) if self._typed else b""

    @override
    async def write(self, data: bytes, *, error: bool = False) -> None:
        if error and not self.tty:
            self.err += data
        else:
            self.out += data


def containers() -> SimulatedContainers:
    return SimulatedContainers(cluster="member1", clock=ManualClock(T0))


def test_a_log_grows_with_time_and_is_always_the_same() -> None:
    lines = log_lines(RUNS, "web", now=T0 + timedelta(seconds=121))
    assert [text.rpartition(" of pod shop/a ")[2] for _, text in lines] == [
        "started",
        "has run for 60 s",
        "has run for 120 s",
    ]
    assert log_lines(RUNS, "web", now=T0 + timedelta(seconds=61)) == lines[:2]


def test_the_log_of_a_container_that_ended_says_how() -> None:
    assert log_lines(ENDED, "web", now=T0 + timedelta(days=9))[-1][1].endswith("ended with exit code 1")


@pytest.mark.parametrize(
    ("wish", "shown"),
    [
        (LogWish(), 3),
        (LogWish(tail_lines=1), 1),
        (LogWish(tail_lines=0), 0),
        (LogWish(tail_lines=99), 3),
        (LogWish(since_seconds=69), 1),
        (LogWish(since=T0 + timedelta(seconds=60)), 2),
    ],
)
def test_a_part_of_a_log(wish: LogWish, shown: int) -> None:
    now = T0 + timedelta(seconds=130)
    assert selected(log_lines(RUNS, "web", now=now), wish, now=now).count(b"\n") == shown


def test_times_and_bytes() -> None:
    lines = log_lines(RUNS, "web", now=T0)
    assert (
        selected(lines, LogWish(timestamps=True), now=T0) == f"2026-01-01T00:00:00.000000Z {FIRST}\n".encode()
    )
    assert selected(lines, LogWish(limit_bytes=9), now=T0) == b"simulated"


@pytest.mark.parametrize(
    ("of", "wish", "why"),
    [
        (pod(waiting={}), LogWish(), "is waiting to start"),
        (RUNS, LogWish(previous=True), "previous terminated container"),
    ],
)
async def test_a_log_that_does_not_exist_is_refused(of: dict[str, Any], wish: LogWish, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        await anext(containers().log(of, "web", wish))


async def test_a_log_that_is_followed_ends_with_its_container() -> None:
    chunks = [chunk async for chunk in containers().log(ENDED, "web", LogWish(follow=True))]
    assert len(chunks) == 1


@pytest.mark.parametrize(
    ("command", "code", "out"),
    [
        (["echo", "a", "b"], 0, "a b\n"),
        (["echo", "-n", "a"], 0, "a"),
        (["/bin/true"], 0, ""),
        (["false"], 1, ""),
        (["hostname"], 0, "a\n"),
        (["pwd"], 0, "/\n"),
        (["whoami"], 0, "root\n"),
        (["env"], 0, "CLUSTER=member1\nCOLOR=red\nHOSTNAME=a\n"),
        (["printenv", "COLOR"], 0, "red\n"),
        (["date"], 0, "Thu Jan  1 00:00:00 UTC 2026\n"),
        (["sh", "-c", "echo 1; false || echo 2 && echo 3"], 0, "1\n2\n3\n"),
        (["sh", "-c", "false && echo no"], 1, ""),
        (["sh", "-c", "exit 7; echo no"], 7, ""),
        (["sh", "-c", "echo 'a  b' $COLOR ${COLOR} $NONE."], 0, "a  b red red $NONE.\n"),
        (["sh", "-c", "echo 'open"], 2, ""),
        (["sleep", "x"], 2, ""),
        (["sleep", "inf"], 2, ""),
        (["exit", "300"], 44, ""),
        (["cat", "/etc/passwd"], 1, ""),
        (["ls"], 127, ""),
    ],
)
async def test_commands(command: Sequence[str], code: int, out: str) -> None:
    terminal = Terminal()
    assert await containers().execute(RUNS, "web", command, terminal) == code
    assert terminal.out.decode() == out


async def test_cat_gives_back_what_is_typed() -> None:
    terminal = Terminal(b"one\n", b"two\n")
    assert await containers().execute(RUNS, "web", ["cat"], terminal) == 0
    assert terminal.out == b"one\ntwo\n"


async def test_a_shell_at_a_terminal_shows_what_is_typed() -> None:
    terminal = Terminal(b"ecX\x7fho hi\r", b"exit 3\r", tty=True)
    assert await containers().execute(RUNS, "web", ["sh"], terminal) == 3
    assert terminal.out == b"/ # ecX\b \bho hi\r\nhi\r\n/ # exit 3\r\n"


async def test_a_shell_without_a_terminal_reads_a_script() -> None:
    terminal = Terminal(b"echo a\nec", b"ho b")
    assert await containers().execute(RUNS, "web", ["sh"], terminal) == 0
    assert terminal.out == b"a\nb\n"


async def test_nothing_runs_in_a_container_that_does_not_run() -> None:
    with pytest.raises(BadRequest, match="is not running"):
        await containers().execute(ENDED, "web", ["true"], Terminal())
