"""Which rules of a CronFederatedHPA are due, and what its history says. Pure.

In: a CronFederatedHPA and a moment. Out: the rules to execute now and the histories to write; then, with what
came of each execution, the histories after it. The plan is in the object: status.nextExecutionTime says when
a rule runs next, so a restart loses nothing and writes nothing. cron_controller.py acts on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from karmada.api.cron import CronError, Schedule, parse_schedule
from karmada.api.groups.autoscaling import (
    CronFederatedHPA,
    CronFederatedHPARule,
    ExecutionHistory,
    FailedExecution,
    SuccessfulExecution,
)
from karmada.runtime.clock import parse_rfc3339, rfc3339

MISSED: Final = timedelta(seconds=60)
"""A run that is this late was missed: the controller was down. Missed runs are not caught up."""
HISTORY_LIMIT: Final = 3


@dataclass(frozen=True, slots=True)
class DueRule:
    """A rule whose time has come: at is when it was planned, then when it runs next."""

    rule: CronFederatedHPARule
    at: datetime
    then: datetime | None


@dataclass(frozen=True, slots=True)
class Plan:
    """histories: one per rule of the spec; broken: rules whose schedule cannot be read, with the reason."""

    histories: tuple[ExecutionHistory, ...]
    due: tuple[DueRule, ...]
    broken: Mapping[str, str]
    wake: datetime | None
    """The next time at which a rule that is not due now runs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an execution: what was applied, or why it failed."""

    replicas: int | None = None
    min_replicas: int | None = None
    max_replicas: int | None = None
    error: str = ""


def plan(autoscaler: CronFederatedHPA, *, now: datetime, home: tzinfo) -> Plan:
    """home is the zone of rules that name none."""
    known = {history.rule_name: history for history in autoscaler.status.execution_histories}
    histories: list[ExecutionHistory] = []
    due: list[DueRule] = []
    broken: dict[str, str] = {}
    times: list[datetime] = []
    for rule in autoscaler.spec.rules:
        history = known.get(rule.name) or ExecutionHistory(rule_name=rule.name)
        try:
            schedule = None if rule.suspend else _schedule(rule, home)
        except CronError as error:
            broken[rule.name] = str(error)
            histories.append(history)
            continue
        planned = None if schedule is None else _planned(history, schedule, now)
        histories.append(_with_next(history, planned))
        if schedule is not None and planned is not None:
            if planned <= now:
                due.append(DueRule(rule, planned, schedule.next_after(now)))
            else:
                times.append(planned)
    return Plan(tuple(histories), tuple(due), broken, min(times, default=None))


def after(history: ExecutionHistory, due: DueRule, outcome: Outcome, *, now: datetime) -> ExecutionHistory:
    """history with one execution more, the newest first, no longer than the rule allows."""
    at = {"schedule_time": rfc3339(due.at), "execution_time": rfc3339(now)}
    if outcome.error:
        failed = FailedExecution(**at, message=outcome.error)
        kept = _limit(due.rule.failed_history_limit)
        changed = {"failed_executions": [failed, *history.failed_executions][:kept]}
        return _with_next(history.model_copy(update=changed), due.then)
    applied = {
        "applied_replicas": outcome.replicas,
        "applied_min_replicas": outcome.min_replicas,
        "applied_max_replicas": outcome.max_replicas,
    }
    succeeded = SuccessfulExecution(
        **at, **{name: value for name, value in applied.items() if value is not None}
    )
    kept = _limit(due.rule.successful_history_limit)
    runs = {"successful_executions": [succeeded, *history.successful_executions][:kept]}
    return _with_next(history.model_copy(update=runs), due.then)


def _schedule(rule: CronFederatedHPARule, home: tzinfo) -> Schedule:
    if rule.time_zone is None or rule.time_zone == "Local":
        return parse_schedule(rule.schedule, home=home)
    return parse_schedule(rule.schedule, zone=rule.time_zone)  # "" means UTC


def _planned(history: ExecutionHistory, schedule: Schedule, now: datetime) -> datetime | None:
    """When the rule runs next: as the history says, unless that run was missed or the schedule changed."""
    if history.next_execution_time:
        planned = parse_rfc3339(history.next_execution_time)
        named = schedule.every is not None or schedule.next_after(planned - timedelta(seconds=1)) == planned
        if now - planned <= MISSED and named:
            return planned
    return schedule.next_after(now)


def _with_next(history: ExecutionHistory, planned: datetime | None) -> ExecutionHistory:
    text = None if planned is None else rfc3339(planned)
    if history.next_execution_time == text:
        return history
    return history.model_copy(update={"next_execution_time": text})


def _limit(limit: int | None) -> int:
    return HISTORY_LIMIT if limit is None else limit
