"""A change of a member's health is believed once it has lasted."""

from dataclasses import dataclass

import pytest

from controllers.cluster.readiness import (
    HEALTHY,
    OFFLINE,
    UNHEALTHY,
    Memory,
    Thresholds,
    Verdict,
    is_ready,
    judge,
)
from karmada.api.groups.meta import Condition

THRESHOLDS = Thresholds(success_seconds=30, failure_seconds=30)


def condition(verdict: Verdict) -> Condition:
    return Condition(type="Ready", status=verdict.status, reason=verdict.reason, message=verdict.message)


@dataclass
class Watched:
    """A cluster that is probed again and again."""

    ready: Condition | None = None
    memory: Memory | None = None

    def probe(self, observed: Verdict, now: float) -> str:
        self.memory, verdict = judge(self.memory, observed, self.ready, now=now, thresholds=THRESHOLDS)
        if verdict is not None:
            self.ready = condition(verdict)
        assert self.ready is not None
        return self.ready.status


def test_a_member_seen_for_the_first_time_is_believed_at_once() -> None:
    assert Watched().probe(HEALTHY, 0) == "True"
    assert Watched(ready=condition(OFFLINE)).probe(HEALTHY, 0) == "True"
    assert Watched().probe(OFFLINE, 0) == "False"


def test_a_new_process_gives_a_ready_member_its_time_too() -> None:
    watched = Watched(ready=condition(HEALTHY))
    assert [watched.probe(OFFLINE, now) for now in (0, 29, 30)] == ["True", "True", "False"]


def test_a_failure_is_believed_after_the_threshold_and_so_is_the_recovery() -> None:
    watched = Watched()
    trace = [
        (0, HEALTHY, "True"),
        (10, OFFLINE, "True"),
        (39, OFFLINE, "True"),
        (40, OFFLINE, "False"),
        (50, HEALTHY, "False"),
        (79, HEALTHY, "False"),
        (80, HEALTHY, "True"),
    ]
    assert [watched.probe(observed, now) for now, observed, _ in trace] == [status for *_, status in trace]


def test_a_failure_that_does_not_last_changes_nothing() -> None:
    watched = Watched()
    watched.probe(HEALTHY, 0)
    for now, observed in ((10, OFFLINE), (30, OFFLINE), (35, HEALTHY), (60, OFFLINE), (80, OFFLINE)):
        assert watched.probe(observed, now) == "True"


def test_one_failure_turns_into_another_at_once() -> None:
    watched = Watched()
    watched.probe(OFFLINE, 0)
    watched.probe(UNHEALTHY, 1)
    assert watched.ready == condition(UNHEALTHY)


def test_a_cluster_that_lost_its_condition_gets_it_back_at_once() -> None:
    watched = Watched()
    watched.probe(HEALTHY, 0)
    watched.ready = None
    assert watched.probe(OFFLINE, 5) == "False"


@pytest.mark.parametrize(
    ("verdict", "current", "expected"),
    [
        pytest.param(HEALTHY, OFFLINE, True, id="the-verdict-counts"),
        pytest.param(OFFLINE, HEALTHY, False, id="also-a-bad-one"),
        pytest.param(None, HEALTHY, True, id="without-one-the-condition-stays"),
        pytest.param(None, OFFLINE, False, id="whatever-it-is"),
        pytest.param(None, None, False, id="no-condition-is-not-ready"),
    ],
)
def test_ready_is_what_the_condition_will_say(
    verdict: Verdict | None, current: Verdict | None, expected: bool
) -> None:
    assert is_ready(verdict, condition(current) if current else None) is expected
