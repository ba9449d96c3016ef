"""Run the recorded scenarios against a control plane of our own: `make oracle`.

    python -m tests.support.oracle --scenarios DIR [--only GLOB ...] [--jobs N] [--keep]

Starts `karmadactl local up` with three members without nodes in a folder of its own, runs DIR/runner.py
over DIR/cases with the stand-in kubelet that comes with it, and stops everything again.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from karmada.cli.local.layout import free_ports
from tests.support.local import LocalPlane

MEMBERS = ("member1", "member2", "member3")


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the recorded scenarios.")
    parser.add_argument("--scenarios", type=Path, required=True, help="folder with runner.py and cases/")
    parser.add_argument("--only", action="append", default=[], metavar="GLOB", help="scenarios to run")
    parser.add_argument("--jobs", type=int, default=3, help="scenarios at a time")
    parser.add_argument("--state", type=Path, help="folder for the control plane; default a temporary one")
    parser.add_argument("--report", type=Path, help="file for the runner's JSON report")
    parser.add_argument("runner", nargs="*", help="further arguments of the runner, after --")
    args = parser.parse_args()
    if not (args.scenarios / "runner.py").exists():
        sys.stderr.write(f"no runner.py in {args.scenarios}: say where the scenarios are with ORACLE=dir\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="karmada-oracle-") as scratch:
        state = args.state or Path(scratch)
        with LocalPlane(state, port=free_ports(1)[0], members=len(MEMBERS), nodes=0) as plane:
            return _run(args, plane, state)


def _run(args: argparse.Namespace, plane: LocalPlane, state: Path) -> int:
    command = [sys.executable, str(args.scenarios / "runner.py"), "--control", str(plane.karmada_config)]
    for member in MEMBERS:
        command += ["--member", f"{member}={plane.member_config(member)}"]
    command += ["--podready", "--jobs", str(args.jobs)]
    for pattern in args.only:
        command += ["--only", pattern]
    if args.report:
        command.append("--json")
    command += [*args.runner, str(args.scenarios / "cases")]
    environment = {**os.environ, "KUBECTL": str(state / "bin" / "kubectl"), "PYTHONUNBUFFERED": "1"}
    if args.report is None:
        return subprocess.run(command, env=environment, check=False).returncode
    with args.report.open("wb") as report:
        return subprocess.run(command, env=environment, stdout=report, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
