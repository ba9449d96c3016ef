"""karmadactl apply: make the control plane hold what files say, and send it to clusters.

In: -f, and -C or --all-clusters for a policy per object. Out: a line per object, as kubectl prints it.
applying.py does one object; policies.py words the policy.
"""

import argparse

from karmada.api.groups.cluster import CLUSTERS
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, labels_of
from karmada.api.selectors import parse_label_selector
from karmada.cli.applying import Applier, ApplyOptions
from karmada.cli.each import for_each
from karmada.cli.manifests import add_file_flags, read_manifests
from karmada.cli.output import add_dry_run_flag, add_output_flag, shown_result
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, open_place
from karmada.cli.policies import policy_for
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.cli.selection import Selected, located


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_namespace_flag(parser)
    add_file_flags(parser, purpose="with what is to be applied")
    parser.add_argument("-C", "--cluster", action="append", default=[], help="clusters to send it to")
    add_switch(parser, "--all-clusters", help="send it to every cluster")
    parser.add_argument("-l", "--selector", default="", help="only objects with these labels")
    add_output_flag(parser)
    add_dry_run_flag(parser)
    add_switch(parser, "--server-side", help="let the server merge")
    add_switch(parser, "--force-conflicts", help="take over fields of other managers (server side)")
    add_switch(parser, "--force", help="delete and create anew what cannot be changed")
    add_switch(parser, "--overwrite", default=True, help="replace what others changed")
    parser.add_argument("--field-manager", default="", help="who owns the fields that are written")


async def run(args: argparse.Namespace, console: Console) -> int:
    clusters = [name for part in args.cluster for name in part.split(",") if name]
    _check(args, clusters)
    manifests = read_manifests(args.filename, recursive=args.recursive)
    async with open_place(args) as place:
        await _require_clusters(place, clusters)
        if args.selector:
            matcher = parse_label_selector(args.selector)
            manifests = [each for each in manifests if matcher.matches(labels_of(each.object))]
        if not manifests:
            raise CommandError("no objects passed to apply")
        applier = Applier(place.client, _options(args), warn=lambda text: console.error(f"Warning: {text}"))

        async def apply(item: Selected) -> str:
            done = await applier.apply(item)
            return shown_result(done.object, done.word, output=args.output, dry_run=args.dry_run)

        async def apply_with_policy(item: Selected) -> str:
            said = await apply(item)
            if not clusters and not args.all_clusters:
                return said
            policy = policy_for(item.object, clusters)
            console.line(said)
            return await apply(await _selected(place, policy))

        code = 0
        for manifest in manifests:  # each is looked up when its turn comes: a definition may be among them
            try:
                items = await located(place, [manifest])
            except CommandError as error:
                console.error(f"error: {error}")
                code = 1
                continue
            code |= await for_each(items, apply_with_policy, console, doing=_doing)
        return code


def _check(args: argparse.Namespace, clusters: list[str]) -> None:
    if not args.filename:
        raise CommandError("must specify one of -f and -k")
    if args.all_clusters and clusters:
        raise CommandError("--all-clusters and --cluster cannot be used together")
    if args.force_conflicts and not args.server_side:
        raise CommandError("--force-conflicts only works with --server-side")
    if args.server_side and args.dry_run == "client":
        raise CommandError(
            "--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)"
        )


def _options(args: argparse.Namespace) -> ApplyOptions:
    return ApplyOptions(
        dry_run=args.dry_run,
        server_side=args.server_side,
        force_conflicts=args.force_conflicts,
        force=args.force,
        overwrite=args.overwrite,
        field_manager=args.field_manager,
    )


async def _require_clusters(place: Place, clusters: list[str]) -> None:
    if not clusters:
        return
    known = {cluster.metadata.name for cluster in (await place.client.list(CLUSTERS)).items}
    missing = [f"cluster {name} does not exist" for name in clusters if name not in known]
    if missing:
        raise CommandError(missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]")


async def _selected(place: Place, policy: Object) -> Selected:
    gvk = GroupVersionKind.of(policy)
    resource = next((each for each in await place.mapper.resources() if each.gvk == gvk), None)
    if resource is None:
        raise CommandError(f"the control plane serves no {gvk.kind}: is this a Karmada control plane?")
    return Selected(resource, policy)


def _doing(item: Selected) -> str:
    return f'when applying "{item.source}"'
