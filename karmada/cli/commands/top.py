"""karmadactl top pod | node: CPU and memory in use, of every member, from its own metrics API.

In: metrics.k8s.io/v1beta1 of each chosen member, through the proxy. Out: one table with a CLUSTER column. A
member without metrics is told and does not hide the others. Rows are made by pure functions.
"""

import argparse
import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from karmada.api.errors import NotFound, ServiceUnavailable
from karmada.api.objects import Object, metadata_of, name_of, namespace_of
from karmada.api.quantity import Quantity
from karmada.cli.members import ask_members, chosen_members, named
from karmada.cli.parsing import add_switch
from karmada.cli.places import open_place
from karmada.cli.printers import Console, format_table
from karmada.cli.scope import CommandError, add_connection_flags, add_namespace_flag
from karmada.client.client import Client

METRICS = "/apis/metrics.k8s.io/v1beta1"
MIB = 2**20
UNKNOWN = "<unknown>"


@dataclass(frozen=True, slots=True)
class Usage:
    """What something uses. None: nobody measured it."""

    cpu_milli: int | None
    memory_bytes: int | None

    @classmethod
    def of(cls, usage: Mapping[str, str]) -> "Usage":
        cpu, memory = usage.get("cpu"), usage.get("memory")
        return cls(
            Quantity.parse(cpu).milli_value() if cpu is not None else None,
            Quantity.parse(memory).value() if memory is not None else None,
        )

    def __add__(self, other: "Usage") -> "Usage":
        memory = (self.memory_bytes or 0) + (other.memory_bytes or 0)
        return Usage((self.cpu_milli or 0) + (other.cpu_milli or 0), memory)

    @property
    def cells(self) -> tuple[str, str]:
        return (
            UNKNOWN if self.cpu_milli is None else f"{self.cpu_milli}m",
            UNKNOWN if self.memory_bytes is None else f"{self.memory_bytes // MIB}Mi",
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One line: leading cells, then what is used, then (nodes) what there is."""

    cluster: str
    namespace: str
    name: str
    container: str
    usage: Usage
    capacity: Usage = Usage(None, None)


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="what", required=True, metavar="pod|node")
    pod = actions.add_parser("pod", aliases=["pods", "po"], help="what pods use")
    node = actions.add_parser("node", aliases=["nodes", "no"], help="what nodes use")
    for action in (pod, node):
        add_connection_flags(action)
        action.add_argument("name", nargs="?", default="", metavar="NAME")
        action.add_argument("-l", "--selector", default="", help="label selector")
        action.add_argument("--sort-by", default="", help="cpu or memory")
        add_switch(action, "--no-headers", help="print no header line")
        add_switch(action, "--use-protocol-buffers", default=True, help="accepted for scripts; JSON is used")
    pod.add_argument("-C", "--clusters", action="append", default=[], help="members to ask; default all")
    node.add_argument("--clusters", action="append", default=[], help="members to ask; default all")
    add_namespace_flag(pod)
    pod.add_argument("--field-selector", default="", help="field selector")
    add_switch(pod, "-A", "--all-namespaces", help="pods of every namespace")
    add_switch(pod, "--containers", help="a line per container")
    add_switch(pod, "--sum", help="add a line with the sums")
    add_switch(node, "--show-capacity", help="of what there is, not of what pods may use")


async def run(args: argparse.Namespace, console: Console) -> int:
    if args.sort_by not in ("", "cpu", "memory"):
        raise CommandError("--sort-by accepts only cpu or memory")
    if args.name and args.selector:
        raise CommandError("only one of NAME or --selector can be provided")
    is_pod = args.what.startswith("po")
    async with open_place(args) as place:
        clusters = await chosen_members(place.client, named(args.clusters))
        namespace = "" if getattr(args, "all_namespaces", False) else place.namespace
        found, failed = await ask_members(
            place.access,
            clusters,
            lambda cluster, client: (_pods if is_pod else _nodes)(cluster, client, namespace, args),
        )
    rows = order([row for each in found.values() for row in each], args.sort_by)
    for cluster, text in failed.items():
        console.error(f"error: cluster({cluster}): {text}")
    if rows:
        table = pod_table(rows, args) if is_pod else node_table(rows, headers=not args.no_headers)
        console.line(table)
    elif not failed:
        console.error(f"No resources found{f' in {namespace} namespace.' if is_pod and namespace else ''}")
    return 1 if failed else 0


async def _measured(client: Client, path: str, query: Mapping[str, str], name: str) -> list[Object]:
    """Raises NotFound with words of ours when the member has no metrics."""
    try:
        answer = (await client.request("GET", f"{path}/{name}" if name else path, query=query)).json()
    except (NotFound, ServiceUnavailable) as error:
        if name and isinstance(error, NotFound) and error.details.get("name"):
            raise
        raise NotFound("metrics API not available") from error
    items = [answer] if name else list(answer.get("items") or [])
    if not items and not query:
        raise NotFound("metrics not available yet")
    return items


async def _pods(cluster: str, client: Client, namespace: str, args: argparse.Namespace) -> list[Row]:
    within = f"/namespaces/{namespace}" if namespace else ""
    query = {"labelSelector": args.selector, "fieldSelector": args.field_selector}
    asked = {key: value for key, value in query.items() if value}
    items = await _measured(client, f"{METRICS}{within}/pods", asked, args.name)
    return pod_rows(cluster, items, containers=args.containers)


async def _nodes(cluster: str, client: Client, namespace: str, args: argparse.Namespace) -> list[Row]:
    query = {"labelSelector": args.selector} if args.selector else {}
    path = f"/api/v1/nodes/{args.name}" if args.name else "/api/v1/nodes"
    items, answer = await asyncio.gather(
        _measured(client, f"{METRICS}/nodes", query, args.name), client.request("GET", path, query=query)
    )
    document = answer.json()
    nodes = [document] if args.name else list(document.get("items") or [])
    return node_rows(cluster, items, nodes, capacity=args.show_capacity)


def pod_rows(cluster: str, items: Iterable[Object], *, containers: bool) -> list[Row]:
    rows = []
    for item in items:
        used = [
            (each.get("name") or "", Usage.of(each.get("usage") or {}))
            for each in item.get("containers") or ()
        ]
        if containers:
            rows += [Row(cluster, namespace_of(item), name_of(item), name, usage) for name, usage in used]
        else:
            total = sum((usage for _, usage in used), Usage(0, 0))
            rows.append(Row(cluster, namespace_of(item), name_of(item), "", total))
    return rows


def node_rows(cluster: str, items: Iterable[Object], nodes: Iterable[Object], *, capacity: bool) -> list[Row]:
    """Every node there is; those nobody measured have unknown figures."""
    used = {name_of(item): Usage.of(item.get("usage") or {}) for item in items}
    key = "capacity" if capacity else "allocatable"
    return [
        Row(
            cluster,
            "",
            name_of(node),
            "",
            used.get(name_of(node), Usage(None, None)),
            Usage.of((node.get("status") or {}).get(key) or {}),
        )
        for node in nodes
        if metadata_of(node)
    ]


def order(rows: Sequence[Row], by: str) -> list[Row]:
    if by == "cpu":
        return sorted(rows, key=lambda row: -(row.usage.cpu_milli or 0))
    if by == "memory":
        return sorted(rows, key=lambda row: -(row.usage.memory_bytes or 0))
    return sorted(rows, key=lambda row: (row.cluster, row.namespace, row.name, row.container))


def pod_table(rows: Sequence[Row], args: argparse.Namespace) -> str:
    header = ["NAMESPACE"] * args.all_namespaces + ["POD"] * args.containers
    header += ["NAME", "CLUSTER", "CPU(cores)", "MEMORY(bytes)"]
    lines: list[list[object]] = []
    for row in rows:
        lead = [row.namespace] * args.all_namespaces + [row.name] * args.containers
        name = row.container if args.containers else row.name
        lines.append([*lead, name, row.cluster, *row.usage.cells])
    if args.sum:
        blank = [""] * (len(header) - 3)
        total = sum((row.usage for row in rows), Usage(0, 0))
        lines.append([*blank, "", "________", "________"])
        lines.append([*blank, "", *total.cells])
    return format_table(header, lines, headers=not args.no_headers, keep_case=True)


def node_table(rows: Sequence[Row], *, headers: bool) -> str:
    header = ("NAME", "CLUSTER", "CPU(cores)", "CPU%", "MEMORY(bytes)", "MEMORY%")
    lines = []
    for row in rows:
        cpu, memory = row.usage.cells
        cpu_share = _share(row.usage.cpu_milli, row.capacity.cpu_milli)
        memory_share = _share(row.usage.memory_bytes, row.capacity.memory_bytes)
        lines.append((row.name, row.cluster, cpu, cpu_share, memory, memory_share))
    return format_table(header, lines, headers=headers, keep_case=True)


def _share(used: int | None, whole: int | None) -> str:
    return UNKNOWN if used is None or not whole else f"{used * 100 // whole}%"
