"""CronJob -> Jobs at the times its schedule names.

In: CronJobs and their Jobs. Out: Jobs `{name}-{minutes since 1970}`, the removal of old ones, CronJob status.
What is due is decided by pure functions below; karmada/api/cron.py reads the schedules.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from controllers.simulator.job_status import is_done
from controllers.simulator.workload import controller_reference, controller_uid
from karmada.api.cron import CronError, Schedule, parse_schedule
from karmada.api.errors import AlreadyExists, Conflict, NotFound
from karmada.api.groups.kubernetes import CRON_JOBS, JOBS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import (
    Object,
    annotations_of,
    controller_of,
    is_deleting,
    labels_of,
    metadata_of,
    name_of,
    namespace_of,
    resource_version_of,
    uid_of,
)
from karmada.client.client import Client
from karmada.client.events import EventRecorder
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, parse_rfc3339, rfc3339
from karmada.runtime.controller import Requeue, WorkQueue

log = logging.getLogger(__name__)

SCHEDULED_ANNOTATION: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
SPANS: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=367))
"""How far to look back for the last time that was due, a little first."""
LATE_SECONDS: Final = 0.1
STALE_SECONDS: Final = 1.0
NEVER: Final = "time difference between two schedules is less than 1 second"
OWNER: Final = "controller-uid"


class CronJobController:
    """Starts Jobs on time."""

    name = "cronjob"

    def __init__(
        self,
        *,
        cron_jobs: Informer[Object],
        jobs: Informer[Object],
        client: Client,
        recorder: EventRecorder,
        clock: Clock,
    ) -> None:
        self._recorder = recorder
        self._cron_jobs = cron_jobs
        self._jobs = jobs
        self._client = client
        self._clock = clock
        jobs.cache.add_index(OWNER, controller_uid)

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            if change.new is not None:
                queue.add(change.key)

        def job_changed(change: Change[Object]) -> None:
            job = change.new if change.new is not None else change.old
            controller = controller_of(job) if job is not None else None
            if controller is not None and controller["kind"] == "CronJob":
                queue.add(CRON_JOBS.key(change.key.namespace, controller["name"]))

        self._cron_jobs.add_handler(changed, name=self.name)
        self._jobs.add_handler(job_changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        cron_job = self._cron_jobs.cache.get(key)
        if cron_job is None or is_deleting(cron_job):
            return None
        jobs = self._jobs.cache.by_index(OWNER, uid_of(cron_job))
        try:
            await self._remove_history(cron_job, jobs)
            cron_job = await self._write(cron_job, settled_status(cron_job, jobs))
            return await self._start_due(cron_job, jobs)
        except (Conflict, NotFound):
            return Requeue(after=STALE_SECONDS)

    async def _start_due(self, cron_job: Object, jobs: Sequence[Object]) -> Requeue | None:
        spec = cron_job["spec"]
        if spec.get("suspend"):
            return None
        try:
            schedule = parse_schedule(spec["schedule"], zone=spec.get("timeZone") or "")
        except CronError as error:
            self._warn(
                cron_job, "UnparseableSchedule", f'unparseable schedule: "{spec["schedule"]}" : {error}'
            )
            return None
        now = self._clock.now()
        due = due_time(cron_job, schedule, now=now)
        if due is not None and may_start(cron_job, jobs):
            if spec.get("concurrencyPolicy") == "Replace":
                for job in jobs:
                    if not is_done(job):
                        await self._delete(job)
            await self._start(cron_job, due, schedule)
        following = schedule.next_after(now)
        if following is None:
            if due is None:
                self._warn(cron_job, "InvalidSchedule", f"invalid schedule: {spec['schedule']} : {NEVER}")
            return None
        return Requeue(after=(following - now).total_seconds() + LATE_SECONDS)

    async def _start(self, cron_job: Object, due: datetime, schedule: Schedule) -> None:
        """The name comes from the time, so that the same Job is never started twice."""
        job = job_of(cron_job, due, schedule)
        try:
            job = await self._client.create(JOBS, job)
        except AlreadyExists:
            job = await self._client.get(JOBS, JOBS.key_of(job))
            controller = controller_of(job)
            if controller is None or controller["uid"] != uid_of(cron_job):
                raise
        else:
            log.info("job started", extra={"job": str(JOBS.key_of(job))})
            text = f"Created job {name_of(job)}"
            self._recorder.event(cron_job, type="Normal", reason="SuccessfulCreate", message=text)
        status = dict(cron_job.get("status") or {})
        if not is_done(job):
            known = [each for each in status.get("active") or () if each.get("uid") != uid_of(job)]
            status["active"] = [*known, reference_to(job)]
        status["lastScheduleTime"] = rfc3339(due)
        await self._write(cron_job, status)

    def _warn(self, cron_job: Object, reason: str, message: str) -> None:
        self._recorder.event(cron_job, type="Warning", reason=reason, message=message)

    async def _remove_history(self, cron_job: Object, jobs: Sequence[Object]) -> None:
        for job in surplus_jobs(cron_job, jobs):
            await self._delete(job)

    async def _delete(self, job: Object) -> None:
        if not is_deleting(job):
            await self._client.delete(
                JOBS, JOBS.key_of(job), uid=uid_of(job), propagation_policy="Background"
            )

    async def _write(self, cron_job: Object, status: Object) -> Object:
        if status == (cron_job.get("status") or {}):
            return cron_job
        return await self._client.replace(CRON_JOBS, {**cron_job, "status": status}, subresource="status")


def settled_status(cron_job: Object, jobs: Sequence[Object]) -> Object:
    """Without the Jobs that ended or are gone, with those nobody noted, and the time of the last success."""
    running = {uid_of(job): job for job in jobs if not is_done(job)}
    status = dict(cron_job.get("status") or {})
    active = [each for each in status.get("active") or () if each.get("uid") in running]
    noted = {each.get("uid") for each in active}
    active += [reference_to(job) for uid, job in sorted(running.items()) if uid not in noted]
    status.pop("active", None)
    if active:
        status["active"] = active
    ends = [(job.get("status") or {}).get("completionTime") or "" for job in jobs]
    last = max([*ends, status.get("lastSuccessfulTime") or ""])
    return {**status, "lastSuccessfulTime": last} if last else status


def due_time(cron_job: Object, schedule: Schedule, *, now: datetime) -> datetime | None:
    """The last time up to now that no Job was started for; None when there is none, or it is too late."""
    created = metadata_of(cron_job).get("creationTimestamp")
    last = (cron_job.get("status") or {}).get("lastScheduleTime") or created
    earliest = parse_rfc3339(last) if last else now
    seconds = cron_job["spec"].get("startingDeadlineSeconds")
    if seconds is not None:
        earliest = max(earliest, now - timedelta(seconds=seconds))
    for span in (*SPANS, now - earliest):
        found: datetime | None = None
        for moment in schedule.times_after(max(earliest, now - span)):
            if moment > now:
                break
            found = moment
        if found is not None or now - span <= earliest:
            return found
    return None


def may_start(cron_job: Object, jobs: Iterable[Object]) -> bool:
    """concurrencyPolicy Forbid waits for the Job before."""
    if cron_job["spec"].get("concurrencyPolicy") != "Forbid":
        return True
    return all(is_done(job) for job in jobs) and not (cron_job.get("status") or {}).get("active")


def job_of(cron_job: Object, due: datetime, schedule: Schedule) -> Object:
    template = cron_job["spec"]["jobTemplate"]
    stamp = due.astimezone(schedule.zone).isoformat(timespec="seconds").replace("+00:00", "Z")
    metadata: Object = {
        "name": f"{name_of(cron_job)}-{int(due.timestamp()) // 60}",
        "namespace": namespace_of(cron_job),
        "annotations": {**annotations_of(template), SCHEDULED_ANNOTATION: stamp},
        "creationTimestamp": None,
        "ownerReferences": [controller_reference(cron_job)],
    }
    if labels := labels_of(template):
        metadata["labels"] = labels
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}


def surplus_jobs(cron_job: Object, jobs: Iterable[Object]) -> list[Object]:
    """Jobs that ended, beyond the history limits, oldest first."""
    done = sorted((job for job in jobs if is_done(job)), key=_started)
    surplus: list[Object] = []
    for kind, field in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        limit = cron_job["spec"].get(field)
        if limit is not None:
            ended = [job for job in done if _ended_with(job, kind)]
            surplus += ended[: max(0, len(ended) - limit)]
    return surplus


def reference_to(job: Object) -> Object:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "namespace": namespace_of(job),
        "name": name_of(job),
        "uid": uid_of(job),
        "resourceVersion": resource_version_of(job),
    }


def _ended_with(job: Object, kind: str) -> bool:
    return any(
        each["type"] == kind and each["status"] == "True"
        for each in (job.get("status") or {}).get("conditions") or ()
    )


def _started(job: Object) -> tuple[str, str]:
    return (job.get("status") or {}).get("startTime") or "", name_of(job)
