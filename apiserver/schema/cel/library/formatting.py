"""`'%d of %s'.format([...])`."""

import re
from collections.abc import Callable
from typing import Any, Final

from apiserver.schema.cel.library.standard import double_text
from apiserver.schema.cel.times import duration_text, timestamp_text
from apiserver.schema.cel.values import (
    Duration,
    EvaluationError,
    Meter,
    Timestamp,
    TypeValue,
    UInt,
    name_of_type,
)

_CLAUSE: Final = re.compile(r"%(?:%|(?:\.(\d+))?([A-Za-z]))")
_MAX_PRECISION: Final = 1000


def format_text(meter: Meter, template: str, args: list[Any]) -> str:
    parts: list[str] = []
    position = used = 0
    for clause in _CLAUSE.finditer(template):
        parts.append(_literal(template, position, clause.start()))
        position = clause.end()
        if clause.group() == "%%":
            parts.append("%")
            continue
        if used >= len(args):
            raise EvaluationError(f"index {used} out of range")
        part = _formatted(clause[2], clause[1], args[used], meter)
        meter.charge(len(part) >> 3)
        parts.append(part)
        used += 1
    parts.append(_literal(template, position, len(template)))
    meter.charge(len(template) >> 3)
    return "".join(parts)


def _literal(template: str, start: int, end: int) -> str:
    part = template[start:end]
    if "%" in part:
        raise EvaluationError("could not parse formatting clause: unexpected end of format string")
    return part


def _formatted(verb: str, precision: str | None, value: Any, meter: Meter) -> str:
    kind = type(value)
    digits = min(int(precision), _MAX_PRECISION) if precision else 6
    if verb == "s":
        return shown(value, meter)
    if verb == "d" and kind in (int, UInt):
        return str(int(value))
    if verb in "fe" and kind in (float, int, UInt):
        return _double(value, verb, digits)
    if verb == "b" and kind in (bool, int, UInt):
        return f"{'-' if value < 0 else ''}{abs(int(value)):b}"
    if verb in "xX" and (text := _hex(value)) is not None:
        return text.upper() if verb == "X" else text
    if verb == "o" and kind in (int, UInt):
        return f"{'-' if value < 0 else ''}{abs(int(value)):o}"
    if verb not in "dfebxXo":
        raise EvaluationError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')
    raise EvaluationError(f"error during formatting: {_WANTED[verb]}, was given {name_of_type(value)}")


_WANTED: Final = {
    "d": "decimal clause can only be used on integers",
    "f": "fixed-point clause can only be used on doubles",
    "e": "scientific clause can only be used on doubles",
    "b": "only integers and bools can be formatted as binary",
    "x": "only integers, byte buffers, and strings can be formatted as hex",
    "X": "only integers, byte buffers, and strings can be formatted as hex",
    "o": "octal clause can only be used on integers",
}


_RAISED: Final = str.maketrans("0123456789-+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺")


def _double(value: float, verb: str, digits: int) -> str:
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        return "NaN" if number != number else ("∞" if number > 0 else "-∞")
    if verb == "f":
        return f"{number:.{digits}f}"
    mantissa, _, exponent = f"{number:e}".partition("e")
    return f"{mantissa}\u00d710{exponent.removeprefix('+').translate(_RAISED)}"


def _hex(value: Any) -> str | None:
    if type(value) in (int, UInt):
        return f"{'-' if value < 0 else ''}{abs(int(value)):x}"
    if type(value) is str:
        return value.encode().hex()
    return value.hex() if type(value) is bytes else None


def shown(value: Any, meter: Meter, *, inside: bool = False) -> str:
    """What %s makes of a value. Inside a list or map it is written as a literal."""
    meter.charge(1)
    kind = type(value)
    if kind is list:
        return "[" + ", ".join(shown(item, meter, inside=True) for item in value) + "]"
    if isinstance(value, dict):
        pairs = sorted(
            (shown(key, meter, inside=True), shown(item, meter, inside=True)) for key, item in value.items()
        )
        return "{" + ", ".join(f"{key}:{item}" for key, item in pairs) + "}"
    if kind not in _SHOWN:
        raise EvaluationError(
            "error during formatting: string clause can only be used on strings, bools, bytes, ints, "
            f"doubles, maps, lists, types, durations, and timestamps, was given {name_of_type(value)}"
        )
    plain, literal = _SHOWN[kind]
    return literal(value) if inside else plain(value)


def _double_shown(value: float) -> str:
    text = double_text(value)
    return {"+Inf": "Infinity", "-Inf": "-Infinity"}.get(text, text)


def _quoted(name: str, text: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: f'{name}("{text(value)}")'


def _bytes_shown(value: bytes) -> str:
    return value.decode(errors="replace")


_SHOWN: Final[dict[type, tuple[Callable[[Any], str], Callable[[Any], str]]]] = {
    str: (str, lambda value: f'"{value}"'),
    bool: (lambda value: "true" if value else "false",) * 2,
    type(None): (lambda value: "null",) * 2,
    int: (str, str),
    UInt: (lambda value: str(int(value)),) * 2,
    float: (_double_shown, lambda value: f"{value:.6f}"),
    bytes: (_bytes_shown, lambda value: f'b"{_bytes_shown(value)}"'),
    Timestamp: (timestamp_text, _quoted("timestamp", timestamp_text)),
    Duration: (duration_text, _quoted("duration", duration_text)),
    TypeValue: (lambda value: str(value.name),) * 2,
}
