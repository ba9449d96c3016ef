"""Any object, field by field: what describe shows of Karmada's kinds and of everything it has no form for.

In: an object. Out: lines for layout.tabulated.
"""

from collections.abc import Iterator
from typing import Any

from karmada.api.objects import Object, namespace_of
from karmada.cli.describing.layout import heading, label_for, scalar

SHOWN_ABOVE = {"apiVersion", "kind"}
SHOWN_IN_HEADING = {"name", "namespace", "labels", "annotations", "managedFields", "selfLink"}


def described(obj: Object) -> Iterator[str]:
    yield f"Name:\t{obj['metadata'].get('name', '')}"
    yield f"Namespace:\t{namespace_of(obj)}"
    yield from list(heading(obj, namespaced=False))[1:]
    yield f"API Version:\t{obj.get('apiVersion', '')}"
    yield f"Kind:\t{obj.get('kind', '')}"
    rest = {key: value for key, value in obj.items() if key not in SHOWN_ABOVE}
    metadata = {key: value for key, value in obj["metadata"].items() if key not in SHOWN_IN_HEADING}
    yield from fields({**rest, "metadata": metadata}, 0)


def fields(values: Object, level: int) -> Iterator[str]:
    indent = "  " * level
    for key, value in sorted(values.items()):
        if isinstance(value, dict):
            yield f"{indent}{label_for(key)}:"
            yield from fields(value, level + 1)
        elif isinstance(value, list):
            yield f"{indent}{label_for(key)}:"
            yield from _items(value, level + 1)
        else:
            yield f"{indent}{label_for(key)}:\t{scalar(value)}"


def _items(values: list[Any], level: int) -> Iterator[str]:
    for value in values:
        if isinstance(value, dict):
            yield from fields(value, level)
        else:
            yield "  " * level + scalar(value)
