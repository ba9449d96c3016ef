"""karmada-simulator: many embedded member clusters in one process, each with its own port and store.

    karmada-simulator --state-dir DIR --member member1=40001 --member member2=40002 [--nodes 1]

Each member keeps its data, certificates and admin.kubeconfig in DIR/NAME. A member that fails ends the
process: half a set of members would only be puzzling.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from controllers.simulator.member import MemberOptions, run_member
from karmada.runtime.observe import StartError, run_process, setup_logging

log = logging.getLogger(__name__)


def parse(argv: Sequence[str] | None) -> list[MemberOptions]:
    parser = argparse.ArgumentParser(prog="karmada-simulator", description="Embedded member clusters.")
    parser.add_argument("--state-dir", type=Path, required=True, help="one folder per member is kept in it")
    parser.add_argument("--member", action="append", required=True, metavar="NAME=PORT", help="to be hosted")
    parser.add_argument("--nodes", type=int, default=1, help="nodes per member; 0: no node and no kubelet")
    parser.add_argument(
        "--storage", choices=("sqlite", "memory"), default="sqlite", help="where data is kept"
    )
    args = parser.parse_args(argv)
    members = []
    for text in args.member:
        name, _, port = text.partition("=")
        if not name or not port.isdigit():
            parser.error(f"--member {text}: expected NAME=PORT")
        storage = "memory://" if args.storage == "memory" else ""
        members.append(
            MemberOptions(
                name=name, folder=args.state_dir / name, port=int(port), nodes=args.nodes, storage=storage
            )
        )
    return members


async def host(members: Sequence[MemberOptions]) -> None:
    """Run all members until cancelled. Raises StartError when one of them cannot start."""
    events = [asyncio.Event() for _ in members]
    try:
        async with asyncio.TaskGroup() as group:
            for member, started in zip(members, events, strict=True):
                group.create_task(run_member(member, started=started), name=member.name)
            for member, started in zip(members, events, strict=True):
                await started.wait()
                log.info("member runs", extra={"member": member.name, "port": member.port})
    except BaseExceptionGroup as failures:
        cannot_start, _ = failures.split(StartError)
        if cannot_start is None:
            raise
        raise first_of(cannot_start) from None


def first_of(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure in a tree of groups."""
    first = failures.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first


def main(argv: Sequence[str] | None = None) -> int:
    members = parse(argv)
    setup_logging()
    for member in members:
        member.folder.mkdir(parents=True, exist_ok=True)
    return run_process(lambda: host(members), loop_factory=uvloop.new_event_loop)


if __name__ == "__main__":
    sys.exit(main())
