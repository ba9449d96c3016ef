"""Cron schedules name the times that CronJobs run at."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from karmada.api.cron import CronError, parse_schedule

START = datetime(2026, 3, 5, 10, 7, 30, tzinfo=UTC)  # a Thursday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("* * * * *", ["03-05 10:08", "03-05 10:09"], id="every-minute"),
        pytest.param("*/20 * * * *", ["03-05 10:20", "03-05 10:40", "03-05 11:00"], id="steps"),
        pytest.param("7/25 * * * *", ["03-05 10:32", "03-05 10:57", "03-05 11:07"], id="steps-from-a-start"),
        pytest.param("5,7 9-10 * * *", ["03-06 09:05", "03-06 09:07", "03-06 10:05"], id="lists-and-ranges"),
        pytest.param("0 8 * * mon-fri", ["03-06 08:00", "03-09 08:00"], id="weekdays-by-name"),
        pytest.param("0 8 * * 7", ["03-08 08:00", "03-15 08:00"], id="seven-is-sunday"),
        pytest.param("0 0 13 * 5", ["03-06 00:00", "03-13 00:00", "03-20 00:00"], id="either-day-counts"),
        pytest.param("0 0 */2 * 5", ["03-13 00:00", "03-27 00:00"], id="a-stepped-star-is-a-star"),
        pytest.param("0 0 ? apr,JUN ?", ["04-01 00:00", "04-02 00:00"], id="question-marks-and-months"),
        pytest.param("@daily", ["03-06 00:00", "03-07 00:00"], id="daily"),
        pytest.param("@weekly", ["03-08 00:00", "03-15 00:00"], id="weekly"),
        pytest.param("@every 1h30m", ["03-05 11:37", "03-05 13:07"], id="every-so-often"),
        pytest.param("TZ=Asia/Tokyo 0 9 * * *", ["03-06 00:00", "03-07 00:00"], id="a-zone-in-front"),
    ],
)
def test_the_next_times(text: str, expected: list[str]) -> None:
    times = islice(parse_schedule(text).times_after(START), len(expected))
    assert [time.strftime("%m-%d %H:%M") for time in times] == expected


def test_a_leap_day_is_found_years_ahead() -> None:
    assert parse_schedule("0 0 29 2 *").next_after(START) == datetime(2028, 2, 29, tzinfo=UTC)


def test_a_day_that_never_comes_is_none() -> None:
    assert parse_schedule("0 0 31 2 *").next_after(START) is None


def test_the_time_itself_is_not_after_it() -> None:
    noon = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
    assert parse_schedule("0 12 * * *").next_after(noon) == noon + timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(
            datetime(2026, 3, 28, 12, tzinfo=UTC), "2026-03-30T02:30:00+02:00", id="left-out-in-spring"
        ),
        pytest.param(
            datetime(2026, 10, 24, 12, tzinfo=UTC), "2026-10-25T02:30:00+02:00", id="once-in-autumn"
        ),
        pytest.param(
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-26T02:30:00+01:00", id="and-not-again"
        ),
    ],
)
def test_summer_time(before: datetime, expected: str) -> None:
    found = parse_schedule("30 2 * * *", zone="Europe/Berlin").next_after(before)
    assert found is not None
    assert found.astimezone(ZoneInfo("Europe/Berlin")).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("* * * *", "expected exactly 5 fields, found 4: [* * * *]", id="too-few"),
        pytest.param("", "expected exactly 5 fields, found 0: []", id="nothing"),
        pytest.param("60 * * * *", "end of range (60) above maximum (59): 60", id="too-late"),
        pytest.param("* * 0 * *", "beginning of range (0) below minimum (1): 0", id="too-early"),
        pytest.param("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1", id="backwards"),
        pytest.param("*/0 * * * *", "step of range should be a positive number: */0", id="no-step"),
        pytest.param("x * * * *", "failed to parse int from x: x", id="no-number"),
        pytest.param("@hourly-ish", "unrecognized descriptor: @hourly-ish", id="unknown-alias"),
        pytest.param("@every soon", "failed to parse duration @every soon", id="no-duration"),
        pytest.param("TZ=Mars/Base * * * * *", "unknown time zone Mars/Base", id="unknown-zone"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, message: str) -> None:
    with pytest.raises(CronError) as refused:
        parse_schedule(text)
    assert str(refused.value) == message
