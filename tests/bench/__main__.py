"""Run benchmarks, each in a process of its own: `python -m tests.bench [NAME ...]`, all without a name.

Standard output is JSON lines, one a figure, as measure.report writes them. No figure fails anything; a
benchmark that breaks or takes longer than its time does, after the others had their turn.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Bench:
    """One module here; limit_seconds is how long it may take."""

    summary: str
    limit_seconds: float


BENCHES: Final = {
    "scheduler": Bench("where does a binding go, among 100 clusters", 60),
    "etcd_transactions": Bench("what a transaction costs on each store", 180),
    "cel": Bench("what rules in CEL cost, alone and in a create", 60),
    "apiserver": Bench("create, get, patch, list, watch; beside kube-apiserver where there is one", 240),
    "propagation": Bench("from a template to three members: latency, throughput, quiet restart", 300),
}
"""In the order they run."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure, and print JSON lines.",
        epilog="\n".join(f"  {name:<20}{bench.summary}" for name, bench in BENCHES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run; all when none is given")
    names: list[str] = parser.parse_args(argv).names
    if unknown := [name for name in names if name not in BENCHES]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    broken = [name for name in names or BENCHES if not run(name)]
    if broken:
        sys.stderr.write(f"broken: {', '.join(broken)}\n")
    return 1 if broken else 0


def run(name: str) -> bool:
    """Whether it came to its end in time."""
    command = [sys.executable, "-m", f"tests.bench.{name}"]
    try:
        return subprocess.run(command, check=False, timeout=BENCHES[name].limit_seconds).returncode == 0
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"{name} took longer than {BENCHES[name].limit_seconds:.0f} s\n")
        return False


if __name__ == "__main__":
    sys.exit(main())
