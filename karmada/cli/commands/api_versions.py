"""karmadactl api-versions: the group versions the control plane, or a member, serves."""

import argparse

from karmada.cli.places import add_scope_flags, chosen_cluster, open_place
from karmada.cli.printers import Console
from karmada.cli.scope import add_connection_flags


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_scope_flags(parser, short=False)


async def run(args: argparse.Namespace, console: Console) -> int:
    async with open_place(args, cluster=chosen_cluster(args)) as place:
        core = (await place.client.request("GET", "/api")).json()
        groups = (await place.client.request("GET", "/apis")).json()
    versions = {str(version) for version in core.get("versions") or ()}
    for group in groups.get("groups") or ():
        versions |= {str(each["groupVersion"]) for each in group.get("versions") or ()}
    for version in sorted(versions):
        console.line(version)
    return 0
