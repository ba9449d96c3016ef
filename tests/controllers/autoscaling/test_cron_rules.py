"""Which rule is due when, and what its history says afterwards."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from controllers.autoscaling.cron_rules import DueRule, Outcome, after, plan
from karmada.api.groups.autoscaling import CronFederatedHPA, CronFederatedHPARule, ExecutionHistory
from karmada.api.objects import Object

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def rule(name: str = "up", schedule: str = "*/10 * * * *", **fields: Any) -> Object:
    return {"name": name, "schedule": schedule, "targetReplicas": 3, **fields}


def autoscaler(*rules: Object, **planned: str) -> CronFederatedHPA:
    histories = [{"ruleName": name, "nextExecutionTime": at} for name, at in planned.items()]
    return CronFederatedHPA.from_json(
        {"spec": {"rules": list(rules)}, "status": {"executionHistories": histories}}
    )


@pytest.mark.parametrize(
    ("given", "due", "next_times"),
    [
        pytest.param(
            autoscaler(rule()), [], {"up": "2026-03-01T12:10:00Z"}, id="a-new-rule-waits-for-its-time"
        ),
        pytest.param(
            autoscaler(rule(), up="2026-03-01T12:00:00Z"),
            ["up"],
            {"up": "2026-03-01T12:00:00Z"},
            id="a-planned-time-has-come",
        ),
        pytest.param(
            autoscaler(rule(), up="2026-03-01T12:10:00Z"),
            [],
            {"up": "2026-03-01T12:10:00Z"},
            id="a-planned-time-is-ahead",
        ),
        pytest.param(
            autoscaler(rule(), up="2026-03-01T11:50:00Z"),
            [],
            {"up": "2026-03-01T12:10:00Z"},
            id="a-missed-run-is-not-caught-up",
        ),
        pytest.param(
            autoscaler(rule(schedule="*/10 * * * *"), up="2026-03-01T12:05:00Z"),
            [],
            {"up": "2026-03-01T12:10:00Z"},
            id="a-changed-schedule-is-planned-anew",
        ),
        pytest.param(
            autoscaler(rule(suspend=True), up="2026-03-01T12:00:00Z"),
            [],
            {"up": None},
            id="a-suspended-rule-never-runs",
        ),
        pytest.param(
            autoscaler(rule("a"), gone="2026-03-01T12:00:00Z"),
            [],
            {"a": "2026-03-01T12:10:00Z"},
            id="a-rule-that-went-takes-its-history-along",
        ),
        pytest.param(
            autoscaler(rule(schedule="0 14 * * *", timeZone="Europe/Berlin")),
            [],
            {"up": "2026-03-01T13:00:00Z"},
            id="a-rule-with-a-zone",
        ),
        pytest.param(
            autoscaler(rule(schedule="0 14 * * *")),
            [],
            {"up": "2026-03-01T19:00:00Z"},
            id="a-rule-without-one-runs-by-the-clock-at-home",
        ),
        pytest.param(
            autoscaler(rule(schedule="0 14 * * *", timeZone="")),
            [],
            {"up": "2026-03-01T14:00:00Z"},
            id="an-empty-zone-means-utc",
        ),
    ],
)
def test_rules_run_at_their_times(
    given: CronFederatedHPA, due: list[str], next_times: dict[str, str | None]
) -> None:
    home = timezone(timedelta(hours=-5))
    planned = plan(given, now=NOON, home=home)
    assert [item.rule.name for item in planned.due] == due
    assert {each.rule_name: each.next_execution_time for each in planned.histories} == next_times
    assert not planned.broken


@pytest.mark.parametrize("schedule", ["every day", "@everysecond", "* * * * * 2027", "61 * * * *"])
def test_a_schedule_that_cannot_be_read_breaks_its_rule_alone(schedule: str) -> None:
    planned = plan(autoscaler(rule("bad", schedule), rule("good")), now=NOON, home=UTC)
    assert list(planned.broken) == ["bad"]
    assert [each.next_execution_time for each in planned.histories] == [None, "2026-03-01T12:10:00Z"]
    assert planned.wake == NOON + timedelta(minutes=10)


def due(**fields: Any) -> DueRule:
    return DueRule(CronFederatedHPARule.from_json(rule(**fields)), NOON, NOON + timedelta(minutes=10))


def test_executions_are_told_newest_first_and_forgotten_beyond_the_limit() -> None:
    history = ExecutionHistory(rule_name="up")
    for minute in range(5):
        now = NOON + timedelta(minutes=minute)
        history = after(history, due(successfulHistoryLimit=2), Outcome(replicas=minute), now=now)
    assert history.to_json() == {
        "ruleName": "up",
        "nextExecutionTime": "2026-03-01T12:10:00Z",
        "successfulExecutions": [
            {
                "appliedReplicas": minute,
                "executionTime": f"2026-03-01T12:0{minute}:00Z",
                "scheduleTime": "2026-03-01T12:00:00Z",
            }
            for minute in (4, 3)
        ],
    }


def test_a_failure_is_told_beside_the_successes() -> None:
    history = after(ExecutionHistory(rule_name="up"), due(), Outcome(replicas=0), now=NOON)
    failed = after(history, due(failedHistoryLimit=1), Outcome(error="no such kind"), now=NOON)
    assert [run.message for run in failed.failed_executions] == ["no such kind"]
    assert [run.applied_replicas for run in failed.successful_executions] == [0]
    forgotten = after(failed, due(failedHistoryLimit=0), Outcome(error="again"), now=NOON)
    assert forgotten.failed_executions == []
