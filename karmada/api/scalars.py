"""Scalars that look different on the wire and in JSON: times, micro times, durations.

JSON text on one side, integers on the other. Pure; the protobuf codec uses it both ways. Raises ValueError.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

ZERO_TIME_SECONDS: Final = -62135596800
"""0001-01-01T00:00:00Z, which Go writes as null."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION: Final = re.compile(r"\.(\d+)")
_DURATION: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}


@lru_cache(maxsize=4096)
def format_time(seconds: int) -> str:
    """Unix seconds as RFC 3339 in UTC, `2026-01-02T03:04:05Z`."""
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError as error:
        raise ValueError(f"time out of range: {seconds}") from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def format_micro_time(seconds: int, nanos: int) -> str:
    """RFC 3339 in UTC with exactly six decimals."""
    return f"{format_time(seconds)[:-1]}.{nanos // 1000:06d}Z"


@lru_cache(maxsize=4096)
def parse_time(text: str) -> tuple[int, int]:
    """RFC 3339 text as Unix seconds and nanos."""
    nanos = 0
    if found := _FRACTION.search(text):
        nanos = int(found[1][:9].ljust(9, "0"))
        text = text[: found.start()] + text[found.end() :]
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without a zone: {text}")
    elapsed = moment - _EPOCH
    return elapsed.days * 86400 + elapsed.seconds, nanos


def format_duration(nanos: int) -> str:
    """As Go writes durations: `1h0m0s`, `1.5s`, `10ms`."""
    if nanos == 0:
        return "0s"
    sign, nanos = ("-", -nanos) if nanos < 0 else ("", nanos)
    if nanos < 10**9:
        unit, size = ("ns", 1) if nanos < 10**3 else ("µs", 10**3) if nanos < 10**6 else ("ms", 10**6)
        return f"{sign}{_decimal(nanos, size)}{unit}"
    minutes, rest = divmod(nanos, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    seconds = _decimal(rest, 10**9) + "s"
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}"
    return f"{sign}{minutes}m{seconds}" if minutes else sign + seconds


def parse_duration(text: str) -> int:
    """Go's duration text as nanoseconds."""
    sign = -1 if text.startswith("-") else 1
    body = text[1:] if text[:1] in ("-", "+") else text
    if body == "0":
        return 0
    position = total = 0
    while position < len(body) and (found := _DURATION.match(body, position)):
        whole, _, fraction = found[1].partition(".")
        unit = _UNITS[found[2]]
        total += int(whole or "0") * unit
        if fraction:
            total += int(fraction) * unit // 10 ** len(fraction)
        position = found.end()
    if not body or position < len(body):
        raise ValueError(f'time: invalid duration "{text}"')
    return sign * total


def _decimal(value: int, unit: int) -> str:
    """value / unit without trailing zeros."""
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    digits = len(str(unit)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0")
