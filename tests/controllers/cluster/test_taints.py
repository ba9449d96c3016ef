"""Taints follow from the Ready condition and leave all others alone."""

import pytest

from controllers.cluster.taints import taints_for, taints_message
from karmada.api.groups.meta import Condition, Taint

NOW = "2026-01-01T00:00:00Z"
NOT_READY = Taint(key="cluster.karmada.io/not-ready", effect="NoSchedule", time_added=NOW)
UNREACHABLE = Taint(key="cluster.karmada.io/unreachable", effect="NoSchedule", time_added=NOW)
OF_A_USER = Taint(key="maintenance", value="tonight", effect="NoSchedule")
HARD = Taint(key="cluster.karmada.io/not-ready", effect="NoExecute")


def ready(status: str) -> Condition:
    return Condition(type="Ready", status=status, reason="Any", message="")


@pytest.mark.parametrize(
    ("before", "condition", "expected"),
    [
        pytest.param([], None, [NOT_READY], id="never-looked-at-is-not-ready"),
        pytest.param([], ready("False"), [NOT_READY], id="false-is-not-ready"),
        pytest.param([], ready("Unknown"), [UNREACHABLE], id="unknown-is-unreachable"),
        pytest.param([NOT_READY], ready("Unknown"), [UNREACHABLE], id="not-ready-becomes-unreachable"),
        pytest.param([UNREACHABLE], ready("False"), [NOT_READY], id="unreachable-becomes-not-ready"),
        pytest.param([UNREACHABLE], None, [UNREACHABLE, NOT_READY], id="nothing-is-taken-away-unseen"),
        pytest.param([NOT_READY, UNREACHABLE], ready("True"), [], id="ready-has-neither"),
        pytest.param([OF_A_USER, NOT_READY], ready("True"), [OF_A_USER], id="users-taints-stay"),
        pytest.param([HARD], ready("True"), [HARD], id="another-effect-is-another-taint"),
        pytest.param([HARD], ready("False"), [HARD, NOT_READY], id="and-does-not-stand-in-for-ours"),
    ],
)
def test_taints_follow_the_ready_condition(
    before: list[Taint], condition: Condition | None, expected: list[Taint]
) -> None:
    assert taints_for(before, condition, now=NOW) == expected


@pytest.mark.parametrize(
    ("taints", "condition"),
    [
        pytest.param([], ready("True"), id="ready"),
        pytest.param([OF_A_USER, NOT_READY], ready("False"), id="not-ready"),
        pytest.param([UNREACHABLE], ready("Unknown"), id="unreachable"),
        pytest.param([NOT_READY], None, id="not-looked-at"),
    ],
)
def test_taints_that_are_right_are_the_same_list(taints: list[Taint], condition: Condition | None) -> None:
    assert taints_for(taints, condition, now="2026-12-31T00:00:00Z") is taints


def test_events_name_every_taint() -> None:
    assert taints_message([]) == "cluster now does not have taints"
    assert taints_message([NOT_READY, OF_A_USER]) == (
        "cluster now has taints([{Key:cluster.karmada.io/not-ready,Effect:NoSchedule},"
        "{Key:maintenance,Value:tonight,Effect:NoSchedule}])"
    )
