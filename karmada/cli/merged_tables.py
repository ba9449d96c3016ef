"""Tables of several clusters become one: CLUSTER behind the first column, ADOPTION last. Pure.

In: Answers, each a server's own Table. Out: header and rows. For pods ADOPTION has priority 1, which means
`-o wide` only, and hides it for the kinds that follow, too: as karmadactl does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from karmada.api.objects import Object, labels_of, namespace_of
from karmada.api.wellknown import MANAGED_BY_KARMADA_LABEL, MANAGED_BY_KARMADA_VALUE

KARMADA: Final = "Karmada"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one cluster said about one resource: a Table, or the objects as JSON."""

    cluster: str
    document: Object


@dataclass(frozen=True, slots=True)
class Shape:
    """Which columns to show. prefix stands before each name, as `deployment.apps/`."""

    wide: bool = False
    adoption: bool = True
    namespaces: bool = False
    labels: bool = False
    prefix: str = ""
    watching: bool = False
    events: bool = False


@dataclass(slots=True)
class Columns:
    """The columns of the first answer that has some; the others are laid under it."""

    definitions: list[Object] = field(default_factory=list)

    def learn(self, answers: Iterable[Answer]) -> None:
        if not self.definitions:
            self.definitions = next(
                (found for answer in answers if (found := answer.document.get("columnDefinitions"))), []
            )

    def shown(self, shape: Shape) -> list[int]:
        return [
            index for index, column in enumerate(self.definitions) if shape.wide or not column.get("priority")
        ]

    def header(self, shape: Shape) -> list[str]:
        names = [str(self.definitions[index]["name"]) for index in self.shown(shape)]
        names[1:1] = ["CLUSTER"]
        if shape.adoption:
            names.append("ADOPTION")
        if shape.labels:
            names.append("LABELS")
        if shape.namespaces:
            names[0:0] = ["NAMESPACE"]
        if shape.events:
            names[0:0] = ["EVENT"]
        return names

    def row(self, cluster: str, row: Object, shape: Shape, *, event: str = "") -> list[object]:
        obj = row.get("object") or {}
        cells: list[object] = [row["cells"][index] for index in self.shown(shape)]
        if shape.prefix and cells:
            cells[0] = f"{shape.prefix}{cells[0]}"
        cells[1:1] = [cluster]
        if shape.adoption:
            cells.append(adopted(cluster, obj, watching=shape.watching))
        if shape.labels:
            cells.append(labels_text(obj))
        if shape.namespaces:
            cells[0:0] = [namespace_of(obj)]
        if shape.events:
            cells[0:0] = [event]
        return cells


def merged_table(answers: Sequence[Answer], shape: Shape) -> tuple[list[str], list[list[object]]]:
    """One table of all answers."""
    columns = Columns()
    columns.learn(answer for answer in answers if answer.document.get("rows"))
    rows = [
        columns.row(answer.cluster, row, shape)
        for answer in answers
        for row in answer.document.get("rows") or ()
    ]
    return columns.header(shape), rows


def adopted(cluster: str, obj: Object, *, watching: bool = False) -> str:
    """Whether a member object is Karmada's: Y or N; the control plane's own are `-`, in a watch N."""
    if cluster == KARMADA and not watching:
        return "-"
    return "Y" if labels_of(obj).get(MANAGED_BY_KARMADA_LABEL) == MANAGED_BY_KARMADA_VALUE else "N"


def labels_text(obj: Object) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels_of(obj).items())) or "<none>"
