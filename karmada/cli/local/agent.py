"""An agent as a plain process, for members that run no pods: an embedded cluster, a bare machine.

In: how the agent is to run, both kubeconfigs. Out: a process with files of its own in one folder, known by a
pid file; stopped by it. `karmadactl register --run-agent-as=process` and `karmadactl local` start them.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

from karmada.api.errors import NotFound
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.objects import Object
from karmada.cli.local.contexts import write_contexts
from karmada.cli.local.layout import LOOPBACK, Layout, LocalError, Settings, free_ports
from karmada.cli.local.processes import Processes, ProcessSpec
from karmada.cli.pull.member_objects import AGENT, AgentPlan
from karmada.client.client import Client
from karmada.client.kubeconfig import Access, access_from
from karmada.client.kubeconfig_file import write_kubeconfig
from karmada.runtime.clock import SYSTEM_CLOCK

HEALTH: Final = "health"
METRICS: Final = "metrics"
REGISTERED_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05


class AgentFolder:
    """The files of one agent: `karmada-agent.conf` leads to the control plane, `member.config` to the
    member.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.plane_config = self.path / "karmada-agent.conf"
        self.member_config = self.path / "member.config"

    def write_plane(self, kubeconfig: Object) -> None:
        write_kubeconfig(self.plane_config, kubeconfig)

    def write_member(self, access: Access, cluster: str) -> None:
        write_contexts(self.member_config, {cluster: access})


def process_name(cluster: str) -> str:
    return f"{AGENT}-{cluster}"


def agent_spec(folder: AgentFolder, plan: AgentPlan, *, health_port: int, metrics_port: int) -> ProcessSpec:
    arguments = (
        f"--karmada-kubeconfig={folder.plane_config}",
        f"--kubeconfig={folder.member_config}",
        *(flag for flag in plan.flags if not flag.endswith("=")),
        f"--metrics-bind-address={LOOPBACK}:{metrics_port}",
        f"--health-probe-bind-address={LOOPBACK}:{health_port}",
    )
    return ProcessSpec(process_name(plan.cluster), "controllers.agent", arguments)


def default_folder(cluster: str) -> Path:
    return Path.home() / ".karmada" / "agents" / cluster


def start_agent(path: Path, plan: AgentPlan, kubeconfig: Object, access: Access) -> Processes:
    """access: to the member. The process outlives this command; its log is in the folder."""
    layout = Layout(path)
    layout.prepare()
    before = layout.load() or Settings(port=0, storage="")
    if HEALTH not in before.ports:
        health, metrics = free_ports(2)
        before = replace(before, ports={HEALTH: health, METRICS: metrics})
        layout.save(before)
    folder = AgentFolder(path)
    folder.write_plane(kubeconfig)
    folder.write_member(access, plan.cluster)
    processes = Processes(layout)
    ports = before.ports
    processes.start(agent_spec(folder, plan, health_port=ports[HEALTH], metrics_port=ports[METRICS]))
    return processes


async def started_agent(path: Path, plan: AgentPlan, kubeconfig: Object, access: Access) -> None:
    """The same, and wait until it has made its Cluster. Raises LocalError when it ends or takes too long."""
    processes = start_agent(path, plan, kubeconfig, access)
    name = process_name(plan.cluster)
    deadline = SYSTEM_CLOCK.monotonic() + REGISTERED_SECONDS
    async with Client(access_from(kubeconfig), user_agent="karmadactl") as plane:
        while True:
            try:
                await plane.get(CLUSTERS, CLUSTERS.key("", plan.cluster))
            except NotFound:
                processes.require_running(name)
            else:
                return
            if SYSTEM_CLOCK.monotonic() > deadline:
                raise LocalError(
                    f"{name} did not register its cluster within {REGISTERED_SECONDS:.0f} s; its log "
                    f"{processes.log_file(name)} says why"
                )
            await SYSTEM_CLOCK.sleep(POLL_SECONDS)


def stop_agent(path: Path, cluster: str) -> bool:
    """Whether there was such a process."""
    return path.is_dir() and Processes(Layout(path)).stop(process_name(cluster))
