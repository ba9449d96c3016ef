"""karmadactl: the command tree, and how every command starts and ends.

A command is one module in commands/: register(parser) says what it takes, run(args, console) does it. Only
the module of the command that was typed is imported, so that `karmadactl version` is quick. Also installed
as kubectl-karmada, the kubectl plug-in: help then speaks of `kubectl karmada`.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from karmada.cli.complaints import complaint, is_expected
from karmada.cli.parsing import Parser, UsageError, parse
from karmada.cli.printers import Console
from karmada.cli.scope import ExitStatus


@dataclass(frozen=True, slots=True)
class Command:
    """module in karmada.cli.commands; group and summary are for the help text."""

    module: str
    group: str
    summary: str


BASIC = "Basic Commands"
REGISTRATION = "Cluster Registration Commands"
MANAGEMENT = "Cluster Management Commands"
DEBUGGING = "Troubleshooting and Debugging Commands"
ADVANCED = "Advanced Commands"
SETTINGS = "Settings Commands"
OTHER = "Other Commands"

COMMANDS = {
    "explain": Command("explain", BASIC, "show the fields of a resource"),
    "get": Command("get", BASIC, "show one or many resources of the control plane and members"),
    "create": Command("create", BASIC, "create a resource from a file or from flags"),
    "delete": Command("delete", BASIC, "delete resources by file, name or selector"),
    "edit": Command("edit", BASIC, "edit a resource in your editor"),
    "join": Command("join", REGISTRATION, "register a cluster in push mode"),
    "unjoin": Command("unjoin", REGISTRATION, "remove a cluster that was joined"),
    "register": Command("register", REGISTRATION, "register a cluster in pull mode"),
    "unregister": Command("unregister", REGISTRATION, "remove a cluster that was registered"),
    "token": Command("token", REGISTRATION, "manage bootstrap tokens for clusters in pull mode"),
    "cordon": Command("cordon", MANAGEMENT, "keep new workloads off a cluster"),
    "uncordon": Command("cordon", MANAGEMENT, "let a cluster take new workloads again"),
    "taint": Command("taint", MANAGEMENT, "update the taints of a cluster"),
    "why": Command("why", DEBUGGING, "say why an object runs where it runs, and what it waits for"),
    "simulate": Command("simulate", DEBUGGING, "say what would move in another world, and change nothing"),
    "render": Command("render", DEBUGGING, "show each cluster's manifest before it is applied"),
    "attach": Command("exec", DEBUGGING, "attach to a running container"),
    "logs": Command("logs", DEBUGGING, "print the logs of a container in a member"),
    "exec": Command("exec", DEBUGGING, "run a command in a container"),
    "describe": Command("describe", DEBUGGING, "show details of a resource, with its events"),
    "interpret": Command("interpret", DEBUGGING, "check and try out interpreter customizations"),
    "apply": Command("apply", ADVANCED, "apply files, and send what they hold to clusters"),
    "promote": Command("promote", ADVANCED, "take a resource of a member into the control plane"),
    "top": Command("top", ADVANCED, "show CPU and memory use in members"),
    "patch": Command("patch", ADVANCED, "change fields of a resource"),
    "label": Command("label", SETTINGS, "update the labels of a resource"),
    "annotate": Command("label", SETTINGS, "update the annotations of a resource"),
    "completion": Command("completion", SETTINGS, "print shell completion code"),
    "local": Command("local", "Local Commands", "run a control plane with members on this machine"),
    "api-resources": Command("api_resources", OTHER, "print the supported resources"),
    "api-versions": Command("api_versions", OTHER, "print the supported API versions"),
    "version": Command("version", OTHER, "print the version"),
    "options": Command("options", OTHER, "list the flags every command takes"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0 done, 1 failed or not understood, or the command's own."""
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
    try:
        parser, module = command_parser(name, parent)
        args = parse(parser, rest)
    except UsageError as error:
        console.error(str(error))
        return 1
    set_verbosity(args.v)
    return _run(module, args, console)


def command_parser(name: str, parent: str) -> tuple[Parser, ModuleType]:
    """The parser of one command with its flags, and its module."""
    command = COMMANDS[name]
    module = importlib.import_module(f"karmada.cli.commands.{command.module}")
    parser = Parser(
        prog=f"{parent} {name}", description=command.summary[0].upper() + command.summary[1:] + "."
    )
    parser.set_defaults(parent=parent, command=name)
    parser.add_argument("-v", "--v", type=int, default=0, help="verbosity of the log, 0 to 10")
    module.register(parser)
    return parser, module


def set_verbosity(level: int) -> None:
    """From 4 on the log of our own parts is shown, from 6 on each request, too."""
    if level >= 4:
        import logging

        logging.basicConfig(stream=sys.stderr, level=logging.DEBUG if level >= 6 else logging.INFO)


def _run(module: ModuleType, args: argparse.Namespace, console: Console) -> int:
    """run is a coroutine, but for commands that wait for nothing: those need no event loop."""
    try:
        work = module.run(args, console)
        if isinstance(work, int):
            return work
        import asyncio

        return int(asyncio.run(work))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has seen enough
        return 1
    except Exception as error:
        if isinstance(error, ExitStatus):
            return error.code
        if not is_expected(error):
            raise
        console.error(complaint(error))
        return 1


def _parent(program: str) -> str:
    return "kubectl karmada" if Path(program).name.startswith("kubectl-") else "karmadactl"


def _overview(parent: str) -> str:
    lines = [f"{parent} controls a Kubernetes cluster federation.", ""]
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        lines.append(f"{group}:")
        members = [(name, command) for name, command in COMMANDS.items() if command.group == group]
        lines.extend(
            f"  {name:<14}{command.summary[0].upper()}{command.summary[1:]}" for name, command in members
        )
        lines.append("")
    lines.append(f'Use "{parent} <command> --help" for more information about a given command.')
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
