"""karmada-apiserver: flags in, a server until a signal comes."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import uvloop

from apiserver.app import ServerOptions, serve
from karmada.runtime.observe import run_process, setup_logging
from karmada.runtime.options import parse_flags


@dataclass(frozen=True)
class MainOptions(ServerOptions):
    """A server as its own process: it keeps its state on disk and listens to the network."""

    storage: str = "sqlite:///var/lib/karmada/karmada.db"
    """--storage: where objects are kept: memory://, sqlite:///path/to/file, or
    etcd://host:2379,host2:2379."""
    host: str = "0.0.0.0"
    """--bind-address: address to listen on."""
    port: int = 5443
    """--secure-port: port to listen on with TLS; 0 takes a free one."""
    certificate_directory: str = "/var/lib/karmada/pki"
    """--cert-dir: folder of the CA, serving and client certificates; made when missing."""
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
    return run_process(lambda: run(options), loop_factory=uvloop.new_event_loop)


async def run(options: ServerOptions) -> None:
    async with serve(options):
        await asyncio.Event().wait()
