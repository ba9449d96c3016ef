"""How long ago, in kubectl's words, and cells whose text depends on when they are looked at.

In: seconds or RFC 3339 times. Out: `5m`, `3h20m`, `12d`; or a Since, which a table row keeps and turns to
text at each answer, so that rows can be remembered although ages grow.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

UNKNOWN: Final = "<unknown>"
INVALID: Final = "<invalid>"

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_YEAR: Final = 365 * _DAY


@dataclass(frozen=True, slots=True)
class Since:
    """A text around the time passed since a moment (seconds since the epoch)."""

    moment: float
    before: str = ""
    after: str = ""

    def text(self, now: float) -> str:
        return f"{self.before}{human_duration(now - self.moment)}{self.after}"


def age(timestamp: str | None) -> Since | str:
    """The age of an RFC 3339 time: `<unknown>` for none, `<invalid>` for what is no time."""
    if not timestamp:
        return UNKNOWN
    moment = epoch(timestamp)
    return INVALID if moment is None else Since(moment)


def epoch(timestamp: str) -> float | None:
    """Seconds since the epoch of an RFC 3339 time, None for what is none."""
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except ValueError:
        return None


def human_duration(seconds: float) -> str:
    """`<invalid>` for more than a second in the future."""
    if seconds < -1:
        return INVALID
    whole = max(int(seconds), 0)
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    minutes = whole // _MINUTE
    if minutes < 10:
        return f"{minutes}m" + _rest(whole % _MINUTE, "s")
    if minutes < 3 * 60:
        return f"{minutes}m"
    return _from_hours(whole)


def _from_hours(whole: int) -> str:
    hours = whole // _HOUR
    if hours < 8:
        return f"{hours}h" + _rest(whole // _MINUTE % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = whole // _DAY
    if days < 8:
        return f"{days}d" + _rest(hours % 24, "h")
    years = whole // _YEAR
    if years < 2:
        return f"{days}d"
    return f"{years}y" + (_rest(days % 365, "d") if years < 8 else "")


def _rest(amount: int, unit: str) -> str:
    return f"{amount}{unit}" if amount else ""
