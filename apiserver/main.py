"""karmada-apiserver: flags in, a server until a signal comes."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import uvloop

from apiserver.app import ServerOptions, serve
from karmada.runtime.observe import run_process, setup_logging
from karmada.runtime.options import parse_flags

DEFAULT_PORT = 5443
DEFAULT_STORAGE = "sqlite:///var/lib/karmada/karmada.db"
DEFAULT_CERTIFICATES = "/var/lib/karmada/pki"


@dataclass(frozen=True, slots=True)
class MainOptions:
    """Flags of the process."""

    server: ServerOptions = field(
        default_factory=lambda: ServerOptions(
            storage=DEFAULT_STORAGE, port=DEFAULT_PORT, host="0.0.0.0", certificate_directory=DEFAULT_CERTIFICATES
        )
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """--log-level: least important log lines to write."""
    log_format: Literal["text", "json"] = "text"
    """--log-format: text or json."""


def main(argv: Sequence[str] | None = None) -> int:
    options = parse_flags(
        MainOptions,
        sys.argv[1:] if argv is None else argv,
        prog="karmada-apiserver",
        description="The API server of a Karmada control plane.",
    )
    setup_logging(level=options.log_level, form=options.log_format)
    return run_process(lambda: run(options.server), loop_factory=uvloop.new_event_loop)


async def run(options: ServerOptions) -> None:
    async with serve(options):
        await asyncio.Event().wait()
