"""The process: health, leadership, caches, then everything that was chosen, until it ends.

In: options, an Access. Out: an exit code. Caches of the control plane are warm before the
process competes for its Lease, so that a new leader acts at once. builders.py says what there is to run.
"""

import logging
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import uvloop

from controllers.main.builders import chosen, not_built
from controllers.main.options import NAME, ControllerManagerOptions
from controllers.main.plane import assembled, warm
from controllers.manager import run_all, unsynced
from controllers.process import election, lead, plane_client, serve
from karmada.client.informer import Informer
from karmada.client.kubeconfig import Access, load_kubeconfig
from karmada.client.kubeconfig_file import KubeconfigError
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.observe import Health, StartError, run_process, setup_logging
from karmada.runtime.options import parse_flags

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """The console script."""
    options = parse_flags(
        ControllerManagerOptions,
        sys.argv[1:] if argv is None else argv,
        prog=NAME,
        description="Brings resource templates to member clusters and their status back.",
    )
    setup_logging(level=options.log_level, form=options.log_format)
    return run_process(lambda: run(options), loop_factory=uvloop.new_event_loop)


async def run(
    options: ControllerManagerOptions, *, access: Access | None = None, clock: Clock = SYSTEM_CLOCK
) -> int:
    """Run until cancelled, or until leadership is lost (exit code 1)."""
    options.check()
    access = access or _access(options)
    health = Health()
    async with AsyncExitStack() as stack:
        await serve(stack, options, health)
        client = await plane_client(stack, options, access, name=NAME, clock=clock)
        leading = await election(stack, options, access, name=NAME, lease=options.lease_name, clock=clock)
        fence = leading.require if leading is not None else None
        client.set_fence(fence)
        plane = await assembled(stack, options, client, fence, clock)
        if missing := not_built(options):
            log.warning("controllers not in this version", extra={"names": ", ".join(missing)})
        for builder in chosen(options):
            await builder(plane)
        health.ready["caches"] = partial(_not_ready, plane.informers.all())
        await warm(plane)
        return await lead(leading, partial(run_all, plane))


def _access(options: ControllerManagerOptions) -> Access:
    try:
        access = load_kubeconfig(options.kubeconfig or None)
    except KubeconfigError as error:
        raise StartError(str(error)) from error
    return replace(access, server=options.master) if options.master else access


def _not_ready(informers: Sequence[Informer[Any]]) -> str:
    waiting = unsynced(informers)
    return f"not synced: {waiting}" if waiting else ""
