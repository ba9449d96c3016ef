"""karmadactl render: what each cluster would get, before anything is applied, and how that differs from now.

In: templates and policies of files, or objects of the control plane; its other policies, clusters and
customizations count, too, unless --offline. Out: YAML with a comment per cluster, or JSON, or (--diff) the
differences alone. Nothing is written anywhere.
"""

import argparse
from collections.abc import Sequence
from contextlib import AsyncExitStack

import orjson

from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.config import ResourceInterpreterCustomization
from karmada.api.gvk import GroupVersionKind, Resource
from karmada.api.objects import Object, name_of, namespace_of, uid_of, with_metadata
from karmada.cli.interpreting import command_interpreter
from karmada.cli.journey.difference import difference
from karmada.cli.journey.rendering import Rendered, Rendering, overlaid, render, without_karmada_marks
from karmada.cli.journey.world import World, read_world
from karmada.cli.manifests import add_file_flags, read_manifests
from karmada.cli.members import named
from karmada.cli.parsing import add_switch
from karmada.cli.places import Place, open_place
from karmada.cli.printers import Console, format_objects
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag, through_proxy
from karmada.cli.selection import Wish, select
from karmada.client.client import Client
from karmada.interpreter.chain import Interpreter, Operation
from karmada.interpreter.errors import InterpreterError

POLICY_KINDS = (
    "PropagationPolicy",
    "ClusterPropagationPolicy",
    "OverridePolicy",
    "ClusterOverridePolicy",
)
SETTING_KINDS = (*POLICY_KINDS, "Cluster", "ResourceInterpreterCustomization")


def register(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show the manifest each cluster would get, before anything is applied. Files may hold templates, "
        "policies, clusters and interpreter customizations; what the control plane has counts as well, "
        "unless --offline. Exit status 1 with --diff when something would change."
    )
    add_connection_flags(parser)
    add_namespace_flag(parser)
    parser.add_argument("words", nargs="*", metavar="KIND/NAME", help="objects of the control plane")
    add_file_flags(parser, purpose="with templates and policies")
    parser.add_argument("-C", "--clusters", action="append", default=[], help="show only these clusters")
    parser.add_argument("-o", "--output", default="yaml", choices=("yaml", "json"), help="yaml or json")
    add_switch(parser, "--diff", help="show only what would change where it runs")
    add_switch(parser, "--full", help="with Karmada's own labels and annotations")
    add_switch(parser, "--offline", help="use nothing but the files")


async def run(args: argparse.Namespace, console: Console) -> int:
    if not args.words and not args.filename:
        raise CommandError("say what to render: -f FILE, or KIND/NAME of the control plane")
    if args.offline and (args.words or args.diff):
        raise CommandError("--offline knows no objects but those of files: leave KIND/NAME and --diff out")
    written = [each.object for each in read_manifests(args.filename, recursive=args.recursive)]
    settings = [_in_namespace(obj, args) for obj in written if _is_setting(obj)]
    async with AsyncExitStack() as stack:
        place = None if args.offline else await stack.enter_async_context(open_place(args))
        templates = await _templates(place, written, args)
        if not templates:
            raise CommandError("the files hold no template: only policies and clusters")
        customizations = [
            ResourceInterpreterCustomization.from_json(obj)
            for obj in settings
            if obj["kind"] == "ResourceInterpreterCustomization"
        ]
        client = None if place is None else place.client
        interpreter = await stack.enter_async_context(command_interpreter(client, written=customizations))
        showing = _Showing(place, interpreter, args, console)
        for template in templates:
            world = World(template) if place is None else await read_world(place, template)
            try:
                await showing.show(await render(overlaid(world, settings), interpreter))
            except InterpreterError as error:
                raise CommandError(f"{template['kind']} {name_of(template)}: {error}") from error
        return showing.finish()


def _is_setting(obj: Object) -> bool:
    gvk = GroupVersionKind.of(obj)
    return gvk.group.endswith("karmada.io") and gvk.kind in SETTING_KINDS


def _in_namespace(obj: Object, args: argparse.Namespace) -> Object:
    if obj["kind"] in ("PropagationPolicy", "OverridePolicy") and not namespace_of(obj):
        return with_metadata(obj, namespace=args.namespace or "default")
    return obj


async def _templates(
    place: Place | None, written: Sequence[Object], args: argparse.Namespace
) -> list[Object]:
    templates = [obj for obj in written if not _is_setting(obj)]
    if place is None:
        return [_guessed_namespace(obj, args) for obj in templates]
    found = [each.object for each in await select(place, Wish(words=args.words))] if args.words else []
    served = {each.gvk: each for each in await place.mapper.resources()} if templates else {}
    for obj in templates:
        resource = served.get(GroupVersionKind.of(obj))
        if resource is None:
            raise CommandError(
                f'no matches for kind "{obj["kind"]}" in version "{obj["apiVersion"]}" in the control plane; '
                "--offline renders it without one"
            )
        if resource.namespaced and not namespace_of(obj):
            obj = with_metadata(obj, namespace=place.namespace)
        found.append(await _with_identity(place, obj, resource.resource))
    return found


async def _with_identity(place: Place, obj: Object, resource: Resource[Object]) -> Object:
    """obj as it will be once applied: with server defaults where the server can be asked, and its uid."""
    try:
        live = await place.client.get(resource, resource.key_of(obj))
    except NotFound:
        try:
            return await place.client.create(resource, obj, dry_run=True)
        except ApiError:
            return obj
    return with_metadata(obj, uid=uid_of(live), generation=live["metadata"].get("generation"))


def _guessed_namespace(obj: Object, args: argparse.Namespace) -> Object:
    """Without a server nobody says what is namespaced, but for kinds everybody knows."""
    from karmada.api.scheme import resources_by_kind

    known = resources_by_kind().get(GroupVersionKind.of(obj))
    if namespace_of(obj) or (known is not None and not known.namespaced):
        return obj
    return with_metadata(obj, namespace=args.namespace or "default")


class _Showing:
    """Prints renderings one after another; counts what would change."""

    def __init__(
        self, place: Place | None, interpreter: Interpreter, args: argparse.Namespace, console: Console
    ) -> None:
        self._place = place
        self._interpreter = interpreter
        self._args = args
        self._console = console
        self._only = set(named(args.clusters))
        self._documents: list[Object] = []
        self._changed = False
        self._troubled = False

    async def show(self, rendering: Rendering) -> None:
        title = _title(rendering.template)
        if rendering.trouble:
            self._troubled = True
            self._console.error(f"{title}: {rendering.trouble}")
        for cluster in rendering.clusters:
            if not self._only or cluster.cluster in self._only:
                await self._show_one(title, rendering, cluster)

    async def _show_one(self, title: str, rendering: Rendering, rendered: Rendered) -> None:
        if rendered.manifest is None:
            self._troubled = True
            self._console.error(f"{title} -> {rendered.cluster}: {rendered.error}")
            return
        shown = rendered.manifest if self._args.full else without_karmada_marks(rendered.manifest)
        state, diff = await self._compared(shown, rendered.cluster)
        self._changed = self._changed or state != "as it runs"
        if self._args.output == "json":
            self._documents.append(_document(rendering, rendered, shown, state, diff))
            return
        if self._args.diff:
            if state == "new":
                self._console.line(f"{title} -> {rendered.cluster}: new")
            elif diff:
                self._console.line(diff)
            return
        for line in _comment(title, rendering, rendered, state):
            self._console.line(line)
        for line in diff.splitlines()[2:]:
            self._console.line(f"#   {line}")
        self._console.line(format_objects([shown], "yaml"))

    async def _compared(self, shown: Object, cluster: str) -> tuple[str, str]:
        """`new`, `as it runs`, `changes` or `not compared: why`; and the difference."""
        if self._place is None:
            return "not compared: offline", ""
        try:
            live = await self._live(shown, cluster)
        except NotFound:
            return "new", ""
        except ApiError as error:
            return f"not compared: {error.message}", ""
        gvk = GroupVersionKind.of(shown)
        if self._interpreter.handles(gvk, Operation.RETAIN):
            shown = await self._interpreter.retain(shown, live)
        wanted = shown if self._args.full else without_karmada_marks(shown)
        diff = difference(wanted, live, where=f"{cluster}/{_title(shown)}")
        return ("changes" if diff else "as it runs"), diff

    async def _live(self, shown: Object, cluster: str) -> Object:
        assert self._place is not None
        resource = await self._place.mapper.resource_for(GroupVersionKind.of(shown))
        async with Client(through_proxy(self._place.access, cluster), user_agent="karmadactl") as member:
            return await member.get(resource, resource.key_of(shown))

    def finish(self) -> int:
        if self._args.output == "json":
            self._console.line(orjson.dumps(self._documents, option=orjson.OPT_INDENT_2).decode())
        if self._troubled:
            return 1
        return 1 if self._args.diff and self._changed else 0


def _title(obj: Object) -> str:
    return f"{obj['kind']} {namespace_of(obj) + '/' if namespace_of(obj) else ''}{name_of(obj)}"


def _comment(title: str, rendering: Rendering, rendered: Rendered, state: str) -> list[str]:
    assert rendering.policy is not None
    meta = rendering.policy.metadata
    kind = "PropagationPolicy" if meta.namespace else "ClusterPropagationPolicy"
    count = rendered.replicas
    replicas = f", {count} replica{'s' if count != 1 else ''}" if count else ""
    lines = ["---", f"# {title} -> {rendered.cluster}{replicas}: {state}", f"# by {kind} {meta.name}"]
    lines += [f"# changed by {title_}" for title_ in rendered.overrides]
    return lines


def _document(rendering: Rendering, rendered: Rendered, shown: Object, state: str, diff: str) -> Object:
    assert rendering.policy is not None
    return {
        "cluster": rendered.cluster,
        "policy": rendering.policy.metadata.name,
        "replicas": rendered.replicas,
        "work": rendered.work,
        "overrides": list(rendered.overrides),
        "state": state,
        **({"diff": diff} if diff else {}),
        "manifest": shown,
    }
