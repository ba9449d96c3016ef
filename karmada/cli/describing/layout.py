"""Lines with tabs to aligned text, and the parts every description begins with. Pure.

In: lines whose cells end in tabs. Out: text in which a column is as wide as its widest cell in a run of
neighbouring lines that have it (elastic tab stops), two blanks apart.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from karmada.api.objects import Object, annotations_of, labels_of, name_of, namespace_of

PADDING = 2
MAX_ANNOTATION = 140
HIDDEN_ANNOTATIONS = ("kubectl.kubernetes.io/last-applied-configuration",)
NONE = "<none>"


def tabulated(lines: Sequence[str]) -> str:
    rows = [line.split("\t") for line in lines]
    widths = [[0] * (len(row) - 1) for row in rows]
    for column in range(max((len(row) - 1 for row in rows), default=0)):
        start = 0
        while start < len(rows):
            end = start
            while end < len(rows) and len(rows[end]) - 1 > column:
                end += 1
            if end > start:
                width = max(len(rows[at][column]) for at in range(start, end)) + PADDING
                for at in range(start, end):
                    widths[at][column] = width
            start = max(end, start + 1)
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(row, [*sizes, 0], strict=True))
        for row, sizes in zip(rows, widths, strict=True)
    )


def heading(obj: Object, *, created: bool = False, namespaced: bool = True) -> Iterator[str]:
    """Name, namespace, labels, annotations."""
    yield f"Name:\t{name_of(obj)}"
    if namespaced:
        yield f"Namespace:\t{namespace_of(obj)}"
    if created:
        yield f"CreationTimestamp:\t{time_text((obj['metadata']).get('creationTimestamp'))}"
    yield from pairs("Labels", labels_of(obj))
    yield from annotations("Annotations", annotations_of(obj))


def pairs(title: str, values: Mapping[str, str], *, indent: str = "") -> Iterator[str]:
    """`Labels:  a=b`, one pair a line."""
    if not values:
        yield f"{indent}{title}:\t{NONE}"
    for number, (key, value) in enumerate(sorted(values.items())):
        yield f"{indent}{title + ':' if number == 0 else ''}\t{key}={value}"


def annotations(title: str, values: Mapping[str, str], *, indent: str = "") -> Iterator[str]:
    shown = {key: value for key, value in sorted(values.items()) if key not in HIDDEN_ANNOTATIONS}
    if not shown:
        yield f"{indent}{title}:\t{NONE}"
    for number, (key, text) in enumerate(shown.items()):
        lead = f"{indent}{title + ':' if number == 0 else ''}\t"
        value = text.removesuffix("\n")
        if len(value) + len(key) + 2 > MAX_ANNOTATION or "\n" in value:
            yield f"{lead}{key}:"
            for line in value.split("\n"):
                yield f"{indent}\t  {shortened(line, MAX_ANNOTATION - 2)}"
        else:
            yield f"{lead}{key}: {value}"


def shortened(text: str, limit: int) -> str:
    return text[:limit] + "..." if len(text) > limit else text


def time_text(text: str | None) -> str:
    """`Tue, 24 Nov 2026 14:01:50 +0000`."""
    if not text:
        return "<unset>"
    try:
        return datetime.fromisoformat(text).strftime("%a, %d %b %Y %H:%M:%S %z")
    except ValueError:
        return text


ACRONYMS = frozenset({"API", "URL", "UID", "OSB", "GUID"})


def label_for(field: str) -> str:
    """`creationTimestamp` -> `Creation Timestamp`; keys that are no field names stay."""
    if not re.fullmatch(r"[A-Za-z-]+", field):
        return field
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|-+", field)
    return " ".join(
        word.upper() if word.upper() in ACRONYMS else word[:1].upper() + word[1:] for word in words
    )


def scalar(value: Any) -> str:
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
