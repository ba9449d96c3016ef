"""When a CronJob starts a Job, under which name, and which old ones it removes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from controllers.simulator.cron_jobs import (
    due_time,
    job_of,
    may_start,
    reference_to,
    settled_status,
    surplus_jobs,
)
from karmada.api.cron import parse_schedule
from karmada.api.objects import Object, annotations_of, labels_of, name_of

NOW = datetime(2026, 1, 10, 12, 0, 30, tzinfo=UTC)


def cron_job(*, status: Object | None = None, created: str = "2026-01-10T11:50:00Z", **spec: Any) -> Object:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"parallelism": 2}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "tick", "namespace": "default", "uid": "u", "creationTimestamp": created},
        "spec": {"schedule": "* * * * *", "jobTemplate": template, **spec},
        "status": status or {},
    }


def job(name: str, ended: str = "", *, started: str = "2026-01-10T11:00:00Z", completed: str = "") -> Object:
    conditions = [{"type": ended, "status": "True"}] if ended else []
    status = {"conditions": conditions, "startTime": started, "completionTime": completed or None}
    return {"metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}"}, "status": status}


@pytest.mark.parametrize(
    ("subject", "schedule", "expected"),
    [
        pytest.param(cron_job(), "* * * * *", "2026-01-10T12:00:00+00:00", id="the-last-of-many"),
        pytest.param(
            cron_job(status={"lastScheduleTime": "2026-01-10T12:00:00Z"}),
            "* * * * *",
            None,
            id="already-started",
        ),
        pytest.param(
            cron_job(created="2026-01-10T12:00:10Z"), "* * * * *", None, id="not-before-it-was-made"
        ),
        pytest.param(
            cron_job(created="2025-01-01T00:00:00Z"), "0 0 1 * *", "2026-01-01T00:00:00+00:00", id="days-ago"
        ),
        pytest.param(
            cron_job(created="2020-01-01T00:00:00Z"),
            "0 0 29 2 *",
            "2024-02-29T00:00:00+00:00",
            id="years-ago",
        ),
        pytest.param(cron_job(startingDeadlineSeconds=20), "* * * * *", None, id="too-late-by-its-deadline"),
        pytest.param(
            cron_job(startingDeadlineSeconds=40),
            "* * * * *",
            "2026-01-10T12:00:00+00:00",
            id="within-its-deadline",
        ),
    ],
)
def test_what_is_due(subject: Object, schedule: str, expected: str | None) -> None:
    found = due_time(subject, parse_schedule(schedule), now=NOW)
    assert (found.isoformat() if found else None) == expected


@pytest.mark.parametrize(
    ("policy", "jobs", "expected"),
    [
        pytest.param("Allow", [job("a")], True, id="allow"),
        pytest.param("Forbid", [job("a")], False, id="forbid-while-one-runs"),
        pytest.param("Forbid", [job("a", "Failed")], True, id="forbid-after-the-last"),
        pytest.param("Replace", [job("a")], True, id="replace"),
    ],
)
def test_concurrency(policy: str, jobs: list[Object], expected: bool) -> None:
    assert may_start(cron_job(concurrencyPolicy=policy), jobs) is expected


def test_a_job_is_named_after_its_minute_and_tells_its_time_in_the_zone() -> None:
    due = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
    made = job_of(cron_job(), due, parse_schedule("* * * * *", zone="Europe/Berlin"))
    assert name_of(made) == "tick-29467440"
    stamp = "batch.kubernetes.io/cronjob-scheduled-timestamp"
    assert annotations_of(made) == {stamp: "2026-01-10T13:00:00+01:00"}
    assert labels_of(made) == {"a": "b"}
    assert made["spec"] == {"parallelism": 2}
    assert annotations_of(job_of(cron_job(), due, parse_schedule("@hourly")))[stamp] == "2026-01-10T12:00:00Z"


def test_the_oldest_of_each_kind_go() -> None:
    jobs = [
        job("s2", "Complete", started="2026-01-10T11:02:00Z"),
        job("s1", "Complete", started="2026-01-10T11:01:00Z"),
        job("f1", "Failed"),
        job("runs"),
    ]
    subject = cron_job(successfulJobsHistoryLimit=1, failedJobsHistoryLimit=1)
    assert list(map(name_of, surplus_jobs(subject, jobs))) == ["s1"]
    assert surplus_jobs(cron_job(), jobs) == []


def test_the_status_lists_what_runs_and_remembers_the_last_success() -> None:
    running, done = job("runs"), job("done", "Complete", completed="2026-01-10T11:30:00Z")
    before = {"active": [reference_to(done), {"uid": "gone"}], "lastScheduleTime": "2026-01-10T11:59:00Z"}
    assert settled_status(cron_job(status=before), [running, done]) == {
        "active": [reference_to(running)],
        "lastScheduleTime": "2026-01-10T11:59:00Z",
        "lastSuccessfulTime": "2026-01-10T11:30:00Z",
    }
    assert settled_status(cron_job(), []) == {}
