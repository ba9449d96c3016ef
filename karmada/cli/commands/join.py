"""karmadactl join: register a cluster in push mode. registration.py does it; this reads flags and prints."""

import argparse

from karmada.cli.printers import Console
from karmada.cli.registration import CLUSTER_NAMESPACE, JoinOptions, join_cluster, require_cluster_name
from karmada.cli.scope import CommandError, access_from, add_connection_flags, control_plane
from karmada.client.client import Client


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    parser.add_argument("name", metavar="NAME", help="the name the cluster gets")
    parser.add_argument("--cluster-kubeconfig", default="", help="kubeconfig of the member")
    parser.add_argument("--cluster-context", default="", help="context inside that file")
    parser.add_argument(
        "--cluster-namespace", default=CLUSTER_NAMESPACE, help="namespace of the cluster Secrets"
    )
    parser.add_argument("--cluster-provider", default="", help="provider of the cluster")
    parser.add_argument("--cluster-region", default="", help="region of the cluster")
    parser.add_argument("--cluster-zones", default="", help="zones of the cluster, comma separated")
    parser.add_argument("--dry-run", action="store_true", help="check everything, change nothing")


async def run(args: argparse.Namespace, console: Console) -> int:
    options = JoinOptions(
        name=args.name,
        namespace=args.cluster_namespace,
        provider=args.cluster_provider,
        region=args.cluster_region,
        zones=tuple(zone for zone in args.cluster_zones.split(",") if zone),
        dry_run=args.dry_run,
    )
    require_cluster_name(options.name)
    if not args.cluster_kubeconfig:
        raise CommandError('required flag(s) "cluster-kubeconfig" not set')
    if options.namespace == "karmada-system":
        console.error("warning: karmada-system is always reserved for Karmada control plane components")
    member_access = access_from(args.cluster_kubeconfig, context=args.cluster_context)
    async with (
        Client(control_plane(args), user_agent="karmadactl") as plane,
        Client(member_access, user_agent="karmadactl") as member,
    ):
        await join_cluster(plane, member, member_access, options)
    console.line(f"cluster({options.name}) is joined successfully")
    return 0
