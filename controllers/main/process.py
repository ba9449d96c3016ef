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
from controllers.main.options import NAME, ControllerManagerOptions, split_address
from controllers.main.plane import assembled, run_all, unsynced, warm
from karmada.client.client import Client
from karmada.client.informer import Informer
from karmada.client.kubeconfig import Access, load_kubeconfig
from karmada.client.kubeconfig_file import KubeconfigError
from karmada.client.leases import LeaderElection, LeadershipLost
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.observe import Health, StartError, run_process, serve_health, setup_logging
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
        await _serve(stack, options, health)
        client = await stack.enter_async_context(
            Client(
                access,
                user_agent=NAME,
                qps=options.kube_api_qps,
                burst=options.kube_api_burst,
                clock=clock,
            )
        )
        election = await _election(stack, options, access, clock)
        if election is not None:
            client.set_fence(election.require)
        plane = await assembled(
            stack, options, client, election.require if election is not None else None, clock
        )
        if missing := not_built(options):
            log.warning("controllers not in this version", extra={"names": ", ".join(missing)})
        for builder in chosen(options):
            await builder(plane)
        health.ready["caches"] = partial(_not_ready, plane.informers.all())
        await warm(plane)
        work = partial(run_all, plane)
        if election is None:
            await work()
            return 0
        try:
            await election.run_as_leader(work)
        except LeadershipLost as error:
            log.error("leadership lost", extra={"error": str(error)})
            return 1
    return 0


async def _election(
    stack: AsyncExitStack, options: ControllerManagerOptions, access: Access, clock: Clock
) -> LeaderElection | None:
    """With a client of its own: the lease must not queue behind other requests."""
    settings = options.election
    if not settings.leader_elect:
        return None
    client = await stack.enter_async_context(Client(access, user_agent=NAME, clock=clock))
    try:
        return LeaderElection(
            client,
            name=options.lease_name,
            namespace=settings.namespace,
            lease_seconds=settings.lease_seconds,
            renew_seconds=settings.renew_seconds,
            retry_seconds=settings.retry_seconds,
            clock=clock,
        )
    except ValueError as error:
        raise StartError(str(error)) from error


async def _serve(stack: AsyncExitStack, options: ControllerManagerOptions, health: Health) -> None:
    """Health and metrics, on one listener where both have the same address."""
    flags = {
        options.metrics_bind_address: "--metrics-bind-address",
        options.health_probe_bind_address: "--health-probe-bind-address",
    }
    for address, flag in flags.items():
        found = split_address(address)
        if found is not None:
            await stack.enter_async_context(serve_health(*found, health=health, flag=flag))


def _access(options: ControllerManagerOptions) -> Access:
    try:
        access = load_kubeconfig(options.kubeconfig or None)
    except KubeconfigError as error:
        raise StartError(str(error)) from error
    return replace(access, server=options.master) if options.master else access


def _not_ready(informers: Sequence[Informer[Any]]) -> str:
    waiting = unsynced(informers)
    return f"not synced: {waiting}" if waiting else ""
