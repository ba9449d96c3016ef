"""Pods of a Job are counted once, and the Job ends when it should."""

from datetime import UTC, datetime
from typing import Any

import pytest

from controllers.simulator.job_status import (
    TRACKING_FINALIZER,
    Count,
    count,
    format_indexes,
    is_done,
    job_status,
    missing_indexes,
    parse_indexes,
    seconds_to_deadline,
    seconds_to_retry,
    wanted_active,
)
from karmada.api.objects import Object, with_metadata
from tests.controllers.simulator.builders import pod, workload

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
NOON = "2026-01-01T12:00:00Z"


def job(*, status: Object | None = None, **spec: Any) -> Object:
    return workload(
        "Job", "j", status=status, **{"parallelism": 1, "completions": 1, "backoffLimit": 6, **spec}
    )


def tracked(
    name: str, phase: str = "Running", *, index: int | None = None, ended: str = "", **kind: Any
) -> Object:
    made = with_metadata(pod(name, phase=phase, **kind), finalizers=[TRACKING_FINALIZER])
    if index is not None:
        made = with_metadata(made, annotations={"batch.kubernetes.io/job-completion-index": str(index)})
    if ended:
        made["status"]["containerStatuses"] = [{"state": {"terminated": {"finishedAt": ended}}}]
    return made


def uncounted(**uids: list[str]) -> Object:
    return {"uncountedTerminatedPods": uids}


@pytest.mark.parametrize(
    ("status", "pods", "expected"),
    [
        pytest.param({}, [tracked("a")], Count(), id="running-ones-do-not-count"),
        pytest.param(
            {}, [tracked("a", "Succeeded")], Count(uncounted_succeeded=("uid-a",)), id="first-listed"
        ),
        pytest.param(
            uncounted(succeeded=["uid-a"]),
            [tracked("a", "Succeeded")],
            Count(uncounted_succeeded=("uid-a",)),
            id="listed-while-it-has-its-finalizer",
        ),
        pytest.param(
            {"succeeded": 2, **uncounted(succeeded=["uid-a"])},
            [pod("a", phase="Succeeded")],
            Count(succeeded=3),
            id="counted-without-finalizer",
        ),
        pytest.param(
            {"failed": 1, **uncounted(failed=["uid-a"])}, [], Count(failed=2), id="counted-when-gone"
        ),
        pytest.param(
            {"succeeded": 1}, [pod("a", phase="Succeeded")], Count(succeeded=1), id="never-counted-twice"
        ),
        pytest.param({}, [tracked("a", "Failed")], Count(uncounted_failed=("uid-a",)), id="a-failure"),
        pytest.param(
            {}, [tracked("a", deleting=True)], Count(uncounted_failed=("uid-a",)), id="deleted-is-failed"
        ),
        pytest.param(
            {},
            [tracked("a", "Succeeded", deleting=True)],
            Count(uncounted_succeeded=("uid-a",)),
            id="deleted-late",
        ),
    ],
)
def test_the_count(status: Object, pods: list[Object], expected: Count) -> None:
    assert count(job(status=status), pods) == expected


def test_an_index_counts_once() -> None:
    subject = job(completionMode="Indexed", completions=3, status={"completedIndexes": "0"})
    pods = [tracked("a", "Succeeded", index=0), tracked("b", "Succeeded", index=2)]
    counted = count(subject, pods)
    assert counted.uncounted_succeeded == ("uid-b",)
    assert counted.indexes == {0, 2}
    assert missing_indexes(subject, counted, [], limit=5) == [1]
    assert missing_indexes(subject, counted, [tracked("c", index=1)], limit=5) == []


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        pytest.param("", [], id="none"),
        pytest.param("0", [0], id="one"),
        pytest.param("0,1", [0, 1], id="a-pair"),
        pytest.param("0-2,5,7-9", [0, 1, 2, 5, 7, 8, 9], id="runs"),
    ],
)
def test_indexes_have_a_short_form(text: str, indexes: list[int]) -> None:
    assert format_indexes(indexes) == text
    assert parse_indexes(text) == indexes


def test_nonsense_in_indexes_is_left_out() -> None:
    assert parse_indexes("1,x,3-,4") == [1, 4]


@pytest.mark.parametrize(
    ("subject", "counted", "active", "expected"),
    [
        pytest.param(job(parallelism=3, completions=5), Count(), 0, 3, id="as-many-as-may-run"),
        pytest.param(
            job(parallelism=3, completions=5), Count(succeeded=4), 0, 1, id="no-more-than-are-missing"
        ),
        pytest.param(
            job(parallelism=3, completions=5),
            Count(succeeded=3, uncounted_succeeded=("a",)),
            0,
            1,
            id="uncounted-too",
        ),
        pytest.param(job(parallelism=3, completions=None), Count(), 1, 3, id="a-queue-fills-up"),
        pytest.param(
            job(parallelism=3, completions=None), Count(succeeded=1), 2, 2, id="a-queue-that-runs-dry"
        ),
        pytest.param(job(suspend=True), Count(), 1, 0, id="none-while-suspended"),
        pytest.param(job(parallelism=0), Count(), 1, 0, id="none-wanted"),
    ],
)
def test_how_many_should_run(subject: Object, counted: Count, active: int, expected: int) -> None:
    assert wanted_active(subject, counted, active=active) == expected


def test_replacements_wait_for_the_last_moment_where_the_policy_says_so() -> None:
    subject = job(parallelism=2, completions=4, podReplacementPolicy="Failed")
    assert wanted_active(subject, Count(), active=1, terminating=1) == 1


def conditions(status: Object) -> list[tuple[str, str, str]]:
    return [(each["type"], each["status"], each["reason"]) for each in status.get("conditions") or ()]


@pytest.mark.parametrize(
    ("subject", "pods", "counted", "expected"),
    [
        pytest.param(job(), [tracked("a")], Count(), [], id="runs"),
        pytest.param(
            job(),
            [tracked("a", "Succeeded")],
            Count(uncounted_succeeded=("uid-a",)),
            [("SuccessCriteriaMet", "True", "CompletionsReached")],
            id="enough-but-not-counted",
        ),
        pytest.param(
            job(),
            [],
            Count(succeeded=1),
            [
                ("SuccessCriteriaMet", "True", "CompletionsReached"),
                ("Complete", "True", "CompletionsReached"),
            ],
            id="complete",
        ),
        pytest.param(
            job(backoffLimit=1, parallelism=2, completions=2),
            [tracked("a")],
            Count(failed=2),
            [("FailureTarget", "True", "BackoffLimitExceeded")],
            id="failed-but-one-still-runs",
        ),
        pytest.param(
            job(backoffLimit=0),
            [],
            Count(failed=1),
            [("FailureTarget", "True", "BackoffLimitExceeded"), ("Failed", "True", "BackoffLimitExceeded")],
            id="failed",
        ),
        pytest.param(
            job(activeDeadlineSeconds=60, status={"startTime": "2026-01-01T11:58:00Z"}),
            [],
            Count(),
            [("FailureTarget", "True", "DeadlineExceeded"), ("Failed", "True", "DeadlineExceeded")],
            id="out-of-time",
        ),
        pytest.param(
            job(completions=None), [tracked("a")], Count(succeeded=1), [], id="a-queue-with-work-left"
        ),
        pytest.param(job(suspend=True), [], Count(), [("Suspended", "True", "JobSuspended")], id="suspended"),
        pytest.param(
            job(status={"conditions": [{"type": "Suspended", "status": "True", "reason": "JobSuspended"}]}),
            [],
            Count(),
            [("Suspended", "False", "JobResumed")],
            id="resumed",
        ),
    ],
)
def test_conditions_tell_how_it_goes(
    subject: Object, pods: list[Object], counted: Count, expected: list[tuple[str, str, str]]
) -> None:
    assert conditions(job_status(subject, pods, counted, now=NOW)) == expected


def test_the_final_status_has_no_open_ends() -> None:
    status = job_status(job(status={"startTime": NOON}), [], Count(succeeded=1), now=NOW)
    assert is_done({"status": status})
    del status["conditions"]
    assert status == {
        "startTime": NOON,
        "completionTime": NOON,
        "succeeded": 1,
        "ready": 0,
        "terminating": 0,
        "uncountedTerminatedPods": {},
    }


def test_a_status_that_is_computed_again_is_the_same() -> None:
    status = job_status(job(), [tracked("a")], Count(), now=NOW)
    later = datetime(2026, 1, 1, 13, 0, tzinfo=UTC)
    assert job_status(job(status=status), [tracked("a")], Count(), now=later) == status


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        pytest.param([], 0.0, id="nothing-failed"),
        pytest.param([("Failed", "2026-01-01T11:59:58Z")], 8.0, id="ten-seconds-after-the-first"),
        pytest.param(
            [("Failed", "2026-01-01T11:59:00Z"), ("Failed", "2026-01-01T11:59:55Z")], 15.0, id="twice-as-long"
        ),
        pytest.param([("Failed", "2026-01-01T11:59:00Z")], 0.0, id="long-ago"),
        pytest.param(
            [("Failed", "2026-01-01T11:59:50Z"), ("Succeeded", "2026-01-01T11:59:59Z")],
            0.0,
            id="a-success-since",
        ),
    ],
)
def test_failures_slow_it_down(ends: list[tuple[str, str]], expected: float) -> None:
    pods = [tracked(f"p{at}", phase, ended=ended) for at, (phase, ended) in enumerate(ends)]
    assert seconds_to_retry(pods, now=NOW) == expected


def test_it_comes_back_when_its_deadline_ends() -> None:
    subject = job(activeDeadlineSeconds=90)
    running = {"startTime": "2026-01-01T11:59:00Z"}
    assert seconds_to_deadline(subject, running, now=NOW) == pytest.approx(30, abs=0.1)
    assert seconds_to_deadline(job(), running, now=NOW) is None
