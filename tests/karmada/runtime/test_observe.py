"""karmada.runtime.observe: log lines, health endpoints, signals."""

import asyncio
import logging
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import aiohttp
import orjson
import pytest
from prometheus_client import CollectorRegistry, Counter

from karmada.runtime.observe import (
    Health,
    JsonFormatter,
    StartError,
    TextFormatter,
    serve_health,
    setup_logging,
)


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "controllers.x", "levelname": "INFO", "msg": message, **extra})
    made.created, made.msecs = 1767323045.006, 6.0
    return made


def test_a_text_line_has_time_level_logger_event_and_fields() -> None:
    line = TextFormatter().format(record("work applied", key="a/b", note='two "words"', empty=""))
    assert line == (
        "2026-01-02T03:04:05.006Z INFO    controllers.x: work applied  "
        'key=a/b note="two \\"words\\"" empty=""'
    )


def test_a_value_cannot_forge_a_line() -> None:
    assert "\n" not in TextFormatter().format(record("x", key="a\nERROR fake"))


def test_a_json_line_is_one_object_with_its_fields() -> None:
    line = JsonFormatter().format(record("work applied", key="a/b", number=3, thing={1, 2}.__class__))
    parsed = orjson.loads(line)
    assert parsed["message"] == "work applied"
    assert (parsed["level"], parsed["key"], parsed["number"]) == ("info", "a/b", 3)
    assert parsed["time"] == "2026-01-02T03:04:05.006Z"


@pytest.mark.parametrize(
    "value", ["\ud800", {"x": 1 << 70}, object()], ids=["surrogate", "big-number", "object"]
)
def test_no_value_breaks_a_json_line(value: object) -> None:
    assert orjson.loads(JsonFormatter().format(record("x", value=value)))["message"]


def test_an_exception_is_part_of_the_line() -> None:
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        made = record("failed", exc_info=sys.exc_info())
    assert "RuntimeError: boom" in TextFormatter().format(made)
    assert "RuntimeError: boom" in orjson.loads(JsonFormatter().format(made))["exception"]


@pytest.fixture
def kept_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.raiseExceptions = True


@pytest.mark.usefixtures("kept_logging")
def test_logging_goes_to_standard_error_in_the_form_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging(level="warning", form="json")
    logging.getLogger("a").info("not shown")
    logging.getLogger("a").warning("shown", extra={"key": "k"})
    (line,) = capsys.readouterr().err.splitlines()
    assert orjson.loads(line)["key"] == "k"


async def fetch(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


async def test_health_and_metrics_are_served() -> None:
    registry = CollectorRegistry()
    Counter("seen", "Things seen.", registry=registry).inc()
    trouble = {"cache": "not synced"}
    health = Health(live={"loop": lambda: ""}, ready={"cache": lambda: trouble["cache"]})
    async with serve_health("127.0.0.1", 0, health=health, registry=registry) as port:
        assert await fetch(port, "/healthz") == (200, "ok")
        assert await fetch(port, "/livez") == (200, "ok")
        assert await fetch(port, "/readyz") == (500, "[+]loop ok\n[-]cache failed: not synced\n")
        trouble["cache"] = ""
        assert await fetch(port, "/readyz") == (200, "ok")
        assert "seen_total 1.0" in (await fetch(port, "/metrics"))[1]
        assert (await fetch(port, "/other"))[0] == 404


async def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError) as caught:
            async with serve_health("127.0.0.1", port, flag="--health-bind"):
                pass
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{port}: the port is in use; choose another with --health-bind"
    )


def start(script: str) -> subprocess.Popen[str]:
    """A process that runs script's main(); it says `ready` on standard output."""
    program = (
        "import asyncio, sys\nfrom karmada.runtime.observe import StartError, run_process, setup_logging\n"
        + textwrap.dedent(script)
        + "\nsetup_logging()\nsys.exit(run_process(main, stop_seconds=0.5))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


WAITS = """
    async def main():
        try:
            print("ready", flush=True)
            await asyncio.Event().wait()
        finally:
            {clean_up}
            print("cleaned", flush=True)
    """


def end(process: subprocess.Popen[str], *signals: signal.Signals) -> tuple[int, str, str]:
    with process:
        assert process.stdout is not None
        if signals:
            assert process.stdout.readline() == "ready\n"
        for number in signals:
            process.send_signal(number)
        output, errors = process.communicate(timeout=20)
        return process.returncode, output, errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_process_after_its_clean_up(number: signal.Signals) -> None:
    code, output, _ = end(start(WAITS.format(clean_up="await asyncio.sleep(0.05)")), number)
    assert (code, output) == (0, "cleaned\n")


def test_a_process_that_does_not_end_by_itself_is_ended() -> None:
    code, output, errors = end(start(WAITS.format(clean_up="await asyncio.sleep(60)")), signal.SIGTERM)
    assert (code, output) == (-signal.SIGTERM, "")
    assert "ending at once" in errors


@pytest.mark.parametrize(
    ("script", "code", "errors"),
    [
        pytest.param("async def main(): return 3", 3, "", id="its-own-code"),
        pytest.param("async def main(): pass", 0, "", id="nothing-is-success"),
        pytest.param(
            "async def main(): raise StartError('no port')", 1, "cannot start: no port", id="start-error"
        ),
        pytest.param("async def main(): 1 / 0", 1, "ZeroDivisionError", id="bug"),
    ],
)
def test_the_exit_code_says_how_it_went(script: str, code: int, errors: str) -> None:
    got, _, shown = end(start(script))
    assert got == code
    assert errors in shown
    assert ("Traceback" in shown) is (errors == "ZeroDivisionError")


async def test_the_health_server_leaves_no_socket_behind() -> None:
    async with serve_health("127.0.0.1", 0) as port:
        pass
    async with asyncio.timeout(5):
        with pytest.raises(OSError):  # noqa: PT011 - refused
            await asyncio.open_connection("127.0.0.1", port)
