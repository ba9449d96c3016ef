"""Times and durations, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karmada.api import scalars


@pytest.mark.parametrize(
    ("text", "seconds", "nanos"),
    [
        ("1970-01-01T00:00:00Z", 0, 0),
        ("2026-01-02T03:04:05Z", 1767323045, 0),
        ("2026-01-02T03:04:05.123456Z", 1767323045, 123456000),
        ("2026-01-02T04:04:05+01:00", 1767323045, 0),
        ("1969-12-31T23:59:59Z", -1, 0),
    ],
)
def test_rfc_3339_is_read_in_any_zone(text: str, seconds: int, nanos: int) -> None:
    assert scalars.parse_time(text) == (seconds, nanos)


def test_the_zero_time_is_year_one() -> None:
    assert scalars.format_time(scalars.ZERO_TIME_SECONDS) == "0001-01-01T00:00:00Z"


def test_a_micro_time_has_six_decimals() -> None:
    assert scalars.format_micro_time(1767323045, 1000) == "2026-01-02T03:04:05.000001Z"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        scalars.parse_time(text)


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1.5µs"),
        (10**7, "10ms"),
        (15 * 10**8, "1.5s"),
        (60 * 10**9, "1m0s"),
        (3600 * 10**9, "1h0m0s"),
        (-90 * 10**9, "-1m30s"),
    ],
)
def test_durations_are_written_as_go_writes_them(nanos: int, text: str) -> None:
    assert scalars.format_duration(nanos) == text
    assert scalars.parse_duration(text) == nanos


@pytest.mark.parametrize("text", ["", "1", "s", "1d", "1h ", "--1s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        scalars.parse_duration(text)


@given(st.integers(-(2**62), 2**62))
def test_a_duration_survives_writing_and_reading(nanos: int) -> None:
    assert scalars.parse_duration(scalars.format_duration(nanos)) == nanos


@given(st.integers(scalars.ZERO_TIME_SECONDS, 253402300799))
def test_a_time_survives_writing_and_reading(seconds: int) -> None:
    assert scalars.parse_time(scalars.format_time(seconds)) == (seconds, 0)
