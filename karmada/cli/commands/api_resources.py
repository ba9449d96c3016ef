"""karmadactl api-resources: what the control plane, or a member, serves."""

import argparse
from collections.abc import Sequence

from karmada.cli.parsing import add_switch
from karmada.cli.places import add_scope_flags, chosen_cluster, open_place
from karmada.cli.printers import Console, format_table
from karmada.cli.scope import CommandError, add_connection_flags
from karmada.client.mapper import DiscoveredResource, preferred_resources

SORTS = ("", "name", "kind")
OUTPUTS = ("", "wide", "name")


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_scope_flags(parser, short=False)
    parser.add_argument("--api-group", default=None, help="only resources of this group")
    add_switch(parser, "--namespaced", default=None, help="only namespaced resources, or (=false) the others")
    parser.add_argument("--verbs", default="", help="only resources with all of these verbs")
    parser.add_argument("--categories", default="", help="only resources in all of these categories")
    parser.add_argument("--sort-by", default="", choices=SORTS, help="name or kind")
    parser.add_argument("-o", "--output", default="", choices=OUTPUTS, help="wide or name")
    add_switch(parser, "--no-headers", help="print no header line")
    add_switch(parser, "--cached", help="accepted for scripts; discovery is always read anew")


async def run(args: argparse.Namespace, console: Console) -> int:
    async with open_place(args, cluster=chosen_cluster(args)) as place:
        discovery = await place.mapper.discovery()
    found = sort(wanted(discovery.resources, args), args.sort_by)
    if args.output == "name":
        for each in found:
            console.line(each.gvr.group_resource)
    else:
        console.line(table(found, wide=args.output == "wide", headers=not args.no_headers))
    if discovery.failed:
        texts = ", ".join(f"{version}: {text}" for version, text in sorted(discovery.failed.items()))
        raise CommandError(f"unable to retrieve the complete list of server APIs: {texts}")
    return 0


def wanted(served: Sequence[DiscoveredResource], args: argparse.Namespace) -> list[DiscoveredResource]:
    """The preferred version of each resource that passes the flags."""
    verbs = {verb for verb in args.verbs.split(",") if verb}
    categories = {name for name in args.categories.split(",") if name}
    return [
        each
        for each in preferred_resources(served)
        if each.verbs
        and (args.api_group is None or each.gvr.group == args.api_group)
        and (args.namespaced is None or each.namespaced == args.namespaced)
        and verbs <= set(each.verbs)
        and categories <= set(each.categories)
    ]


def sort(found: Sequence[DiscoveredResource], by: str) -> list[DiscoveredResource]:
    """By group and name, unless told otherwise."""
    if by == "kind":
        return sorted(found, key=lambda each: (each.kind, each.gvr))
    if by == "name":
        return sorted(found, key=lambda each: (each.gvr.resource, each.gvr))
    return sorted(found, key=lambda each: (each.gvr.group, each.gvr.resource))


def table(found: Sequence[DiscoveredResource], *, wide: bool, headers: bool = True) -> str:
    header = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", *(["VERBS", "CATEGORIES"] * wide)]
    rows = [
        [
            each.gvr.resource,
            ",".join(each.short_names),
            each.gvr.api_version,
            each.namespaced,
            each.kind,
            *([",".join(each.verbs), ",".join(each.categories)] * wide),
        ]
        for each in found
    ]
    return format_table(header, rows, headers=headers)
