"""karmadactl promote TYPE NAME -C CLUSTER: a resource of a member becomes a template of the control plane."""

import argparse
from contextlib import AsyncExitStack

from karmada.api.groups.cluster import CLUSTERS
from karmada.cli.parsing import add_switch
from karmada.cli.places import USER_AGENT, open_place
from karmada.cli.printers import Console
from karmada.cli.promoting import PromoteOptions, Promotion
from karmada.cli.resources import find_resources, parse_wanted
from karmada.cli.scope import (
    CommandError,
    access_from,
    add_connection_flags,
    add_namespace_flag,
    through_proxy,
)
from karmada.client.client import Client


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_namespace_flag(parser)
    parser.add_argument("words", nargs="*", metavar="TYPE NAME", help="the resource in the member")
    parser.add_argument("-C", "--cluster", default="", help="the member")
    parser.add_argument("--cluster-kubeconfig", default="", help="kubeconfig of the member")
    parser.add_argument("--cluster-context", default="", help="context inside that file")
    add_switch(parser, "--auto-create-policy", default=True, help="create a policy for it, too")
    parser.add_argument("--policy-name", default="", help="name of that policy")
    add_switch(parser, "-d", "--dependencies", "--deps", help="with what it depends on")
    parser.add_argument("-o", "--output", default="", help="json or yaml: print, create nothing")
    add_switch(parser, "--dry-run", help="check everything, change nothing")


async def run(args: argparse.Namespace, console: Console) -> int:
    if not args.cluster:
        raise CommandError("the cluster cannot be empty: say -C CLUSTER")
    if len(args.words) not in (1, 2) or (len(args.words) == 1 and "/" not in args.words[0]):
        raise CommandError("incorrect command format, please use correct command format: promote TYPE NAME")
    if args.output not in ("", "json", "yaml"):
        raise CommandError(f"output format {args.output} is not supported, use json or yaml")
    options = PromoteOptions(
        cluster=args.cluster,
        policy_name=args.policy_name,
        creates_policy=args.auto_create_policy,
        dependencies=args.dependencies,
        output=args.output,
        dry_run=args.dry_run,
    )
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(open_place(args))
        await place.client.get(CLUSTERS, CLUSTERS.key("", args.cluster))
        access = through_proxy(place.access, args.cluster)
        if args.cluster_kubeconfig:
            access = access_from(args.cluster_kubeconfig, context=args.cluster_context or args.cluster)
        member = await stack.enter_async_context(Client(access, user_agent=USER_AGENT))
        ((wanted, found),) = await find_resources(place.mapper, parse_wanted(args.words))
        key = found.resource.key(place.namespace, wanted.names[0])
        return await Promotion(place, member, options, console).run(found.resource, key)
