"""Timestamps and durations of CEL: reading them from text, writing them, their parts."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from apiserver.schema.cel.values import NANOS, Duration, EvaluationError, Timestamp

_TIMESTAMP: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))"
)
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": NANOS,
    "m": 60 * NANOS,
    "h": 3600 * NANOS,
}
_OFFSET: Final = re.compile(r"([+-]?)(\d\d):(\d\d)")
_EPOCH_DAYS: Final = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001 - a day number, no moment


@lru_cache(maxsize=1024)
def parse_timestamp(text: str) -> Timestamp:
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise EvaluationError(f'invalid timestamp "{text}"')
    year, month, day, hour, minute, second = (int(found[index]) for index in range(1, 7))
    try:
        days = datetime(year, month, day).toordinal() - _EPOCH_DAYS  # noqa: DTZ001 - the offset is added below
    except ValueError as error:
        raise EvaluationError(f'invalid timestamp "{text}"') from error
    if hour > 23 or minute > 59 or second > 59:
        raise EvaluationError(f'invalid timestamp "{text}"')
    seconds = days * 86400 + hour * 3600 + minute * 60 + second
    if found[8]:
        offset = int(found[9]) * 3600 + int(found[10]) * 60
        seconds += offset if found[8] == "-" else -offset
    return Timestamp(seconds * NANOS + int((found[7] or "").ljust(9, "0")))


def parse_date(text: str) -> Timestamp:
    """A value of format `date`, as midnight; a whole timestamp is one too."""
    return parse_timestamp(f"{text}T00:00:00Z" if len(text) == 10 else text)


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> Duration:
    sign = -1 if text.startswith("-") else 1
    body = text.lstrip("+-") if text[:1] in "+-" else text
    if body == "0":
        return Duration(0)
    position = total = 0
    while position < len(body):
        part = _PART.match(body, position)
        if part is None:
            break
        whole, _, fraction = part[1].partition(".")
        unit = _UNITS[part[2]]
        total += int(whole or 0) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)
        position = part.end()
    if not body or position != len(body):
        raise EvaluationError(f'invalid duration "{text}"')
    return Duration(sign * total)


def timestamp_text(value: Timestamp) -> str:
    moment = value.at(_zone("UTC"))
    nanos = value.nanos % NANOS
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}{fraction}Z"


def duration_text(value: Duration) -> str:
    sign = "-" if value.nanos < 0 else ""
    seconds, nanos = divmod(abs(value.nanos), NANOS)
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    return f"{sign}{seconds}{fraction}s"


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    found = _OFFSET.fullmatch(name)
    if found is not None:
        minutes = int(found[2]) * 60 + int(found[3])
        return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (OSError, ValueError) as error:
        raise EvaluationError(f"unknown time zone {name}") from error


Getter = Callable[[datetime, int], int]
PARTS: Final[dict[str, Getter]] = {
    "getFullYear": lambda moment, _nanos: moment.year,
    "getMonth": lambda moment, _nanos: moment.month - 1,
    "getDayOfYear": lambda moment, _nanos: moment.timetuple().tm_yday - 1,
    "getDayOfMonth": lambda moment, _nanos: moment.day - 1,
    "getDate": lambda moment, _nanos: moment.day,
    "getDayOfWeek": lambda moment, _nanos: moment.isoweekday() % 7,
    "getHours": lambda moment, _nanos: moment.hour,
    "getMinutes": lambda moment, _nanos: moment.minute,
    "getSeconds": lambda moment, _nanos: moment.second,
    "getMilliseconds": lambda _moment, nanos: nanos // 1_000_000,
}


def part_of(name: str) -> Callable[..., int]:
    getter = PARTS[name]

    def call(value: Timestamp, zone: str = "UTC") -> int:
        return getter(value.at(_zone(zone)), value.nanos % NANOS)

    return call


DURATION_PARTS: Final[dict[str, Callable[[Duration], int]]] = {
    "getHours": lambda value: _toward_zero(value.nanos, 3600 * NANOS),
    "getMinutes": lambda value: _toward_zero(value.nanos, 60 * NANOS),
    "getSeconds": lambda value: _toward_zero(value.nanos, NANOS),
    "getMilliseconds": lambda value: _toward_zero(value.nanos, 1_000_000),
}


def _toward_zero(value: int, unit: int) -> int:
    return value // unit if value >= 0 else -(-value // unit)
