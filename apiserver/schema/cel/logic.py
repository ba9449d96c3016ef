"""Closures of what does not evaluate all its arguments: `&&`, `||`, `?:`, and reading fields.

`&&` and `||` absorb errors of one side when the other settles the result, as CEL says.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from apiserver.schema.cel.terms import Frame, Run, Term
from apiserver.schema.cel.types import Convert
from apiserver.schema.cel.values import (
    NONE,
    EvaluationError,
    Meter,
    Optional,
    equals,
    no_such_overload,
)


def settled_by(deciding: bool, runs: Sequence[Run]) -> Run:  # noqa: FBT001 - the value that settles it
    """`||` when deciding is True, `&&` when it is False: the first term of that value ends it."""
    return _of_two(deciding, *runs) if len(runs) == 2 else _of_many(deciding, runs)


def _of_many(deciding: bool, runs: Sequence[Run]) -> Run:  # noqa: FBT001 - as above
    other = not deciding

    def run(frame: Frame) -> bool:
        failure: EvaluationError | None = None
        for term in runs:
            try:
                value = term(frame)
            except EvaluationError as error:
                failure = failure or error
                continue
            if value is deciding:
                return bool(value)
            if value is not other:
                failure = failure or no_such_overload()
        if failure is not None:
            raise failure
        return other

    return run


def _of_two(deciding: bool, left: Run, right: Run) -> Run:  # noqa: FBT001 - as above
    other = not deciding

    def run(frame: Frame) -> bool:
        try:
            value = left(frame)
        except EvaluationError:
            if (second := right(frame)) is deciding:
                return bool(second)
            raise
        if value is deciding:
            return bool(value)
        second = right(frame)
        if second is deciding or (second is other and value is other):
            return bool(second)
        raise no_such_overload()

    return run


def chosen(condition: Run, then: Run, otherwise: Run) -> Run:
    def run(frame: Frame) -> Any:
        value = condition(frame)
        if value is True:
            return then(frame)
        if value is False:
            return otherwise(frame)
        raise no_such_overload()

    return run


# -- fields -------------------------------------------------------------------------------------------------


def reader(operand: Run, slot: int, field: str, convert: Convert | None) -> Run:
    """The field of a map or object. The error names it."""
    if convert is not None:
        return _converting_reader(operand, field, convert)

    def of_variable(frame: Frame) -> Any:
        try:
            return frame[slot][field]
        except (KeyError, TypeError):
            raise _missing(frame[slot], field) from None

    def run(frame: Frame) -> Any:
        holder = operand(frame)
        try:
            return holder[field]
        except (KeyError, TypeError):
            raise _missing(holder, field) from None

    return of_variable if slot else run


def _converting_reader(operand: Run, field: str, convert: Convert) -> Run:
    def run(frame: Frame) -> Any:
        holder = operand(frame)
        try:
            value = holder[field]
        except (KeyError, TypeError):
            raise _missing(holder, field) from None
        return None if value is None else convert(value)

    return run


def _missing(holder: Any, field: str) -> EvaluationError:
    if type(holder) is list:
        return EvaluationError("unsupported index type 'string' in list")
    return EvaluationError(f"no such key: {field}")


def presence(operand: Run, field: str) -> Run:
    """has(operand.field)."""

    def run(frame: Frame) -> bool:
        holder = operand(frame)
        if type(holder) is Optional:
            if not holder.present:
                return False
            holder = holder.value
        if isinstance(holder, dict):
            return field in holder
        if type(holder) is list:
            raise EvaluationError("unsupported index type 'string' in list")
        return False

    return run


def optional_reader(operand: Run, field: str, convert: Convert | None) -> Run:
    """operand.?field, and operand.field where operand is an optional: none stays none."""

    def run(frame: Frame) -> Optional:
        holder = operand(frame)
        if type(holder) is Optional:
            if not holder.present:
                return NONE
            holder = holder.value
        if not isinstance(holder, dict) or field not in holder:
            return NONE
        value = holder[field]
        return Optional(value if convert is None or value is None else convert(value))

    return run


def optional_index(operand: Run, index: Run) -> Run:
    """operand[?index]"""

    def run(frame: Frame) -> Optional:
        holder, key = operand(frame), index(frame)
        if type(holder) is Optional:
            if not holder.present:
                return NONE
            holder = holder.value
        if type(holder) is list:
            inside = isinstance(key, int) and type(key) is not bool and 0 <= key < len(holder)
            return Optional(holder[key]) if inside else NONE
        if isinstance(holder, dict):
            return Optional(holder[key]) if key in holder else NONE
        raise no_such_overload()

    return run


# -- quick comparisons --------------------------------------------------------------------------------------

_SCALARS: Final = frozenset(("int", "string", "bool", "uint", "bytes", "double"))
_ORDERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "_<_": operator.lt,
    "_<=_": operator.le,
    "_>_": operator.gt,
    "_>=_": operator.ge,
}


def equality(left: Term, right: Term, *, negated: bool) -> Run | None:
    """== or != without looking at types, where they are known; list-type set and map without order."""
    first, second = left.run, right.run
    kind = left.type.kind
    if kind in _SCALARS and kind == right.type.kind:
        if negated:
            return lambda frame: first(frame) != second(frame)
        return lambda frame: first(frame) == second(frame)
    if left.type.list_type and right.type.kind == "list":
        keys = left.type.list_keys

        def run(frame: Frame) -> bool:
            return same_members(first(frame), second(frame), keys, frame[0]) is not negated

        return run
    return None


def comparison(name: str, left: Term, right: Term) -> Run | None:
    if left.type.kind not in _SCALARS or left.type.kind != right.type.kind:
        return None
    first, second, order = left.run, right.run, _ORDERS[name]
    return lambda frame: order(first(frame), second(frame))


def same_members(left: list[Any], right: list[Any], keys: tuple[str, ...], meter: Meter) -> bool:
    """Whether two sets, or two lists keyed by fields, hold the same."""
    if len(left) != len(right):
        return False
    meter.charge(len(left) + 1)
    found = {_identity(item, keys): item for item in left}
    missing = object()
    for item in right:
        other = found.get(_identity(item, keys), missing)
        if other is missing or not equals(item, other, meter):
            return False
    return True


def _identity(item: Any, keys: tuple[str, ...]) -> Any:
    if keys and isinstance(item, dict):
        return tuple(_identity(item.get(key), ()) for key in keys)
    if isinstance(item, dict | list):
        return repr(item)
    return (type(item), item)
