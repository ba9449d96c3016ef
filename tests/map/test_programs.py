"""Every program that is installed starts on its own, explains itself, and depends on nothing above it."""

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from karmada.cli.main import COMMANDS
from karmada.runtime.options import flags_of
from tests.map.reference import PROCESSES

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
SCRIPTS: dict[str, str] = PROJECT["project"]["scripts"]
ALONE = (
    "karmada.api.scheme",
    "karmada.cli.main",
    "karmada.client.informer",
    "karmada.interpreter.chain",
    "etcd.mvcc",
    "apiserver.rbac",
    "apiserver.schema.structural",
    "apiserver.handlers.write",
    "apiserver.admission.chain",
    "controllers.detector.matching",
    "controllers.binding.override",
    "controllers.works",
    "scheduler.decide",
    "scheduler.plugins",
)
"""One module of every room: what a cycle of imports hides when something else was imported before."""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_installed_program_explains_itself(script: str) -> None:
    module, function = SCRIPTS[script].split(":")
    program = f"import sys; from {module} import {function}; sys.argv[0] = {script!r}; sys.exit({function}())"
    shown = run(sys.executable, "-c", program, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert script.removeprefix("kubectl-") in shown.stdout


@pytest.mark.parametrize("module", sorted({target.partition(":")[0] for target in SCRIPTS.values()}))
def test_a_program_is_also_a_module(module: str) -> None:
    assert callable(importlib.import_module(module).main)


@pytest.mark.parametrize("module", ALONE)
def test_a_module_imports_in_a_fresh_interpreter(module: str) -> None:
    done = run(sys.executable, "-c", f"import {module}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("process", PROCESSES)
def test_every_flag_says_what_it_does(process: str) -> None:
    assert [flag.name for flag in flags_of(PROCESSES[process]) if len(flag.help) < 10] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_a_module_that_registers_and_runs(name: str) -> None:
    module = importlib.import_module(f"karmada.cli.commands.{COMMANDS[name].module}")
    assert callable(module.register)
    assert callable(module.run)


def test_imports_point_the_way_the_architecture_says() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    if not lint.exists():
        pytest.skip("no import-linter beside this Python: `make dev` installs it")
    done = run(str(lint), "--no-cache")
    assert done.returncode == 0, done.stdout
