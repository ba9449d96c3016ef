"""Job -> pods until enough of them succeeded, or too many failed.

In: Jobs and their pods. Out: pods with the job-tracking finalizer, Job status and its conditions in the
order that the API server's validation asks for (FailureTarget before Failed, SuccessCriteriaMet before
Complete).
"""

from typing import Final

from controllers.simulator.owned import OwnedPods
from controllers.simulator.workload import (
    condition,
    is_active,
    is_ready,
    merge_conditions,
    phase_of,
    pod_from,
)
from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import JOBS, PODS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, finalizers_of, is_deleting, uid_of, without_finalizer
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, rfc3339
from karmada.runtime.controller import Requeue, WorkQueue

TRACKING_FINALIZER: Final = "batch.kubernetes.io/job-tracking"
DEFAULT_BACKOFF_LIMIT: Final = 6


class JobController:
    """Runs Jobs to their end."""

    name = "job"

    def __init__(self, *, jobs: Informer[Object], pods: OwnedPods, client: Client, clock: Clock) -> None:
        self._jobs = jobs
        self._pods = pods
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            queue.add(change.key)

        self._jobs.add_handler(changed, name=self.name)
        self._pods.notify(JOBS, queue)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        job = self._jobs.cache.get(key)
        if job is None:
            return None
        pods = self._pods.of(job)
        if is_deleting(job) or is_done(job):
            await self._release(job, pods)
            return None
        status = job_status(job, pods, now=rfc3339(self._clock.now()))
        if not is_done({"status": status}) and not job["spec"].get("suspend"):
            pods = await self._scale(job, pods)
            status = job_status(job, pods, now=rfc3339(self._clock.now()))
        try:
            await self._client.update_status(JOBS, key, lambda live: {**live, "status": status}, cached=job)
        except NotFound:
            return None
        await self._release(job, pods, finished_only=not is_done({"status": status}))
        return None

    async def _scale(self, job: Object, pods: list[Object]) -> list[Object]:
        active = [pod for pod in pods if is_active(pod)]
        wanted = wanted_active(job, succeeded=_count(pods, "Succeeded"))
        created = []
        for _ in range(wanted - len(active)):
            pod = pod_from(
                job,
                job["spec"]["template"],
                finalizers=[TRACKING_FINALIZER],
            )
            created.append(await self._pods.create(job, pod))
        for pod in active[max(0, wanted) :]:
            await self._pods.delete(job, pod)
        return [*pods, *created]

    async def _release(self, job: Object, pods: list[Object], *, finished_only: bool = False) -> None:
        """Take the tracking finalizer off pods that are counted; delete what still runs of a Job that
        ended."""
        for pod in pods:
            if finished_only and not (phase_of(pod) in ("Succeeded", "Failed") or is_deleting(pod)):
                continue
            if is_active(pod):
                await self._pods.delete(job, pod)
            if finished_only and not is_deleting(pod):
                continue  # counted from the pod itself for as long as the Job runs
            if TRACKING_FINALIZER in finalizers_of(pod):
                await self._drop_finalizer(pod)

    async def _drop_finalizer(self, pod: Object) -> None:
        try:
            await self._client.update(
                PODS,
                PODS.key_of(pod),
                lambda live: (
                    without_finalizer(live, TRACKING_FINALIZER) if uid_of(live) == uid_of(pod) else live
                ),
                cached=pod,
            )
        except NotFound:
            return


def is_done(job: Object) -> bool:
    return any(
        each["type"] in ("Complete", "Failed") and each["status"] == "True"
        for each in (job.get("status") or {}).get("conditions") or ()
    )


def wanted_active(job: Object, *, succeeded: int) -> int:
    """Pods that should run now."""
    parallelism: int = job["spec"].get("parallelism", 1)
    completions = job["spec"].get("completions")
    if completions is None:
        return 0 if succeeded else parallelism
    return max(0, min(parallelism, int(completions) - succeeded))


def job_status(job: Object, pods: list[Object], *, now: str) -> Object:
    before = job.get("status") or {}
    succeeded, failed = _count(pods, "Succeeded"), _count(pods, "Failed")
    active = [pod for pod in pods if is_active(pod)]
    ready = sum(map(is_ready, active))
    suspended = bool(job["spec"].get("suspend"))
    status: Object = {}
    present = list(before.get("conditions") or [])
    end = _end(job, succeeded=succeeded, failed=failed, running=len(active))
    if end:
        present = merge_conditions(present, [{**each, "lastProbeTime": now} for each in end], now=now)
    elif suspended:
        present = merge_conditions(
            present, [condition("Suspended", "True", "JobSuspended", "Job suspended")], now=now
        )
    for each in present:
        each.pop("lastUpdateTime", None)  # Jobs have a probe time instead
    if present:
        status["conditions"] = present
    if not suspended:
        status["startTime"] = before.get("startTime") or now
    if end and end[-1]["type"] == "Complete":
        status["completionTime"] = before.get("completionTime") or now
    counts = {"active": 0 if end else len(active), "succeeded": succeeded, "failed": failed}
    status |= {name: value for name, value in counts.items() if value}
    status["ready"] = 0 if end else ready
    status["terminating"] = sum(map(is_deleting, pods))
    status["uncountedTerminatedPods"] = {}
    return status


def _end(job: Object, *, succeeded: int, failed: int, running: int) -> list[Object]:
    completions = job["spec"].get("completions")
    limit = job["spec"].get("backoffLimit", DEFAULT_BACKOFF_LIMIT)
    if failed > limit:
        text = "Job has reached the specified backoff limit"
        return [
            condition("FailureTarget", "True", "BackoffLimitExceeded", text),
            condition("Failed", "True", "BackoffLimitExceeded", text),
        ]
    enough = succeeded >= completions if completions is not None else bool(succeeded) and not running
    if not enough:
        return []
    text = "Reached expected number of succeeded pods"
    return [
        condition("SuccessCriteriaMet", "True", "CompletionsReached", text),
        condition("Complete", "True", "CompletionsReached", text),
    ]


def _count(pods: list[Object], phase: str) -> int:
    return sum(phase_of(pod) == phase for pod in pods)
