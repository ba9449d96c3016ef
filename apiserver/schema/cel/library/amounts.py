"""Kubernetes' quantity() and semver()."""

import re
from functools import lru_cache
from typing import Any, Final

from typing_extensions import override

from apiserver.schema.cel.terms import Overload, function, member
from apiserver.schema.cel.types import BOOL, DOUBLE, INT, STRING, Type, opaque
from apiserver.schema.cel.values import INT_MAX, INT_MIN, EvaluationError, Opaque
from karmada.api.quantity import NANO, QuantityError
from karmada.api.quantity import Quantity as Amount

QUANTITY: Final = opaque("kubernetes.Quantity")
SEMVER: Final = opaque("kubernetes.Semver")
_WRONG: Final = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


class Quantity(Opaque):
    __slots__ = ("amount",)
    type_name = "kubernetes.Quantity"

    def __init__(self, amount: Amount) -> None:
        self.amount = amount

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is Quantity and other.amount == self.amount

    @override
    def __hash__(self) -> int:
        return hash(self.amount)


@lru_cache(maxsize=512)
def _quantity(text: str) -> Quantity:
    try:
        return Quantity(Amount.parse(text))
    except QuantityError as error:
        raise EvaluationError(_WRONG) from error


def _is_quantity(text: str) -> bool:
    try:
        _quantity(text)
    except EvaluationError:
        return False
    return True


def _is_integer(quantity: Quantity) -> bool:
    return quantity.amount.is_integer and INT_MIN <= quantity.amount.value() <= INT_MAX


def _as_integer(quantity: Quantity) -> int:
    if not _is_integer(quantity):
        raise EvaluationError("cannot convert value to integer")
    return quantity.amount.value()


def _as_float(quantity: Quantity) -> float:
    return quantity.amount.nano / NANO


def _amount(other: Quantity | int) -> Amount:
    return Amount.of(other) if isinstance(other, int) else other.amount


def _compare(left: Quantity, right: Quantity) -> int:
    return (left.amount > right.amount) - (left.amount < right.amount)


def _quantities() -> list[Overload]:
    found = [
        function("quantity", [STRING], QUANTITY, _quantity, sized=True),
        function("isQuantity", [STRING], BOOL, _is_quantity, sized=True),
        member("isGreaterThan", [QUANTITY, QUANTITY], BOOL, lambda a, b: a.amount > b.amount),
        member("isLessThan", [QUANTITY, QUANTITY], BOOL, lambda a, b: a.amount < b.amount),
        member("compareTo", [QUANTITY, QUANTITY], INT, _compare),
        member("asApproximateFloat", [QUANTITY], DOUBLE, _as_float),
        member("asInteger", [QUANTITY], INT, _as_integer),
        member("isInteger", [QUANTITY], BOOL, _is_integer),
    ]
    for other in (QUANTITY, INT):
        found += [
            member("add", [QUANTITY, other], QUANTITY, lambda a, b: Quantity(a.amount + _amount(b))),
            member("sub", [QUANTITY, other], QUANTITY, lambda a, b: Quantity(a.amount - _amount(b))),
        ]
    return found


# -- versions -----------------------------------------------------------------------------------------------

_NUMBER: Final = r"(0|[1-9]\d{0,18})"
_SEMVER: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_LOOSE: Final = re.compile(r"\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?([-+].*?)?\s*")


class Semver(Opaque):
    __slots__ = ("key", "numbers", "text")
    type_name = "kubernetes.Semver"

    def __init__(self, numbers: tuple[int, int, int], pre: str, build: str) -> None:
        self.numbers = numbers
        parts = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split(".")] if pre else []
        # A version without pre-release comes after all with one.
        self.key: Any = (*numbers, not pre, parts)
        suffix = (f"-{pre}" if pre else "") + (f"+{build}" if build else "")
        self.text = ".".join(map(str, numbers)) + suffix

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is Semver and bool(other.key == self.key)

    @override
    def __hash__(self) -> int:
        return hash(self.numbers)


@lru_cache(maxsize=512)
def _semver(text: str, normalize: bool = False) -> Semver:  # noqa: FBT001, FBT002 - CEL's second argument
    if normalize and (loose := _LOOSE.fullmatch(text)) is not None:
        text = ".".join(str(int(loose[index] or 0)) for index in (1, 2, 3)) + (loose[4] or "")
    found = _SEMVER.fullmatch(text)
    if found is None:
        if len(text.split(".")) < 3:
            raise EvaluationError("No Major.Minor.Patch elements found")
        raise EvaluationError(f'Invalid semantic version "{text}"')
    numbers = (int(found[1]), int(found[2]), int(found[3]))
    return Semver(numbers, found[4] or "", found[5] or "")


def _is_semver(text: str, normalize: bool = False) -> bool:  # noqa: FBT001, FBT002 - CEL's second argument
    try:
        _semver(text, normalize)
    except EvaluationError:
        return False
    return True


def _part(index: int) -> Any:
    return lambda version: version.numbers[index]


def _versions() -> list[Overload]:
    two: list[Type] = [SEMVER, SEMVER]
    return [
        function("semver", [STRING], SEMVER, _semver, sized=True),
        function("semver", [STRING, Type("bool")], SEMVER, _semver, sized=True),
        function("isSemver", [STRING], BOOL, _is_semver, sized=True),
        function("isSemver", [STRING, Type("bool")], BOOL, _is_semver, sized=True),
        member("major", [SEMVER], INT, _part(0)),
        member("minor", [SEMVER], INT, _part(1)),
        member("patch", [SEMVER], INT, _part(2)),
        member("isLessThan", two, BOOL, lambda a, b: a.key < b.key),
        member("isGreaterThan", two, BOOL, lambda a, b: a.key > b.key),
        member("compareTo", two, INT, lambda a, b: (a.key > b.key) - (a.key < b.key)),
    ]


AMOUNTS: Final = [*_quantities(), *_versions()]
