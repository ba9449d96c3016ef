"""What a Job has come to: pods counted exactly once, conditions, and how many pods should run. Pure.

In: a Job and its pods. Out: a new status, the pods whose tracking finalizer may go, and what to create.
Counting takes two writes, as in kube-controller-manager: a pod that ended is first listed in
uncountedTerminatedPods, then loses its finalizer, and moves into succeeded or failed when that is seen; a
crash in between neither loses nor doubles it. jobs.py acts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from controllers.simulator.workload import BURST_PODS, condition, is_active, is_finished, is_ready, phase_of
from karmada.api.objects import Object, annotations_of, finalizers_of, is_deleting, metadata_of, uid_of
from karmada.runtime.clock import parse_rfc3339, rfc3339

TRACKING_FINALIZER: Final = "batch.kubernetes.io/job-tracking"
INDEX_ANNOTATION: Final = "batch.kubernetes.io/job-completion-index"
DEFAULT_BACKOFF_LIMIT: Final = 6
FIRST_BACKOFF_SECONDS: Final = 10.0
LONGEST_BACKOFF_SECONDS: Final = 600.0
ENDS: Final = ("Complete", "Failed")
ENDING: Final = ("SuccessCriteriaMet", "FailureTarget")


@dataclass(frozen=True, slots=True)
class Count:
    """Pods that ended. The uncounted ones still have, or just lost, their finalizer; they are included in
    nothing else."""

    succeeded: int = 0
    failed: int = 0
    uncounted_succeeded: tuple[str, ...] = ()
    uncounted_failed: tuple[str, ...] = ()
    indexes: frozenset[int] = frozenset()

    @property
    def all_succeeded(self) -> int:
        return self.succeeded + len(self.uncounted_succeeded)

    @property
    def all_failed(self) -> int:
        return self.failed + len(self.uncounted_failed)


def is_done(job: Object) -> bool:
    return _has(job.get("status") or {}, ENDS)


def is_ending(status: Object) -> bool:
    """How it ends is clear; it waits for the last pods to go."""
    return _has(status, ENDING)


def is_indexed(job: Object) -> bool:
    return bool(job["spec"].get("completionMode") == "Indexed")


def count(job: Object, pods: Sequence[Object]) -> Count:
    """The next state of the two-step count."""
    status = job.get("status") or {}
    uncounted = status.get("uncountedTerminatedPods") or {}
    tracked = {uid_of(pod): pod for pod in pods if TRACKING_FINALIZER in finalizers_of(pod)}
    succeeded = [uid for uid in uncounted.get("succeeded") or () if uid in tracked]
    failed = [uid for uid in uncounted.get("failed") or () if uid in tracked]
    listed = {*succeeded, *failed}
    indexes = set(parse_indexes(status.get("completedIndexes") or "")) if is_indexed(job) else set()
    for uid, pod in tracked.items():
        if uid in listed or len(succeeded) + len(failed) >= BURST_PODS:
            continue
        if phase_of(pod) == "Succeeded":
            index = index_of(pod)
            if is_indexed(job) and (index is None or index in indexes):
                continue  # an index counts once
            if index is not None:
                indexes.add(index)
            succeeded.append(uid)
        elif is_finished(pod) or is_deleting(pod):
            failed.append(uid)
    return Count(
        succeeded=_number(status, "succeeded")
        + sum(uid not in tracked for uid in uncounted.get("succeeded") or ()),
        failed=_number(status, "failed") + sum(uid not in tracked for uid in uncounted.get("failed") or ()),
        uncounted_succeeded=tuple(succeeded),
        uncounted_failed=tuple(failed),
        indexes=frozenset(indexes),
    )


def job_status(job: Object, pods: Sequence[Object], counted: Count, *, now: datetime) -> Object:
    before = job.get("status") or {}
    moment = rfc3339(now)
    conditions: list[Object] = list(before.get("conditions") or ())
    active = [pod for pod in pods if is_active(pod)]
    terminating = sum(is_deleting(pod) and not is_finished(pod) for pod in pods)
    suspended = is_suspended(job)
    started = before.get("startTime") or (None if suspended else moment)
    ending = _ending(job, conditions, counted, running=len(active), started=started, now=now)
    if ending is not None and not _has(before, ENDING):
        conditions = _with(conditions, ending, moment)
    if ending is None:
        conditions = _with_suspension(conditions, suspended=suspended, moment=moment)
        if _resumed(before, conditions):
            started = moment
    elif not active and not terminating and not counted.uncounted_succeeded and not counted.uncounted_failed:
        kind = "Complete" if ending["type"] == "SuccessCriteriaMet" else "Failed"
        conditions = _with(conditions, {**ending, "type": kind}, moment)
    optional: Object = {
        "conditions": conditions,
        "startTime": started,
        "completionTime": before.get("completionTime"),
        "active": len(active),
        "succeeded": counted.succeeded,
        "failed": counted.failed,
    }
    if optional["completionTime"] is None and _has({"conditions": conditions}, ("Complete",)):
        optional["completionTime"] = moment
    if is_indexed(job):
        optional["completedIndexes"] = format_indexes(counted.indexes)
    uncounted = {"succeeded": list(counted.uncounted_succeeded), "failed": list(counted.uncounted_failed)}
    return {
        **{name: value for name, value in optional.items() if value},
        "ready": sum(map(is_ready, active)),
        "terminating": terminating,
        "uncountedTerminatedPods": {name: uids for name, uids in uncounted.items() if uids},
    }


def is_suspended(job: Object) -> bool:
    return bool(job["spec"].get("suspend"))


def wanted_active(job: Object, counted: Count, *, active: int, terminating: int = 0) -> int:
    """Pods that should run now."""
    if is_suspended(job):
        return 0
    parallelism = _setting(job, "parallelism", 1)
    completions = job["spec"].get("completions")
    if completions is None:
        wanted = min(active, parallelism) if counted.all_succeeded else parallelism
    else:
        wanted = min(parallelism, max(0, int(completions) - counted.all_succeeded))
    if job["spec"].get("podReplacementPolicy") == "Failed":
        wanted = max(min(active, wanted), wanted - terminating)
    return wanted


def missing_indexes(job: Object, counted: Count, active: Iterable[Object], *, limit: int) -> list[int]:
    """The lowest indexes nobody works on."""
    busy = {index_of(pod) for pod in active} | counted.indexes
    found: list[int] = []
    for index in range(int(job["spec"].get("completions") or 0)):
        if len(found) >= limit:
            break
        if index not in busy:
            found.append(index)
    return found


def seconds_to_retry(pods: Iterable[Object], *, now: datetime) -> float:
    """How long to wait before another pod is made: twice as long after each failure in a row."""
    ended = [(finish_time(pod), phase_of(pod) == "Failed") for pod in pods if is_finished(pod)]
    last_success = max((time for time, failed in ended if not failed), default="")
    failures = sorted(time for time, failed in ended if failed and time >= last_success)
    if not failures or not failures[-1]:
        return 0.0
    delay = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(len(failures) - 1, 16), LONGEST_BACKOFF_SECONDS)
    return max(0.0, delay - (now - parse_rfc3339(failures[-1])).total_seconds())


def seconds_to_deadline(job: Object, status: Object, *, now: datetime) -> float | None:
    """Until activeDeadlineSeconds end; None without any."""
    seconds = job["spec"].get("activeDeadlineSeconds")
    started = status.get("startTime")
    if seconds is None or not started or is_suspended(job) or is_done({"status": status}):
        return None
    return max(0.0, (parse_rfc3339(started) + timedelta(seconds=seconds) - now).total_seconds()) + 0.05


def finish_time(pod: Object) -> str:
    """RFC 3339; "" when nothing tells."""
    times = [
        ((container.get("state") or {}).get("terminated") or {}).get("finishedAt") or ""
        for container in (pod.get("status") or {}).get("containerStatuses") or ()
    ]
    return max(times, default="") or metadata_of(pod).get("creationTimestamp") or ""


def index_of(pod: Object) -> int | None:
    text = annotations_of(pod).get(INDEX_ANNOTATION, "")
    return int(text) if text.isdecimal() else None


def parse_indexes(text: str) -> list[int]:
    """`0-2,5` -> 0, 1, 2, 5. Parts that are no numbers are left out."""
    indexes: list[int] = []
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if first.isdecimal() and (last.isdecimal() or not dash):
            indexes += range(int(first), int(last or first) + 1)
    return indexes


def format_indexes(indexes: Iterable[int]) -> str:
    """The opposite of parse_indexes; runs of two are written as `0,1`."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    parts = []
    for first, last in runs:
        parts.append(str(first) if first == last else f"{first}{',' if last == first + 1 else '-'}{last}")
    return ",".join(parts)


def _ending(
    job: Object,
    conditions: Sequence[Object],
    counted: Count,
    *,
    running: int,
    started: str | None,
    now: datetime,
) -> Object | None:
    """Why the Job comes to its end, if it does: FailureTarget or SuccessCriteriaMet."""
    for each in conditions:
        if each["type"] in ENDING and each["status"] == "True":
            return {name: each.get(name, "") for name in ("type", "status", "reason", "message")}
    if counted.all_failed > _setting(job, "backoffLimit", DEFAULT_BACKOFF_LIMIT):
        text = "Job has reached the specified backoff limit"
        return condition("FailureTarget", "True", "BackoffLimitExceeded", text)
    seconds = job["spec"].get("activeDeadlineSeconds")
    runs = seconds is not None and bool(started) and not is_suspended(job)
    if runs and now - parse_rfc3339(started or "") >= timedelta(seconds=seconds):
        text = "Job was active longer than specified deadline"
        return condition("FailureTarget", "True", "DeadlineExceeded", text)
    completions = job["spec"].get("completions")
    succeeded = counted.all_succeeded
    enough = succeeded >= completions if completions is not None else bool(succeeded) and not running
    if not enough or is_suspended(job):
        return None
    text = "Reached expected number of succeeded pods"
    return condition("SuccessCriteriaMet", "True", "CompletionsReached", text)


def _with_suspension(conditions: list[Object], *, suspended: bool, moment: str) -> list[Object]:
    present = next((each for each in conditions if each["type"] == "Suspended"), None)
    if suspended:
        wanted = condition("Suspended", "True", "JobSuspended", "Job suspended")
    elif present is None:
        return conditions
    else:
        wanted = condition("Suspended", "False", "JobResumed", "Job resumed")
    if present is not None and present["status"] == wanted["status"]:
        return conditions
    return _with(conditions, wanted, moment)


def _resumed(before: Mapping[str, Any], conditions: Sequence[Object]) -> bool:
    was = any(
        each["type"] == "Suspended" and each["status"] == "True" for each in before.get("conditions") or ()
    )
    return was and any(each["type"] == "Suspended" and each["status"] == "False" for each in conditions)


def _with(conditions: Sequence[Object], wanted: Object, moment: str) -> list[Object]:
    kept = [each for each in conditions if each["type"] != wanted["type"]]
    return [*kept, {**wanted, "lastProbeTime": moment, "lastTransitionTime": moment}]


def _has(status: Mapping[str, Any], kinds: tuple[str, ...]) -> bool:
    return any(each["type"] in kinds and each["status"] == "True" for each in status.get("conditions") or ())


def _setting(job: Object, name: str, default: int) -> int:
    value = job["spec"].get(name)
    return default if value is None else int(value)


def _number(status: Mapping[str, Any], field: str) -> int:
    return status.get(field) or 0
