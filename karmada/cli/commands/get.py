"""karmadactl get: resources of the control plane, of members, or of both, side by side.

Tables are the servers' own, with CLUSTER and ADOPTION put in. Members are asked in parallel through the
control plane's proxy; one that fails is reported and the rest is printed. Asking and printing are separate,
so tables can be tested without a server.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from karmada.api.codec import loads_json
from karmada.api.errors import ApiError, NotFound
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.objects import Object, labels_of, namespace_of
from karmada.api.wellknown import MANAGED_BY_KARMADA_LABEL, MANAGED_BY_KARMADA_VALUE
from karmada.cli.printers import Console, format_objects, format_table
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
from karmada.client.client import Client
from karmada.client.kubeconfig import Access
from karmada.client.mapper import DiscoveredResource, Mapper

KARMADA = "Karmada"
OUTPUTS = ("", "wide", "json", "yaml", "name")
MEMBER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one cluster said about one resource: a Table, or the objects as JSON."""

    cluster: str
    document: Object


def register(parser: argparse.ArgumentParser) -> None:
    add_connection_flags(parser)
    add_namespace_flag(parser)
    parser.add_argument(
        "resources", nargs="+", metavar="TYPE[/NAME]", help="TYPE, TYPE NAME ..., or TYPE/NAME"
    )
    parser.add_argument("-s", "--operation-scope", default=KARMADA_SCOPE, help="karmada, members or all")
    parser.add_argument("-C", "--clusters", default="", help="members to ask, comma separated; default all")
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="objects of every namespace")
    parser.add_argument("-l", "--labels", default="", help="label selector")
    parser.add_argument("-o", "--output", default="", choices=OUTPUTS, help="output format")
    parser.add_argument("--no-headers", action="store_true", help="print no header line")
    parser.add_argument("--ignore-not-found", action="store_true", help="a missing object is no error")


async def run(args: argparse.Namespace, console: Console) -> int:
    if args.operation_scope not in (KARMADA_SCOPE, MEMBERS_SCOPE, ALL_SCOPE):
        raise CommandError(f"not support operation scope: {args.operation_scope}")
    access = control_plane(args)
    namespace = "" if args.all_namespaces else args.namespace or access.namespace or "default"
    wanted = parse_wanted(args.resources)
    if args.all_namespaces and any(each.names for each in wanted):
        raise CommandError("a resource cannot be retrieved by name across all namespaces")
    async with Client(access, user_agent="karmadactl") as plane:
        resources = await find_resources(Mapper(plane), wanted)
        clusters = await _clusters(plane, args)
        failed = await _check_members(access, clusters) if clusters else {}
        places = ([KARMADA] if args.operation_scope != MEMBERS_SCOPE else []) + [
            name for name in clusters if name not in failed
        ]
        shown = 0
        for each, resource in resources:
            answers, broken = await _ask(access, places, resource, each, namespace, args)
            failed |= broken
            shown += _show(answers, resource, namespace, args, console, separate=shown > 0)
    if not shown and not failed:
        place = f" in {namespace} namespace." if namespace and resources[0][1].namespaced else ""
        console.error(f"No resources found{place}")
    for cluster, text in failed.items():
        console.error(f"error: {text if text.startswith('basic') else f'cluster({cluster}): {text}'}")
    return 1 if failed else 0


async def _clusters(plane: Client, args: argparse.Namespace) -> list[str]:
    """The members to ask. Raises CommandError for names that do not exist."""
    if args.operation_scope == KARMADA_SCOPE:
        return []
    known = [cluster.metadata.name for cluster in (await plane.list(CLUSTERS)).items]
    asked = [name for name in args.clusters.split(",") if name]
    if missing := [name for name in asked if name not in known]:
        raise CommandError(f"clusters don't exist: {','.join(missing)}")
    if not known and args.operation_scope == MEMBERS_SCOPE:
        raise CommandError("No member Clusters found in Karmada control plane")
    return asked or known


async def _check_members(access: Access, clusters: Sequence[str]) -> dict[str, str]:
    """What keeps members from being asked, by name."""

    async def check(cluster: str) -> str:
        try:
            async with Client(through_proxy(access, cluster), user_agent="karmadactl") as member:
                await member.request("GET", "/api", timeout_seconds=MEMBER_SECONDS)
        except ApiError as error:
            return (
                f"basic connection test to cluster({cluster}) failed, please check authorization or network: "
                f"{error.message}"
            )
        return ""

    troubles = await asyncio.gather(*(check(cluster) for cluster in clusters))
    return {cluster: trouble for cluster, trouble in zip(clusters, troubles, strict=True) if trouble}


async def _ask(
    access: Access,
    places: Sequence[str],
    resource: DiscoveredResource,
    wanted: Wanted,
    namespace: str,
    args: argparse.Namespace,
) -> tuple[list[Answer], dict[str, str]]:
    """Every place in parallel; what failed comes back as text by cluster."""
    results = await asyncio.gather(
        *(_ask_one(access, place, resource, wanted, namespace, args) for place in places)
    )
    answers = [answer for found, _ in results for answer in found]
    return answers, {place: text for place, (_, text) in zip(places, results, strict=True) if text}


async def _ask_one(
    access: Access,
    place: str,
    resource: DiscoveredResource,
    wanted: Wanted,
    namespace: str,
    args: argparse.Namespace,
) -> tuple[list[Answer], str]:
    target = access if place == KARMADA else through_proxy(access, place)
    path = resource_path(resource, namespace if wanted.names or resource.namespaced else "")
    paths = [f"{path}/{name}" for name in wanted.names] or [path]
    query = {"labelSelector": args.labels} if args.labels and not wanted.names else {}
    answers = []
    try:
        async with Client(target, user_agent="karmadactl") as client:
            for each in paths:
                if args.output in ("json", "yaml"):
                    raw = await client.request("GET", each, query=query)
                    answers.append(Answer(place, loads_json(raw.body)))
                else:
                    answers.append(Answer(place, await fetch_table(client, each, query=query)))
    except NotFound as error:
        return answers, "" if args.ignore_not_found else error.message
    except (ApiError, ValueError) as error:
        return answers, str(error)
    return answers, ""


def resource_path(resource: DiscoveredResource, namespace: str) -> str:
    """The collection of a resource, in one namespace or all."""
    gvr = resource.gvr
    prefix = f"/apis/{gvr.group}/{gvr.version}" if gvr.group else f"/api/{gvr.version}"
    within = f"/namespaces/{namespace}" if namespace and resource.namespaced else ""
    return f"{prefix}{within}/{gvr.resource}"


def _show(
    answers: Sequence[Answer],
    resource: DiscoveredResource,
    namespace: str,
    args: argparse.Namespace,
    console: Console,
    *,
    separate: bool,
) -> int:
    """Print the answers about one resource; returns how many objects there were."""
    if args.output in ("json", "yaml"):
        for answer in answers:
            text = format_objects([answer.document], args.output)
            console.line(("---\n" if args.output == "yaml" and separate else "") + text)
        return len(answers)
    rows = sum(len(answer.document.get("rows") or ()) for answer in answers)
    if not rows:
        return 0
    if args.output == "name":
        prefix = f"{resource.singular or resource.kind.lower()}"
        dotted = f"{prefix}.{resource.gvr.group}" if resource.gvr.group else prefix
        for answer in answers:
            for row in answer.document.get("rows") or ():
                console.line(f"{dotted}/{row['object']['metadata']['name']}")
        return rows
    if separate:
        console.line()
    header, cells = merged_table(
        answers,
        wide=args.output == "wide",
        pods=resource.kind == "Pod",
        namespaces=not namespace and resource.namespaced,
    )
    console.line(format_table(header, cells, headers=not args.no_headers))
    return rows


def merged_table(
    answers: Sequence[Answer], *, wide: bool, pods: bool, namespaces: bool
) -> tuple[list[str], list[list[object]]]:
    """One table of all answers: CLUSTER after the first column, ADOPTION last (for pods only when wide)."""
    definitions: list[Object] = next(
        (answer.document["columnDefinitions"] for answer in answers if answer.document.get("rows")), []
    )
    shown = [index for index, column in enumerate(definitions) if wide or not column.get("priority")]
    adoption = wide or not pods
    header = [definitions[index]["name"] for index in shown]
    header[1:1] = ["CLUSTER"]
    rows: list[list[object]] = []
    for answer in answers:
        for row in answer.document.get("rows") or ():
            cells: list[object] = [row["cells"][index] for index in shown]
            cells[1:1] = [answer.cluster]
            if adoption:
                cells.append(adopted(answer.cluster, row.get("object") or {}))
            if namespaces:
                cells[0:0] = [namespace_of(row.get("object") or {})]
            rows.append(cells)
    if adoption:
        header.append("ADOPTION")
    if namespaces:
        header[0:0] = ["NAMESPACE"]
    return header, rows


def adopted(cluster: str, obj: Object) -> str:
    """Whether a member object is Karmada's: Y or N; `-` for the control plane's own."""
    if cluster == KARMADA:
        return "-"
    return "Y" if labels_of(obj).get(MANAGED_BY_KARMADA_LABEL) == MANAGED_BY_KARMADA_VALUE else "N"
