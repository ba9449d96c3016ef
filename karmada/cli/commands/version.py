"""karmadactl version: one line, the structure every component prints."""

import argparse

from karmada.cli.printers import Console
from karmada.version import version_info


def register(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print the version information."


def run(args: argparse.Namespace, console: Console) -> int:
    console.line(f"{args.parent} version: {version_info()}")
    return 0
