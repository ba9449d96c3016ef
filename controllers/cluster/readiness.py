"""Is a member ready: what one probe means, and when that is believed. Pure.

In: the answer of a probe, what was seen before, the time. Out: the Ready condition. A member that fails for a
moment stays Ready, one that comes back for a moment stays not ready; good news of a member seen for the first
time is believed at once. health.py judges the members that report by themselves.
"""

from dataclasses import dataclass
from typing import Final

from karmada.api.groups.meta import Condition
from karmada.api.wellknown import (
    CLUSTER_NOT_REACHABLE_REASON,
    CLUSTER_NOT_READY_REASON,
    CLUSTER_READY,
    CLUSTER_READY_REASON,
    STATUS_COLLECTION_FAILED_REASON,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one look at a member says."""

    status: str
    reason: str
    message: str

    @property
    def is_true(self) -> bool:
        return self.status == "True"


HEALTHY: Final = Verdict("True", CLUSTER_READY_REASON, "cluster is healthy and ready to accept workloads")
OFFLINE: Final = Verdict("False", CLUSTER_NOT_REACHABLE_REASON, "cluster is not reachable")
UNHEALTHY: Final = Verdict(
    "False", CLUSTER_NOT_READY_REASON, "cluster is reachable but health endpoint responded without ok"
)


def no_client(error: Exception) -> Verdict:
    return Verdict("False", STATUS_COLLECTION_FAILED_REASON, f"failed to create a ClusterClient: {error}")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How long a change has to last before it is believed."""

    success_seconds: float = 30.0
    failure_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What was seen last, and since when (on the monotonic clock); None: since we began to look."""

    status: str
    since: float | None = None


def judge(
    memory: Memory | None,
    observed: Verdict,
    current: Condition | None,
    *,
    now: float,
    thresholds: Thresholds,
) -> tuple[Memory, Verdict | None]:
    """What to remember, and the verdict to write; None: the current condition stays as it is."""
    if memory is None:
        if current is not None and current.status == "True" and not observed.is_true:
            # We have just been started: whatever it was before, the member gets its time.
            return Memory(observed.status, now), None
        return Memory(observed.status), observed
    if current is None:
        return memory, observed
    if observed.status != memory.status:
        memory = Memory(observed.status, now)
    threshold = thresholds.success_seconds if observed.is_true else thresholds.failure_seconds
    is_news = observed.is_true != (current.status == "True")
    if is_news and memory.since is not None and now < memory.since + threshold:
        return memory, None
    return memory, observed


def is_ready(verdict: Verdict | None, current: Condition | None) -> bool:
    """Whether the condition is True once verdict has been written."""
    if verdict is not None:
        return verdict.is_true
    return current is not None and current.type == CLUSTER_READY and current.status == "True"
