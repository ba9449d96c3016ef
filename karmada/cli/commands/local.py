"""karmadactl local up | down | status: a control plane with member clusters on this machine.

up starts real processes on loopback and leaves them running; down stops them, data stays; status shows
them. add and remove make and take away one embedded cluster beside them (hack/create-cluster.sh,
hack/delete-cluster.sh).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from karmada.cli.local.layout import Layout, LocalError
from karmada.cli.local.processes import Processes
from karmada.cli.local.report import print_local
from karmada.cli.local.single import add_cluster, remove_cluster
from karmada.cli.local.up import CONFIGURABLE, UpOptions, bring_up
from karmada.cli.printers import Console, format_table

DEFAULT_STATE = ".karmada"


def register(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="up|down|status|add|remove")
    up = actions.add_parser("up", help="start what does not run")
    up.add_argument("--port", type=int, default=5443, help="port of the control plane's API server")
    up.add_argument("--members", type=int, default=3, help="embedded member clusters; 0 = control plane only")
    up.add_argument(
        "--pull", type=int, help="members in pull mode, the last ones; default 1 of three or more"
    )
    up.add_argument(
        "--nodes", type=int, default=1, help="simulated nodes per member; 0 = no nodes and no pods run"
    )
    up.add_argument(
        "--estimators",
        action="store_true",
        help="an estimator for each member, which the scheduler asks, and the descheduler",
    )
    up.add_argument(
        "--etcd", default="", help="URL of an etcd to keep everything in, instead of the embedded store"
    )
    up.add_argument(
        "--flag",
        action="append",
        default=[],
        metavar="PROCESS=--NAME=VALUE",
        help="a further flag of a process, e.g. karmada-controller-manager=--v=4; may be repeated",
    )
    down = actions.add_parser("down", help="stop what up started; data stays")
    status = actions.add_parser("status", help="show processes and clusters")
    for action in (up, down, status):
        action.add_argument("--state", default=DEFAULT_STATE, help="folder that holds everything")
    add = actions.add_parser("add", help="start one more embedded cluster, not joined yet")
    remove = actions.add_parser("remove", help="stop such a cluster and delete its data")
    for action in (add, remove):
        action.add_argument("name", metavar="NAME", help="the cluster, and its context in the kubeconfig")
        action.add_argument(
            "--member-kubeconfig", required=True, help="kubeconfig that holds the context NAME"
        )


async def run(args: argparse.Namespace, console: Console) -> int:
    if args.action == "up":
        return await _up(args, console)
    if args.action == "down":
        return _down(Layout(Path(args.state)), console)
    if args.action == "status":
        return await _status(Layout(Path(args.state)), console)
    work = add_cluster if args.action == "add" else remove_cluster
    await work(args.name, Path(args.member_kubeconfig), console)
    return 0


async def _up(args: argparse.Namespace, console: Console) -> int:
    if min(args.members, args.nodes, args.pull or 0) < 0 or not 0 < args.port < 65536:
        raise LocalError(
            "--members, --pull and --nodes must not be negative, --port must be between 1 and 65535"
        )
    options = UpOptions(
        state=Path(args.state),
        port=args.port,
        members=args.members,
        pull=args.pull,
        nodes=args.nodes,
        estimators=args.estimators,
        etcd=args.etcd,
        flags=parse_process_flags(args.flag),
    )
    settings = await bring_up(options, console)
    await print_local(Layout(options.state), settings, console)
    return 0


def parse_process_flags(texts: Sequence[str]) -> dict[str, list[str]]:
    """Flags by process. Raises LocalError."""
    flags: dict[str, list[str]] = {}
    for text in texts:
        process, _, flag = text.partition("=")
        if process not in CONFIGURABLE or not flag.startswith("--"):
            raise LocalError(
                f"--flag {text}: use PROCESS=--NAME=VALUE, PROCESS one of {', '.join(CONFIGURABLE)}"
            )
        flags.setdefault(process, []).append(flag)
    return flags


def _down(layout: Layout, console: Console) -> int:
    processes = Processes(layout)
    stopped = [name for name in processes.names() if processes.stop(name)]
    console.line(f"stopped {', '.join(stopped)}; data stays in {layout.state}" if stopped else "nothing runs")
    return 0


async def _status(layout: Layout, console: Console) -> int:
    processes = Processes(layout)
    settings = layout.load()
    if settings is None:
        raise LocalError(f"nothing was started in {layout.state} yet: `karmadactl local up` does that")
    pids = {name: processes.pid(name) for name in processes.names()}
    rows = [(name, pid or "-", "running" if pid else "stopped") for name, pid in pids.items()]
    console.line(format_table(("process", "pid", "state"), rows))
    if not pids or not all(pids.values()):
        return 1
    console.line()
    await print_local(layout, settings, console)
    return 0
