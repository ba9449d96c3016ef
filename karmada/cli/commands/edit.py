"""karmadactl edit: objects in an editor; what was changed is sent as a patch, refusals come back into it."""

import argparse

from karmada.api.errors import ApiError, Invalid
from karmada.api.objects import Object, name_of
from karmada.cli.applying import strategic_node, with_last_applied
from karmada.cli.complaints import complaint
from karmada.cli.editor import edited
from karmada.cli.manifests import add_file_flags, parse_manifests
from karmada.cli.output import reference, shown_result, without_managed_fields
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, open_place
from karmada.cli.printers import Console, format_objects
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.cli.selection import Selected, Wish, select
from karmada.cli.three_way import three_way_merge, three_way_strategic
from karmada.client.client import MERGE_PATCH, STRATEGIC_MERGE_PATCH

HEADER = """\
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
"""


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_namespace_flag(parser)
    parser.add_argument("words", nargs="*", metavar="TYPE[/NAME]", help="TYPE NAME, or TYPE/NAME")
    add_file_flags(parser, purpose="that names what is to be edited")
    parser.add_argument("-o", "--output", default="yaml", help="yaml or json")
    parser.add_argument("--subresource", default="", help="edit this part of the object")
    add_switch(parser, "--save-config", help="remember what was written, for later applies")
    parser.add_argument("--field-manager", default="kubectl-edit", help="who owns the fields that change")


async def run(args: argparse.Namespace, console: Console) -> int:
    if args.output not in ("yaml", "json"):
        raise CommandError(f"The flag 'output' must be one of yaml|json, not {args.output}")
    async with open_place(args) as place:
        items = await select(place, Wish.of(args, args.words))
        for item in items:
            await _edit(place, item, args, console)
    return 0


async def _edit(place: Place, item: Selected, args: argparse.Namespace, console: Console) -> None:
    shown = without_managed_fields(item.object)
    text = HEADER + format_objects([shown], args.output) + "\n"
    problem = ""
    while True:
        offered = _commented(problem) + text if problem else text
        written = edited(offered, prefix=f"karmadactl-edit-{name_of(item.object)}", suffix=f".{args.output}")
        if not _content(written) or (_content(written) == _content(text) and not problem):
            console.line("Edit cancelled, no changes made.")
            return
        if problem and written == offered:
            raise CommandError(f"Edit cancelled, no valid changes were saved.\n{problem}")
        text = _without_problem(written)
        try:
            (manifest,) = parse_manifests(written.encode(), "edited-file")
        except (CommandError, ValueError) as error:
            problem = str(error)
            continue
        if manifest.object == shown:
            console.line("Edit cancelled, no changes made.")
            return
        try:
            done = await _send(place, item, shown, manifest.object, args)
        except Invalid as error:
            problem = complaint(error)
            console.error(problem)
            continue
        except ApiError as error:
            raise CommandError(f"{reference(item.object)} could not be patched: {error.message}") from error
        console.line(shown_result(done, "edited", output=""))
        return


async def _send(
    place: Place, item: Selected, before: Object, after: Object, args: argparse.Namespace
) -> Object:
    if (after.get("apiVersion"), after.get("kind"), name_of(after)) != (
        before.get("apiVersion"),
        before.get("kind"),
        name_of(before),
    ):
        raise CommandError("at least one of apiVersion, kind and name was changed")
    if args.save_config:
        after = with_last_applied(after)
    node = strategic_node(after)
    patch = (
        three_way_merge(before, after, before)
        if node is None
        else three_way_strategic(before, after, before, node)
    )
    return await place.client.patch(
        item.resource.resource,
        item.key,
        patch,
        patch_type=MERGE_PATCH if node is None else STRATEGIC_MERGE_PATCH,
        subresource=args.subresource,
        field_manager=args.field_manager,
    )


def _content(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#")).strip()


def _commented(problem: str) -> str:
    return "".join(f"# {line}\n" for line in problem.splitlines()) + "#\n"


def _without_problem(text: str) -> str:
    return HEADER + _content(text) + "\n"
