"""The operators of CEL as overloads: arithmetic, order, equality, membership, indexing.

`&&`, `||`, `?:` and macros are not here: they do not evaluate all their arguments (logic.py,
comprehensions.py).
"""

import math
import operator
from collections.abc import Callable
from typing import Any, Final

from apiserver.schema.cel.terms import Overload, function
from apiserver.schema.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NUMERIC,
    STRING,
    TIMESTAMP,
    UINT,
    A,
    B,
    Type,
    list_of,
    map_of,
)
from apiserver.schema.cel.values import (
    Duration,
    EvaluationError,
    Meter,
    Timestamp,
    UInt,
    equals,
    int_result,
    uint_result,
)

_ORDERED: Final = (BOOL, INT, UINT, DOUBLE, STRING, BYTES, TIMESTAMP, DURATION)
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": lambda a, b: b < a,
    "_>=_": lambda a, b: b <= a,
}


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("modulus by zero")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def _divide_doubles(left: float, right: float) -> float:
    if right:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


_INTEGER: Final[dict[str, Callable[[int, int], int]]] = {
    "_+_": operator.add,
    "_-_": operator.sub,
    "_*_": operator.mul,
    "_/_": _divide,
    "_%_": _remainder,
}
_DOUBLE: Final[dict[str, Callable[[float, float], float]]] = {
    "_+_": operator.add,
    "_-_": operator.sub,
    "_*_": operator.mul,
    "_/_": _divide_doubles,
}


def _checked(call: Callable[[int, int], int], result: Callable[[int], int]) -> Callable[[int, int], int]:
    return lambda left, right: result(call(left, right))


def _arithmetic() -> list[Overload]:
    found: list[Overload] = []
    for name, integer in _INTEGER.items():
        found += [
            function(name, [INT, INT], INT, _checked(integer, int_result)),
            function(name, [UINT, UINT], UINT, _checked(integer, uint_result)),
        ]
    found += [function(name, [DOUBLE, DOUBLE], DOUBLE, call) for name, call in _DOUBLE.items()]
    return found


def _join_texts(meter: Meter, left: Any, right: Any) -> Any:
    meter.charge((len(left) + len(right)) >> 3)
    return left + right


def _join_lists(meter: Meter, left: list[Any], right: list[Any]) -> list[Any]:
    meter.charge(len(left) + len(right))
    return left + right


def _sum_size(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left + right


def _times() -> list[Overload]:
    return [
        function("_+_", [TIMESTAMP, DURATION], TIMESTAMP, lambda a, b: Timestamp(a.nanos + b.nanos)),
        function("_+_", [DURATION, TIMESTAMP], TIMESTAMP, lambda a, b: Timestamp(a.nanos + b.nanos)),
        function("_+_", [DURATION, DURATION], DURATION, lambda a, b: Duration(a.nanos + b.nanos)),
        function("_-_", [TIMESTAMP, TIMESTAMP], DURATION, lambda a, b: Duration(a.nanos - b.nanos)),
        function("_-_", [TIMESTAMP, DURATION], TIMESTAMP, lambda a, b: Timestamp(a.nanos - b.nanos)),
        function("_-_", [DURATION, DURATION], DURATION, lambda a, b: Duration(a.nanos - b.nanos)),
    ]


def _order() -> list[Overload]:
    found: list[Overload] = []
    for name, call in _COMPARE.items():
        for left in _ORDERED:
            rights = [left]
            if left.kind in NUMERIC:
                rights += [right for right in (INT, UINT, DOUBLE) if right is not left]
            found += [function(name, [left, right], BOOL, call) for right in rights]
    return found


def is_in_list(meter: Meter, value: Any, items: list[Any]) -> bool:
    meter.charge(len(items))
    if type(value) is str:
        return value in items
    return any(equals(value, item, meter) for item in items)


def is_in_map(value: Any, entries: dict[Any, Any]) -> bool:
    try:
        return value in entries
    except TypeError:
        return False


def at_index(items: list[Any], index: Any) -> Any:
    if type(index) is float and index.is_integer():
        index = int(index)
    if type(index) not in (int, UInt):
        kind = type(index).__name__.replace("str", "string").replace("float", "double")
        raise EvaluationError(f"unsupported index type '{kind}' in list")
    if not 0 <= index < len(items):
        raise EvaluationError(f"index out of bounds: {index}")
    return items[index]


def at_key(entries: dict[Any, Any], key: Any) -> Any:
    try:
        return entries[key]
    except KeyError:
        raise EvaluationError(f"no such key: {key_text(key)}") from None
    except TypeError:
        raise EvaluationError(f"unsupported key type: {type(key).__name__}") from None


def key_text(key: Any) -> str:
    return ("true" if key else "false") if type(key) is bool else str(key)


def at_dyn(holder: Any, key: Any) -> Any:
    if type(holder) is list:
        return at_index(holder, key)
    if isinstance(holder, dict):
        return at_key(holder, key)
    raise EvaluationError(f"no such key: {key_text(key)}")


def _negate(value: int) -> int:
    return int_result(-value)


def _equal(meter: Meter, left: Any, right: Any) -> bool:
    return equals(left, right, meter)


def _different(meter: Meter, left: Any, right: Any) -> bool:
    return not equals(left, right, meter)


def _concatenation() -> list[Overload]:
    texts = [
        function("_+_", [kind, kind], kind, _join_texts, metered=True, result_size=_sum_size)
        for kind in (STRING, BYTES)
    ]
    lists = function(
        "_+_", [list_of(A), list_of(A)], list_of(A), _join_lists, metered=True, result_size=_sum_size
    )
    return [*texts, lists]


def _boolean_not(value: bool) -> bool:  # noqa: FBT001 - the operand of `!`
    return not value


OPERATORS: Final = [
    *_arithmetic(),
    *_concatenation(),
    *_times(),
    *_order(),
    function("_==_", [A, A], BOOL, _equal, metered=True),
    function("_!=_", [A, A], BOOL, _different, metered=True),
    function("@in", [A, list_of(A)], BOOL, is_in_list, metered=True),
    function("@in", [A, map_of(A, B)], BOOL, is_in_map),
    function("_[_]", [list_of(A), INT], A, at_index),
    function("_[_]", [map_of(A, B), A], B, at_key),
    function("!_", [BOOL], BOOL, _boolean_not),
    function("-_", [INT], INT, _negate),
    function("-_", [DOUBLE], DOUBLE, operator.neg),
]

__all__ = ["DYN", "OPERATORS", "Type", "at_dyn", "key_text"]
