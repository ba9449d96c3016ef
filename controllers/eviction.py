"""Eviction tasks: a copy leaves its cluster, and until when it may stay. Pure.

In: bindings, the time. Out: the binding with a cluster turned into a task; which tasks are over and when to
look again. failover/ asks for evictions and ends them; the binding controller keeps a leaving copy as long as
its task is there, and the scheduler does not choose a cluster that has one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from karmada.api.groups.work import GracefulEvictionTask, ResourceBinding, ResourceBindingSpec
from karmada.api.wellknown import HEALTHY, PURGE_GRACEFULLY


@dataclass(frozen=True, slots=True)
class Eviction:
    """Why and how a copy has to leave a cluster."""

    cluster: str
    producer: str
    reason: str
    purge_mode: str = PURGE_GRACEFULLY
    message: str = ""
    grace_period_seconds: int | None = None
    suppress_deletion: bool | None = None
    preserved_labels: Mapping[str, str] = field(default_factory=dict)
    clusters_before: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """What became of the tasks of a binding. next_seconds: when the first of those kept runs out."""

    kept: list[GracefulEvictionTask]
    ended: list[GracefulEvictionTask]
    next_seconds: float | None = None


def evicted(binding: ResourceBinding, eviction: Eviction) -> ResourceBinding:
    """binding with a cluster turned into a task; unchanged if the cluster is none of its targets."""
    spec = binding.spec
    leaving = next((item for item in spec.clusters if item.name == eviction.cluster), None)
    if leaving is None:
        return binding
    clusters = [item for item in spec.clusters if item is not leaving]
    fields: dict[str, Any] = {"clusters": clusters or None}
    if all(task.from_cluster != eviction.cluster for task in spec.graceful_eviction_tasks):
        task = _task(eviction, leaving.replicas)
        fields["graceful_eviction_tasks"] = [*spec.graceful_eviction_tasks, task]
    return _with_spec(binding, fields)


def reviewed(binding: ResourceBinding, *, now: datetime, timeout_seconds: float) -> Review:
    """Which tasks stay. One ends when its copy runs elsewhere, when its time is over, or when a user says so.

    timeout_seconds is the time of tasks that have none of their own. A task that suppresses deletion waits
    for the user, however long that takes.
    """
    replaced = is_replaced(binding)
    kept: list[GracefulEvictionTask] = []
    ended: list[GracefulEvictionTask] = []
    waits: list[float] = []
    for task in binding.spec.graceful_eviction_tasks:
        current = task if task.creation_timestamp else _started(task, now)
        seconds = remaining_seconds(current, now=now, timeout_seconds=timeout_seconds)
        over = task.suppress_deletion is False or (
            task.suppress_deletion is None and (replaced or seconds < 0)
        )
        if over and task.creation_timestamp:
            ended.append(task)
            continue
        kept.append(current)
        if task.suppress_deletion is None:
            waits.append(max(seconds, 0.0))
    return Review(kept, ended, min(waits, default=None))


def with_tasks(binding: ResourceBinding, tasks: list[GracefulEvictionTask]) -> ResourceBinding:
    if tasks == binding.spec.graceful_eviction_tasks:
        return binding
    return _with_spec(binding, {"graceful_eviction_tasks": tasks or None})


def is_replaced(binding: ResourceBinding) -> bool:
    """Whether the scheduler has seen the binding as it is and every copy it placed is healthy.

    A binding that the scheduler found no place for has no replacement: what leaves is its last copy.
    """
    if binding.status.scheduler_observed_generation != (binding.metadata.generation or 0):
        return False
    healthy = {item.cluster_name for item in binding.status.aggregated_status if item.health == HEALTHY}
    return bool(binding.spec.clusters) and all(item.name in healthy for item in binding.spec.clusters)


def remaining_seconds(task: GracefulEvictionTask, *, now: datetime, timeout_seconds: float) -> float:
    """How much longer a task that has begun may take; negative when it is over."""
    own = task.grace_period_seconds
    allowed = timedelta(seconds=timeout_seconds if own is None else own)
    begun = datetime.fromisoformat(task.creation_timestamp or now.isoformat())
    return (begun + allowed - now).total_seconds()


def _task(eviction: Eviction, replicas: int) -> GracefulEvictionTask:
    fields: dict[str, Any] = {
        "from_cluster": eviction.cluster,
        "purge_mode": eviction.purge_mode,
        "producer": eviction.producer,
        "reason": eviction.reason,
        "message": eviction.message,
        "grace_period_seconds": eviction.grace_period_seconds,
        "suppress_deletion": eviction.suppress_deletion,
        "preserved_label_state": dict(eviction.preserved_labels),
        "clusters_before_failover": list(eviction.clusters_before),
        "replicas": replicas,
    }
    optional = ("message", "preserved_label_state", "clusters_before_failover", "replicas", "purge_mode")
    given = {name: value for name, value in fields.items() if value is not None}
    return GracefulEvictionTask.model_validate(
        {name: value for name, value in given.items() if value or name not in optional}
    )


def _started(task: GracefulEvictionTask, now: datetime) -> GracefulEvictionTask:
    return task.model_copy(update={"creation_timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ")})


def _with_spec(binding: ResourceBinding, fields: dict[str, Any]) -> ResourceBinding:
    """binding with these fields of its spec, None meaning absent."""
    spec = binding.spec
    kept = {name: getattr(spec, name) for name in spec.model_fields_set if name not in fields}
    kept |= {name: value for name, value in fields.items() if value is not None}
    return binding.model_copy(update={"spec": ResourceBindingSpec.model_validate(kept)})
