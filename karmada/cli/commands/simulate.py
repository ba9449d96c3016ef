"""karmadactl simulate: what would move if a cluster went away, a policy changed, there were more replicas.

In: a hypothesis in flags and files. Out: a table, or JSON. The decisions are the scheduler's own
(scheduler/what_if), over what the control plane holds now; nothing is written anywhere.
"""

import argparse
from collections.abc import Sequence

import orjson

from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.cli.manifests import add_file_flags, read_manifests
from karmada.cli.parsing import add_switch
from karmada.cli.places import open_place
from karmada.cli.printers import Console
from karmada.cli.scope import add_connection_flags, add_namespace_flag
from karmada.cli.selection import Selected, located
from karmada.cli.simulation.clusters import add_cluster_flags


def register(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Say what the scheduler would do in another world: clusters lost, cordoned, tainted or added, "
        "policies or templates as in files, other numbers of replicas. Without any change it says what is "
        "still to happen in this one. Nothing is written."
    )
    add_connection_flags(parser)
    add_namespace_flag(parser)
    add_file_flags(parser, purpose="with policies, templates and clusters as they would be")
    add_cluster_flags(parser)
    parser.add_argument(
        "--replicas", action="append", default=[], metavar="[NAMESPACE/]KIND/NAME=N", help="it has so many"
    )
    add_switch(parser, "--reschedule", help="everything is placed afresh, as a WorkloadRebalancer asks for")
    parser.add_argument("-o", "--output", default="", choices=("", "json"), help="json, or text")
    add_switch(parser, "--exit-code", help="end with 3 when something could not be placed as asked")


async def run(args: argparse.Namespace, console: Console) -> int:
    from karmada.cli.simulation.bindings import hypothetical_bindings
    from karmada.cli.simulation.clusters import changed_clusters
    from karmada.cli.simulation.report import Report, to_json, to_text
    from scheduler.what_if import what_if

    manifests = read_manifests(args.filename, recursive=args.recursive)
    async with open_place(args) as place:
        written = await located(place, manifests)
        stored = (await place.client.list(CLUSTERS)).items
        clusters, changes = changed_clusters(stored, args, _clusters_of(written))
        rest = [each for each in written if each.object["kind"] != CLUSTERS.kind]
        hypotheses, more = await hypothetical_bindings(place, args, rest)
    report = Report([*changes, *more], what_if(hypotheses, clusters))
    if args.output == "json":
        console.line(orjson.dumps(to_json(report), option=orjson.OPT_INDENT_2).decode())
    else:
        console.line(to_text(report))
    return 3 if report.failing and args.exit_code else 0


def _clusters_of(written: Sequence[Selected]) -> list[Cluster]:
    return [Cluster.from_json(each.object) for each in written if each.object["kind"] == CLUSTERS.kind]
