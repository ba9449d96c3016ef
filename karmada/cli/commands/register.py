"""karmadactl register: make the cluster of a kubeconfig a member in pull mode, with nothing but a token.

pull/ does it: discovery of the control plane, certificates, rights, and what the member gets. This reads
flags, looks whether the member is free, and tells each stage.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import DEPLOYMENTS, NODES, SECRETS, SERVICE_ACCOUNTS
from karmada.api.gvk import Resource
from karmada.api.names import KARMADA_CLUSTER_NAMESPACE, KARMADA_KUBECONFIG_SECRET, KARMADA_SYSTEM_NAMESPACE
from karmada.api.objects import Object
from karmada.cli.local.agent import default_folder, started_agent
from karmada.cli.printers import Console
from karmada.cli.pull.bootstrap import Bootstrap, bootstrap_agent
from karmada.cli.pull.discovery import Pins, discover, parse_token
from karmada.cli.pull.member_objects import ACCOUNT, AGENT, AgentPlan, agent_objects, kubeconfig_objects
from karmada.cli.scope import CommandError, access_from
from karmada.client.client import Client
from karmada.client.kubeconfig import Access, default_paths, read_merged
from karmada.client.kubeconfig_file import KubeconfigError, entry_named, kubeconfig_text
from karmada.client.registration import require_cluster_name
from karmada.client.system_objects import ensure
from karmada.runtime.clock import SYSTEM_CLOCK
from karmada.runtime.options import parse_duration
from karmada.version import VERSION

DEPLOYMENT: Final = "deployment"
PROCESS: Final = "process"
ROLLOUT_SECONDS: Final = 300.0
POLL_SECONDS: Final = 0.1
PLAYED_RUNTIME: Final = "simulated://"
LEAST_CERTIFICATE_SECONDS: Final = 600


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", metavar="HOST:PORT", help="address of the control plane's API server")
    parser.add_argument("--kubeconfig", default="", help="kubeconfig of the member")
    parser.add_argument("--context", default="", help="context inside that file")
    parser.add_argument("-n", "--namespace", default=KARMADA_SYSTEM_NAMESPACE, help="the agent's, in it")
    parser.add_argument("--cluster-name", default="", help="default: the cluster of the current context")
    parser.add_argument("--cluster-namespace", default=KARMADA_CLUSTER_NAMESPACE, help="of its Secrets")
    parser.add_argument("--cluster-provider", default="", help="provider of the cluster")
    parser.add_argument("--cluster-region", default="", help="region of the cluster")
    parser.add_argument("--cluster-zones", default="", help="zones of the cluster, comma separated")
    parser.add_argument("--enable-cert-rotation", action="store_true", help="renew the agent's certificate")
    parser.add_argument("--token", default="", help="bootstrap token of the control plane")
    parser.add_argument(
        "--discovery-token-ca-cert-hash",
        action="append",
        default=[],
        help="sha256:<hex> of the CA's key",
    )
    parser.add_argument(
        "--discovery-token-unsafe-skip-ca-verification", action="store_true", help="believe the token alone"
    )
    parser.add_argument("--discovery-timeout", default="5m", help="how long the discovery may take")
    parser.add_argument(
        "--karmada-agent-image", default=f"docker.io/karmada/karmada-agent:{VERSION}", help="of the agent"
    )
    parser.add_argument("--karmada-agent-replicas", type=int, default=1, help="of the agent's Deployment")
    parser.add_argument("--cert-expiration-seconds", type=int, default=31536000, help="of its certificate")
    parser.add_argument("--proxy-server-address", default="", help="how the control plane reaches the member")
    parser.add_argument(
        "--run-agent-as",
        choices=(DEPLOYMENT, PROCESS),
        default=DEPLOYMENT,
        help="process: on this machine, for a member that runs no pods",
    )
    parser.add_argument("--agent-dir", default="", help="folder of such a process; ~/.karmada/agents/NAME")
    parser.add_argument("--dry-run", action="store_true", help="check everything, change nothing")


@dataclass(frozen=True, slots=True)
class Request:
    """What was typed, understood."""

    server: str
    access: Access
    plan: AgentPlan
    pins: Pins
    discovery_seconds: float


async def run(args: argparse.Namespace, console: Console) -> int:
    request = _read(args)
    plan = request.plan
    token = parse_token(args.token)

    def say(text: str) -> None:
        console.line(f"[karmada-agent-start] {text}")

    async with Client(request.access, user_agent="karmadactl") as member:
        console.line("[preflight] Running pre-flight checks")
        if problems := await preflight(member, plan.namespace):
            console.line(_complaint(problems))
            return 0  # as karmadactl does
        if args.run_agent_as == DEPLOYMENT:
            await require_pods(member)
        console.line("[preflight] All pre-flight checks were passed")
        ca = await discover(request.server, token, request.pins, wait_seconds=request.discovery_seconds)
        if args.dry_run:
            return 0
        access = Access(request.server, ca_data=ca, token=args.token)
        wanted = Bootstrap(access, plan.cluster, plan.cluster_namespace, args.cert_expiration_seconds)
        kubeconfig = await bootstrap_agent(wanted, say)
        say("Waiting the necessary secret and RBAC")
        await _make(member, kubeconfig_objects(plan, kubeconfig_text(kubeconfig)))
        if args.run_agent_as == PROCESS:
            folder = Path(args.agent_dir) if args.agent_dir else default_folder(plan.cluster)
            say(f"Waiting karmada-agent process in {folder}")
            await started_agent(folder, plan, kubeconfig, request.access)
        else:
            await _make(member, agent_objects(plan))
            say("Waiting karmada-agent Deployment")
            await _rolled_out(member, plan.namespace)
    console.line(f"\ncluster({plan.cluster}) is joined successfully")
    return 0


async def preflight(member: Client, namespace: str) -> list[str]:
    """What of an agent is in the member already."""
    found = []
    for resource, name in (
        (SECRETS, KARMADA_KUBECONFIG_SECRET),
        (SERVICE_ACCOUNTS, ACCOUNT),
        (DEPLOYMENTS, AGENT),
    ):
        try:
            await member.get(resource, resource.key(namespace, name))
        except NotFound:
            continue
        found.append(f"{resource.kind} {namespace}/{name} already exists in the member cluster")
    return found


async def require_pods(member: Client) -> None:
    """Raises CommandError when the nodes are only played: no agent would ever run on them."""
    nodes = (await member.list(NODES)).items
    if nodes and all(_is_played(node) for node in nodes):
        raise CommandError(
            "the member runs no real pods, so no agent would run there: use --run-agent-as=process"
        )


def _is_played(node: Object) -> bool:
    info: Object = (node.get("status") or {}).get("nodeInfo") or {}
    return str(info.get("containerRuntimeVersion")).startswith(PLAYED_RUNTIME)


def _complaint(problems: Sequence[str]) -> str:
    lines = [f"\t[ERROR]: {problem}" for problem in problems]
    head = "error execution phase preflight: [preflight] Some fatal errors occurred:"
    return "\n".join([head, *lines, "", "[preflight] Please check the above errors"])


def _read(args: argparse.Namespace) -> Request:
    """Raises CommandError and other UserErrors for what cannot work."""
    access = access_from(args.kubeconfig, context=args.context)
    name = args.cluster_name or _cluster_of(args.kubeconfig, args.context)
    require_cluster_name(name)
    if args.cert_expiration_seconds < LEAST_CERTIFICATE_SECONDS:
        raise CommandError(f"--cert-expiration-seconds must be at least {LEAST_CERTIFICATE_SECONDS}")
    try:
        seconds = parse_duration(args.discovery_timeout)
    except ValueError as error:
        raise CommandError(
            f'invalid argument "{args.discovery_timeout}" for "--discovery-timeout"'
        ) from error
    plan = AgentPlan(
        cluster=name,
        endpoint=access.server,
        namespace=args.namespace,
        cluster_namespace=args.cluster_namespace,
        provider=args.cluster_provider,
        region=args.cluster_region,
        zones=tuple(zone for zone in args.cluster_zones.split(",") if zone),
        proxy=args.proxy_server_address,
        cert_rotation=args.enable_cert_rotation,
        image=args.karmada_agent_image,
        replicas=args.karmada_agent_replicas,
    )
    pins = Pins.parse(
        args.discovery_token_ca_cert_hash, unsafe=args.discovery_token_unsafe_skip_ca_verification
    )
    server = args.server if "://" in args.server else f"https://{args.server}"
    return Request(server.rstrip("/"), access, plan, pins, seconds)


def _cluster_of(path: str, context: str) -> str:
    """The name of the cluster in the kubeconfig's context."""
    try:
        config = read_merged([Path(path)] if path else default_paths())
    except KubeconfigError as error:
        raise CommandError(str(error)) from error
    chosen = entry_named(config, "contexts", context or str(config.get("current-context") or "")) or {}
    return str((chosen.get("context") or {}).get("cluster") or "")


async def _make(member: Client, objects: Sequence[tuple[Resource[Object], Object]]) -> None:
    for resource, obj in objects:
        await ensure(member, resource, obj)


async def _rolled_out(member: Client, namespace: str) -> None:
    """Wait until every replica of the agent is available."""
    deadline = SYSTEM_CLOCK.monotonic() + ROLLOUT_SECONDS
    while True:
        found = await member.get(DEPLOYMENTS, DEPLOYMENTS.key(namespace, AGENT))
        wanted, status = found["spec"].get("replicas", 1), found.get("status") or {}
        if status.get("observedGeneration") and status.get("availableReplicas", 0) >= wanted:
            return
        if SYSTEM_CLOCK.monotonic() > deadline:
            raise CommandError(
                f"Deployment {namespace}/{AGENT} is not available after {ROLLOUT_SECONDS:.0f} s: "
                f"`kubectl -n {namespace} describe pods -l app={AGENT}` says why"
            )
        await SYSTEM_CLOCK.sleep(POLL_SECONDS)
