"""karmadactl: the command tree, and how every command starts and ends.

A command is one module in commands/: register(parser) says what it takes, run(args, console) does it. Only
the module of the command that was typed is imported, so that `karmadactl version` is quick. Also installed
as kubectl-karmada, the kubectl plug-in: help then speaks of `kubectl karmada`.
"""

import argparse
import asyncio
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from karmada.api.errors import ApiError, UserError
from karmada.cli.local.layout import LocalError
from karmada.cli.printers import Console
from karmada.cli.scope import CommandError
from karmada.client.kubeconfig_file import KubeconfigError


@dataclass(frozen=True, slots=True)
class Command:
    """module in karmada.cli.commands; group and summary are for the help text."""

    module: str
    group: str
    summary: str


COMMANDS = {
    "get": Command("get", "Basic Commands", "show one or many resources of the control plane and members"),
    "join": Command("join", "Cluster Registration Commands", "register a cluster in push mode"),
    "unjoin": Command("unjoin", "Cluster Registration Commands", "remove a cluster that was joined"),
    "cordon": Command("cordon", "Cluster Management Commands", "keep new workloads off a cluster"),
    "uncordon": Command("cordon", "Cluster Management Commands", "let a cluster take new workloads again"),
    "local": Command("local", "Local Commands", "run a control plane with member clusters on this machine"),
    "version": Command("version", "Other Commands", "print the version"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 1 failed, 2 not understood."""
    words = list(sys.argv[1:] if argv is None else argv)
    console = Console()
    parent = _parent(sys.argv[0])
    if not words or words[0] in ("-h", "--help", "help"):
        console.line(_overview(parent))
        return 0
    name, *rest = words
    command = COMMANDS.get(name)
    if command is None:
        console.error(f'error: unknown command "{name}" for "{parent}"\nRun \'{parent} --help\' for usage.')
        return 1
    module = importlib.import_module(f"karmada.cli.commands.{command.module}")
    parser = argparse.ArgumentParser(prog=f"{parent} {name}", description=command.summary.capitalize() + ".")
    parser.set_defaults(parent=parent, command=name)
    module.register(parser)
    args = parser.parse_args(rest)
    return _run(module.run(args, console), console)


def _run(work: object, console: Console) -> int:
    assert asyncio.iscoroutine(work)
    try:
        return int(asyncio.run(work))
    except (CommandError, LocalError, KubeconfigError, UserError) as error:
        console.error(f"error: {error}")
    except ApiError as error:
        console.error(_complaint(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has seen enough
    return 1


def _complaint(error: ApiError) -> str:
    from karmada.client.answers import Unreachable  # quick commands do not load a client

    if isinstance(error, Unreachable):
        return f"error: {error.message}"
    return f"Error from server ({error.reason}): {error.message}"


def _parent(program: str) -> str:
    return "kubectl karmada" if Path(program).name.startswith("kubectl-") else "karmadactl"


def _overview(parent: str) -> str:
    lines = [f"{parent} controls a Kubernetes cluster federation.", ""]
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        lines.append(f"{group}:")
        members = [(name, command) for name, command in COMMANDS.items() if command.group == group]
        lines.extend(f"  {name:<12}{command.summary.capitalize()}" for name, command in members)
        lines.append("")
    lines.append(f'Use "{parent} <command> --help" for more information about a given command.')
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
