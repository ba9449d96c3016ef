"""What layers outside this program answer, read as the values of the chain. Pure.

In: plain JSON from a script or a webhook. Out: frozen models, statuses, checked objects. Raises
InterpreterError.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from karmada.api.groups.config import DependentObjectReference
from karmada.api.groups.work import AggregatedStatusItem
from karmada.api.gvk import GroupVersionKind
from karmada.api.model import Model
from karmada.api.objects import Object, name_of, namespace_of
from karmada.api.selectors import InvalidSelector, from_label_selector
from karmada.interpreter.errors import InterpreterError

M = TypeVar("M", bound=Model)

_INT32: Final = range(-(2**31), 2**31)


def read_as(model: type[M], value: Any, what: str) -> M:
    """value as a model; what names it in the error."""
    try:
        return model.from_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InterpreterError(f"{what} cannot be read: {place}: {first['msg']}") from error


def read_all(model: type[M], values: Iterable[Any], what: str) -> list[M]:
    return [read_as(model, value, f"{what}[{number}]") for number, value in enumerate(values)]


def replicas_of(number: Any) -> int:
    """A number of replicas; fractions are cut off."""
    if isinstance(number, bool) or not isinstance(number, int | float) or int(number) not in _INT32:
        raise InterpreterError(f"{number!r} is no number of replicas")
    return int(number)


def checked_dependencies(references: list[DependentObjectReference]) -> list[DependentObjectReference]:
    """references, if each of them says enough to find something; otherwise none of them is used."""
    for reference in references:
        if error := _dependency_error(reference):
            raise InterpreterError(f"invalid dependency {reference.to_json()}: {error}")
    return references


def _dependency_error(reference: DependentObjectReference) -> str:
    if not reference.api_version:
        return "dependency missing required apiVersion"
    if not reference.kind:
        return "dependency missing required kind"
    if not reference.name and reference.label_selector is None:
        return "dependency can not leave name and labelSelector all empty"
    try:
        if reference.label_selector is not None:
            from_label_selector(reference.label_selector)
    except InvalidSelector as error:
        return str(error)
    return ""


def united(references: Iterable[DependentObjectReference]) -> list[DependentObjectReference]:
    """references in order, each name once. Those with a selector are never taken for the same."""
    seen: set[tuple[str, str, str, str]] = set()
    kept = []
    for reference in references:
        key = (reference.api_version, reference.kind, reference.namespace, reference.name)
        if reference.label_selector is None and key in seen:
            continue
        seen.add(key)
        kept.append(reference)
    return sorted(kept, key=lambda each: (each.api_version, each.kind, each.namespace, each.name))


def aggregated_items(items: Sequence[AggregatedStatusItem]) -> list[Object]:
    """The items as they travel: what is empty is left out."""
    return [
        {name: value for name, value in item.to_json().items() if value or name == "status"} for item in items
    ]


def with_status_of(obj: Object, computed: Object) -> Object:
    """obj with the status of computed; obj itself when it has that status already."""
    status = computed.get("status")
    if status == obj.get("status"):
        return obj
    kept = {name: value for name, value in obj.items() if name != "status"}
    return kept if status is None else {**kept, "status": status}


def same_object(before: Object, after: Object) -> Object:
    """after, if it still is the object it was made from: it will be written in that one's place."""
    was, became = _identity(before), _identity(after)
    if was != became:
        raise InterpreterError(f"the object {was} came back as {became}")
    return after


def _identity(obj: Object) -> str:
    return f"{GroupVersionKind.of(obj)} {namespace_of(obj)}/{name_of(obj)}"
