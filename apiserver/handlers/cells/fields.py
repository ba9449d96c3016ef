"""Cells that many kinds share, and the ways to read a value for one.

A Cell is a function from an object to what the table shows: text, a number, a flag, or a Since.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from apiserver.handlers.durations import Since, age
from karmada.api.objects import Object

Shown: TypeAlias = str | int | float | bool | Since | None
Cell: TypeAlias = Callable[[Object], Shown]

NONE: Final = "<none>"
UNSET: Final = "<unset>"
_OPERATORS: Final = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}
"""Label selector operators, and whether they take values."""


def at(obj: Any, *path: str) -> Any:
    """The value under path, None when some part is missing."""
    for name in path:
        if not isinstance(obj, dict):
            return None
        obj = obj.get(name)
    return obj


def text(*path: str, default: str = "") -> Cell:
    """The text under path; default when it is missing or empty."""
    return lambda obj: str(at(obj, *path) or default)


def number(*path: str, default: int = 0) -> Cell:
    def cell(obj: Object) -> Shown:
        value = at(obj, *path)
        return value if isinstance(value, int | float) else default

    return cell


def flag(*path: str, default: bool = False) -> Cell:
    def cell(obj: Object) -> Shown:
        value = at(obj, *path)
        return value if isinstance(value, bool) else default

    return cell


def count(*paths: tuple[str, ...]) -> Cell:
    """How many entries the lists or maps under paths have together."""
    return lambda obj: sum(len(at(obj, *path) or ()) for path in paths)


def labels(*path: str) -> Cell:
    """`k=v` list of the map under path, sorted; `<none>` when empty."""
    return lambda obj: label_text(at(obj, *path))


def joined(*path: str, separator: str = ",", default: str = "") -> Cell:
    """The texts of a list, joined."""
    return lambda obj: separator.join(str(item) for item in at(obj, *path) or ()) or default


def age_of(*path: str, default: str = "") -> Cell:
    """How long ago the time under path was; default (else `<unknown>`) when it is missing."""

    def cell(obj: Object) -> Shown:
        value = at(obj, *path)
        return default if default and not value else age(value)

    return cell


def selector(*path: str) -> Cell:
    """The text of a label selector; `<none>` when empty."""
    return lambda obj: selector_text(at(obj, *path)) or NONE


def containers(*path: str) -> tuple[Cell, Cell]:
    """Names and images of the containers under path."""
    return (
        lambda obj: ",".join(str(item.get("name") or "") for item in at(obj, *path) or ()),
        lambda obj: ",".join(str(item.get("image") or "") for item in at(obj, *path) or ()),
    )


def label_text(values: dict[str, Any] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((values or {}).items())) or NONE


def selector_text(value: Object | None) -> str:
    """Sorted requirements: `a=b,c in (d,e),!f`. "" for an empty selector."""
    if not value:
        return ""
    requirements = [(key, f"{key}={wanted}") for key, wanted in (value.get("matchLabels") or {}).items()]
    for expression in value.get("matchExpressions") or ():
        key = str(expression.get("key") or "")
        listed = ",".join(sorted(str(item) for item in expression.get("values") or ()))
        match expression.get("operator"):
            case "In":
                requirements.append((key, f"{key} in ({listed})"))
            case "NotIn":
                requirements.append((key, f"{key} notin ({listed})"))
            case "Exists":
                requirements.append((key, key))
            case _:
                requirements.append((key, f"!{key}"))
    return ",".join(shown for _, shown in sorted(requirements))


def is_selector(value: Object | None) -> bool:
    """Does the label selector parse: known operators, with values where they need some?"""
    return all(
        bool(expression.get("values")) is _OPERATORS[expression.get("operator")]
        if expression.get("operator") in _OPERATORS
        else False
        for expression in (value or {}).get("matchExpressions") or ()
    )


def condition(obj: Object, kind: str) -> Object:
    """The status condition of that type; empty when there is none."""
    conditions = at(obj, "status", "conditions") or ()
    return next((item for item in conditions if item.get("type") == kind), {})


def shortened(items: Sequence[str], limit: int, *, separator: str = ",") -> str:
    """The first limit items, and how many more there are."""
    shown = separator.join(items[:limit])
    return shown if len(items) <= limit else f"{shown} + {len(items) - limit} more..."


def unique(items: Iterable[str]) -> list[str]:
    return sorted(set(items))


NAME: Final = text("metadata", "name")
AGE: Final = age_of("metadata", "creationTimestamp")
CREATED_AT: Final = text("metadata", "creationTimestamp")
"""The creation time as RFC 3339 text."""
