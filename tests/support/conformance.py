"""The public end-to-end specs of Kubernetes, run against an embedded member of ours.

    python -m tests.support.conformance [--focus RE] [--skip RE] [--seconds N]

e2e.test is built from the Go modules into the cache when it is missing: ten minutes and 2 GB, so only this
command does it, never CI. Neighbours: docs/conformance.md says what passes; kubernetes.py builds a real
kube-apiserver the same way.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from karmada.cli.local.layout import free_ports
from tests.support.kubectl import VERSIONS, kubectl_path
from tests.support.kubernetes import MODULE, binaries, link_flags, run_go, write_module
from tests.support.local import WAIT_SECONDS, eventually
from tests.support.tools import default_cache

E2E: Final = f"{MODULE}/test/e2e"
NODES: Final = 2
RUN_SECONDS: Final = 1800
CONFORMANCE: Final = r"\[Conformance\]"
NEEDS_CONTAINERS: Final = r"Webhook|Aggregator Should|\[NodeConformance\].*\[Conformance\]|\[Disruptive\]"


@dataclass(frozen=True, slots=True)
class Spec:
    """One spec that ran. problem is "" when it passed."""

    name: str
    problem: str


def e2e_program(cache: Path) -> Path:
    return binaries(cache) / "e2e.test"


def build_e2e(cache: Path) -> None:
    """Raises subprocess.SubprocessError or OSError when it cannot be built."""
    program = e2e_program(cache)
    if program.exists():
        return
    go = shutil.which("go")
    if go is None:
        raise FileNotFoundError("no Go toolchain to build e2e.test with")
    program.parent.mkdir(parents=True, exist_ok=True)
    work = cache / "e2e-build"
    work.mkdir(parents=True, exist_ok=True)
    write_module(go, work, [E2E])
    run_go([go, "test", "-c", "-trimpath", "-ldflags", link_flags(), "-o", str(program), E2E], work)
    shutil.rmtree(work, ignore_errors=True)


@contextmanager
def member(folder: Path, *, nodes: int = NODES) -> Iterator[Path]:
    """An embedded member in a process of its own; its administrator's kubeconfig."""
    (port,) = free_ports(1)
    kubeconfig = folder / "e2e" / "admin.kubeconfig"
    command = [sys.executable, "-m", "controllers.simulator", f"--state-dir={folder}"]
    command += [f"--member=e2e={port}", f"--nodes={nodes}", "--storage=memory"]
    with (folder / "member.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        eventually(lambda: _is_ready(kubeconfig), until=bool, seconds=WAIT_SECONDS)
        yield kubeconfig
    finally:
        process.terminate()
        process.wait(timeout=WAIT_SECONDS)


def _is_ready(kubeconfig: Path) -> bool:
    if not kubeconfig.exists():
        return False
    command = [str(kubectl_path(VERSIONS[-1], default_cache())), "get", "nodes", f"--kubeconfig={kubeconfig}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def run_specs(
    program: Path, kubeconfig: Path, report: Path, *, focus: str, skip: str = "", seconds: int = RUN_SECONDS
) -> list[Spec]:
    """What ran, sorted by name. The output of the program is in report, a folder."""
    command = [
        str(program),
        f"--kubeconfig={kubeconfig}",
        f"--kubectl-path={kubectl_path(VERSIONS[-1], default_cache())}",
        "--provider=skeleton",
        "--minStartupPods=0",
        "--allowed-not-ready-nodes=-1",
        f"--num-nodes={NODES}",
        "--disable-log-dump",
        f"--report-dir={report}",
        "--ginkgo.no-color",
        f"--ginkgo.timeout={seconds}s",
        f"--ginkgo.focus={focus}",
    ]
    if skip:
        command.append(f"--ginkgo.skip={skip}")
    with (report / "e2e.log").open("wb") as log:
        subprocess.run(command, stdout=log, stderr=log, cwd=report, timeout=seconds + 60, check=False)
    return sorted(_specs(report), key=lambda spec: spec.name)


def _specs(report: Path) -> Iterator[Spec]:
    for path in report.glob("junit*.xml"):
        for case in ElementTree.parse(path).iter("testcase"):
            name, status = case.get("name") or "", case.get("status") or ""
            if name.startswith("[It] ") and status != "skipped":
                failure = case.find("failure")
                said = (failure.get("message") or "") if failure is not None else ""
                yield Spec(name.removeprefix("[It] "), "" if status == "passed" else said or status)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run public specs against an embedded member.")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="folder of the built programs")
    parser.add_argument("--focus", default=CONFORMANCE, help="specs to run, a regular expression")
    parser.add_argument("--skip", default=NEEDS_CONTAINERS, help="specs to leave out, a regular expression")
    parser.add_argument("--seconds", type=int, default=RUN_SECONDS, help="how long all may take")
    arguments = parser.parse_args()
    build_e2e(arguments.cache)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with member(folder) as kubeconfig:
            specs = run_specs(
                e2e_program(arguments.cache),
                kubeconfig,
                folder,
                focus=arguments.focus,
                skip=arguments.skip,
                seconds=arguments.seconds,
            )
    for spec in specs:
        sys.stdout.write(f"{'ok  ' if not spec.problem else 'FAIL'} {spec.name}\n")
        if spec.problem:
            sys.stdout.write(f"     {spec.problem[:300]}\n")
    failed = sum(bool(spec.problem) for spec in specs)
    sys.stdout.write(f"{len(specs) - failed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
