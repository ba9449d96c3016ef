"""karmadactl cordon, uncordon: the unschedulable taint of a Cluster, set or removed."""

import argparse

from karmada.api.errors import NotFound
from karmada.api.groups.cluster import CLUSTERS
from karmada.cli.cordoning import with_cordon, without_cordon
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, add_connection_flags, control_plane
from karmada.client.client import Client


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    parser.add_argument("name", metavar="NAME", help="the cluster")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")


async def run(args: argparse.Namespace, console: Console) -> int:
    cordon = args.command == "cordon"
    word = "cordoned" if cordon else "uncordoned"
    async with Client(control_plane(args), user_agent="karmadactl") as plane:
        try:
            cluster = await plane.get(CLUSTERS, CLUSTERS.key("", args.name))
        except NotFound as error:
            raise CommandError(error.message) from error
        changed = with_cordon(cluster) if cordon else without_cordon(cluster)
        if changed == cluster:
            console.line(f"{args.name} cluster already {word}")
            return 0
        if not args.dry_run:
            change = with_cordon if cordon else without_cordon
            await plane.update(CLUSTERS, CLUSTERS.key("", args.name), change, cached=cluster)
        console.line(f"{args.name} cluster {word}")
    return 0
