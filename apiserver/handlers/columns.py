"""Columns of a resource's table and what goes into each: declared columns joined with cells that fill them.

In: a ServedResource. Out: a Layout, remembered per definition by tables.py. Built-in kinds and Cluster have
written cells (cells/), Karmada kinds and custom resources JSONPath columns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from apiserver.handlers.cells import CELLS, Cell
from apiserver.handlers.cells.fields import AGE, NAME, Shown
from apiserver.handlers.durations import INVALID, UNKNOWN, Since, age
from karmada.api.jsonpath import Path, compile_path
from karmada.api.objects import Object
from karmada.api.scheme import Column, ServedResource

NAME_COLUMN: Final = Column(
    "Name",
    format="name",
    json_path=".metadata.name",
    description="Name of the object, unique for its kind.",
)
AGE_COLUMN: Final = Column(
    "Age",
    type="date",
    json_path=".metadata.creationTimestamp",
    description="How long ago the object was created.",
)
_CREATION: Final = ".metadata.creationTimestamp"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a resource's table looks like. definitions is the columnDefinitions list as JSON."""

    columns: tuple[Column, ...]
    cells: tuple[Cell, ...]
    definitions: bytes


def layout_of(served: ServedResource) -> Layout | None:
    """The layout of a resource's table; None for kinds that have none (the review kinds)."""
    written = _written_cells(served)
    if written is not None:
        columns = served.columns
        cells = written
    else:
        columns = declared_columns(served)
        cells = tuple(json_path_cell(column) for column in columns)
    if not columns:
        return None
    return Layout(columns, cells, orjson.dumps([definition_of(column) for column in columns]))


def _written_cells(served: ServedResource) -> tuple[Cell, ...] | None:
    group = "" if served.gvr.group == "events.k8s.io" else served.gvr.group
    cells = CELLS.get((group, served.kind))
    return cells if cells is not None and len(cells) == len(served.columns) else None


def declared_columns(served: ServedResource) -> tuple[Column, ...]:
    """The JSONPath columns of a resource, name first; name and age when it declares none."""
    declared = tuple(column for column in served.columns if column.json_path)
    if not declared:
        return (NAME_COLUMN, AGE_COLUMN) if served.custom else ()
    named = declared[0].json_path == NAME_COLUMN.json_path
    return declared if named else (NAME_COLUMN, *declared)


def definition_of(column: Column) -> Object:
    """The TableColumnDefinition of a column."""
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": _description(column),
        "priority": column.priority,
    }


def _description(column: Column) -> str:
    if column.description:
        return column.description
    if column.json_path == NAME_COLUMN.json_path:
        return NAME_COLUMN.description
    if column.json_path:
        return f"Custom resource definition column (in JSONPath format): {column.json_path}"
    return column.cell


def json_path_cell(column: Column) -> Cell:
    """A cell that shows the first value a path finds; null when it finds none or is no path."""
    if column.json_path == NAME_COLUMN.json_path:
        return NAME
    if column.type == "date" and column.json_path == _CREATION:
        return AGE
    try:
        path = compile_path(column.json_path)
    except ValueError:
        return lambda _: None
    return _path_cell(path, _SHOW.get(column.type, _show_text))


def _path_cell(path: Path, show: Callable[[Any], Shown]) -> Cell:
    def cell(obj: Object) -> Shown:
        value = path.first(obj)
        return None if value is None else show(value)

    return cell


def _show_text(value: Any) -> Shown:
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _show_integer(value: Any) -> Shown:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _show_number(value: Any) -> Shown:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _show_flag(value: Any) -> Shown:
    return value if isinstance(value, bool) else None


def _show_date(value: Any) -> Shown:
    shown: Since | str = age(value) if isinstance(value, str) else INVALID
    return shown if shown != UNKNOWN else INVALID


_SHOW: Final[dict[str, Callable[[Any], Shown]]] = {
    "string": _show_text,
    "integer": _show_integer,
    "number": _show_number,
    "boolean": _show_flag,
    "date": _show_date,
}
