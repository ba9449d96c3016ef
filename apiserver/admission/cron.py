"""Cron expressions: whether a text is one. Pure; nothing is scheduled here.

Five fields, or a macro. Used by CronJob, whose parser's words it speaks, and by CronFederatedHPA.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

MACROS: Final = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class BadSchedule(ValueError):
    """Not a schedule; the text says why."""


@dataclass(frozen=True, slots=True)
class _Field:
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict)


_FIELDS: Final = (
    _Field(0, 59),
    _Field(0, 23),
    _Field(1, 31),
    _Field(1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    _Field(0, 6, {name: number for number, name in enumerate(_DAYS)}),
)


@lru_cache(maxsize=1024)
def schedule_problem(schedule: str, *, sunday_is_seven: bool = False) -> str:
    """Why schedule is none; "" when it is one. sunday_is_seven: 7 is taken for a day of the week, too."""
    try:
        _check(schedule, sunday_is_seven=sunday_is_seven)
    except BadSchedule as problem:
        return str(problem)
    return ""


def _check(schedule: str, *, sunday_is_seven: bool) -> None:
    if not schedule:
        raise BadSchedule("empty spec string")
    if schedule.startswith("@"):
        if schedule in MACROS or (schedule.startswith("@every ") and _is_duration(schedule[7:])):
            return
        raise BadSchedule(f"unrecognized descriptor: {schedule}")
    parts = schedule.split()
    if len(parts) != len(_FIELDS):
        listed = " ".join(parts)
        raise BadSchedule(f"expected exactly {len(_FIELDS)} fields, found {len(parts)}: [{listed}]")
    for number, (text, rule) in enumerate(zip(parts, _FIELDS, strict=True)):
        is_week_day = number == len(_FIELDS) - 1
        used = _Field(0, 7, rule.names) if is_week_day and sunday_is_seven else rule
        for item in text.split(","):
            if item:
                _check_item(item, used)


def _check_item(item: str, rule: _Field) -> None:
    bounds_text, *steps = item.split("/")
    bounds = bounds_text.split("-")
    low, high = _range(bounds, item, rule)
    if len(steps) > 1:
        raise BadSchedule(f"too many slashes: {item}")
    if steps:
        if _integer(steps[0]) == 0:
            raise BadSchedule(f"step of range should be a positive number: {item}")
        if len(bounds) == 1:
            high = rule.high
    if low < rule.low:
        raise BadSchedule(f"beginning of range ({low}) below minimum ({rule.low}): {item}")
    if high > rule.high:
        raise BadSchedule(f"end of range ({high}) above maximum ({rule.high}): {item}")
    if low > high:
        raise BadSchedule(f"beginning of range ({low}) beyond end of range ({high}): {item}")


def _range(bounds: Sequence[str], item: str, rule: _Field) -> tuple[int, int]:
    everything = bounds[0] in ("*", "?")
    if len(bounds) > (1 if everything else 2):
        raise BadSchedule(f"too many hyphens: {item}")
    if everything:
        return rule.low, rule.high
    return _number(bounds[0], rule), _number(bounds[-1], rule)


def _number(text: str, rule: _Field) -> int:
    known = rule.names.get(text.upper())
    return _integer(text) if known is None else known


def _integer(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise BadSchedule(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')


def _is_duration(text: str) -> bool:
    rest, units = text, ("ns", "us", "ms", "s", "m", "h")
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789."))
        unit = next((unit for unit in units if rest[digits:].startswith(unit)), "")
        if not digits or not unit:
            return False
        rest = rest[digits + len(unit) :]
    return bool(text)
