"""The process: caches, then everything that was chosen, until it ends.

In: options, an Access. Out: an exit code. Caches of the control plane are warm before the
process competes for its Lease, so that a new leader acts at once. builders.py says what there is to run.
"""

import logging
from collections.abc import Sequence
from functools import partial

from controllers.main.builders import chosen, not_built
from controllers.main.options import NAME, ControllerManagerOptions
from controllers.main.plane import assembled, warm
from controllers.manager import run_all
from karmada.client.kubeconfig import Access
from karmada.client.process import control_plane_process, process_main
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """The console script."""
    description = "Brings resource templates to member clusters and their status back."
    return process_main(ControllerManagerOptions, run, argv, name=NAME, description=description)


async def run(
    options: ControllerManagerOptions, *, access: Access | None = None, clock: Clock = SYSTEM_CLOCK
) -> int:
    """Run until cancelled, or until leadership is lost (exit code 1)."""
    async with control_plane_process(options, name=NAME, access=access, clock=clock) as process:
        plane = await assembled(process, options, clock)
        if missing := not_built(options):
            log.warning("controllers not in this version", extra={"names": ", ".join(missing)})
        for builder in chosen(options):
            await builder(plane)
        process.await_caches(plane.informers.needed())
        await warm(plane)
        return await process.lead(partial(run_all, plane))
