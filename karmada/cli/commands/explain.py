"""karmadactl explain TYPE[.FIELD...]: what a resource's fields mean, from the server's own description."""

import argparse

from karmada.api.gvk import GroupVersionKind, split_api_version
from karmada.cli.explaining import Schemas, explained
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, add_scope_flags, chosen_cluster, open_place
from karmada.cli.printers import Console
from karmada.cli.resources import resources_named
from karmada.cli.scope import CommandError, add_connection_flags
from karmada.client.mapper import DiscoveredResource, preferred_resources

OUTPUTS = ("", "plaintext", "plaintext-openapiv2")


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_scope_flags(parser, short=False)
    parser.add_argument("words", nargs="*", metavar="TYPE[.FIELD]", help="such as deployment.spec.replicas")
    add_switch(parser, "--recursive", help="the whole tree below, without descriptions")
    parser.add_argument("--api-version", default="", help="this version of the type")
    parser.add_argument("-o", "--output", default="", choices=OUTPUTS, help="plaintext")


async def run(args: argparse.Namespace, console: Console) -> int:
    if len(args.words) != 1:
        text = (
            "We accept only this format: explain RESOURCE"
            if args.words
            else (
                "You must specify the type of resource to explain. "
                'Use "karmadactl api-resources" for a complete list of supported resources.'
            )
        )
        raise CommandError(text)
    async with open_place(args, cluster=chosen_cluster(args)) as place:
        resource, path = await _resource(place, args.words[0], args.api_version)
        gvk = GroupVersionKind(resource.gvr.group, resource.gvr.version, resource.kind)
        root = f"apis/{gvk.group}/{gvk.version}" if gvk.group else f"api/{gvk.version}"
        document = (await place.client.request("GET", f"/openapi/v3/{root}")).json()
    for line in explained(Schemas(document), gvk, path, recursive=args.recursive):
        console.line(line)
    return 0


async def _resource(place: Place, text: str, api_version: str) -> tuple[DiscoveredResource, tuple[str, ...]]:
    """The type in front of the first dot, or with its group, and the fields behind it."""
    served = await place.mapper.resources()
    if api_version:
        wanted = split_api_version(api_version)
        candidates = [each for each in served if (each.gvr.group, each.gvr.version) == wanted]
    else:
        candidates = preferred_resources(served)
    words = text.rstrip(".").split(".")
    groups = {each.gvr.group for each in candidates if each.gvr.group}
    for length in range(len(words), 1, -1):
        if ".".join(words[1:length]) in groups:
            found = resources_named(candidates, ".".join(words[:length]))
            if found:
                return found[0], tuple(words[length:])
    found = [each for each in resources_named(candidates, words[0]) if words[0] not in each.categories]
    if not found:
        raise CommandError(f'the server doesn\'t have a resource type "{words[0]}"')
    return found[0], tuple(words[1:])
