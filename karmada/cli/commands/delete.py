"""karmadactl delete: remove objects by file, name or selector, and wait until they are gone.

In: words, -f, selectors. Out: a line per object, as kubectl prints it.
"""

import argparse

from karmada.api.errors import ApiError, NotFound
from karmada.api.objects import name_of, namespace_of, uid_of
from karmada.cli.each import for_each
from karmada.cli.manifests import add_file_flags, read_manifests
from karmada.cli.output import add_dry_run_flag, parse_output, reference
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, open_place
from karmada.cli.printers import Console
from karmada.cli.resources import find_resources, parse_wanted
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.cli.selection import NOTHING_GIVEN, Selected, Wish, located, select
from karmada.runtime.clock import SYSTEM_CLOCK
from karmada.runtime.options import parse_duration

POLL_SECONDS = 0.2
CASCADES = {
    "background": "Background",
    "foreground": "Foreground",
    "orphan": "Orphan",
    "true": "Background",
    "false": "Orphan",
}


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_namespace_flag(parser)
    parser.add_argument("words", nargs="*", metavar="TYPE[/NAME]", help="TYPE NAME ..., TYPE -l, TYPE --all")
    add_file_flags(parser, purpose="with what is to be deleted")
    parser.add_argument("-l", "--selector", default="", help="label selector")
    parser.add_argument("--field-selector", default="", help="field selector")
    add_switch(parser, "--all", help="every object of the type in the namespace")
    add_switch(parser, "-A", "--all-namespaces", help="objects of every namespace")
    add_switch(parser, "--ignore-not-found", help="what is gone already is no error")
    add_switch(parser, "--wait", default=True, help="wait until the objects are gone")
    add_switch(parser, "--now", help="shortest possible grace period")
    add_switch(parser, "--force", help="do not wait for the end of a pod")
    parser.add_argument("--grace-period", type=int, default=-1, help="seconds to end; -1: the object's own")
    parser.add_argument("--timeout", default="0s", help="how long to wait; 0s: as long as it takes")
    parser.add_argument(
        "--cascade",
        nargs="?",
        const="background",
        default="background",
        choices=CASCADES,
        help="what becomes of dependents: background, foreground or orphan",
    )
    parser.add_argument("-o", "--output", default="", choices=("", "name"), help="name, or nothing")
    add_dry_run_flag(parser)


async def run(args: argparse.Namespace, console: Console) -> int:
    parse_output(args.output, tables=False)
    async with open_place(args) as place:
        items, code = await _selected(place, args, console)
        deletion = _Deletion(place, args, console)
        code |= await for_each(items, deletion.delete, console, doing=_doing)
        if not items and not code and not args.ignore_not_found:
            console.line("No resources found")
        if args.wait and args.dry_run == "none":
            await deletion.wait_gone()
        return code


async def _selected(place: Place, args: argparse.Namespace, console: Console) -> tuple[list[Selected], int]:
    """What is to go. Each missing name is told and the others are still deleted."""
    wish = Wish.of(args, args.words)
    if wish.filenames:
        return await located(place, read_manifests(wish.filenames, recursive=wish.recursive)), 0
    if not wish.words:
        raise CommandError(NOTHING_GIVEN)
    wanted = await find_resources(place.mapper, parse_wanted(wish.words))
    if not all(each.names for each, _ in wanted):
        if (
            (args.ignore_not_found and wish.selector)
            or wish.selector
            or wish.field_selector
            or wish.everything
        ):
            return await select(place, wish), 0
        raise CommandError("resource(s) were provided, but no name was specified")
    found: list[Selected] = []
    code = 0
    for each, resource in wanted:
        for name in each.names:
            key = resource.resource.key(place.namespace, name)
            try:
                found.append(Selected(resource, await place.client.get(resource.resource, key)))
            except NotFound as error:
                if not args.ignore_not_found:
                    console.error(f"Error from server (NotFound): {error.message}")
                    code = 1
    return found, code


class _Deletion:
    """Deletes one after another and remembers what to wait for."""

    def __init__(self, place: Place, args: argparse.Namespace, console: Console) -> None:
        self._place = place
        self._args = args
        self._console = console
        self._going: list[Selected] = []
        self._grace = _grace_seconds(args)
        if self._grace == 0 and args.force:
            console.error(
                "Warning: Immediate deletion does not wait for confirmation that the running resource has "
                "been terminated. The resource may continue to run on the cluster indefinitely."
            )

    async def delete(self, item: Selected) -> str:
        args = self._args
        if args.dry_run != "client":
            try:
                await self._place.client.delete(
                    item.resource.resource,
                    item.key,
                    propagation_policy=CASCADES[args.cascade],
                    missing_ok=False,
                    grace_period_seconds=self._grace,
                    dry_run=args.dry_run == "server",
                )
            except NotFound:
                if args.ignore_not_found:
                    return ""
                raise
            self._going.append(item)
        return deleted_text(item, forced=args.force, dry_run=args.dry_run, output=args.output)

    async def wait_gone(self) -> None:
        """Raises CommandError when the time is up."""
        seconds = parse_duration(self._args.timeout)
        deadline = SYSTEM_CLOCK.monotonic() + seconds if seconds > 0 else None
        for item in self._going:
            while await self._is_there(item):
                if deadline is not None and SYSTEM_CLOCK.monotonic() > deadline:
                    raise CommandError(
                        f"timed out waiting for the condition on {item.resource.gvr.resource}/"
                        f"{name_of(item.object)}"
                    )
                await SYSTEM_CLOCK.sleep(POLL_SECONDS)

    async def _is_there(self, item: Selected) -> bool:
        try:
            live = await self._place.client.get(item.resource.resource, item.key)
        except NotFound:
            return False
        except ApiError as error:
            self._console.error(f"Warning: cannot see whether {item.described} is gone: {error.message}")
            return False
        return not uid_of(item.object) or uid_of(live) == uid_of(item.object)


def deleted_text(item: Selected, *, forced: bool, dry_run: str, output: str) -> str:
    """`deployment.apps "nginx" deleted from default namespace`."""
    if output == "name":
        return reference(item.object)
    kind = reference(item.object).rpartition("/")[0]
    word = "force deleted" if forced else "deleted"
    place = f" from {namespace_of(item.object)} namespace" if item.resource.namespaced else ""
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(dry_run, "")
    return f'{kind} "{name_of(item.object)}" {word}{place}{suffix}'


def _grace_seconds(args: argparse.Namespace) -> int | None:
    if args.now:
        if args.grace_period != -1:
            raise CommandError("--now and --grace-period cannot be specified together")
        return 1
    if args.grace_period == 0 and not args.force:
        # Without force, nobody should end up with two pods of the same name: as kubectl does.
        return 1
    if args.force and args.grace_period < 0:
        return 0
    return args.grace_period if args.grace_period >= 0 else None


def _doing(item: Selected) -> str:
    return f'when deleting "{item.source}"' if item.source else ""
