"""What every controller process does around its controllers: health, a client, leadership.

In: the options all of them have. Out: listeners, the client of the control plane, work done only while the
Lease is held. main/ and agent/ are such processes.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Protocol

from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.leases import LeaderElection, LeaderElectionOptions, LeadershipLost
from karmada.runtime.clock import Clock
from karmada.runtime.observe import Health, StartError, serve_health

log = logging.getLogger(__name__)


class ProcessOptions(Protocol):
    """What the options of a controller process have in common."""

    @property
    def kube_api_qps(self) -> float: ...
    @property
    def kube_api_burst(self) -> int: ...
    @property
    def health_probe_bind_address(self) -> str: ...
    @property
    def metrics_bind_address(self) -> str: ...
    @property
    def election(self) -> LeaderElectionOptions: ...


async def serve(stack: AsyncExitStack, options: ProcessOptions, health: Health) -> None:
    """Health and metrics, on one listener where both have the same address."""
    flags = {
        options.metrics_bind_address: "--metrics-bind-address",
        options.health_probe_bind_address: "--health-probe-bind-address",
    }
    for address, flag in flags.items():
        found = split_address(address)
        if found is not None:
            await stack.enter_async_context(serve_health(*found, health=health, flag=flag))


async def plane_client(
    stack: AsyncExitStack, options: ProcessOptions, access: Access, *, name: str, clock: Clock
) -> Client:
    """The client of the control plane that everything but the lease goes through."""
    client = Client(
        access, user_agent=name, qps=options.kube_api_qps, burst=options.kube_api_burst, clock=clock
    )
    return await stack.enter_async_context(client)


async def election(
    stack: AsyncExitStack, options: ProcessOptions, access: Access, *, name: str, lease: str, clock: Clock
) -> LeaderElection | None:
    """With a client of its own: the lease must not queue behind other requests. None when it is off."""
    settings = options.election
    if not settings.leader_elect:
        return None
    client = await stack.enter_async_context(Client(access, user_agent=name, clock=clock))
    try:
        return LeaderElection(
            client,
            name=lease,
            namespace=settings.namespace,
            lease_seconds=settings.lease_seconds,
            renew_seconds=settings.renew_seconds,
            retry_seconds=settings.retry_seconds,
            clock=clock,
        )
    except ValueError as error:
        raise StartError(str(error)) from error


async def lead(election: LeaderElection | None, work: Callable[[], Awaitable[None]]) -> int:
    """Do the work while the lease is held, or just do it; the exit code."""
    if election is None:
        await work()
        return 0
    try:
        await election.run_as_leader(work)
    except LeadershipLost as error:
        log.error("leadership lost", extra={"error": str(error)})
        return 1
    return 0


def split_address(address: str) -> tuple[str, int] | None:
    """(host, port) of `host:port` or `:port`; None for "0", which turns the listener off.

    Raises StartError.
    """
    if address == "0":
        return None
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise StartError(f'"{address}" is no address: use host:port, :port, or 0 for none')
    return host.strip("[]"), int(port)
