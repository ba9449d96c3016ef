"""Cron schedules: `*/5 8-18 * * mon-fri`, `@daily`, `TZ=Europe/Berlin 0 3 * * *` to times. Pure.

In: the text of a schedule and a moment. Out: the next times it names. The rules are those of CronJobs: five
fields; when both day fields are restricted a day that fits either counts; times that a change to summer time
leaves out do not happen, times it repeats happen once.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

YEARS: Final = 5
"""A schedule that names no time for so long never will (29 February comes every 4 years, mostly)."""

_ALIASES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS: Final = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_ZONE_PREFIXES: Final = ("TZ=", "CRON_TZ=")


class CronError(ValueError):
    """The schedule cannot be read; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One cron schedule. any_day_of_month and any_day_of_week: that field was a star.

    every is set for `@every 1h30m` alone, which has no fields.
    """

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day_of_month: bool = True
    any_day_of_week: bool = True
    zone: tzinfo = UTC
    every: timedelta | None = None

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time later than moment, in moment's zone; None when there is none within YEARS."""
        return next(self.times_after(moment), None)

    def times_after(self, moment: datetime) -> Iterator[datetime]:
        if self.every is not None:
            while True:
                moment = moment.replace(microsecond=0) + self.every
                yield moment
        home = moment.tzinfo
        local = moment.astimezone(self.zone)
        hours, minutes = sorted(self.hours), sorted(self.minutes)
        day = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        for _ in range(YEARS * 366):
            if self._takes(day):
                for hour in hours:
                    for minute in minutes:
                        found = day.replace(hour=hour, minute=minute, tzinfo=self.zone)
                        at = found.astimezone(UTC)
                        if at > moment and at.astimezone(self.zone).replace(fold=0) == found:
                            yield at.astimezone(home)
            day = self._next_day(day)

    def _takes(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day_of_month or self.any_day_of_week:
            return in_month and in_week
        return in_month or in_week

    def _next_day(self, day: datetime) -> datetime:
        """The next day that may fit: months that are not named are skipped as a whole."""
        if day.month in self.months:
            return day + timedelta(days=1)
        return day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])


def parse_schedule(text: str, *, zone: str = "", home: tzinfo = UTC) -> Schedule:
    """zone is a name such as Europe/Berlin, "" means home; a TZ= prefix of text wins. Raises CronError."""
    fields = text.split()
    if fields and fields[0].startswith(_ZONE_PREFIXES):
        zone = fields.pop(0).partition("=")[2]
    where = _zone(zone) if zone else home
    if len(fields) == 2 and fields[0] == "@every":
        return Schedule(zone=where, every=_duration(fields[1]))
    if len(fields) == 1 and fields[0].startswith("@"):
        if fields[0] not in _ALIASES:
            raise CronError(f"unrecognized descriptor: {fields[0]}")
        fields = _ALIASES[fields[0]].split()
    if len(fields) != 5:
        raise CronError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    minute, hour, day, month, weekday = fields
    weekdays = _field(weekday, 0, 7, _DAYS)
    return Schedule(
        minutes=_field(minute, 0, 59),
        hours=_field(hour, 0, 23),
        days=_field(day, 1, 31),
        months=_field(month, 1, 12, _MONTHS, first=1),
        weekdays=frozenset(each % 7 for each in weekdays),
        any_day_of_month=_is_star(day),
        any_day_of_week=_is_star(weekday),
        zone=where,
    )


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CronError(f"unknown time zone {name}") from error


def _is_star(text: str) -> bool:
    return any(part.partition("/")[0] in ("*", "?") for part in text.split(","))


def _field(
    text: str, low: int, high: int, names: list[str] | None = None, *, first: int = 0
) -> frozenset[int]:
    """The numbers a field names: `*`, `5`, `1-5`, `*/10`, `5/15`, `mon-fri`, joined by commas."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, text) if slash else 1
        if step < 1:
            raise CronError(f"step of range should be a positive number: {part}")
        if span in ("*", "?"):
            start, end = low, high if names is not _DAYS else 6
        else:
            start_text, dash, end_text = span.partition("-")
            start = _value(start_text, names, first, text)
            end = _value(end_text, names, first, text) if dash else high if slash else start
        if start < low:
            raise CronError(f"beginning of range ({start}) below minimum ({low}): {part}")
        if end > high:
            raise CronError(f"end of range ({end}) above maximum ({high}): {part}")
        if start > end:
            raise CronError(f"beginning of range ({start}) beyond end of range ({end}): {part}")
        found.update(range(start, end + 1, step))
    return frozenset(found)


def _value(text: str, names: list[str] | None, first: int, field: str) -> int:
    if names is not None and text.lower() in names:
        return names.index(text.lower()) + first
    return _number(text, field)


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise CronError(f"failed to parse int from {text}: {field}")
    return int(text)


_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0}


def _duration(text: str) -> timedelta:
    """`1h30m`; whole seconds, at least one."""
    seconds, digits = 0.0, ""
    for character in text:
        if character in _UNITS and digits:
            seconds += float(digits) * _UNITS[character]
            digits = ""
        elif character.isdecimal() and character.isascii():
            digits += character
        else:
            raise CronError(f"failed to parse duration @every {text}")
    if digits or not seconds:
        raise CronError(f"failed to parse duration @every {text}")
    return timedelta(seconds=max(1.0, seconds))
