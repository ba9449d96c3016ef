"""What a CEL expression computes with, where plain JSON values do not say enough.

bool, int, float, str, bytes, None, list and dict stand for themselves. Here is the rest (unsigned numbers,
times, optionals, types as values), equality as CEL has it, the meter that bounds a run, and the ways to fail.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from typing_extensions import override

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
UINT_MAX: Final = 2**64 - 1
NANOS: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TIMESTAMP_MIN: Final = -62135596800 * NANOS
TIMESTAMP_MAX: Final = 253402300800 * NANOS - 1


class EvaluationError(Exception):
    """The expression has no value for this input. `&&`, `||` and macros may absorb it, as CEL says."""


class BudgetExceeded(Exception):
    """The run was stopped: it cost more than it may. Never absorbed."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")


class UInt(int):
    """CEL's uint. A plain int is CEL's int."""

    __slots__ = ()


class Opaque:
    """A value that JSON cannot hold. type_name is CEL's name of its type."""

    __slots__ = ()
    type_name: str = ""


class Timestamp(Opaque):
    __slots__ = ("nanos",)
    type_name = "google.protobuf.Timestamp"

    def __init__(self, nanos: int) -> None:
        if not TIMESTAMP_MIN <= nanos <= TIMESTAMP_MAX:
            raise EvaluationError("timestamp overflow")
        self.nanos = nanos

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is Timestamp and other.nanos == self.nanos

    @override
    def __hash__(self) -> int:
        return hash((Timestamp, self.nanos))

    def __lt__(self, other: "Timestamp") -> bool:
        return self.nanos < other.nanos

    def __le__(self, other: "Timestamp") -> bool:
        return self.nanos <= other.nanos

    def at(self, zone: tzinfo) -> datetime:
        return (_EPOCH + timedelta(seconds=self.nanos // NANOS)).astimezone(zone)


class Duration(Opaque):
    __slots__ = ("nanos",)
    type_name = "google.protobuf.Duration"

    def __init__(self, nanos: int) -> None:
        if not INT_MIN <= nanos <= INT_MAX:
            raise EvaluationError("duration overflow")
        self.nanos = nanos

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is Duration and other.nanos == self.nanos

    @override
    def __hash__(self) -> int:
        return hash((Duration, self.nanos))

    def __lt__(self, other: "Duration") -> bool:
        return self.nanos < other.nanos

    def __le__(self, other: "Duration") -> bool:
        return self.nanos <= other.nanos


_NOTHING: Final = object()


class Optional(Opaque):
    """A value, or none."""

    __slots__ = ("_value",)
    type_name = "optional_type"

    def __init__(self, value: Any = _NOTHING) -> None:
        self._value = value

    @property
    def present(self) -> bool:
        return self._value is not _NOTHING

    @property
    def value(self) -> Any:
        if self._value is _NOTHING:
            raise EvaluationError("optional.none() dereference")
        return self._value

    @override
    def __eq__(self, other: object) -> bool:
        if type(other) is not Optional or other.present != self.present:
            return False
        return not self.present or equals(self._value, other._value, Meter())

    @override
    def __hash__(self) -> int:
        return hash(self.present)


NONE: Final = Optional()


class TypeValue(Opaque):
    """A type as a value: `type(1) == int`."""

    __slots__ = ("name",)
    type_name = "type"

    def __init__(self, name: str) -> None:
        self.name = name

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is TypeValue and other.name == self.name

    @override
    def __hash__(self) -> int:
        return hash((TypeValue, self.name))


class Message(dict[str, Any]):
    """An object made by `Object.spec{...}` or `JSONPatch{...}`; type_name is what was written."""

    __slots__ = ("type_name",)

    def __init__(self, type_name: str, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        self.type_name = type_name


DEFAULT_BUDGET: Final = 10_000_000


class Meter:
    """What a run may still cost. One unit is about one step."""

    __slots__ = ("left",)

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self.left = budget

    def charge(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            raise BudgetExceeded


_NAMES: Final[dict[type, str]] = {
    bool: "bool",
    int: "int",
    UInt: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    type(None): "null_type",
}
_NUMBERS: Final = frozenset((int, float, UInt))


def name_of_type(value: Any) -> str:
    name = _NAMES.get(type(value))
    if name is not None:
        return name
    return str(getattr(value, "type_name", "map"))


def equals(left: Any, right: Any, meter: Meter) -> bool:
    """CEL's ==: numbers across their types, nothing else; containers by content."""
    kind = type(left)
    if kind is not type(right):
        if kind in _NUMBERS and type(right) in _NUMBERS:
            return bool(left == right)
        if isinstance(left, dict) and isinstance(right, dict):
            return _equal_maps(left, right, meter)
        return False
    if kind is list:
        meter.charge(len(left) + 1)
        return len(left) == len(right) and all(equals(a, b, meter) for a, b in zip(left, right, strict=True))
    if kind is dict or kind is Message:
        return _equal_maps(left, right, meter)
    if kind is str:
        meter.charge(1 + (len(left) >> 4))
    return bool(left == right)


def _equal_maps(left: dict[Any, Any], right: dict[Any, Any], meter: Meter) -> bool:
    meter.charge(len(left) + 1)
    if len(left) != len(right):
        return False
    for key, value in left.items():
        other = right.get(key, _NOTHING)
        if other is _NOTHING or not equals(value, other, meter):
            return False
    return True


def int_result(value: int) -> int:
    if not INT_MIN <= value <= INT_MAX:
        raise EvaluationError("integer overflow")
    return value


def uint_result(value: int) -> UInt:
    if not 0 <= value <= UINT_MAX:
        raise EvaluationError("unsigned integer overflow")
    return UInt(value)


def no_such_overload() -> EvaluationError:
    return EvaluationError("no such overload")
