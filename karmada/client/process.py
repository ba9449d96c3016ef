"""What every process around a control plane has in common: flags, listeners, one client, leadership.

In: options and a kubeconfig. Out: a Process: a client of the control plane, fenced by the Lease where one is
wanted, health and metrics over HTTP, and lead() for the work. What the process does is its own affair:
controllers/main, controllers/agent and scheduler/ stand on this.
"""

import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from karmada.client.client import Client
from karmada.client.informer import Informer
from karmada.client.kubeconfig import Access, KubeconfigError, load_kubeconfig
from karmada.client.leases import LeaderElection, LeaderElectionOptions, LeadershipLost
from karmada.runtime.clock import SYSTEM_CLOCK, Clock
from karmada.runtime.observe import Health, StartError, run_process, serve_health, setup_logging
from karmada.runtime.options import parse_flags

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProcessOptions:
    """Flags that every process has. A process' own options derive from it and may change defaults."""

    kubeconfig: str = ""
    """--kubeconfig: kubeconfig of the control plane; without it $KUBECONFIG, ~/.kube/config, in-cluster."""

    master: str = ""
    """--master: address of the API server, overriding the one in the kubeconfig."""

    kube_api_qps: float = 0.0
    """--kube-api-qps: requests per second to the API server; 0 means no limit of our own."""

    kube_api_burst: int = 0
    """--kube-api-burst: requests that may exceed --kube-api-qps for a moment."""

    health_probe_bind_address: str = ":8080"
    """--health-probe-bind-address: where /healthz and /readyz are served; 0 turns them off."""

    metrics_bind_address: str = ":8080"
    """--metrics-bind-address: where /metrics is served; 0 turns it off."""

    enable_pprof: bool = False
    """--enable-pprof: serve /debug/pprof: tasks, profiles, what fills the memory; anybody who reaches the
    address may read it."""

    profiling_bind_address: str = ":6060"
    """--profiling-bind-address: where /debug/pprof is served."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """--log-level: how much is logged."""

    log_format: Literal["text", "json"] = "text"
    """--log-format: lines for people, or one JSON object per line."""

    verbosity: int = 0
    """--v: how much is logged, in the numbers of klog: from 4 on the same as --log-level=debug."""

    def check(self) -> None:
        """Raises StartError for what cannot work."""
        for address in (
            self.health_probe_bind_address,
            self.metrics_bind_address,
            self.profiling_bind_address,
        ):
            split_address(address)

    def access(self) -> Access:
        """Where the API server is and as whom to ask it. Raises StartError."""
        try:
            access = load_kubeconfig(self.kubeconfig or None)
        except KubeconfigError as error:
            raise StartError(str(error)) from error
        return replace(access, server=self.master) if self.master else access

    @property
    def listeners(self) -> Mapping[str, str]:
        """Addresses to listen on, each with the flag that changes it."""
        return {
            self.metrics_bind_address: "--metrics-bind-address",
            self.health_probe_bind_address: "--health-probe-bind-address",
        }


@dataclass(frozen=True)
class LedProcessOptions(ProcessOptions):
    """Flags of a process of which several may run while one acts."""

    lease_name: str = ""
    """--leader-elect-resource-name: name of the lease."""

    election: LeaderElectionOptions = field(default_factory=LeaderElectionOptions)


O = TypeVar("O", bound=ProcessOptions)  # noqa: E741 - an options class


def process_main(
    options: type[O],
    run: Callable[[O], Coroutine[Any, Any, int]],
    argv: Sequence[str] | None,
    *,
    name: str,
    description: str,
) -> int:
    """The body of a console script: flags to options, logs, the loop, signals, an exit code."""
    import uvloop

    chosen = parse_flags(options, sys.argv[1:] if argv is None else argv, prog=name, description=description)
    setup_logging(level="debug" if chosen.verbosity >= 4 else chosen.log_level, form=chosen.log_format)
    return run_process(lambda: run(chosen), loop_factory=uvloop.new_event_loop)


@dataclass(frozen=True, slots=True)
class Process:
    """A running process: what its work is made from. stack ends what was entered on it with the process."""

    access: Access
    client: Client
    health: Health
    election: LeaderElection | None
    stack: AsyncExitStack

    @property
    def fence(self) -> Callable[[], None] | None:
        """Raises LeadershipLost when this process may not act; None: it always may."""
        return self.election.require if self.election is not None else None

    def await_caches(self, informers: Iterable[Informer[Any]]) -> None:
        """Not ready before each of these informers has its first list."""
        awaited = tuple(informers)

        def check() -> str:
            waiting = unsynced(awaited)
            return f"not synced: {waiting}" if waiting else ""

        self.health.ready["caches"] = check

    async def lead(self, work: Callable[[], Coroutine[Any, Any, None]]) -> int:
        """Do the work while the Lease is held, or at once where none is wanted; the exit code."""
        if self.election is None:
            await work()
            return 0
        try:
            await self.election.run_as_leader(work)
        except LeadershipLost as error:
            log.error("leadership lost", extra={"error": str(error)})
            return 1
        return 0


@asynccontextmanager
async def control_plane_process(
    options: ProcessOptions, *, name: str, access: Access | None = None, clock: Clock = SYSTEM_CLOCK
) -> AsyncIterator[Process]:
    """The process around some work: it answers probes from the start and competes for its Lease in lead().

    Raises StartError for options that cannot work.
    """
    options.check()
    access = access or options.access()
    health = Health()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serve_addresses(options.listeners, health))
        if options.enable_pprof and (profiling := split_address(options.profiling_bind_address)):
            from karmada.runtime.profiling import serve_profiles

            flag = "--profiling-bind-address"
            await stack.enter_async_context(serve_profiles(*profiling, flag=flag))
        client = Client(
            access, user_agent=name, qps=options.kube_api_qps, burst=options.kube_api_burst, clock=clock
        )
        await stack.enter_async_context(client)
        election = None
        if isinstance(options, LedProcessOptions) and options.election.leader_elect:
            # With a client of its own: the lease must not queue behind other requests.
            lease_client = await stack.enter_async_context(Client(access, user_agent=name, clock=clock))
            election = leader_election(lease_client, options.lease_name, options.election, clock=clock)
            client.set_fence(election.require)
        yield Process(access, client, health, election, stack)


def leader_election(
    client: Client, lease: str, options: LeaderElectionOptions, *, clock: Clock = SYSTEM_CLOCK
) -> LeaderElection:
    """Raises StartError for periods that cannot work together."""
    try:
        return LeaderElection(
            client,
            name=lease,
            namespace=options.namespace,
            identity=options.identity,
            lease_seconds=options.lease_seconds,
            renew_seconds=options.renew_seconds,
            retry_seconds=options.retry_seconds,
            clock=clock,
        )
    except ValueError as error:
        raise StartError(str(error)) from error


@asynccontextmanager
async def serve_addresses(listeners: Mapping[str, str], health: Health) -> AsyncIterator[None]:
    """Serve health and metrics on every address (a key of listeners; its value is the flag that sets it)."""
    async with AsyncExitStack() as stack:
        for address, flag in listeners.items():
            found = split_address(address)
            if found is not None:
                await stack.enter_async_context(serve_health(*found, health=health, flag=flag))
        yield


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


def unsynced(informers: Iterable[Informer[Any]]) -> str:
    """The resources whose first list is not there yet, with what is wrong; "" when all are."""
    waiting = [
        f"{informer.resource.gvr.group_resource} {informer.trouble}".strip()
        for informer in informers
        if not informer.synced
    ]
    return ", ".join(waiting)
