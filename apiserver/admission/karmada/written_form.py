"""The form in which Karmada's mutating webhooks write a spec: parts that are never absent in the original
appear even when empty, optional parts that say nothing go.

In: the model of a part. Out: a function that brings plain JSON of that part into the form, in place. Compiled
once per model; what follows from the models cannot drift from them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from karmada.api.model import Model, schema_facts

Settle: TypeAlias = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class _Form:
    """How the fields of a part are treated."""

    always: list[tuple[str, Settle]] = field(default_factory=list)
    """Parts that are never absent."""
    pointers: list[tuple[str, Settle]] = field(default_factory=list)
    lists: list[tuple[str, Settle]] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)
    """Go when they are zero or empty."""


@cache
def written_form(model: type[Model]) -> Settle:
    """The settling function of a part. Null stands for absent."""
    form = _form(model)

    def settle(part: dict[str, Any]) -> None:
        for name in [name for name, value in part.items() if value is None]:
            del part[name]
        for name, child in form.always:
            child(part.setdefault(name, {}))
        _settle_below(part, form)
        for name in form.optional:
            if name in part and not part[name]:
                del part[name]

    return settle


def _settle_below(part: dict[str, Any], form: _Form) -> None:
    for name, child in form.pointers:
        if name in part:
            child(part[name])
    for name, child in form.lists:
        for item in part.get(name) or ():
            child(item)


def _form(model: type[Model]) -> _Form:
    form = _Form()
    for attribute, info in model.model_fields.items():
        name = info.alias or to_camel(attribute)
        inner, is_pointer, is_list = _shape(info.annotation)
        if inner is not None:
            group = form.lists if is_list else form.pointers if is_pointer else form.always
            group.append((name, written_form(inner)))
        is_plain = inner is None or is_list
        if is_plain and not is_pointer and info.annotation is not Any and not _is_required(info):
            form.optional.append(name)
    return form


def _shape(annotation: Any) -> tuple[type[Model] | None, bool, bool]:
    """The model inside a field, whether it is a pointer, whether it is a list of them."""
    if get_origin(annotation) is Annotated:
        return _shape(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation, False, False
    if get_origin(annotation) in (Union, UnionType):
        options = [option for option in get_args(annotation) if option is not type(None)]
        is_pointer = len(options) < len(get_args(annotation))
        inner, _, is_list = _shape(options[0]) if len(options) == 1 else (None, False, False)
        return inner, is_pointer, is_list
    if get_origin(annotation) is list:
        inner, _, _ = _shape(get_args(annotation)[0])
        return inner, False, inner is not None
    return None, False, False


def _is_required(info: FieldInfo) -> bool:
    return bool(schema_facts(info).get("required"))
