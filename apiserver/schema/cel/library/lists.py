"""Lists and sets: Kubernetes' isSorted, sum, min, max, indexOf; CEL's sets and lists extensions."""

import functools
import itertools
import operator
from collections.abc import Callable
from typing import Any, Final

from apiserver.schema.cel.terms import Overload, function, member
from apiserver.schema.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    A,
    Type,
    list_of,
)
from apiserver.schema.cel.values import (
    Duration,
    EvaluationError,
    Meter,
    UInt,
    equals,
    int_result,
    no_such_overload,
    uint_result,
)

_COMPARABLE: Final = (INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES)


def _is_sorted(items: list[Any]) -> bool:
    try:
        return not any(later < earlier for earlier, later in itertools.pairwise(items))
    except TypeError:
        raise no_such_overload() from None


def _sum(items: list[Any]) -> Any:
    if not items:
        return 0
    if any(type(item) is not type(items[0]) for item in items):
        raise no_such_overload()
    if type(items[0]) is Duration:
        return Duration(sum(item.nanos for item in items))
    if type(items[0]) is UInt:
        return uint_result(sum(items))
    if type(items[0]) is int:
        return int_result(sum(items))
    if type(items[0]) is float:
        return functools.reduce(operator.add, items)
    raise no_such_overload()


def _extreme(name: str, choose: Callable[..., Any]) -> Callable[[list[Any]], Any]:
    def call(items: list[Any]) -> Any:
        if not items:
            raise EvaluationError(f"{name} called on empty list")
        try:
            return choose(items)
        except TypeError:
            raise no_such_overload() from None

    return call


def _smallest(items: list[Any]) -> Any:
    return functools.reduce(lambda a, b: b if b < a else a, items)


def _largest(items: list[Any]) -> Any:
    return functools.reduce(lambda a, b: b if a < b else a, items)


def _index_of(meter: Meter, items: list[Any], value: Any) -> int:
    meter.charge(len(items))
    return next((index for index, item in enumerate(items) if equals(item, value, meter)), -1)


def _last_index_of(meter: Meter, items: list[Any], value: Any) -> int:
    meter.charge(len(items))
    for index in range(len(items) - 1, -1, -1):
        if equals(items[index], value, meter):
            return index
    return -1


def _contains_all(meter: Meter, items: list[Any], wanted: list[Any]) -> bool:
    meter.charge(len(items) * len(wanted))
    return all(any(equals(value, item, meter) for item in items) for value in wanted)


def _equivalent(meter: Meter, left: list[Any], right: list[Any]) -> bool:
    return _contains_all(meter, left, right) and _contains_all(meter, right, left)


def _intersects(meter: Meter, left: list[Any], right: list[Any]) -> bool:
    meter.charge(len(left) * len(right))
    return any(equals(a, b, meter) for a in left for b in right)


def _slice(items: list[Any], start: int, end: int) -> list[Any]:
    if start < 0 or end < 0:
        raise EvaluationError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise EvaluationError(
            f"cannot slice({start}, {end}), start index must be less than or equal to end index"
        )
    if end > len(items):
        raise EvaluationError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return items[start:end]


def _flatten(meter: Meter, items: list[Any], depth: int = 1) -> list[Any]:
    if depth < 0:
        raise EvaluationError("level must be non-negative")
    flat: list[Any] = []
    for item in items:
        if type(item) is list and depth > 0:
            meter.charge(len(item))
            flat += _flatten(meter, item, depth - 1) if depth > 1 else item
        else:
            flat.append(item)
    return flat


def _distinct(meter: Meter, items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        meter.charge(1 + len(found))
        if not any(equals(item, other, meter) for other in found):
            found.append(item)
    return found


def _sorted(items: list[Any]) -> list[Any]:
    try:
        return sorted(items)
    except TypeError:
        raise no_such_overload() from None


def _range(meter: Meter, count: int) -> list[int]:
    meter.charge(max(count, 0))
    return list(range(count))


def _typed() -> list[Overload]:
    found: list[Overload] = []
    for item in _COMPARABLE:
        items = list_of(item)
        found += [
            member("isSorted", [items], BOOL, _is_sorted, sized=True),
            member("min", [items], item, _extreme("min", _smallest), sized=True),
            member("max", [items], item, _extreme("max", _largest), sized=True),
            member("sort", [items], items, _sorted, sized=True),
        ]
    for item in (INT, UINT, DOUBLE, DURATION):
        found.append(member("sum", [list_of(item)], item, _sum, sized=True))
    return found


_ITEMS: Final[Type] = list_of(A)
LISTS: Final = [
    *_typed(),
    member("indexOf", [_ITEMS, A], INT, _index_of, metered=True),
    member("lastIndexOf", [_ITEMS, A], INT, _last_index_of, metered=True),
    function("sets.contains", [_ITEMS, _ITEMS], BOOL, _contains_all, metered=True),
    function("sets.equivalent", [_ITEMS, _ITEMS], BOOL, _equivalent, metered=True),
    function("sets.intersects", [_ITEMS, _ITEMS], BOOL, _intersects, metered=True),
    member("slice", [_ITEMS, INT, INT], _ITEMS, _slice, sized=True),
    member("flatten", [list_of(_ITEMS)], _ITEMS, _flatten, metered=True),
    member("flatten", [list_of(A), INT], list_of(Type("dyn")), _flatten, metered=True),
    member("distinct", [_ITEMS], _ITEMS, _distinct, metered=True),
    member("reverse", [_ITEMS], _ITEMS, lambda items: items[::-1], sized=True),
    function("lists.range", [INT], list_of(INT), _range, metered=True),
]
