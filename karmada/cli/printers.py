"""What commands print: lines, aligned tables, YAML and JSON documents.

Console is the only writer of the command line, so commands can be tested with their output caught. Tables
come from the server's own Table form; format_table only aligns them, as kubectl does.
"""

import sys
from collections.abc import Sequence
from typing import TextIO

import orjson

from karmada.api.objects import Object

COLUMN_GAP = 3


class Console:
    """Standard output and standard error of one command."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = out if out is not None else sys.stdout
        self._err = err if err is not None else sys.stderr

    def line(self, text: str = "") -> None:
        self._out.write(text + "\n")
        self._out.flush()

    def error(self, text: str) -> None:
        self._err.write(text + "\n")
        self._err.flush()

    def write(self, data: bytes) -> None:
        """Bytes as they are: logs and streams of containers."""
        self._out.flush()
        self._out.buffer.write(data)
        self._out.buffer.flush()

    def write_error(self, data: bytes) -> None:
        self._err.flush()
        self._err.buffer.write(data)
        self._err.buffer.flush()

    @property
    def is_terminal(self) -> bool:
        return self._out.isatty()


class GrowingTable:
    """Rows that come one by one; a column never gets narrower than it was."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._widths: list[int] = []

    def row(self, cells: Sequence[object]) -> None:
        texts = [_cell(value) for value in cells]
        known = [*self._widths, *[0] * (len(texts) - len(self._widths))]
        self._widths = [max(width, len(text)) for width, text in zip(known, texts, strict=False)]
        gapped = zip(texts, self._widths, strict=False)
        self._console.line("".join(text.ljust(width + COLUMN_GAP) for text, width in gapped).rstrip())


def format_table(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    headers: bool = True,
    keep_case: bool = False,
) -> str:
    """Columns as wide as their longest cell, three blanks between them, none at the end of a line."""
    lines = [[name if keep_case else name.upper() for name in header]] if headers else []
    lines.extend([_cell(value) for value in row] for row in rows)
    widths = [max((len(line[column]) for line in lines), default=0) for column in range(len(header))]
    return "\n".join(
        "".join(cell.ljust(width + COLUMN_GAP) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def format_objects(objects: Sequence[Object], output: str) -> str:
    """A single object, or a v1 List of several, as `json` or `yaml`."""
    document: Object = (
        objects[0]
        if len(objects) == 1
        else {"apiVersion": "v1", "kind": "List", "items": list(objects), "metadata": {"resourceVersion": ""}}
    )
    if output == "yaml":
        from karmada.api.codec import dump_yaml  # quick commands need none

        return dump_yaml(document).rstrip("\n")
    text: bytes = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    return text.decode()


def _cell(value: object) -> str:
    if value is None:
        return "<none>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).partition("\n")[0]
