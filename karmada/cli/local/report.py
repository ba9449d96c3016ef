"""What a local control plane looks like: its clusters, the sample, and how to go on.

In: a running control plane. Out: tables as the servers print them.
"""

from karmada.api.objects import Object
from karmada.cli.local.layout import Layout, Settings
from karmada.cli.local.sample import SAMPLE_NAMESPACE
from karmada.cli.printers import Console, format_table
from karmada.cli.tables import fetch_table
from karmada.client.client import Client
from karmada.client.kubeconfig import load_kubeconfig


async def print_local(layout: Layout, settings: Settings, console: Console) -> None:
    async with Client(load_kubeconfig(layout.karmada_config), user_agent="karmadactl") as plane:
        if settings.members:
            await _print(plane, "/apis/cluster.karmada.io/v1alpha1/clusters", console)
        if settings.members and settings.nodes:
            await _print(plane, f"/apis/apps/v1/namespaces/{SAMPLE_NAMESPACE}/deployments", console)
            await _print_pods(layout, settings, console)
    console.line("Local Karmada is running.")
    console.line(
        f"  export KUBECONFIG={layout.karmada_config}     # contexts karmada-apiserver, karmada-host"
    )
    if settings.members:
        names = ", ".join(settings.members)
        console.line(f"  export KUBECONFIG={layout.members_config}     # contexts {names}")
    console.line(f"kubectl: {layout.bin / 'kubectl'}   logs: {layout.log}   stop: make down")


async def _print(client: Client, path: str, console: Console) -> None:
    table = await fetch_table(client, path)
    console.line(format_table(*visible(table)))
    console.line()


async def _print_pods(layout: Layout, settings: Settings, console: Console) -> None:
    header: list[str] = []
    rows: list[list[object]] = []
    for name in settings.members:
        async with Client(
            load_kubeconfig(layout.members_config, context=name), user_agent="karmadactl"
        ) as member:
            table = await fetch_table(member, f"/api/v1/namespaces/{SAMPLE_NAMESPACE}/pods")
        header, cells = visible(table)
        rows.extend([name, *row] for row in cells)
    console.line(format_table(["cluster", *header], rows))
    console.line()


def visible(table: Object, *, wide: bool = False) -> tuple[list[str], list[list[object]]]:
    """Header and cells of a server Table, without the columns only -o wide shows."""
    columns = table["columnDefinitions"]
    shown = [index for index, column in enumerate(columns) if wide or not column.get("priority")]
    header = [columns[index]["name"] for index in shown]
    return header, [[row["cells"][index] for index in shown] for row in table.get("rows") or ()]
