"""Quantity: exact resource amounts (`500m`, `1.5Gi`, `1e3`) with the arithmetic and spelling of Kubernetes.

Text in, integer nano units inside, canonical text out. Parsing is cached: the same few spellings come again
and again. Pure; used by admission, the scheduler, quota and the codec.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from typing_extensions import override

Format = Literal["DecimalSI", "BinarySI", "DecimalExponent"]

NANO: Final = 10**9
"""Nano units in one."""
_MILLI: Final = 10**6
_MAX_BINARY: Final = (2**63 - 1) * NANO
_MAX_EXPONENT: Final = 1000
_MAX_LENGTH: Final = 512
_FAST_DIGITS: Final = 18

_SYNTAX: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*)([+-]?[0-9]*)")
_DECIMAL_EXPONENTS: Final = {
    "n": -9,
    "u": -6,
    "m": -3,
    "": 0,
    "k": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
    "E": 18,
}
_DECIMAL_SUFFIXES: Final = {exponent: suffix for suffix, exponent in _DECIMAL_EXPONENTS.items()}
_BINARY_EXPONENTS: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_BINARY_SUFFIXES: Final = ("", *_BINARY_EXPONENTS)

WRONG_FORMAT: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
WRONG_SUFFIX: Final = "unable to parse quantity's suffix"


class QuantityError(ValueError):
    """Text that is no quantity."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """An exact amount. Equality and order look at the amount, not at the spelling: 1Gi == 1024Mi.

    format is the family it was written in; a sum keeps the family of its first non-zero part.
    """

    nano: int
    format: Format = "DecimalSI"
    text: str = ""
    """How it was written, where that is canonical enough to be kept (`1.500`); gone after arithmetic."""

    @classmethod
    def parse(cls, value: "str | float | Quantity") -> "Quantity":
        """The amount that text, or a JSON number, stands for. Raises QuantityError."""
        return value if isinstance(value, Quantity) else _parse(value)

    @classmethod
    def of(cls, number: int, format: Format = "DecimalSI") -> "Quantity":
        return cls(number * NANO, format)

    @classmethod
    def of_milli(cls, number: int, format: Format = "DecimalSI") -> "Quantity":
        return cls(number * _MILLI, format)

    def value(self) -> int:
        """Whole units, rounded away from zero."""
        return _rounded(self.nano, NANO)

    def milli_value(self) -> int:
        """Thousandths, rounded away from zero."""
        return _rounded(self.nano, _MILLI)

    def rounded_to_milli(self) -> "Quantity":
        """As defaulting writes resource lists: nothing finer than a thousandth, rounded away from zero."""
        return self if self.nano % _MILLI == 0 else Quantity(self.milli_value() * _MILLI, self.format)

    @property
    def is_zero(self) -> bool:
        return self.nano == 0

    @property
    def is_integer(self) -> bool:
        return self.nano % NANO == 0

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.nano + other.nano, self.format if self.nano else other.format)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.nano - other.nano, self.format if self.nano else other.format)

    def __mul__(self, factor: int) -> "Quantity":
        return Quantity(self.nano * factor, self.format)

    def __neg__(self) -> "Quantity":
        return Quantity(-self.nano, self.format)

    def __bool__(self) -> bool:
        return self.nano != 0

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nano == other.nano

    @override
    def __hash__(self) -> int:
        return hash(self.nano)

    def __lt__(self, other: "Quantity") -> bool:
        return self.nano < other.nano

    def __le__(self, other: "Quantity") -> bool:
        return self.nano <= other.nano

    def __gt__(self, other: "Quantity") -> bool:
        return self.nano > other.nano

    def __ge__(self, other: "Quantity") -> bool:
        return self.nano >= other.nano

    @override
    def __str__(self) -> str:
        """The canonical spelling: no fraction, the largest suffix that leaves an integer."""
        if self.text:
            return self.text
        if self.nano == 0:
            return "0"
        if self.format == "BinarySI" and self.nano % NANO == 0 and abs(self.nano) >= 1024 * NANO:
            number, suffix = _grouped(self.nano // NANO, 1024, len(_BINARY_SUFFIXES) - 1)
            return f"{number}{_BINARY_SUFFIXES[suffix]}"
        if self.format == "DecimalExponent":
            number, groups = _grouped(self.nano, 1000, _MAX_EXPONENT)
            exponent = 3 * groups - 9
            return f"{number}e{exponent}" if exponent else str(number)
        number, groups = _grouped(self.nano, 1000, 9)
        return f"{number}{_DECIMAL_SUFFIXES[3 * groups - 9]}"


ZERO: Final = Quantity(0)


def is_quantity(value: Any) -> bool:
    """Whether value can be parsed."""
    if not isinstance(value, str | int | float):
        return False
    try:
        _parse(value)
    except QuantityError:
        return False
    return True


@lru_cache(maxsize=16384)
def canonical(text: str) -> str:
    """text in the spelling that typed writers give it. Raises QuantityError."""
    return str(_parse(text))


def parse_resources(resources: Mapping[str, str | float] | None) -> dict[str, Quantity]:
    """A resource list as amounts. Raises QuantityError."""
    return {name: _parse(value) for name, value in (resources or {}).items()}


def format_resources(resources: Mapping[str, Quantity]) -> dict[str, str]:
    """A resource list in canonical spelling."""
    return {name: str(value) for name, value in resources.items()}


def sum_resources(lists: Iterable[Mapping[str, Quantity]]) -> dict[str, Quantity]:
    """Amounts added up per resource."""
    total: dict[str, Quantity] = {}
    for resources in lists:
        for name, value in resources.items():
            total[name] = total[name] + value if name in total else value
    return total


@lru_cache(maxsize=16384, typed=True)
def _parse(value: str | float) -> Quantity:
    text = value if isinstance(value, str) else repr(value)
    found = _SYNTAX.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if found is None or not (found[2] or found[3]):
        raise QuantityError(WRONG_FORMAT)
    sign, whole, fraction, letters, exponent_text = found.groups()
    whole, fraction = whole.lstrip("0") or "0", fraction or ""
    digits = int(whole + fraction)
    negative = sign == "-"
    if letters in _BINARY_EXPONENTS and not exponent_text:
        exponent = _BINARY_EXPONENTS[letters]
        kept = not fraction and _keeps_binary(digits, len(whole), exponent)
        return _binary(_to_nano(digits << exponent, -len(fraction)), text if kept else "", negative=negative)
    exponent, format = _decimal_exponent(letters, exponent_text)
    scale = exponent - len(fraction)
    nano = _to_nano(digits, scale)
    kept = len(whole + fraction) <= _FAST_DIGITS and scale >= -9 and _keeps_decimal(whole + fraction, scale)
    return Quantity(-nano if negative else nano, format, text if kept else "")


def _decimal_exponent(letters: str, exponent_text: str) -> tuple[int, Format]:
    format: Format = "DecimalSI"
    if letters in _DECIMAL_EXPONENTS and not exponent_text:
        exponent = _DECIMAL_EXPONENTS[letters]
    elif letters in ("e", "E") and exponent_text not in ("", "+", "-"):
        exponent, format = int(exponent_text), "DecimalExponent"
    else:
        raise QuantityError(WRONG_SUFFIX)
    if exponent > _MAX_EXPONENT:
        raise QuantityError(WRONG_SUFFIX)
    return exponent, format


def _keeps_binary(digits: int, length: int, exponent: int) -> bool:
    """Go's reader keeps text whose amount has few factors of two left, as long as it fits its fast path."""
    fits = 14 - length - exponent * 3 // 10 >= 0 and digits << exponent < 2**63
    return fits and digits & 7 != 0


def _keeps_decimal(digits: str, scale: int) -> bool:
    return scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def _binary(nano: int, text: str, *, negative: bool) -> Quantity:
    nano = min(nano, _MAX_BINARY)
    format: Format = "DecimalSI" if 0 < nano < NANO else "BinarySI"
    return Quantity(-nano if negative else nano, format, text)


def _to_nano(digits: int, exponent: int) -> int:
    """digits * 10**exponent in nano units; what is finer rounds up: something never becomes nothing."""
    shift = exponent + 9
    if shift >= 0:
        return digits * _power_of_ten(shift)
    if -shift > _MAX_EXPONENT:
        return 1 if digits else 0
    return -(-digits // _power_of_ten(-shift))


def _power_of_ten(exponent: int) -> int:
    power: int = 10**exponent
    return power


def _rounded(nano: int, unit: int) -> int:
    """nano / unit, rounded away from zero."""
    return -(-nano // unit) if nano >= 0 else nano // unit


def _grouped(number: int, base: int, limit: int) -> tuple[int, int]:
    """number with at most limit factors of base taken out, and how many."""
    groups = 0
    while groups < limit and number % base == 0:
        number //= base
        groups += 1
    return number, groups
