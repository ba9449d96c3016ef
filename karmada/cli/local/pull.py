"""Pull-mode members of a local control plane: registered as `karmadactl register` does it, each with an agent
process.

In: a member that is not in the control plane yet, or one whose agent does not run. Out: the agent's
kubeconfig in STATE/members/NAME/agent, its process. What a token must prove elsewhere, the files of this
machine prove here: the control plane's CA is taken from the administrator's kubeconfig.
"""

from dataclasses import replace
from typing import Final

from karmada.api.errors import NotFound
from karmada.api.groups.cluster import CLUSTERS, PUSH, Cluster
from karmada.api.groups.kubernetes import SECRETS
from karmada.api.objects import Object
from karmada.api.wellknown import BOOTSTRAP_TOKEN_GROUP
from karmada.cli.local.agent import AgentFolder, agent_spec, process_name
from karmada.cli.local.layout import Layout, Settings
from karmada.cli.local.processes import Processes, ProcessSpec
from karmada.cli.pull.bootstrap import CLUSTER, Bootstrap, bootstrap_agent
from karmada.cli.pull.member_objects import AGENT, AgentPlan, kubeconfig_objects
from karmada.cli.tokens import new_token, token_secret
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.kubeconfig_file import kubeconfig_text, read_kubeconfig, with_server
from karmada.client.system_objects import ensure
from karmada.runtime.clock import SYSTEM_CLOCK

CERTIFICATE_SECONDS: Final = 31536000
TOKEN_SECONDS: Final = 600.0


def agent_ports(pull: list[str]) -> tuple[str, ...]:
    """Names of the ports that the agents of these members listen on."""
    return tuple(port for name in pull for port in (process_name(name), f"{process_name(name)}-metrics"))


async def pull_member_up(
    plane: Client,
    layout: Layout,
    settings: Settings,
    processes: Processes,
    *,
    name: str,
    access: Access,
) -> None:
    """Register the member unless that is done, start its agent unless it runs. plane: the administrator's;
    access: to the member. A cluster that was joined in push mode stays in it.
    """
    try:
        cluster: Cluster | None = await plane.get(CLUSTERS, CLUSTERS.key("", name))
    except NotFound:
        cluster = None
    if cluster is not None and cluster.spec.sync_mode == PUSH:
        return
    folder = AgentFolder(layout.members / name / "agent")
    plan = AgentPlan(cluster=name, endpoint=access.server, cert_rotation=True)
    folder.write_member(access, name)
    # It starts while the member is registered, and waits for its kubeconfig.
    processes.start(local_agent_spec(layout, folder, plan, settings))
    kubeconfig = await _kubeconfig(plane, folder, plan, known=cluster is not None)
    async with Client(access, user_agent="karmadactl") as member:
        for resource, obj in kubeconfig_objects(plan, kubeconfig_text(kubeconfig)):
            if not await ensure(member, resource, obj) and "data" in obj:
                await member.patch(resource, resource.key_of(obj), {"data": obj["data"]})


async def _kubeconfig(plane: Client, folder: AgentFolder, plan: AgentPlan, *, known: bool) -> Object:
    """The agent's, in its file: made by registering, or as it was, with the address of today. One that was
    unregistered since has lost its rights and is registered again.
    """
    if known and folder.plane_config.exists():
        before = read_kubeconfig(folder.plane_config)
        kubeconfig = with_server(before, CLUSTER, server=plane.access.server, ca_data=plane.access.ca_data)
        if kubeconfig != before:
            folder.write_plane(kubeconfig)
    else:
        kubeconfig = await _registered(plane, plan)
        folder.write_plane(kubeconfig)
    return kubeconfig


def stop_agents_but(processes: Processes, pull: list[str]) -> None:
    """An agent of a member that is not one of these any more is stopped."""
    wanted = {process_name(name) for name in pull}
    for name in processes.names():
        if name.startswith(process_name("")) and name not in wanted:
            processes.stop(name)


def local_agent_spec(layout: Layout, folder: AgentFolder, plan: AgentPlan, settings: Settings) -> ProcessSpec:
    name = process_name(plan.cluster)
    ports = settings.ports
    spec = agent_spec(folder, plan, health_port=ports[name], metrics_port=ports[f"{name}-metrics"])
    identity = f"--leader-elect-identity={layout.identity}"
    return replace(spec, arguments=(*spec.arguments, identity, *settings.flags_of(AGENT)))


async def _registered(plane: Client, plan: AgentPlan) -> Object:
    """The agent's kubeconfig, by a token that lives as long as it takes."""
    token = new_token()
    secret = token_secret(
        token,
        usages=("authentication",),
        groups=(BOOTSTRAP_TOKEN_GROUP,),
        description=f"registration of {plan.cluster}",
        ttl_seconds=TOKEN_SECONDS,
        now=SYSTEM_CLOCK.now(),
    )
    await plane.create(SECRETS, secret)
    try:
        access = replace(plane.access, token=token, client_certificate=None, client_key=None)
        wanted = Bootstrap(access, plan.cluster, plan.cluster_namespace, CERTIFICATE_SECONDS)
        return await bootstrap_agent(wanted, lambda _: None)
    finally:
        await plane.delete(SECRETS, SECRETS.key_of(secret))
