"""karmadactl patch: change fields of an object with a strategic, merge or JSON patch."""

import argparse
from pathlib import Path
from typing import Any

from karmada.api.codec import DecodeError, loads_yaml
from karmada.cli.applying import patched_locally
from karmada.cli.each import for_each
from karmada.cli.manifests import add_file_flags
from karmada.cli.output import add_dry_run_flag, add_output_flag, shown_result
from karmada.cli.parsing import add_switch
from karmada.cli.places import open_place
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.cli.selection import Selected, Wish, select
from karmada.client.client import JSON_PATCH, MERGE_PATCH, STRATEGIC_MERGE_PATCH

TYPES = {"strategic": STRATEGIC_MERGE_PATCH, "merge": MERGE_PATCH, "json": JSON_PATCH}


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_namespace_flag(parser)
    parser.add_argument("words", nargs="*", metavar="TYPE[/NAME]", help="TYPE NAME, or TYPE/NAME")
    add_file_flags(parser, purpose="that names what is to be patched")
    parser.add_argument("-p", "--patch", default="", help="the patch, as JSON or YAML")
    parser.add_argument("--patch-file", default="", help="file with the patch")
    parser.add_argument("--type", default="strategic", choices=TYPES, help="how the patch is meant")
    parser.add_argument("--subresource", default="", help="status, scale or another part of the object")
    parser.add_argument("--field-manager", default="kubectl-patch", help="who owns the fields that change")
    add_switch(parser, "--local", help="change what the file says, send nothing")
    add_output_flag(parser)
    add_dry_run_flag(parser)


async def run(args: argparse.Namespace, console: Console) -> int:
    patch = read_patch(args.patch, args.patch_file)
    if not args.words and not args.filename:
        raise CommandError("You must provide one or more resources by argument or filename.")
    async with open_place(args) as place:
        items = await select(place, Wish.of(args, args.words))

        async def change(item: Selected) -> str:
            if args.dry_run == "client" or args.local:
                done = changed_locally(item.object, patch, args.type)
            else:
                done = await place.client.patch(
                    item.resource.resource,
                    item.key,
                    patch,
                    patch_type=TYPES[args.type],
                    subresource=args.subresource,
                    field_manager=args.field_manager,
                    dry_run=args.dry_run == "server",
                )
            word = "patched" if done != item.object else "patched (no change)"
            return shown_result(done, word, output=args.output, dry_run=args.dry_run)

        return await for_each(items, change, console)


def read_patch(text: str, filename: str) -> Any:
    """Raises CommandError."""
    if bool(text) == bool(filename):
        raise CommandError("must specify --patch or --patch-file containing the contents of the patch")
    if filename:
        try:
            text = Path(filename).read_text()
        except OSError as error:
            raise CommandError(f"unable to read patch file: {error}") from error
    try:
        return loads_yaml(text)
    except DecodeError as error:
        raise CommandError(f"unable to parse {text!r}: {error}") from error


def changed_locally(obj: dict[str, Any], patch: Any, kind: str) -> dict[str, Any]:
    from apiserver.merge.patches import json_patch

    if kind == "json":
        changed: dict[str, Any] = json_patch(obj, patch)
        return changed
    return patched_locally(obj, patch, TYPES[kind])
