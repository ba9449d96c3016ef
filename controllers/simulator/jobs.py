"""Job -> pods until enough of them succeeded, or too many failed.

In: Jobs and their pods. Out: pods with the job-tracking finalizer, Job status. All counting and judging is
job_status.py; here is the order of the writes: status first, then finalizers, so that no pod is forgotten.
Status is written against the version it was made from, never twice: counts must not be applied to a Job that
has moved on.
"""

from collections.abc import Iterable
from typing import Final

from controllers.simulator.job_status import (
    INDEX_ANNOTATION,
    TRACKING_FINALIZER,
    Count,
    count,
    is_done,
    is_ending,
    is_indexed,
    is_suspended,
    job_status,
    missing_indexes,
    seconds_to_deadline,
    seconds_to_retry,
    wanted_active,
)
from controllers.simulator.owned import OwnedPods
from controllers.simulator.workload import BURST_PODS, is_active, is_finished, pod_from
from karmada.api.errors import Conflict, NotFound
from karmada.api.groups.kubernetes import JOBS, PODS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import (
    Object,
    annotations_of,
    controller_of,
    finalizers_of,
    is_deleting,
    labels_of,
    name_of,
    namespace_of,
    uid_of,
    with_metadata,
    without_finalizer,
)
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock
from karmada.runtime.controller import Requeue, WorkQueue

MANAGER: Final = "kubernetes.io/job-controller"
TRACKED: Final = "tracked-job"
STALE_SECONDS: Final = 1.0
"""When to try again after a write lost; the watch usually comes first."""


class JobController:
    """Runs Jobs to their end. Jobs with another spec.managedBy are left alone."""

    name = "job"

    def __init__(self, *, jobs: Informer[Object], pods: OwnedPods, client: Client, clock: Clock) -> None:
        self._jobs = jobs
        self._pods = pods
        self._client = client
        self._clock = clock
        pods.informer.cache.add_index(TRACKED, tracked_job)

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            queue.add(change.key)

        self._jobs.add_handler(changed, name=self.name)
        self._pods.notify(JOBS, self._jobs, queue)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        job = self._jobs.cache.get(key)
        await self._release_orphans(key, job)
        if job is None or job["spec"].get("managedBy", MANAGER) != MANAGER:
            return None
        pods = self._pods.of(job)
        if is_deleting(job) or is_done(job):
            await self._release(pods)
            return None
        try:
            return await self._step(job, pods)
        except (Conflict, NotFound):
            return Requeue(after=STALE_SECONDS)

    async def _step(self, job: Object, pods: list[Object]) -> Requeue | None:
        now = self._clock.now()
        counted = count(job, pods)
        status = job_status(job, pods, counted, now=now)
        pause: float | None = None
        ending = is_ending(status)
        if not ending:
            pods, pause = await self._scale(job, pods, counted)
            status = job_status(job, pods, counted, now=now)
        if status != job.get("status"):
            await self._client.replace(JOBS, {**job, "status": status}, subresource="status")
        uncounted = {*counted.uncounted_succeeded, *counted.uncounted_failed}
        await self._release([pod for pod in pods if uid_of(pod) in uncounted])
        if ending:
            await self._let_go([pod for pod in pods if is_active(pod)])
            return None
        waits = [wait for wait in (pause, seconds_to_deadline(job, status, now=now)) if wait]
        return Requeue(after=min(waits)) if waits else None

    async def _scale(
        self, job: Object, pods: list[Object], counted: Count
    ) -> tuple[list[Object], float | None]:
        """The pods there are now, and the seconds to wait before more may be made."""
        active = [pod for pod in pods if is_active(pod)]
        terminating = sum(is_deleting(pod) and not is_finished(pod) for pod in pods)
        missing = wanted_active(job, counted, active=len(active), terminating=terminating) - len(active)
        if missing < 0:
            surplus = active[missing:][:BURST_PODS]
            await self._let_go(surplus)
            return [pod for pod in pods if pod not in surplus], None
        if missing == 0 or is_suspended(job):
            return pods, None
        if pause := seconds_to_retry(pods, now=self._clock.now()):
            return pods, pause
        if is_indexed(job):
            indexes = missing_indexes(job, counted, active, limit=min(missing, BURST_PODS))
            created = [await self._pods.create(job, indexed_pod(job, index)) for index in indexes]
        else:
            created = [await self._pods.create(job, job_pod(job)) for _ in range(min(missing, BURST_PODS))]
        return [*pods, *created], None

    async def _let_go(self, pods: list[Object]) -> None:
        """Delete pods that are not needed; they do not count, so the finalizer goes first."""
        await self._release(pods)
        for pod in pods:
            await self._pods.delete(pod)

    async def _release(self, pods: list[Object]) -> None:
        """Take the tracking finalizer off."""
        for pod in pods:
            if TRACKING_FINALIZER in finalizers_of(pod):
                await self._drop_finalizer(pod)

    async def _release_orphans(self, key: ObjectKey, job: Object | None) -> None:
        """Nobody counts the pods of a Job that is gone any more; its name may be taken by another one."""
        tracked = self._pods.informer.cache.by_index(TRACKED, f"{key.namespace}/{key.name}")
        uid = uid_of(job) if job is not None else ""
        orphans = [pod for pod in tracked if (controller_of(pod) or {}).get("uid") != uid]
        if not orphans:
            return
        try:
            uid = uid_of(await self._client.get(JOBS, key))  # the cache may be behind
        except NotFound:
            uid = ""
        await self._release([pod for pod in orphans if (controller_of(pod) or {}).get("uid") != uid])

    async def _drop_finalizer(self, pod: Object) -> None:
        def change(live: Object) -> Object:
            return without_finalizer(live, TRACKING_FINALIZER) if uid_of(live) == uid_of(pod) else live

        key = PODS.key_of(pod)
        cached = self._pods.informer.cache.get(key)
        if cached is not None and uid_of(cached) != uid_of(pod):
            return
        try:
            await self._client.update(PODS, key, change, cached=cached)
        except NotFound:
            return


def tracked_job(pod: Object) -> Iterable[str]:
    """Index values: `namespace/name` of the Job that has yet to count the pod."""
    controller = controller_of(pod)
    if controller is None or controller["kind"] != "Job" or TRACKING_FINALIZER not in finalizers_of(pod):
        return ()
    return (f"{namespace_of(pod)}/{controller['name']}",)


def job_pod(job: Object) -> Object:
    return pod_from(job, job["spec"]["template"], finalizers=[TRACKING_FINALIZER])


def indexed_pod(job: Object, index: int) -> Object:
    pod = job_pod(job)
    number = {INDEX_ANNOTATION: str(index)}
    pod["spec"]["hostname"] = f"{name_of(job)}-{index}"
    return with_metadata(
        pod,
        generateName=f"{name_of(job)}-{index}-",
        annotations={**annotations_of(pod), **number},
        labels={**labels_of(pod), **number},
    )
