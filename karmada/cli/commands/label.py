"""karmadactl label, annotate: add, change and remove labels or annotations.

In: `KEY=VALUE` and `KEY-` behind the objects. Out: a line per object, as kubectl prints it. A merge patch of
the one map is sent, so that nothing else is touched.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from karmada.api.objects import Object, metadata_of
from karmada.cli.each import for_each
from karmada.cli.manifests import add_file_flags
from karmada.cli.output import add_dry_run_flag, add_output_flag, shown_result
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, open_place
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.cli.selection import Selected, Wish, select
from karmada.client.client import MERGE_PATCH


@dataclass(frozen=True, slots=True)
class Words:
    """What differs between the two commands."""

    field: str
    singular: str
    manager: str


WORDS: Final = {
    "label": Words("labels", "label", "kubectl-label"),
    "annotate": Words("annotations", "annotation", "kubectl-annotate"),
}


@dataclass(frozen=True, slots=True)
class Changes:
    """What to set and what to remove."""

    set: Mapping[str, str]
    remove: Sequence[str]


def register(parser: argparse.ArgumentParser) -> None:
    words = WORDS[parser.get_default("command")]
    add_connection_flags(parser)
    add_namespace_flag(parser)
    parser.add_argument(
        "words",
        nargs="*",
        metavar="TYPE[/NAME] ... KEY=VALUE ... KEY-",
        help=f"objects, then {words.field} to set (KEY=VALUE) or to remove (KEY-)",
    )
    add_file_flags(parser, purpose=f"that names what gets {words.field}")
    parser.add_argument("-l", "--selector", default="", help="label selector")
    parser.add_argument("--field-selector", default="", help="field selector")
    parser.add_argument("--resource-version", default="", help="only if the object is at this version")
    parser.add_argument("--field-manager", default=words.manager, help="who owns the fields that change")
    add_switch(parser, "--all", help="every object of the type in the namespace")
    add_switch(parser, "-A", "--all-namespaces", help="objects of every namespace")
    add_switch(parser, "--overwrite", help=f"change {words.field} that are there already")
    add_switch(parser, "--list", help=f"print the {words.field}")
    add_switch(parser, "--local", help="change what the file says, send nothing")
    add_output_flag(parser)
    add_dry_run_flag(parser)


async def run(args: argparse.Namespace, console: Console) -> int:
    words = WORDS[args.command]
    objects, pairs = split_words([*args.words, *args.rest])
    changes = parse_changes(pairs, words)
    if not pairs and not args.list:
        raise CommandError(f"at least one {words.singular} update is required")
    async with open_place(args) as place:
        items = await select(place, Wish.of(args, objects))
        if args.resource_version and len(items) > 1:
            raise CommandError("--resource-version may only be used with a single resource")

        async def change(item: Selected) -> str:
            if args.list:
                present = metadata_of(item.object).get(words.field) or {}
                return "\n".join(f"{key}={value}" for key, value in sorted(present.items()))
            return await _change(place, item, changes, words, args, console)

        return await for_each(items, change, console)


async def _change(
    place: Place,
    item: Selected,
    changes: Changes,
    words: Words,
    args: argparse.Namespace,
    console: Console,
) -> str:
    present = metadata_of(item.object).get(words.field) or {}
    if not args.overwrite:
        refuse_overwriting(present, changes, words)
    if words.singular == "label":
        for key in changes.remove:
            if key not in present:
                console.line(f'label "{key}" not found.')
    wanted = {key: value for key, value in {**present, **changes.set}.items() if key not in changes.remove}
    patch: Object = {"metadata": {words.field: {**changes.set, **dict.fromkeys(changes.remove)}}}
    if args.resource_version:
        patch["metadata"]["resourceVersion"] = args.resource_version
    if args.dry_run == "client" or args.local or wanted == present:
        done = {**item.object, "metadata": {**metadata_of(item.object), words.field: wanted}}
    else:
        done = await place.client.patch(
            item.resource.resource,
            item.key,
            patch,
            patch_type=MERGE_PATCH,
            field_manager=args.field_manager,
            dry_run=args.dry_run == "server",
        )
    return shown_result(
        done, result_word(present, wanted, changes, words), output=args.output, dry_run=args.dry_run
    )


def split_words(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words that name objects, then those that change something. Raises CommandError when mixed."""
    objects: list[str] = []
    pairs: list[str] = []
    for word in words:
        is_pair = "=" in word or (word.endswith("-") and bool(objects or pairs))
        if not is_pair and pairs:
            raise CommandError(f"all resources must be specified before changes: {word}")
        (pairs if is_pair else objects).append(word)
    return objects, pairs


def parse_changes(pairs: Sequence[str], words: Words) -> Changes:
    wanted: dict[str, str] = {}
    removed: list[str] = []
    for pair in pairs:
        if pair.endswith("-") and "=" not in pair:
            removed.append(pair[:-1])
        else:
            key, _, value = pair.partition("=")
            if not key:
                raise CommandError(f"invalid {words.singular} {pair!r}: a key is missing before =")
            wanted[key] = value
    if both := sorted(set(removed) & set(wanted)):
        raise CommandError(
            f"can not both modify and remove the following {words.singular}(s) in the same command: {both[0]}"
        )
    return Changes(wanted, removed)


def refuse_overwriting(present: Mapping[str, str], changes: Changes, words: Words) -> None:
    """Raises CommandError when a value would be replaced."""
    clashes = [
        (key, present[key]) for key, value in changes.set.items() if key in present and present[key] != value
    ]
    if not clashes:
        return
    if words.singular == "label":
        key, value = clashes[0]
        raise CommandError(f"'{key}' already has a value ({value}), and --overwrite is false")
    listed = "; ".join(f"'{key}' already has a value ({value})" for key, value in clashes)
    raise CommandError(f"--overwrite is false but found the following declared annotation(s): {listed}")


def result_word(present: Mapping[str, str], wanted: Mapping[str, str], changes: Changes, words: Words) -> str:
    if words.singular == "annotation":
        return "annotated"
    if wanted == present:
        return "not labeled"
    return "labeled" if changes.set else "unlabeled"
