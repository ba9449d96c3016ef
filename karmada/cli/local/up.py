"""Bring a local control plane up: start what does not run, join what is not joined, run the sample.

Idempotent: a second `up` finds everything and only prints it; after a kill -9 it starts what is missing.
Members are embedded clusters in one simulator process, joined exactly as any other cluster is.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from karmada.api.conditions import find_condition
from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.cluster import CLUSTERS
from karmada.cli.local.contexts import write_contexts
from karmada.cli.local.estimators import (
    ASKING,
    DESCHEDULER,
    ESTIMATOR,
    are_wanted,
    estimator_ports,
    estimators_up,
)
from karmada.cli.local.layout import LOOPBACK, Layout, LocalError, Settings, choose, require_free
from karmada.cli.local.processes import Processes, ProcessSpec
from karmada.cli.local.proxy_access import grant_proxy
from karmada.cli.local.pull import agent_ports, pull_member_up, stop_agents_but
from karmada.cli.local.sample import run_sample
from karmada.cli.printers import Console
from karmada.cli.pull.member_objects import AGENT
from karmada.client.client import Client
from karmada.client.kubeconfig import Access, KubeconfigError, load_kubeconfig
from karmada.client.registration import Registration, join_cluster
from karmada.runtime.clock import SYSTEM_CLOCK

T = TypeVar("T")
READY_SECONDS = 60.0
POLL_SECONDS = 0.03
APISERVER = "karmada-apiserver"
CONTROLLER_MANAGER = "karmada-controller-manager"
SCHEDULER = "karmada-scheduler"
SIMULATOR = "karmada-simulator"
SAMPLE_MEMBERS = 2
CONFIGURABLE = (APISERVER, CONTROLLER_MANAGER, SCHEDULER, AGENT, SIMULATOR, ESTIMATOR, DESCHEDULER)
"""Processes that `local up --flag` can give further flags to."""
PROBED = (CONTROLLER_MANAGER, SCHEDULER)
"""Processes with a port for health and one for metrics."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What `local up` was asked for. etcd is a store URL, "" = the embedded store. flags: further ones, by
    process. pull: members in pull mode; None: one, where there are others for the sample."""

    state: Path
    port: int = 5443
    members: int = 3
    pull: int | None = None
    nodes: int = 1
    estimators: bool = False
    etcd: str = ""
    flags: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Progress:
    """One line per step, with what it took; the first thing a newcomer reads."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = SYSTEM_CLOCK.monotonic()

    def done(self, text: str) -> None:
        self._console.line(f"[{SYSTEM_CLOCK.monotonic() - self._started:5.1f} s] {text}")


async def bring_up(options: UpOptions, console: Console) -> Settings:
    """Start, join, run the sample. Raises LocalError with what to do next."""
    layout, progress = Layout(options.state), Progress(console)
    layout.prepare()
    processes = Processes(layout)
    settings = choose(
        layout,
        port=options.port,
        storage=options.etcd or layout.storage_url(),
        nodes=options.nodes,
        members=options.members,
        pull=options.pull if options.pull is not None else int(options.members >= SAMPLE_MEMBERS + 1),
        listeners=lambda members, pull: (
            *(port for name in PROBED for port in (name, f"{name}-metrics")),
            *agent_ports(pull),
            *estimator_ports(members if options.estimators else ()),
        ),
        flags=options.flags,
    )
    server, simulator = server_spec(layout, settings), simulator_spec(layout, settings)
    if f"--secure-port={settings.port}" not in processes.command_of(APISERVER):
        require_free(settings.port, option="PORT=N (karmadactl local up --port N)")
    layout.save(settings)
    processes.start(server)
    if settings.members:
        processes.start(simulator)
    elif processes.command_of(SIMULATOR):
        processes.stop(SIMULATOR)
    plane = await started(processes, APISERVER, lambda: control_plane_access(layout))
    write_contexts(layout.karmada_config, {"karmada-apiserver": plane, "karmada-host": plane})
    progress.done(f"karmada-apiserver answers at {plane.server}")
    for spec in controller_specs(layout, settings):
        processes.start(spec)
    link_kubectl(layout)
    async with Client(plane, user_agent="karmadactl") as client:
        if settings.nodes:  # recorded scenarios, which run without nodes, expect a plane where nobody has it
            await grant_proxy(client)
        await _members_up(client, layout, settings, processes, progress)
        if settings.members and settings.nodes:
            await run_sample(client, clusters=list(settings.members))
            progress.done("the nginx sample runs")
    return settings


async def _members_up(
    client: Client, layout: Layout, settings: Settings, processes: Processes, progress: Progress
) -> None:
    if not settings.members:
        return
    names = list(settings.members)
    accesses = dict(
        zip(
            names,
            await asyncio.gather(
                *(started(processes, SIMULATOR, _member_access(layout, name)) for name in names)
            ),
            strict=True,
        )
    )
    write_contexts(layout.members_config, accesses)
    progress.done(f"{len(names)} member clusters answer: {', '.join(names)}")
    stop_agents_but(processes, settings.pull)
    await asyncio.gather(
        *(_join(client, accesses[name], name) for name in names if name not in settings.pull),
        *(
            pull_member_up(client, layout, settings, processes, name=name, access=accesses[name])
            for name in settings.pull
        ),
    )
    for name in (CONTROLLER_MANAGER, SCHEDULER):
        processes.require_running(name)
    await eventually(lambda: _all_ready(client, names), what="clusters that are Ready", processes=processes)
    progress.done("all clusters are joined and Ready")
    if estimating := await estimators_up(client, layout, settings, processes):
        progress.done(f"{len(estimating) - 1} estimators and the descheduler run")


def server_spec(layout: Layout, settings: Settings) -> ProcessSpec:
    arguments = (
        f"--storage={settings.storage}",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={settings.port}",
        f"--cert-dir={layout.pki}",
    )
    return ProcessSpec(APISERVER, "apiserver", (*arguments, *settings.flags_of(APISERVER)))


def simulator_spec(layout: Layout, settings: Settings) -> ProcessSpec:
    members = (f"--member={name}={port}" for name, port in settings.members.items())
    arguments = (f"--state-dir={layout.members}", f"--nodes={settings.nodes}", *members)
    flags = settings.flags_of(SIMULATOR)
    return ProcessSpec(SIMULATOR, "controllers.simulator", (*arguments, *flags))


def controller_specs(layout: Layout, settings: Settings) -> list[ProcessSpec]:
    def spec(name: str, module: str, *further: str) -> ProcessSpec:
        kubeconfig = layout.pki / f"{name.removeprefix('karmada-')}.kubeconfig"
        arguments = (
            f"--kubeconfig={kubeconfig}",
            f"--health-probe-bind-address={LOOPBACK}:{settings.ports[name]}",
            f"--metrics-bind-address={LOOPBACK}:{settings.ports[f'{name}-metrics']}",
            f"--leader-elect-identity={layout.identity}",
            *further,
            *settings.flags_of(name),
        )
        return ProcessSpec(name, module, arguments)

    signing = (
        f"--cluster-signing-cert-file={layout.pki / 'ca.crt'}",
        f"--cluster-signing-key-file={layout.pki / 'ca.key'}",
    )
    asking = (ASKING,) if are_wanted(settings) else ()
    return [spec(CONTROLLER_MANAGER, "controllers", *signing), spec(SCHEDULER, "scheduler", *asking)]


def control_plane_access(layout: Layout) -> Access:
    return load_kubeconfig(layout.pki / "admin.kubeconfig")


def _member_access(layout: Layout, name: str) -> Callable[[], Access]:
    return lambda: load_kubeconfig(layout.member_kubeconfig(name))


async def started(processes: Processes, name: str, access: Callable[[], Access]) -> Access:
    """The access to an API server once it says it is ready. access may fail until its files are there."""

    async def ready() -> Access | None:
        try:
            found = access()
            async with Client(found, user_agent="karmadactl") as client:
                await client.request("GET", "/readyz")
        except (ApiError, KubeconfigError, OSError):
            return None
        return found

    return await eventually(ready, what=f"{name} to answer", processes=processes, process=name)


async def eventually(
    probe: Callable[[], Awaitable[T | None]], *, what: str, processes: Processes, process: str = ""
) -> T:
    """What probe gives once it gives something. Raises LocalError after READY_SECONDS, or when process is
    gone."""
    deadline = SYSTEM_CLOCK.monotonic() + READY_SECONDS
    while True:
        if (found := await probe()) is not None:
            return found
        if process:
            processes.require_running(process)
        if SYSTEM_CLOCK.monotonic() > deadline:
            raise LocalError(f"gave up waiting for {what} after {READY_SECONDS:.0f} s; the logs say why")
        await SYSTEM_CLOCK.sleep(POLL_SECONDS)


async def _join(client: Client, access: Access, name: str) -> None:
    try:
        await client.get(CLUSTERS, CLUSTERS.key("", name))
    except NotFound:
        async with Client(access, user_agent="karmadactl") as member:
            await join_cluster(client, member, access, Registration(name=name))


async def _all_ready(client: Client, names: Sequence[str]) -> bool | None:
    clusters = {cluster.metadata.name: cluster for cluster in (await client.list(CLUSTERS)).items}
    for name in names:
        cluster = clusters.get(name)
        ready = find_condition(cluster.status.conditions, "Ready") if cluster is not None else None
        if ready is None or ready.status != "True":
            return None
    return True


def link_kubectl(layout: Layout) -> None:
    """STATE/bin/kubectl: the one installed beside this Python, else the one on PATH."""
    beside = Path(sys.executable).parent / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    link = layout.bin / "kubectl"
    if found is None or (link.exists() and os.path.samefile(link, found)):
        return
    link.unlink(missing_ok=True)
    link.symlink_to(found)
