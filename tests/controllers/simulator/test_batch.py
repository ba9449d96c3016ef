"""Jobs and CronJobs in a running member."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from karmada.api.groups.kubernetes import CRON_JOBS, EVENTS, JOBS, PODS
from karmada.api.objects import Object, annotations_of, finalizers_of, name_of, owners_of
from tests.controllers.simulator.builders import template
from tests.controllers.simulator.live import Cluster, cluster, eventually

FAILS = {"simulator.karmada.io/exit": "fail"}


@pytest.fixture
async def member(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with cluster(tmp_path) as running:
        yield running


def pod(*, fails: bool = False) -> Object:
    made = template("job", restartPolicy="Never")
    if fails:
        made["metadata"]["annotations"] = FAILS
    return made


async def until(member: Cluster, name: str, kind: str) -> Object:
    async def look() -> Object | None:
        job = await member.get(JOBS, name)
        conditions = (job.get("status") or {}).get("conditions") or ()
        return job if any(each["type"] == kind and each["status"] == "True" for each in conditions) else None

    return await eventually(look, lambda: f"Job {name} is {kind}")


async def job_pods(member: Cluster, name: str) -> list[Object]:
    selector = f"batch.kubernetes.io/job-name={name}"
    return (await member.client.list(PODS, namespace="default", label_selector=selector)).items


async def test_a_job_runs_to_its_end_and_counts_each_pod_once(member: Cluster) -> None:
    await member.create(JOBS, "work", completions=5, parallelism=2, template=pod())
    job = await until(member, "work", "Complete")
    assert job["status"]["succeeded"] == 5
    assert job["status"]["uncountedTerminatedPods"] == {}
    pods = await job_pods(member, "work")
    assert len(pods) == 5
    assert [finalizers_of(each) for each in pods] == [[]] * 5


async def test_every_index_is_worked_on_once(member: Cluster) -> None:
    await member.create(JOBS, "work", completions=3, parallelism=3, completionMode="Indexed", template=pod())
    job = await until(member, "work", "Complete")
    assert job["status"]["completedIndexes"] == "0-2"
    key = "batch.kubernetes.io/job-completion-index"
    assert sorted(annotations_of(each)[key] for each in await job_pods(member, "work")) == ["0", "1", "2"]


async def test_a_job_that_fails_says_why(member: Cluster) -> None:
    await member.create(JOBS, "work", backoffLimit=0, template=pod(fails=True))
    job = await until(member, "work", "Failed")
    assert job["status"]["failed"] == 1
    assert {each["reason"] for each in job["status"]["conditions"]} == {"BackoffLimitExceeded"}
    assert "completionTime" not in job["status"]


async def test_what_still_runs_of_a_failed_job_is_stopped(member: Cluster) -> None:
    forever = template("job", restartPolicy="Never")
    forever["metadata"]["annotations"] = {"simulator.karmada.io/exit": "never"}
    await member.create(JOBS, "work", activeDeadlineSeconds=1, parallelism=2, completions=2, template=forever)
    job = await until(member, "work", "Failed")
    assert {each["reason"] for each in job["status"]["conditions"]} == {"DeadlineExceeded"}

    async def none() -> bool:
        return not await job_pods(member, "work")

    await eventually(none, lambda: "its pods are gone")


async def test_a_suspended_job_runs_nothing_until_it_is_resumed(member: Cluster) -> None:
    await member.create(JOBS, "work", suspend=True, template=pod())
    await until(member, "work", "Suspended")
    assert await job_pods(member, "work") == []
    await member.patch(JOBS, "work", suspend=False)
    await until(member, "work", "Complete")


async def test_a_job_of_another_manager_is_left_alone(member: Cluster) -> None:
    await member.create(JOBS, "theirs", managedBy="example.org/queue", template=pod())
    await member.create(JOBS, "ours", template=pod())
    await until(member, "ours", "Complete")
    assert "conditions" not in ((await member.get(JOBS, "theirs")).get("status") or {})
    assert await job_pods(member, "theirs") == []


async def test_a_deleted_job_takes_its_running_pods_along(member: Cluster) -> None:
    forever = template("job", restartPolicy="Never")
    forever["metadata"]["annotations"] = {"simulator.karmada.io/exit": "never"}
    await member.create(JOBS, "work", parallelism=2, completions=2, template=forever)
    await member.until_status(JOBS, "work", active=2, ready=2)
    await member.delete(JOBS, "work", propagation_policy="Background")

    async def none() -> bool:
        return not await job_pods(member, "work")

    await eventually(none, lambda: "its pods are gone")


async def test_a_finished_job_goes_after_its_time(member: Cluster) -> None:
    await member.create(JOBS, "work", ttlSecondsAfterFinished=0, template=pod())
    await member.until_gone(JOBS, "work")
    assert await job_pods(member, "work") == []


async def test_a_cron_job_starts_jobs_and_keeps_a_few(member: Cluster) -> None:
    job = {"metadata": {"labels": {"team": "shop"}}, "spec": {"template": pod()}}
    tick = await member.create(CRON_JOBS, "tick", schedule="@every 1s", jobTemplate=job)
    assert tick["spec"]["successfulJobsHistoryLimit"] == 3

    async def two() -> list[Object] | None:
        jobs = (await member.client.list(JOBS, namespace="default")).items
        cron_job = await member.get(CRON_JOBS, "tick")
        return jobs if jobs and (cron_job.get("status") or {}).get("lastSuccessfulTime") else None

    jobs = await eventually(two, lambda: "a Job succeeded")
    assert all(name_of(each).startswith("tick-") for each in jobs)
    assert [owner["name"] for owner in owners_of(jobs[0])] == ["tick"]
    assert "batch.kubernetes.io/cronjob-scheduled-timestamp" in annotations_of(jobs[0])


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        pytest.param("59 23 31 2 *", "InvalidSchedule", id="a-day-that-never-comes"),
        pytest.param("@every 1s", "SuccessfulCreate", id="now"),
    ],
)
async def test_a_cron_job_says_what_became_of_its_schedule(
    member: Cluster, schedule: str, reason: str
) -> None:
    await member.create(CRON_JOBS, "tick", schedule=schedule, jobTemplate={"spec": {"template": pod()}})

    async def said() -> bool:
        events = (await member.client.list(EVENTS, namespace="default")).items
        told = [each["reason"] for each in events if each["involvedObject"]["kind"] == "CronJob"]
        return reason in told

    await eventually(said, lambda: f"an event says {reason}")
