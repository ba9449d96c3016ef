"""Is the server well: /healthz, /livez, /readyz with their single checks, and /version.

In: named checks, synchronous and quick (they look at state that others keep). Out: the plain-text answers
that probes and people read. A check that raises counts as failed; its message stays in the log.
"""

import logging
import platform
from collections.abc import Callable, Mapping
from typing import Final

from apiserver.handlers.discovery import page_not_found
from apiserver.handlers.negotiate import PLAIN_JSON, encode, wants_pretty
from apiserver.request_info import Request, Response
from karmada.api.errors import MethodNotAllowed

log = logging.getLogger(__name__)

Check = Callable[[], bool]

ROOTS: Final = ("/healthz", "/livez", "/readyz")
_ONLY_READY: Final = frozenset({"informer-sync", "shutdown"})
"""What makes a server not ready for traffic without being ill."""
_NOT_HEALTHZ: Final = frozenset({"shutdown"})

KUBERNETES_MINOR: Final = 36
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
VERSION: Final = {
    "major": "1",
    "minor": str(KUBERNETES_MINOR),
    "emulationMajor": "1",
    "emulationMinor": str(KUBERNETES_MINOR),
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": str(KUBERNETES_MINOR - 1),
    "gitVersion": f"v1.{KUBERNETES_MINOR}.0",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-04-22T00:00:00Z",
    "goVersion": "none",
    "compiler": f"python{platform.python_version()}",
    "platform": f"{platform.system().lower()}/{_MACHINES.get(platform.machine(), platform.machine())}",
}


class Health:
    """checks by name, in the order they are listed; `ping` and `log` need not be given."""

    def __init__(self, checks: Mapping[str, Check] | None = None) -> None:
        self.checks: dict[str, Check] = {"ping": lambda: True, "log": lambda: True, **(checks or {})}

    def add(self, name: str, check: Check) -> None:
        self.checks[name] = check

    async def handle(self, request: Request) -> Response:
        """The answer to a path under one of ROOTS."""
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        root, _, name = request.info.path.strip("/").partition("/")
        checks = self._checks_of(root)
        if name:
            return self._single(root, name, checks)
        excluded = request.query.getall("exclude")
        results = {check: _holds(check, run) for check, run in checks.items() if check not in excluded}
        unmatched = [name for name in excluded if name not in checks]
        return report(
            root, results, skipped=[name for name in excluded if name in checks], unmatched=unmatched,
            verbose="verbose" in request.query,
        )  # fmt: skip

    def _checks_of(self, root: str) -> dict[str, Check]:
        hidden = {"healthz": _NOT_HEALTHZ, "livez": _ONLY_READY}.get(root, frozenset())
        return {name: check for name, check in self.checks.items() if name not in hidden}

    def _single(self, root: str, name: str, checks: Mapping[str, Check]) -> Response:
        if name not in checks:
            return page_not_found()
        if _holds(name, checks[name]):
            return _text(200, "ok")
        return _text(500, f"internal server error: {root}/{name} failed\n")


def report(
    root: str, results: Mapping[str, bool], *, skipped: list[str], unmatched: list[str], verbose: bool
) -> Response:
    """The answer to a probe. Pure."""
    passed = all(results.values())
    if passed and not verbose:
        return _text(200, "ok")
    lines = [
        f"[+]{name} ok" if held else f"[-]{name} failed: reason withheld" for name, held in results.items()
    ]
    lines += [f"[+]{name} excluded: ok" for name in skipped]
    if unmatched:
        names = ", ".join(f'"{name}"' for name in unmatched)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {names}")
    lines.append(f"{root} check {'passed' if passed else 'failed'}")
    return _text(200 if passed else 500, "\n".join(lines) + "\n")


def version(request: Request) -> Response:
    """The answer to /version."""
    pretty = wants_pretty(request.query.get("pretty"), request.headers.get("user-agent", ""))
    return Response(200, encode(PLAIN_JSON, VERSION, pretty=pretty))


def _holds(name: str, check: Check) -> bool:
    try:
        return check()
    except (OSError, RuntimeError, ValueError) as error:
        log.warning("health check failed", extra={"check": name, "error": str(error)})
        return False


def _text(status: int, text: str) -> Response:
    headers = {"X-Content-Type-Options": "nosniff"}
    return Response(status, text.encode(), "text/plain; charset=utf-8", headers)
