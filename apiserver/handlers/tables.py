"""Objects as table rows and as metadata only: what kubectl, the garbage collector and informers ask for.

In: objects or entries of one definition, and the Form negotiate.py found. Out: Table and
PartialObjectMetadata(List) bodies. A row is computed once from the decoded object; what depends on the time
of day (ages) stays open in it and is filled in when the row is written.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

import orjson

from apiserver.handlers.cells.fields import Shown
from apiserver.handlers.cells.pods import row_conditions
from apiserver.handlers.columns import Layout, layout_of
from apiserver.handlers.durations import Since
from apiserver.handlers.negotiate import BUILT_IN, CUSTOM, Form, View, unserved_view
from apiserver.resources.definition import ResourceDefinition
from apiserver.storage.entries import Entry
from karmada.api.errors import BadRequest, NotAcceptable
from karmada.api.objects import Object, name_of
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

INCLUDE_NONE: Final = "None"
INCLUDE_METADATA: Final = "Metadata"
INCLUDE_OBJECT: Final = "Object"

_LAYOUTS: WeakKeyDictionary[ResourceDefinition, Layout | None] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Row:
    """A table row of one version of an object: JSON pieces, and between them what changes with time.

    conditions is `"conditions":[...],` or empty.
    """

    pieces: tuple[bytes | Since, ...]
    conditions: bytes = b""

    def encode(self, *, now: float, object_json: bytes) -> bytes:
        """The row as JSON. now is seconds since the epoch; object_json what the row carries of the object."""
        cells = b"".join(
            piece if isinstance(piece, bytes) else orjson.dumps(piece.text(now)) for piece in self.pieces
        )
        return b'{"cells":[%s],%s"object":%s}' % (cells, self.conditions, object_json)


def layout(definition: ResourceDefinition) -> Layout:
    """Raises NotAcceptable for kinds without a table."""
    if definition not in _LAYOUTS:
        _LAYOUTS[definition] = layout_of(definition.served)
    found = _LAYOUTS[definition]
    if found is None:
        raise unserved_view(BUILT_IN if definition.origin == "builtin" else CUSTOM)
    return found


def row_of(definition: ResourceDefinition, obj: Object) -> Row:
    """The row of an object in the definition's version; may be kept as long as the object stays as it is."""
    pieces = _pieces([cell(obj) for cell in layout(definition).cells])
    conditions = row_conditions(obj) if definition.gvk == ("", "v1", "Pod") else []
    return Row(tuple(pieces), b'"conditions":%s,' % orjson.dumps(conditions) if conditions else b"")


def _pieces(cells: list[Shown]) -> list[bytes | Since]:
    """The JSON of the cells, cut where a cell depends on the time."""
    pieces: list[bytes | Since] = []
    start = 0
    for position, cell in enumerate(cells):
        if isinstance(cell, Since):
            fixed = orjson.dumps(cells[start:position])[1:-1]
            before = b"," if start else b""
            pieces += (before + fixed + (b"," if fixed else b""), cell)
            start = position + 1
    if start < len(cells):
        pieces.append((b"," if start else b"") + orjson.dumps(cells[start:])[1:-1])
    return pieces


def check_include(include_object: str) -> str:
    """The includeObject to use. Raises BadRequest for one that does not exist."""
    if include_object in ("", INCLUDE_METADATA, INCLUDE_OBJECT, INCLUDE_NONE):
        return include_object or INCLUDE_METADATA
    raise BadRequest(
        f'Unable to convert to Table as requested: includeObject: Invalid value: "{include_object}": '
        "must be 'Metadata', 'Object', 'None', or empty"
    )


def object_json(form: Form, obj: Object, include_object: str) -> bytes:
    """What a row carries of its object. obj has apiVersion and kind."""
    if include_object == INCLUDE_OBJECT:
        return orjson.dumps(obj)
    return b"null" if include_object == INCLUDE_NONE else partial_json(form, obj)


def partial_json(form: Form, obj: Object) -> bytes:
    """The PartialObjectMetadata of obj."""
    return b'{"kind":"PartialObjectMetadata","apiVersion":"%s","metadata":%s}' % (
        form.api_version.encode(),
        orjson.dumps(obj.get("metadata") or {}),
    )


def table_json(
    form: Form,
    definition: ResourceDefinition,
    rows: Iterable[bytes],
    metadata: Object,
    *,
    with_columns: bool = True,
) -> bytes:
    """A Table of encoded rows. metadata is the ListMeta; later events of a watch leave the columns out."""
    return b'{"kind":"Table","apiVersion":"%s","metadata":%s,"columnDefinitions":%s,"rows":[%s]}' % (
        form.api_version.encode(),
        orjson.dumps(metadata),
        layout(definition).definitions if with_columns else b"null",
        b",".join(rows),
    )


def table_of(
    form: Form,
    definition: ResourceDefinition,
    objects: Iterable[Object],
    metadata: Object,
    *,
    include_object: str = "",
    clock: Clock = SYSTEM_CLOCK,
    with_columns: bool = True,
) -> bytes:
    """The Table of objects, in their order. Raises NotAcceptable, BadRequest."""
    include, now = check_include(include_object), clock.now().timestamp()
    rows = [
        row_of(definition, obj).encode(now=now, object_json=object_json(form, obj, include))
        for obj in objects
    ]
    return table_json(form, definition, rows, metadata, with_columns=with_columns)


def partial_list(form: Form, objects: Iterable[Object], metadata: Object) -> bytes:
    """The PartialObjectMetadataList of objects."""
    return b'{"kind":"PartialObjectMetadataList","apiVersion":"%s","metadata":%s,"items":[%s]}' % (
        form.api_version.encode(),
        orjson.dumps(metadata),
        b",".join(partial_json(form, obj) for obj in objects),
    )


def list_json(
    form: Form,
    definition: ResourceDefinition,
    objects: Iterable[Object],
    metadata: Object,
    *,
    include_object: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> bytes:
    """A list in the view form asks for, as JSON. Raises NotAcceptable when that view is one object's."""
    if form.view is View.TABLE:
        objects = sorted(objects, key=_precedence) if definition.served.kind == "FlowSchema" else objects
        return table_of(form, definition, objects, metadata, include_object=include_object, clock=clock)
    if form.view is View.PARTIAL_METADATA_LIST:
        return partial_list(form, objects, metadata)
    list_kind = definition.served.list_kind or f"{definition.served.kind}List"
    raise NotAcceptable(
        "you requested PartialObjectMetadata, but the requested object is a list "
        f"(*{go_package(definition)}.{list_kind})"
    )


def _precedence(flow_schema: Object) -> tuple[int, str]:
    """Flow schemas are read in the order they are tried."""
    return (flow_schema.get("spec") or {}).get("matchingPrecedence") or 0, name_of(flow_schema)


def single(
    form: Form,
    definition: ResourceDefinition,
    obj: Object,
    *,
    include_object: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Object:
    """One object in the view form asks for. Raises NotAcceptable, BadRequest."""
    if form.view is View.TABLE:
        metadata = {"resourceVersion": (obj.get("metadata") or {}).get("resourceVersion", "")}
        data = table_of(form, definition, [obj], metadata, include_object=include_object, clock=clock)
    elif form.view is View.PARTIAL_METADATA:
        data = partial_json(form, obj)
    else:
        raise NotAcceptable(
            "you requested PartialObjectMetadataList, but the requested object is not a list "
            f"(*{go_package(definition)}.{definition.served.kind})"
        )
    result: Object = orjson.loads(data)
    return result


def go_package(definition: ResourceDefinition) -> str:
    """How messages of 406 answers name a kind's package."""
    if definition.origin == "custom":
        return "unstructured"
    return definition.gvr.group.partition(".")[0] or "core"


class PartialView:
    """Entries as PartialObjectMetadata, for watches and lists; the bytes may be kept with the entry."""

    def __init__(self, definition: ResourceDefinition, form: Form) -> None:
        self.form = form
        self.name = f"partial {form.api_version}"
        self._head = (
            b'{"kind":"PartialObjectMetadata","apiVersion":"%s","metadata":' % form.api_version.encode()
        )

    def render(self, entry: Entry) -> bytes:
        metadata = entry.decode(b"{").get("metadata") or {}
        return self._head + orjson.dumps(metadata) + b"}"


class TableView:
    """Entries as a Table of one row, for a watch: ages are those of the moment, so it is not to be kept."""

    def __init__(
        self,
        definition: ResourceDefinition,
        form: Form,
        *,
        include_object: str = "",
        with_columns: bool = False,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.definition = definition
        self.form = form
        self.include_object = check_include(include_object)
        self.with_columns = with_columns
        self.clock = clock
        layout(definition)
        columns = "columns" if with_columns else ""
        self.name = f"table {form.api_version} {definition.api_version} {self.include_object} {columns}"

    def render(self, entry: Entry) -> bytes:
        return table_of(
            self.form,
            self.definition,
            [self.definition.decode(entry)],
            {"resourceVersion": str(entry.revision)},
            include_object=self.include_object,
            clock=self.clock,
            with_columns=self.with_columns,
        )


def bookmark_json(
    form: Form, definition: ResourceDefinition, metadata: Object, *, with_columns: bool
) -> bytes:
    """A BOOKMARK's object in the form's view. metadata has resourceVersion and perhaps annotations."""
    partial = partial_json(form, {"metadata": metadata})
    if form.view is not View.TABLE:
        return partial
    cells = orjson.dumps([None] * len(layout(definition).cells))
    row = b'{"cells":%s,"object":%s}' % (cells, partial)
    version = {"resourceVersion": metadata.get("resourceVersion", "")}
    return table_json(form, definition, [row], version, with_columns=with_columns)
