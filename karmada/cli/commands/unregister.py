"""karmadactl unregister: remove a pull-mode cluster, and what register and the agent left on both sides.

Works go first, while the agent is there to take their objects out of the member; then the Cluster, the
agent's rights, and what is in the member.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from karmada.api.errors import NotFound
from karmada.api.groups.cluster import CLUSTERS, PULL
from karmada.api.groups.kubernetes import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    DEPLOYMENTS,
    NAMESPACES,
    SECRETS,
    SERVICE_ACCOUNTS,
)
from karmada.api.groups.work import WORKS
from karmada.api.gvk import Resource
from karmada.api.names import (
    IMPERSONATOR_NAME,
    KARMADA_CLUSTER_NAMESPACE,
    KARMADA_KUBECONFIG_SECRET,
    KARMADA_SYSTEM_NAMESPACE,
    execution_namespace,
)
from karmada.api.objects import Object
from karmada.cli.commands.unjoin import parse_wait, remove_cluster
from karmada.cli.local.agent import default_folder, stop_agent
from karmada.cli.printers import Console
from karmada.cli.pull.member_objects import ACCOUNT, AGENT
from karmada.cli.pull.rights import agent_rights
from karmada.cli.scope import CommandError
from karmada.cli.scope import access_from as access_from_file
from karmada.client.client import Client
from karmada.client.kubeconfig import Access, access_from
from karmada.client.kubeconfig_file import KubeconfigError, parse_kubeconfig
from karmada.client.member import secret_value
from karmada.client.registration import control_plane_account, control_plane_role
from karmada.runtime.clock import SYSTEM_CLOCK

POLL_SECONDS: Final = 0.1
KUBECONFIG_FLAG: Final = "--karmada-kubeconfig="
LOCAL_FILES: Final = ("/etc/karmada/karmada-agent.conf", "/etc/karmada/pki/ca.crt")


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the cluster")
    parser.add_argument("--cluster-kubeconfig", default="", help="kubeconfig of the member")
    parser.add_argument("--cluster-context", default="", help="context inside that file")
    parser.add_argument(
        "--karmada-config", default="", help="kubeconfig of the control plane; default: the agent's own"
    )
    parser.add_argument("--karmada-context", default="", help="context inside that file")
    parser.add_argument("-n", "--namespace", default=KARMADA_SYSTEM_NAMESPACE, help="the agent's, in it")
    parser.add_argument("--agent-name", default=AGENT, help="the agent's Deployment")
    parser.add_argument("--agent-dir", default="", help="folder of an agent that runs as a process")
    parser.add_argument("--cluster-namespace", default=KARMADA_CLUSTER_NAMESPACE, help="of its Secrets")
    parser.add_argument("--wait", default="60s", help="how long the removal may take")
    parser.add_argument("--dry-run", action="store_true", help="check everything, change nothing")


async def run(args: argparse.Namespace, console: Console) -> int:
    if not args.cluster_kubeconfig:
        raise CommandError("--cluster-kubeconfig is required")
    wait_seconds = parse_wait(args.wait)
    access = access_from_file(args.cluster_kubeconfig, context=args.cluster_context)
    async with Client(access, user_agent="karmadactl") as member:
        async with Client(await _control_plane(args, member), user_agent="karmadactl") as plane:
            await require_pull_mode(plane, args.name)
            if args.dry_run:
                return 0
            await _remove_works(plane, args.name, wait_seconds=wait_seconds)
            await remove_cluster(plane, args.name, wait_seconds=wait_seconds, force=False)
            if args.karmada_config:
                await _remove_rights(plane, args.name, args.cluster_namespace)
            else:
                console.error(
                    f"warning: the rights of the agent (system:karmada:{args.name}:agent) stay in the "
                    "control plane: its administrator has to delete them"
                )
        stop_agent(Path(args.agent_dir) if args.agent_dir else default_folder(args.name), args.name)
        await _clean_member(member, args)
    _remove_files(LOCAL_FILES)
    console.line(f"cluster({args.name}) is unregistered successfully")
    return 0


async def require_pull_mode(plane: Client, name: str) -> None:
    try:
        cluster = await plane.get(CLUSTERS, CLUSTERS.key("", name))
    except NotFound as error:
        raise CommandError(f"no cluster object {name} found in karmada control Plane") from error
    if cluster.spec.sync_mode != PULL:
        raise CommandError(
            f"cluster {name} is a {cluster.spec.sync_mode} mode member cluster, use the `unjoin` command to "
            "remove it"
        )


async def _control_plane(args: argparse.Namespace, member: Client) -> Access:
    """By the given file, else by the kubeconfig the agent has."""
    if args.karmada_config:
        return access_from_file(args.karmada_config, context=args.karmada_context)
    name, entry = await _agent_secret(member, args.namespace, args.agent_name)
    try:
        secret = await member.get(SECRETS, SECRETS.key(args.namespace, name))
    except NotFound as error:
        raise CommandError(
            f"the member has no Secret {args.namespace}/{name}: give the control plane's kubeconfig with "
            "--karmada-config"
        ) from error
    text = secret_value(secret, entry) or b""
    try:
        config = parse_kubeconfig(text.decode(errors="replace"), origin=f"Secret {args.namespace}/{name}")
        return access_from(config, context=args.karmada_context, origin=f"Secret {args.namespace}/{name}")
    except KubeconfigError as error:
        raise CommandError(str(error)) from error


async def _agent_secret(member: Client, namespace: str, agent: str) -> tuple[str, str]:
    """Name and key of the Secret the agent's Deployment mounts as its kubeconfig; the usual one where there
    is no Deployment.
    """
    try:
        deployment = await member.get(DEPLOYMENTS, DEPLOYMENTS.key(namespace, agent))
    except NotFound:
        return KARMADA_KUBECONFIG_SECRET, KARMADA_KUBECONFIG_SECRET
    found = mounted_kubeconfig(deployment)
    if found is None:
        raise CommandError(
            f"Deployment {namespace}/{agent} mounts no Secret for {KUBECONFIG_FLAG[:-1]}: give the control "
            "plane's kubeconfig with --karmada-config"
        )
    return found


def mounted_kubeconfig(deployment: Object) -> tuple[str, str] | None:
    """(Secret, key) behind the agent's kubeconfig flag; None when there is none. Pure."""
    pod = deployment["spec"]["template"]["spec"]
    secrets = {
        volume["name"]: volume["secret"]["secretName"]
        for volume in pod.get("volumes") or ()
        if (volume.get("secret") or {}).get("secretName")
    }
    for container in pod.get("containers") or ():
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        paths = [word.removeprefix(KUBECONFIG_FLAG) for word in words if word.startswith(KUBECONFIG_FLAG)]
        for mount in container.get("volumeMounts") or ():
            folder = mount["mountPath"].rstrip("/") + "/"
            if mount["name"] in secrets and paths and paths[0].startswith(folder):
                return secrets[mount["name"]], paths[0].removeprefix(folder)
    return None


async def _remove_works(plane: Client, name: str, *, wait_seconds: float) -> None:
    """Each Work that is there now, and wait until it is gone: one that comes in its place leaves with the
    namespace.
    """
    namespace = execution_namespace(name)
    leaving = {work.metadata.uid for work in (await plane.list(WORKS, namespace=namespace)).items}
    for work in (await plane.list(WORKS, namespace=namespace)).items:
        await plane.delete(WORKS, WORKS.key(namespace, work.metadata.name))
    deadline = SYSTEM_CLOCK.monotonic() + wait_seconds
    while True:
        present = {work.metadata.uid for work in (await plane.list(WORKS, namespace=namespace)).items}
        if not present & leaving:
            return
        if SYSTEM_CLOCK.monotonic() > deadline:
            raise CommandError(
                f"{len(present & leaving)} Works of cluster {name} are not gone after {wait_seconds:.0f} s: "
                "is its agent running?"
            )
        await SYSTEM_CLOCK.sleep(POLL_SECONDS)


async def _remove_rights(plane: Client, name: str, namespace: str) -> None:
    for resource, obj in reversed(agent_rights(name, namespace=namespace)):
        await plane.delete(resource, resource.key_of(obj))


async def _clean_member(member: Client, args: argparse.Namespace) -> None:
    """All that is ours; the agent's namespace stays, others may use it."""
    account, role = control_plane_account(args.name), control_plane_role(args.name)
    own, agent = args.cluster_namespace, args.namespace
    leaving: Sequence[tuple[Resource[Object], str, str]] = (
        (DEPLOYMENTS, agent, args.agent_name),
        (CLUSTER_ROLE_BINDINGS, "", role),
        (CLUSTER_ROLES, "", role),
        (SERVICE_ACCOUNTS, own, account),
        (SECRETS, own, account),
        (SERVICE_ACCOUNTS, own, IMPERSONATOR_NAME),
        (SECRETS, own, IMPERSONATOR_NAME),
        (NAMESPACES, "", own),
        (SERVICE_ACCOUNTS, agent, ACCOUNT),
        (CLUSTER_ROLE_BINDINGS, "", AGENT),
        (CLUSTER_ROLES, "", AGENT),
        (SECRETS, agent, KARMADA_KUBECONFIG_SECRET),
    )
    for resource, namespace, name in leaving:
        await member.delete(resource, resource.key(namespace, name))


def _remove_files(paths: Sequence[str]) -> None:
    """What karmadactl register leaves on the machine it ran on."""
    for path in paths:
        try:
            Path(path).unlink(missing_ok=True)
        except OSError:
            continue
