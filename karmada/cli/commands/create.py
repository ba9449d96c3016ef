"""karmadactl create: objects of files, or one made from flags (generate/).

In: `-f`, or a kind with its flags. Out: a line per object, as kubectl prints it. `create token` asks the
server for a token of a ServiceAccount.
"""

import argparse
from collections.abc import Sequence

from karmada.api.codec import dumps
from karmada.api.objects import Object, labels_of
from karmada.api.selectors import parse_label_selector
from karmada.cli.applying import with_last_applied
from karmada.cli.each import for_each
from karmada.cli.generate import GENERATORS, Generator
from karmada.cli.manifests import Manifest, add_file_flags, read_manifests
from karmada.cli.output import add_dry_run_flag, add_output_flag, shown_result
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, open_place
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.cli.selection import Selected, located
from karmada.runtime.options import parse_duration

MANAGER = "kubectl-create"


def register(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    add_file_flags(parser, purpose="with what is to be created")
    parser.add_argument("-l", "--selector", default="", help="only objects with these labels")
    kinds = parser.add_subparsers(dest="kind", metavar="KIND")
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for name, generator in GENERATORS.items():
        group, _, word = name.partition(" ")
        if not word:
            made = kinds.add_parser(group, help=generator.summary, aliases=generator.aliases)
        else:
            if group not in groups:
                above = kinds.add_parser(
                    group, help=f"a {group}", aliases=["svc"] if group == "service" else []
                )
                groups[group] = above.add_subparsers(dest="form", metavar="FORM", required=True)
            made = groups[group].add_parser(word, help=generator.summary)
        made.set_defaults(generator=name)
        _common(made, again=True)
        generator.flags(made)
    _register_token(kinds)


def _common(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Flags that may stand before and behind the kind; behind it they only count when given."""
    add_connection_flags(parser)
    add_namespace_flag(parser)
    add_output_flag(parser)
    add_dry_run_flag(parser)
    add_switch(parser, "--save-config", help="remember what was created, for later applies")
    parser.add_argument("--field-manager", default=MANAGER, help="who owns the fields")
    if again:
        for action in parser._actions:
            if action.dest != "help":
                action.default = argparse.SUPPRESS


def _register_token(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    token = kinds.add_parser("token", help="a token of a ServiceAccount")
    _common(token, again=True)
    token.add_argument("name", metavar="SERVICE_ACCOUNT")
    token.add_argument("--audience", action="append", default=[], help="who may be shown the token")
    token.add_argument("--duration", default="0s", help="how long it is valid; 0s: as the server likes")
    token.set_defaults(generator="token")


async def run(args: argparse.Namespace, console: Console) -> int:
    if args.kind is None:
        return await _from_files(args, console)
    async with open_place(args) as place:
        if args.generator == "token":
            return await _token(place, args, console)
        generator: Generator = GENERATORS[args.generator]
        return await _create(place, [Manifest(generator.make(args), "")], args, console)


async def _from_files(args: argparse.Namespace, console: Console) -> int:
    if not args.filename:
        raise CommandError("must specify one of -f and -k")
    manifests = read_manifests(args.filename, recursive=args.recursive)
    if args.selector:
        matcher = parse_label_selector(args.selector)
        manifests = [each for each in manifests if matcher.matches(labels_of(each.object))]
    if not manifests:
        raise CommandError("no objects passed to create")
    async with open_place(args) as place:
        return await _create(place, manifests, args, console)


async def _create(
    place: Place, manifests: Sequence[Manifest], args: argparse.Namespace, console: Console
) -> int:
    async def create(item: Selected) -> str:
        wanted = with_last_applied(item.object) if args.save_config else item.object
        done: Object = wanted
        if args.dry_run != "client":
            done = await place.client.create(
                item.resource.resource,
                wanted,
                field_manager=args.field_manager,
                dry_run=args.dry_run == "server",
            )
        return shown_result(done, "created", output=args.output, dry_run=args.dry_run)

    code = 0
    for manifest in manifests:
        try:
            items = await located(place, [manifest])
        except CommandError as error:
            console.error(f"error: {error}")
            code = 1
            continue
        code |= await for_each(items, create, console, doing=_doing)
    return code


async def _token(place: Place, args: argparse.Namespace, console: Console) -> int:
    spec: Object = {}
    if args.audience:
        spec["audiences"] = args.audience
    if seconds := parse_duration(args.duration):
        spec["expirationSeconds"] = int(seconds)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = f"/api/v1/namespaces/{place.namespace}/serviceaccounts/{args.name}/token"
    answer = (await place.client.request("POST", path, body=dumps(request))).json()
    console.line(
        answer["status"]["token"] if not args.output else shown_result(answer, "created", output=args.output)
    )
    return 0


def _doing(item: Selected) -> str:
    return f'when creating "{item.source}"' if item.source else ""
