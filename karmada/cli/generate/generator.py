"""Generator: one kind that can be created from flags; and what the flags have in common."""

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from karmada.api.objects import Object
from karmada.cli.scope import CommandError


@dataclass(frozen=True, slots=True)
class Generator:
    """name may have two words: `secret generic`. make gets the parsed flags."""

    name: str
    summary: str
    flags: Callable[[argparse.ArgumentParser], None]
    make: Callable[[argparse.Namespace], Object]
    aliases: tuple[str, ...] = ()


def many(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    """A flag that may be given several times, with commas in between."""
    parser.add_argument(name, action="append", default=[], help=text)


def parts(values: Iterable[str]) -> list[str]:
    return [part for value in values for part in value.split(",") if part]


def pairs(values: Iterable[str], flag: str) -> dict[str, str]:
    """`a=1` texts as a map. Raises CommandError."""
    found: dict[str, str] = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key:
            raise CommandError(f"invalid {flag} {value!r}: expected key=value")
        found[key] = text
    return found


def read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"error reading {path}: {error.strerror}") from error


def without_empties(fields: Mapping[str, object]) -> Object:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
