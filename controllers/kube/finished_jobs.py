"""Jobs that ended and have ttlSecondsAfterFinished are deleted once that time is over.

In: Jobs. Out: deletes in the foreground, of the very Job that was looked at. As kube-controller-manager's
ttl-after-finished does.
"""

from datetime import datetime, timedelta

from karmada.api.errors import Conflict, NotFound
from karmada.api.groups.kubernetes import JOBS
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, is_deleting, uid_of
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.runtime.clock import Clock, parse_rfc3339
from karmada.runtime.controller import Requeue, WorkQueue


class FinishedJobController:
    """Removes Jobs whose time is over."""

    name = "ttl-after-finished"

    def __init__(self, *, jobs: Informer[Object], client: Client, clock: Clock) -> None:
        self._jobs = jobs
        self._client = client
        self._clock = clock

    def watch(self, queue: WorkQueue[ObjectKey]) -> None:
        def changed(change: Change[Object]) -> None:
            if change.new is not None and expiry_of(change.new) is not None:
                queue.add(change.key)

        self._jobs.add_handler(changed, name=self.name)

    async def reconcile(self, key: ObjectKey) -> Requeue | None:
        job = self._jobs.cache.get(key)
        expiry = expiry_of(job) if job is not None else None
        if expiry is None:
            return None
        if wait := self._seconds_to(expiry):
            return Requeue(after=wait)
        try:
            live = await self._client.get(JOBS, key)  # its ttl may have been prolonged
            expiry = expiry_of(live)
            if expiry is None or self._seconds_to(expiry):
                return None  # the watch tells
            await self._client.delete(JOBS, key, uid=uid_of(live), propagation_policy="Foreground")
        except (NotFound, Conflict):
            return None
        return None

    def _seconds_to(self, moment: datetime) -> float:
        return max(0.0, (moment - self._clock.now()).total_seconds())


def expiry_of(job: Object) -> datetime | None:
    """When it may go; None while it runs, is being deleted, or is to be kept."""
    seconds = (job.get("spec") or {}).get("ttlSecondsAfterFinished")
    if seconds is None or is_deleting(job):
        return None
    for each in (job.get("status") or {}).get("conditions") or ():
        if each["type"] in ("Complete", "Failed") and each["status"] == "True":
            return parse_rfc3339(each["lastTransitionTime"]) + timedelta(seconds=seconds)
    return None
