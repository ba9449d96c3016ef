"""karmadactl join: register a cluster in push mode. client/registration.py does it; this reads flags and
prints."""

import argparse

from karmada.api.names import KARMADA_CLUSTER_NAMESPACE
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, access_from, add_connection_flags, control_plane
from karmada.client.client import Client
from karmada.client.registration import Registration, join_cluster, require_cluster_name


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    parser.add_argument("name", metavar="NAME", help="the name the cluster gets")
    parser.add_argument("--cluster-kubeconfig", default="", help="kubeconfig of the member")
    parser.add_argument("--cluster-context", default="", help="context inside that file")
    parser.add_argument(
        "--cluster-namespace", default=KARMADA_CLUSTER_NAMESPACE, help="namespace of the cluster Secrets"
    )
    parser.add_argument("--cluster-provider", default="", help="provider of the cluster")
    parser.add_argument("--cluster-region", default="", help="region of the cluster")
    parser.add_argument("--cluster-zones", default="", help="zones of the cluster, comma separated")
    parser.add_argument("--dry-run", action="store_true", help="check everything, change nothing")


async def run(args: argparse.Namespace, console: Console) -> int:
    registration = Registration(
        name=args.name,
        namespace=args.cluster_namespace,
        provider=args.cluster_provider,
        region=args.cluster_region,
        zones=tuple(zone for zone in args.cluster_zones.split(",") if zone),
    )
    require_cluster_name(registration.name)
    if not args.cluster_kubeconfig:
        raise CommandError('required flag(s) "cluster-kubeconfig" not set')
    if registration.namespace == "karmada-system":
        console.error("warning: karmada-system is always reserved for Karmada control plane components")
    member_access = access_from(args.cluster_kubeconfig, context=args.cluster_context)
    async with (
        Client(control_plane(args), user_agent="karmadactl") as plane,
        Client(member_access, user_agent="karmadactl") as member,
    ):
        await join_cluster(plane, member, member_access, registration, dry_run=args.dry_run)
    console.line(f"cluster({registration.name}) is joined successfully")
    return 0
