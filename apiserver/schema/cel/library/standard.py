"""CEL's own functions: size, texts, conversions, times."""

import math
from collections.abc import Callable
from typing import Any, Final

from apiserver.schema.cel.library.patterns import check_pattern, matches
from apiserver.schema.cel.terms import Overload, function, member
from apiserver.schema.cel.times import (
    DURATION_PARTS,
    PARTS,
    duration_text,
    parse_duration,
    parse_timestamp,
    part_of,
    timestamp_text,
)
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
    B,
    list_of,
    map_of,
)
from apiserver.schema.cel.values import (
    INT_MAX,
    INT_MIN,
    NANOS,
    UINT_MAX,
    Duration,
    EvaluationError,
    Timestamp,
    UInt,
    int_result,
    uint_result,
)


def _not_converted(source: str, target: str) -> EvaluationError:
    return EvaluationError(f"type conversion error from '{source}' to '{target}'")


def _int_of_text(text: str) -> int:
    try:
        value = int(text) if text.isascii() and "_" not in text and text == text.strip() else None
    except ValueError:
        value = None
    if value is None or not INT_MIN <= value <= INT_MAX:
        raise _not_converted("string", "int")
    return value


def _uint_of_text(text: str) -> UInt:
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) > UINT_MAX:
        raise _not_converted("string", "uint")
    return UInt(text)


def _int_of_double(value: float) -> int:
    if not math.isfinite(value):
        raise EvaluationError("integer overflow")
    if not -(2**63) < value < 2**63:
        raise EvaluationError("integer overflow")
    return int(value)


def _uint_of_double(value: float) -> UInt:
    if not math.isfinite(value) or not 0 <= value < 2**64:
        raise EvaluationError("unsigned integer overflow")
    return UInt(int(value))


def _double_of_text(text: str) -> float:
    try:
        if "_" in text or text != text.strip():
            raise ValueError(text)
        return float(text)
    except ValueError as error:
        raise _not_converted("string", "double") from error


def _bool_of_text(text: str) -> bool:
    if text in ("true", "True", "TRUE", "t", "1"):
        return True
    if text in ("false", "False", "FALSE", "f", "0"):
        return False
    raise _not_converted("string", "bool")


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from error


def double_text(value: float) -> str:
    """The shortest text that reads back as value, in Go's manner."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    return _go_general(text, mantissa, exponent)


def _go_general(text: str, mantissa: str, exponent: str) -> str:
    """Go's %g with the shortest digits: an exponent below -4 and from 6 on."""
    sign = "-" if text.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return f"{sign}0"
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if -4 <= point - 1 < 6:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        if point >= len(digits):
            return sign + digits.ljust(point, "0")
        return f"{sign}{digits[:point]}.{digits[point:]}"
    head = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    power = point - 1
    return f"{sign}{head}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _seconds(value: Timestamp) -> int:
    return value.nanos // NANOS


def _conversions() -> list[Overload]:
    table: list[tuple[str, Any, list[tuple[Any, Callable[[Any], Any]]]]] = [
        (
            "int",
            INT,
            [
                (INT, lambda v: v),
                (UINT, lambda v: int_result(int(v))),
                (DOUBLE, _int_of_double),
                (STRING, _int_of_text),
                (TIMESTAMP, _seconds),
                (DURATION, lambda v: v.nanos),
            ],
        ),
        (
            "uint",
            UINT,
            [
                (UINT, lambda v: v),
                (INT, uint_result),
                (DOUBLE, _uint_of_double),
                (STRING, _uint_of_text),
            ],
        ),
        (
            "double",
            DOUBLE,
            [(DOUBLE, lambda v: v), (INT, float), (UINT, float), (STRING, _double_of_text)],
        ),
        ("bool", BOOL, [(BOOL, lambda v: v), (STRING, _bool_of_text)]),
        (
            "string",
            STRING,
            [
                (STRING, lambda v: v),
                (BOOL, lambda v: "true" if v else "false"),
                (INT, str),
                (UINT, lambda v: str(int(v))),
                (DOUBLE, double_text),
                (BYTES, _text_of_bytes),
                (TIMESTAMP, timestamp_text),
                (DURATION, duration_text),
            ],
        ),
        ("bytes", BYTES, [(BYTES, lambda v: v), (STRING, lambda v: v.encode())]),
    ]
    found = [
        function(name, [source], result, call, sized=source in (STRING, BYTES))
        for name, result, sources in table
        for source, call in sources
    ]
    return [*found, *_time_conversions()]


def _time_conversions() -> list[Overload]:
    def to_timestamp(text: str) -> Timestamp:
        try:
            return parse_timestamp(text)
        except EvaluationError:
            raise _not_converted("string", "google.protobuf.Timestamp") from None

    def to_duration(text: str) -> Duration:
        try:
            return parse_duration(text)
        except EvaluationError:
            raise _not_converted("string", "google.protobuf.Duration") from None

    return [
        function("timestamp", [TIMESTAMP], TIMESTAMP, lambda v: v),
        function("timestamp", [STRING], TIMESTAMP, to_timestamp, check=_checks(parse_timestamp)),
        function("timestamp", [INT], TIMESTAMP, lambda v: Timestamp(v * NANOS)),
        function("duration", [DURATION], DURATION, lambda v: v),
        function("duration", [STRING], DURATION, to_duration, check=_checks(parse_duration)),
        function("duration", [INT], DURATION, Duration),
    ]


def _checks(parse: Callable[[str], Any]) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if isinstance(value, str):
            parse(value)

    return check


def _sizes() -> list[Overload]:
    found: list[Overload] = []
    for kind in (STRING, BYTES, list_of(A), map_of(A, B)):
        found += [function("size", [kind], INT, len), member("size", [kind], INT, len)]
    return found


def _texts() -> list[Overload]:
    return [
        member("contains", [STRING, STRING], BOOL, lambda text, part: part in text, sized=True),
        member("startsWith", [STRING, STRING], BOOL, str.startswith),
        member("endsWith", [STRING, STRING], BOOL, str.endswith),
        member("matches", [STRING, STRING], BOOL, matches, sized=True, check=check_pattern),
        function("matches", [STRING, STRING], BOOL, matches, sized=True, check=check_pattern),
    ]


def _parts() -> list[Overload]:
    found: list[Overload] = []
    for name in PARTS:
        call = part_of(name)
        found += [member(name, [TIMESTAMP], INT, call), member(name, [TIMESTAMP, STRING], INT, call)]
    return found + [member(name, [DURATION], INT, call) for name, call in DURATION_PARTS.items()]


STANDARD: Final = [*_sizes(), *_texts(), *_conversions(), *_parts()]
