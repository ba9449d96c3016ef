"""Ages in kubectl's words."""

import pytest

from apiserver.handlers.durations import Since, age, epoch, human_duration

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-0.5, "0s"),
        (0, "0s"),
        (119.9, "119s"),
        (2 * MINUTE, "2m"),
        (2 * MINUTE + 5, "2m5s"),
        (9 * MINUTE + 59, "9m59s"),
        (10 * MINUTE + 30, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + 20 * MINUTE, "3h20m"),
        (8 * HOUR + 20 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (2 * DAY + 3 * HOUR, "2d3h"),
        (8 * DAY + 3 * HOUR, "8d"),
        (729 * DAY, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + 10 * DAY, "2y10d"),
        (8 * YEAR + 10 * DAY, "8y"),
    ],
)
def test_a_duration_reads(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


@pytest.mark.parametrize(
    ("timestamp", "shown"),
    [
        pytest.param(None, "<unknown>", id="none"),
        pytest.param("", "<unknown>", id="empty"),
        pytest.param("yesterday", "<invalid>", id="no-time"),
        pytest.param("1970-01-01T00:01:00Z", Since(60.0), id="time"),
        pytest.param("1970-01-01T00:01:00.500000Z", Since(60.5), id="with-fraction"),
    ],
)
def test_the_age_of_a_time(timestamp: str | None, shown: Since | str) -> None:
    assert age(timestamp) == shown


def test_a_text_may_stand_around_the_age() -> None:
    assert Since(epoch("1970-01-01T00:00:00Z") or 0.0, "3 (", " ago)").text(300.0) == "3 (5m ago)"
