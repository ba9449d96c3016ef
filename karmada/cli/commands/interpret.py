"""karmadactl interpret: check customizations, try an operation on files, or edit the scripts as Lua.

Everything is local: customizations come from -f, objects from files, and no cluster is contacted.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from karmada.api.codec import dump_yaml
from karmada.api.groups.config import ResourceInterpreterCustomization
from karmada.api.groups.work import AggregatedStatusItem
from karmada.api.objects import Object, name_of
from karmada.cli.customizing import (
    Inputs,
    as_lua,
    execute,
    from_lua,
    operation_named,
    problems,
    report,
)
from karmada.cli.editor import edited
from karmada.cli.manifests import Manifest, add_file_flags, parse_manifests, read_manifests
from karmada.cli.parsing import add_switch
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError
from karmada.interpreter.errors import InterpreterError

KIND = "ResourceInterpreterCustomization"


def register(parser: argparse.ArgumentParser) -> None:
    add_file_flags(parser, purpose="with customizations")
    add_switch(parser, "--check", help="say which scripts are Lua")
    add_switch(parser, "--edit", help="open the scripts in an editor")
    add_switch(parser, "--show-doc", help="with the signature of each function, in the editor")
    parser.add_argument("--operation", default="", help="what to try, such as InterpretReplica")
    parser.add_argument("--observed-file", default="", help="the object as it is in a member")
    parser.add_argument("--desired-file", default="", help="the object as it is wanted")
    parser.add_argument("--status-file", default="", help="aggregated status items")
    parser.add_argument("--desired-replica", type=int, default=0, help="replicas for ReviseReplica")


async def run(args: argparse.Namespace, console: Console) -> int:
    if args.check and args.edit:
        raise CommandError("you can't set both --check and --edit options")
    if not args.filename:
        raise CommandError("you must specify -f with customizations")
    if not args.check and not args.edit and not args.operation:
        raise CommandError("operation is not set for executing")
    found = _customizations(args)
    if args.check:
        return _check(found, console)
    if args.edit:
        return _edit(found, args, console)
    return await _execute(found, args, console)


def _customizations(args: argparse.Namespace) -> list[Manifest]:
    manifests = read_manifests(args.filename, recursive=args.recursive)
    wrong = next((each for each in manifests if each.object["kind"] != KIND), None)
    if wrong is not None:
        raise CommandError(f"{wrong.source} holds a {wrong.object['kind']}, not a {KIND}")
    if not manifests:
        raise CommandError(f"the files hold no {KIND}")
    return manifests


def _check(found: Sequence[Manifest], console: Console) -> int:
    code = 0
    for manifest in found:
        lines, fine = report(manifest.object, manifest.source)
        for line in lines:
            console.line(line)
        code = code if fine else 1
    return code


async def _execute(found: Sequence[Manifest], args: argparse.Namespace, console: Console) -> int:
    operation = operation_named(args.operation)
    inputs = Inputs(
        observed=_object(args.observed_file),
        desired=_object(args.desired_file),
        items=_items(args.status_file),
        replicas=args.desired_replica,
    )
    customizations = [ResourceInterpreterCustomization.from_json(each.object) for each in found]
    try:
        for document in await execute(customizations, operation, inputs):
            console.line(document)
    except InterpreterError as error:
        console.error(f"Execute {operation} error: {error}")  # and status 0, as karmadactl has it
    return 0


def _object(path: str) -> Object | None:
    if not path:
        return None
    manifests = read_manifests([path])
    if len(manifests) != 1:
        raise CommandError(f"{path} must hold exactly one object, not {len(manifests)}")
    return manifests[0].object


def _items(path: str) -> list[AggregatedStatusItem]:
    if not path:
        return []
    from karmada.api.codec import loads_yaml_all

    try:
        documents = loads_yaml_all(Path(path).read_bytes())
    except OSError as error:
        raise CommandError(f"error reading {path}: {error.strerror}") from error
    items = [item for each in documents for item in (each if isinstance(each, list) else [each])]
    return [AggregatedStatusItem.from_json(item) for item in items]


def _edit(found: Sequence[Manifest], args: argparse.Namespace, console: Console) -> int:
    if len(found) != 1 or found[0].source.startswith("http") or found[0].source == "STDIN":
        raise CommandError("only one customization of a local file can be edited at a time")
    (manifest,) = found
    text = as_lua(manifest.object, documented=args.show_doc)
    offered = text
    while True:
        written = edited(offered, prefix=name_of(manifest.object) or "customization", suffix=".lua")
        if written == offered:
            console.error("Edit cancelled, no changes made.")
            return 0
        changed = from_lua(written, manifest.object)
        wrong = list(problems(changed))
        if not wrong:
            break
        for problem in wrong:
            console.error(f"error: {problem}")
        offered = written
    Path(manifest.source).write_text(dump_yaml(changed))
    (again,) = parse_manifests(Path(manifest.source).read_bytes(), manifest.source)
    console.line(f"{KIND} {name_of(again.object)} edited")
    return 0
