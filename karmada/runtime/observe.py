"""See what a process does, and stop it well: logs, health and metrics over HTTP, signals.

In: log records, health checks, SIGTERM and SIGINT. Out: lines on standard error, /healthz, /livez,
/readyz and /metrics, an exit code. Process mains use all of it; nothing else does.
"""

import asyncio
import errno
import gc
import logging
import platform
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from typing_extensions import override

from karmada.version import VERSION, platform_name

log = logging.getLogger(__name__)

Gauge(
    "karmada_build_info",
    "What runs here; the value is always 1.",
    ["git_version", "python_version", "platform"],
).labels(VERSION, platform.python_version(), platform_name()).set(1)

STOP_SECONDS: Final = 30.0
"""After a signal a process has so long to end by itself."""

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

GARBAGE_THRESHOLDS: Final = (50_000, 10, 10)
"""Caches hold hundreds of thousands of objects without cycles: looking for garbage at Python's own pace takes
a third of the time of a busy process and finds nothing."""


class StartError(Exception):
    """The process cannot start; the message is one line for the user."""


def setup_logging(*, level: str = "info", form: Literal["text", "json"] = "text") -> None:
    """Send every log line to standard error: plain text, or one JSON object per line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.raiseExceptions = False  # a log line that cannot be written must not take the process down


class TextFormatter(logging.Formatter):
    """`2026-01-02T03:04:05.006Z INFO  controllers.detector: event  key=value other="two words"`."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={_quoted(value)}" for name, value in _fields(record).items())
        line = f"{_moment(record)} {record.levelname:<7} {record.name}: {record.getMessage()}"
        if fields:
            line += f"  {fields}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object per line; fields stand beside time, level, logger and message."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        except TypeError:  # text that is not valid Unicode
            return orjson.dumps({name: ascii(value) for name, value in line.items()}).decode()


@dataclass(slots=True)
class Health:
    """What /readyz and /healthz ask. A check returns "" while all is well, else what is wrong."""

    live: dict[str, Callable[[], str]] = field(default_factory=dict)
    ready: dict[str, Callable[[], str]] = field(default_factory=dict)


@asynccontextmanager
async def serve_health(
    host: str,
    port: int,
    *,
    health: Health | None = None,
    registry: CollectorRegistry = REGISTRY,
    flag: str = "",
    extra: Mapping[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] | None = None,
) -> AsyncIterator[int]:
    """Serve /healthz, /livez, /readyz and /metrics; yields the port (0 asks for any free one).

    Raises StartError when the address cannot be had; flag names the flag that would change it.
    """
    checks = health or Health()

    async def live(request: web.Request) -> web.Response:
        return _verdict(checks.live)

    async def ready(request: web.Request) -> web.Response:
        return _verdict({**checks.live, **checks.ready})

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    for path, handler in {"/healthz": live, "/livez": live, "/readyz": ready, "/metrics": metrics}.items():
        app.router.add_get(path, handler)
    for path, handler_ in (extra or {}).items():
        app.router.add_get(path, handler_)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise StartError(address_trouble(host, port, error, flag=flag)) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def address_trouble(host: str, port: int, error: OSError, *, flag: str = "") -> str:
    """Why a server cannot listen there, in one line."""
    reason = {
        errno.EADDRINUSE: "the port is in use",
        errno.EACCES: "not permitted",
        errno.EADDRNOTAVAIL: "this machine does not have that address",
    }.get(error.errno or 0, error.strerror or str(error))
    hint = f"; choose another with {flag}" if flag else ""
    return f"cannot listen on {host}:{port}: {reason}{hint}"


def run_process(
    main: Callable[[], Coroutine[Any, Any, int | None]] | Coroutine[Any, Any, int | None],
    *,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    stop_seconds: float = STOP_SECONDS,
) -> int:
    """Run main until it returns or SIGTERM or SIGINT ask it to stop; returns the exit code.

    The first signal cancels main, which then cleans up; a second one, or stop_seconds, ends the process
    at once. A StartError is one line and code 1.
    """
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    coroutine = main() if callable(main) else main
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        try:
            return runner.run(_until_signal(coroutine, stop_seconds))
        except StartError as error:
            log.error("cannot start: %s", error)
            return 1
        except Exception:
            log.exception("process failed")
            return 1


async def _until_signal(main: Coroutine[Any, Any, int | None], stop_seconds: float) -> int:
    loop = asyncio.get_running_loop()
    this = asyncio.current_task()
    assert this is not None
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        if received:
            _end_now(number)
        received.append(number)
        log.info("stopping", extra={"signal": number.name})
        loop.call_later(stop_seconds, _end_now, number)
        this.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    try:
        return await main or 0
    except asyncio.CancelledError:
        if not received:
            raise
        log.info("stopped")
        return 0
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _end_now(number: signal.Signals) -> None:
    """Die of the signal, as if it had never been handled."""
    log.warning("ending at once", extra={"signal": number.name})
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def _verdict(checks: Mapping[str, Callable[[], str]]) -> web.Response:
    """`ok`, or 500 with a line per check, as kube components answer."""
    results = {name: check() for name, check in checks.items()}
    if not any(results.values()):
        return web.Response(text="ok")
    lines = [f"[-]{name} failed: {wrong}" if wrong else f"[+]{name} ok" for name, wrong in results.items()]
    return web.Response(status=500, text="\n".join(lines) + "\n")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


def _moment(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{record.msecs:03.0f}Z"
    )


def _quoted(value: object) -> str:
    text = str(value)
    if text and text.isprintable() and not any(mark in text for mark in ' "='):
        return text
    return orjson.dumps(text).decode() if text.isascii() else repr(text)
