"""Conditions change in place, and only when something changed."""

from karmada.api.conditions import (
    find_condition,
    is_condition_false,
    is_condition_true,
    with_condition,
    with_json_condition,
    without_condition,
)
from karmada.api.groups.meta import Condition

T0, T1 = "2026-01-02T03:04:05Z", "2026-01-02T03:05:00Z"


def ready(status: str = "True", message: str = "ok", now: str = T0) -> list[Condition]:
    return with_condition([], type="Ready", status=status, reason="R", message=message, now=now)


def test_a_new_condition_is_appended_with_the_time_given() -> None:
    (condition,) = ready()
    assert condition.to_json() == {
        "type": "Ready",
        "status": "True",
        "reason": "R",
        "message": "ok",
        "lastTransitionTime": T0,
    }


def test_setting_what_is_there_returns_the_same_list() -> None:
    conditions = ready()
    assert (
        with_condition(conditions, type="Ready", status="True", reason="R", message="ok", now=T1)
        is conditions
    )


def test_the_transition_time_stays_while_the_status_stays() -> None:
    (condition,) = with_condition(ready(), type="Ready", status="True", reason="R", message="new", now=T1)
    assert (condition.message, condition.last_transition_time) == ("new", T0)


def test_the_transition_time_moves_with_the_status() -> None:
    (condition,) = with_condition(ready(), type="Ready", status="False", reason="R", message="ok", now=T1)
    assert (condition.status, condition.last_transition_time) == ("False", T1)


def test_other_conditions_keep_their_place() -> None:
    both = with_condition(ready(), type="Other", status="False", reason="R", message="", now=T0)
    changed = with_condition(both, type="Ready", status="Unknown", reason="R", message="", now=T1)
    assert [condition.type for condition in changed] == ["Ready", "Other"]
    assert is_condition_false(changed, "Other")
    assert not is_condition_true(changed, "Ready")


def test_an_absent_condition_is_neither_true_nor_false() -> None:
    assert find_condition([], "Ready") is None
    assert not is_condition_true([], "Ready")
    assert not is_condition_false([], "Ready")


def test_removing_what_is_not_there_returns_the_same_list() -> None:
    conditions = ready()
    assert without_condition(conditions, "Other") is conditions
    assert without_condition(conditions, "Ready") == []


def test_observed_generation_is_kept_unless_given() -> None:
    (first,) = with_condition(
        [], type="Ready", status="True", reason="R", message="", now=T0, observed_generation=3
    )
    (second,) = with_condition([first], type="Ready", status="False", reason="R", message="", now=T1)
    assert second.observed_generation == 3


def test_plain_json_conditions_follow_the_same_rule() -> None:
    old = [{"type": "Ready", "status": "True", "lastTransitionTime": T0, "lastHeartbeatTime": T0}]
    same = with_json_condition(old, {"type": "Ready", "status": "True"}, now=T1)
    assert same is old
    (changed,) = with_json_condition(old, {"type": "Ready", "status": "False", "reason": "Gone"}, now=T1)
    assert changed == {
        "type": "Ready",
        "status": "False",
        "reason": "Gone",
        "lastTransitionTime": T1,
        "lastHeartbeatTime": T0,
    }
