"""Optional values."""

from typing import Any, Final

from apiserver.schema.cel.terms import function, member
from apiserver.schema.cel.types import BOOL, DYN, A, list_of, optional_of
from apiserver.schema.cel.values import NONE, Optional, UInt, no_such_overload

_OPTIONAL: Final = optional_of(A)


def _of_non_zero(value: Any) -> Optional:
    if value is None or (type(value) in (bool, int, UInt, float, str, bytes, list, dict) and not value):
        return NONE
    return Optional(value)


def _unwrapped(items: list[Any]) -> list[Any]:
    if any(type(item) is not Optional for item in items):
        raise no_such_overload()
    return [item.value for item in items if item.present]


def _first(items: list[Any]) -> Optional:
    return Optional(items[0]) if items else NONE


def _last(items: list[Any]) -> Optional:
    return Optional(items[-1]) if items else NONE


OPTIONALS: Final = [
    function("optional.of", [A], _OPTIONAL, Optional),
    function("optional.ofNonZeroValue", [A], _OPTIONAL, _of_non_zero),
    function("optional.none", [], optional_of(DYN), lambda: NONE),
    function("optional.unwrap", [list_of(_OPTIONAL)], list_of(A), _unwrapped, sized=True),
    member("unwrapOpt", [list_of(_OPTIONAL)], list_of(A), _unwrapped, sized=True),
    member("hasValue", [_OPTIONAL], BOOL, lambda given: given.present),
    member("value", [_OPTIONAL], A, lambda given: given.value),
    member("orValue", [_OPTIONAL, A], A, lambda given, other: given.value if given.present else other),
    member("or", [_OPTIONAL, _OPTIONAL], _OPTIONAL, lambda given, other: given if given.present else other),
    member("first", [list_of(A)], _OPTIONAL, _first),
    member("last", [list_of(A)], _OPTIONAL, _last),
]
