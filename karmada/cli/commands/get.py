"""karmadactl get: resources of the control plane, of members, or of both, side by side.

Tables are the servers' own, with CLUSTER and ADOPTION put in (merged_tables.py). Members are asked in
parallel through the control plane's proxy; one that fails is reported and the rest is printed. -w goes on
with watching.py.
"""

import argparse
import asyncio
from collections.abc import Sequence

from karmada.api.codec import loads_json
from karmada.api.errors import ApiError, NotFound
from karmada.api.objects import Object
from karmada.cli.members import check_members, chosen_members, named, tell_failed
from karmada.cli.merged_tables import KARMADA, Answer, Shape, merged_table
from karmada.cli.output import Output, parse_output
from karmada.cli.parsing import add_switch
from karmada.cli.printers import Console, format_table
from karmada.cli.resources import Wanted, find_resources, parse_wanted
from karmada.cli.scope import (
    ALL_SCOPE,
    KARMADA_SCOPE,
    MEMBERS_SCOPE,
    CommandError,
    add_connection_flags,
    add_namespace_flag,
    control_plane,
    through_proxy,
)
from karmada.cli.tables import fetch_table
from karmada.cli.watching import Watching, WatchWish
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.mapper import DiscoveredResource, Mapper
from karmada.client.paths import collection_path


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_namespace_flag(parser)
    parser.add_argument(
        "resources", nargs="*", metavar="TYPE[/NAME]", help="TYPE, TYPE NAME ..., or TYPE/NAME"
    )
    parser.add_argument("-s", "--operation-scope", default=KARMADA_SCOPE, help="karmada, members or all")
    parser.add_argument("-C", "--clusters", action="append", default=[], help="members to ask; default all")
    add_switch(parser, "-A", "--all-namespaces", help="objects of every namespace")
    parser.add_argument("-l", "--labels", default="", help="label selector")
    parser.add_argument(
        "-o",
        "--output",
        default="",
        help="json, yaml, name, wide, jsonpath=..., jsonpath-as-json=..., jsonpath-file=..., "
        "custom-columns=..., custom-columns-file=...",
    )
    add_switch(parser, "--no-headers", help="print no header line")
    add_switch(parser, "--show-labels", help="show the labels in a last column")
    add_switch(parser, "--show-kind", help="put the type before each name")
    add_switch(parser, "--ignore-not-found", help="a missing object is no error")
    add_switch(parser, "-w", "--watch", help="go on and show what changes")
    add_switch(parser, "--watch-only", help="show only what changes from now on")
    add_switch(parser, "--output-watch-events", help="say of each change what it was")


async def run(args: argparse.Namespace, console: Console) -> int:
    output = _check(args)
    access = control_plane(args)
    namespace = "" if args.all_namespaces else args.namespace or access.namespace or "default"
    wanted = parse_wanted(args.resources)
    if args.all_namespaces and any(each.names for each in wanted):
        raise CommandError("a resource cannot be retrieved by name across all namespaces")
    async with Client(access, user_agent="karmadactl") as plane:
        resources = await find_resources(Mapper(plane), wanted)
        clusters = await _clusters(plane, args)
        failed = await check_members(access, clusters) if clusters else {}
    places = ([KARMADA] if args.operation_scope != MEMBERS_SCOPE else []) + [
        name for name in clusters if name not in failed
    ]
    getting = _Getting(access, places, namespace, args, output, console)
    if args.watch or args.watch_only:
        await getting.watch(resources)
    else:
        failed |= await getting.show_all(resources)
        if not getting.shown and not failed and not args.ignore_not_found:
            place = f" in {namespace} namespace." if namespace and resources[0][1].namespaced else ""
            console.error(f"No resources found{place}")
    tell_failed({name: text for name, text in failed.items() if name != KARMADA}, console)
    if KARMADA in failed:
        console.error(failed[KARMADA])
    return 1 if failed else 0


def _check(args: argparse.Namespace) -> Output:
    if args.operation_scope not in (KARMADA_SCOPE, MEMBERS_SCOPE, ALL_SCOPE):
        raise CommandError(f"not support operation scope: {args.operation_scope}")
    if not args.resources:
        raise CommandError(
            'You must specify the type of resource to get. Use "karmadactl api-resources" for a complete '
            "list of supported resources."
        )
    if args.output_watch_events and not (args.watch or args.watch_only):
        raise CommandError("--output-watch-events option can only be used with --watch or --watch-only")
    return parse_output(args.output)


async def _clusters(plane: Client, args: argparse.Namespace) -> list[str]:
    """The members to ask. Raises CommandError for names that do not exist."""
    if args.operation_scope == KARMADA_SCOPE:
        return []
    found = await chosen_members(plane, named(args.clusters))
    if not found and args.operation_scope == MEMBERS_SCOPE:
        raise CommandError("No member Clusters found in Karmada control plane")
    return found


class _Getting:
    """Asks the places and prints; shown counts the objects."""

    def __init__(
        self,
        access: Access,
        places: Sequence[str],
        namespace: str,
        args: argparse.Namespace,
        output: Output,
        console: Console,
    ) -> None:
        self._access = access
        self._places = places
        self._namespace = namespace
        self._args = args
        self._output = output
        self._console = console
        self._adoption = True
        self.shown = 0

    # --- once -----------------------------------------------------------------------------------

    async def show_all(self, resources: Sequence[tuple[Wanted, DiscoveredResource]]) -> dict[str, str]:
        """Print everything there is; what failed comes back by cluster."""
        failed: dict[str, str] = {}
        for wanted, resource in resources:
            results = await asyncio.gather(*(self._ask(place, resource, wanted) for place in self._places))
            failed |= {place: text for place, (_, text) in zip(self._places, results, strict=True) if text}
            answers = [answer for found, _ in results for answer in found]
            self._show(answers, resource, wanted, several=len(resources) > 1)
        return failed

    async def _ask(
        self, place: str, resource: DiscoveredResource, wanted: Wanted
    ) -> tuple[list[Answer], str]:
        target = self._access if place == KARMADA else through_proxy(self._access, place)
        path = collection_path(resource.gvr, self._namespace if resource.namespaced else "")
        paths = [f"{path}/{name}" for name in wanted.names] or [path]
        query = {"labelSelector": self._args.labels} if self._args.labels and not wanted.names else {}
        answers: list[Answer] = []
        troubles: list[str] = []
        async with Client(target, user_agent="karmadactl") as client:
            for each in paths:
                try:
                    answers.append(Answer(place, await self._fetch(client, each, query)))
                except NotFound as error:
                    if not self._args.ignore_not_found:
                        troubles.append(_told(place, error))
                except (ApiError, ValueError) as error:
                    troubles.append(_told(place, error))
        return answers, "\n".join(troubles)

    async def _fetch(self, client: Client, path: str, query: dict[str, str]) -> Object:
        if self._output.is_table:
            return await fetch_table(client, path, query=query)
        return loads_json((await client.request("GET", path, query=query)).body)

    def _show(
        self, answers: Sequence[Answer], resource: DiscoveredResource, wanted: Wanted, *, several: bool
    ) -> None:
        if not self._output.is_table:
            for answer in answers:
                self._show_document(answer, resource, one=len(wanted.names) == 1)
            return
        rows = sum(len(answer.document.get("rows") or ()) for answer in answers)
        if not rows:
            return
        if self.shown:
            self._console.line()
        self.shown += rows
        header, cells = merged_table(answers, self._shape(resource, several=several))
        self._console.line(format_table(header, cells, headers=not self._args.no_headers))

    def _show_document(self, answer: Answer, resource: DiscoveredResource, *, one: bool) -> None:
        document = answer.document
        items = document.get("items")
        is_list = isinstance(items, list) and str(document.get("kind") or "").endswith("List")
        objects: list[Object] = [document]
        if is_list and isinstance(items, list):
            objects = [
                {"apiVersion": resource.gvr.api_version, "kind": resource.kind, **item} for item in items
            ]
        if not objects and self._output.form in ("name", "custom-columns", "custom-columns-file"):
            return
        text = self._output.text(objects, as_list=is_list and not one, headers=not self._args.no_headers)
        separate = "---\n" if self._output.form == "yaml" and self.shown else ""
        self.shown += max(1, len(objects))
        if text or not self._output.form.startswith("jsonpath"):
            self._console.line(separate + text)

    def _shape(self, resource: DiscoveredResource, *, several: bool) -> Shape:
        args = self._args
        if resource.kind == "Pod":
            self._adoption = False  # and stays hidden for the kinds printed after it, as in karmadactl
        kind = resource.singular or resource.kind.lower()
        group = f".{resource.gvr.group}" if resource.gvr.group else ""
        return Shape(
            wide=self._output.wide,
            adoption=self._adoption or self._output.wide,
            namespaces=not self._namespace and resource.namespaced,
            labels=args.show_labels,
            prefix=f"{kind}{group}/" if several or args.show_kind else "",
            watching=args.watch or args.watch_only,
            events=args.output_watch_events,
        )

    # --- and then what changes ------------------------------------------------------------------

    async def watch(self, resources: Sequence[tuple[Wanted, DiscoveredResource]]) -> None:
        if len(resources) != 1 or len(resources[0][0].names) > 1:
            raise CommandError(
                "you may only specify a single resource type, and a single name, when you watch"
            )
        if not self._output.is_table:
            raise CommandError("a watch is shown as a table; leave -o out or use -o wide")
        ((wanted, resource),) = resources
        wish = WatchWish(
            resource=resource,
            namespace=self._namespace,
            name=wanted.names[0] if wanted.names else "",
            labels=self._args.labels,
        )
        shape = self._shape(resource, several=False)
        watching = Watching(self._access, wish, shape, self._console, headers=not self._args.no_headers)
        versions = dict.fromkeys(self._places, "")
        for place in self._places:
            answers, trouble = await self._ask(place, resource, wanted)
            if trouble:
                tell_failed({place: trouble}, self._console)
                del versions[place]
            for answer in answers:
                versions[place] = str((answer.document.get("metadata") or {}).get("resourceVersion") or "")
                if not self._args.watch_only:
                    watching.show(answer, event="ADDED")
        await watching.run(versions)


def _told(place: str, error: Exception) -> str:
    if place != KARMADA:
        return error.message if isinstance(error, ApiError) else str(error)
    from karmada.cli.complaints import complaint

    return complaint(error)
