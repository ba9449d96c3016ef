"""Objects of files: what -f names, be it a file, a folder, a URL, or `-` for standard input.

In: paths. Out: Manifests in the order they were written, Lists taken apart. kubectl's rules and words; URLs
are fetched without credentials.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from karmada.api.codec import DecodeError, loads_yaml_all
from karmada.api.objects import Object
from karmada.cli.scope import CommandError

SUFFIXES = (".json", ".yaml", ".yml")
FETCH_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object and where it was written."""

    object: Object
    source: str


def add_file_flags(parser: argparse.ArgumentParser, *, purpose: str) -> None:
    parser.add_argument(
        "-f",
        "--filename",
        action="append",
        default=[],
        help=f"file, folder, URL or - (standard input) {purpose}",
    )
    parser.add_argument("-R", "--recursive", action="store_true", help="folders of -f with all below them")


def read_manifests(names: Sequence[str], *, recursive: bool = False) -> list[Manifest]:
    """Every object of these files. Raises CommandError for what cannot be read."""
    found: list[Manifest] = []
    for name in [part for each in names for part in each.split(",") if part]:
        for source, text in _texts(name, recursive=recursive):
            found.extend(parse_manifests(text, source))
    return found


def parse_manifests(text: bytes, source: str) -> list[Manifest]:
    try:
        documents = loads_yaml_all(text)
    except DecodeError as error:
        raise CommandError(f"error parsing {source}: {error}") from error
    found: list[Manifest] = []
    for document in documents:
        for obj in _flattened(document):
            _require_kind(obj, source)
            found.append(Manifest(obj, source))
    return found


def _flattened(document: Any) -> Iterator[Any]:
    if isinstance(document, dict) and str(document.get("kind") or "").endswith("List"):
        items = document.get("items")
        if isinstance(items, list):
            for item in items:
                yield from _flattened(item)
            return
    yield document


def _require_kind(obj: object, source: str) -> None:
    if not isinstance(obj, dict):
        raise CommandError(f'unable to decode "{source}": a document is {type(obj).__name__}, not an object')
    missing = [name for name in ("apiVersion", "kind") if not isinstance(obj.get(name), str) or not obj[name]]
    if missing:
        words = ", ".join(f"{name} not set" for name in missing)
        listed = f"[{words}]" if len(missing) > 1 else words
        raise CommandError(f'error validating "{source}": error validating data: {listed}')
    if not isinstance(obj.get("metadata") or {}, dict):
        raise CommandError(f'unable to decode "{source}": metadata is no object')


def _texts(name: str, *, recursive: bool) -> Iterator[tuple[str, bytes]]:
    """(source, content) of everything one -f means."""
    if name == "-":
        yield "STDIN", sys.stdin.buffer.read()
        return
    if name.startswith(("http://", "https://")):
        yield name, _fetched(name)
        return
    path = Path(name)
    if path.is_dir():
        inside = sorted(path.rglob("*") if recursive else path.iterdir())
        for each in inside:
            if each.suffix in SUFFIXES and each.is_file():
                yield str(each), _content(each)
        return
    if not path.exists():
        raise CommandError(f'the path "{name}" does not exist')
    yield name, _content(path)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"error reading {path}: {error.strerror}") from error


def _fetched(url: str) -> bytes:
    from urllib.error import URLError
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=FETCH_SECONDS) as answer:
            content: bytes = answer.read()
            return content
    except (URLError, OSError, ValueError) as error:
        raise CommandError(f"unable to read URL {url!r}: {error}") from error
