"""Whether a text is a cron expression."""

import pytest

from apiserver.admission.cron import schedule_problem

GOOD = [
    "* * * * *",
    "*/5 0-23/2 1,15 jan-DEC mon-fri",
    "? ? ? ? ?",
    "0 0 1 1 0",
    "10/15 * * * *",
    "@hourly",
    "@every 1h30m",
]
BAD = [
    pytest.param("bad", "expected exactly 5 fields, found 1: [bad]", id="one-word"),
    pytest.param("", "empty spec string", id="empty"),
    pytest.param("61 * * * *", "end of range (61) above maximum (59): 61", id="minute-too-large"),
    pytest.param("* * 0 * *", "beginning of range (0) below minimum (1): 0", id="day-too-small"),
    pytest.param("30-10 * * * *", "beginning of range (30) beyond end of range (10): 30-10", id="backwards"),
    pytest.param("*/0 * * * *", "step of range should be a positive number: */0", id="no-step"),
    pytest.param("1-2-3 * * * *", "too many hyphens: 1-2-3", id="hyphens"),
    pytest.param("1/2/3 * * * *", "too many slashes: 1/2/3", id="slashes"),
    pytest.param(
        "x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax', id="no-number"
    ),
    pytest.param("@never", "unrecognized descriptor: @never", id="unknown-macro"),
    pytest.param("@every soon", "unrecognized descriptor: @every soon", id="no-duration"),
]


@pytest.mark.parametrize("schedule", GOOD)
def test_a_schedule_is_taken(schedule: str) -> None:
    assert schedule_problem(schedule) == ""


@pytest.mark.parametrize(("schedule", "problem"), BAD)
def test_what_is_wrong_with_a_schedule_is_said(schedule: str, problem: str) -> None:
    assert schedule_problem(schedule) == problem


def test_sunday_may_be_seven_where_the_kind_says_so() -> None:
    assert schedule_problem("0 0 * * 7")
    assert schedule_problem("0 0 * * 7", sunday_is_seven=True) == ""
