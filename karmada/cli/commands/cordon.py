"""karmadactl cordon, uncordon: the unschedulable taint of a Cluster, set or removed."""

import argparse

from karmada.api.errors import NotFound
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.meta import Taint
from karmada.api.wellknown import UNSCHEDULABLE_TAINT
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, add_connection_flags, control_plane
from karmada.client.client import Client

NO_SCHEDULE = "NoSchedule"


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


def with_cordon(cluster: Cluster) -> Cluster:
    """cluster with the unschedulable taint; unchanged if it has it."""
    if any(map(is_cordon, cluster.spec.taints or ())):
        return cluster
    taint = Taint(key=UNSCHEDULABLE_TAINT, effect=NO_SCHEDULE)
    return _with_taints(cluster, [*(cluster.spec.taints or ()), taint])


def without_cordon(cluster: Cluster) -> Cluster:
    """cluster without the unschedulable taint; unchanged if it has none."""
    if not any(map(is_cordon, cluster.spec.taints or ())):
        return cluster
    return _with_taints(cluster, [taint for taint in cluster.spec.taints or () if not is_cordon(taint)])


def is_cordon(taint: Taint) -> bool:
    return taint.key == UNSCHEDULABLE_TAINT and taint.effect == NO_SCHEDULE


def _with_taints(cluster: Cluster, taints: list[Taint]) -> Cluster:
    spec = cluster.spec.model_copy(update={"taints": taints})
    return cluster.model_copy(update={"spec": spec})
