"""Volcano: Job, a batch of tasks that start together. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from karmada.api.groups.work import Component
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.api.scalars import parse_duration
from karmada.interpreter.native.aggregate import Items, reported
from karmada.interpreter.thirdparty.components import component_of, count
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.references import at
from karmada.interpreter.thirdparty.statuses import (
    conditions_of,
    copied_when_single,
    newest_conditions,
    number,
    status_of,
    totals,
    without_zeros,
)

COUNTERS: Final = (
    "minAvailable",
    "pending",
    "running",
    "succeeded",
    "failed",
    "terminating",
    "unknown",
    "retryCount",
)
FIELDS: Final = (
    *COUNTERS,
    "version",
    "runningDuration",
    "taskStatusCount",
    "controlledResources",
    "state",
    "conditions",
)
HEALTHY_PHASES: Final = frozenset(
    {
        "Running",
        "Completed",
        "Pending",
        "Aborting",
        "Aborted",
        "Restarting",
        "Completing",
        "Terminating",
        "Terminated",
    }
)
FAILED_PHASES: Final = frozenset({"Failed", "Aborted", "Aborting", "Terminated", "Terminating"})
"""Of conditions: a cluster with one of these has failed, and its conditions are the ones to show."""


def _components(obj: Object) -> list[Component]:
    tasks = at(obj, "spec", "tasks") or ()
    return [
        component_of(
            task.get("name") or f"task-{index}", count(task.get("minAvailable"), 1), task.get("template")
        )
        for index, task in enumerate(tasks)
    ]


def _is_healthy(obj: Object) -> bool:
    return at(obj, "status", "state", "phase") in HEALTHY_PHASES


def _reflect(obj: Object) -> Object:
    return {name: status_of(obj).get(name) for name in FIELDS}


def _aggregate(template: Object, items: Items, now: str) -> Object:
    statuses = list(reported(items))
    status: Object = without_zeros(
        {
            **totals(statuses, COUNTERS),
            "version": max((number(each.get("version")) for each in statuses), default=0),
            "runningDuration": _longest(each.get("runningDuration") for each in statuses),
            "taskStatusCount": _tasks(statuses),
            "controlledResources": {
                name: value
                for each in statuses
                for name, value in (each.get("controlledResources") or {}).items()
            },
            "state": _state(template, items, now),
            "conditions": _conditions(items),
        }
    )
    return status


def _longest(durations: Iterable[Any]) -> str | None:
    return max((text for text in durations if text), key=parse_duration, default=None)


def _tasks(statuses: Sequence[Object]) -> dict[str, Object]:
    """Pods per phase of each task, over all clusters."""
    tasks: dict[str, dict[str, int]] = {}
    for status in statuses:
        for task, counted in (status.get("taskStatusCount") or {}).items():
            phases = tasks.setdefault(task, {})
            for phase, pods in (counted.get("phase") or {}).items():
                phases[phase] = phases.get(phase, 0) + number(pods)
    return {task: {"phase": phases} for task, phases in tasks.items()}


def _state(template: Object, items: Items, now: str) -> Object | None:
    """Failed as soon as one has failed, Completed when all have completed, else nothing to say."""
    phases = {item.cluster_name: at(item.status, "state", "phase") for item in items}
    failed = [cluster for cluster, phase in phases.items() if phase in ("Failed", "Aborted")]
    if all(phase == "Completed" for phase in phases.values()):
        state = {"phase": "Completed", "reason": "Completed", "message": "Job completed successfully"}
    elif failed:
        message = f"Job failed in clusters: {','.join(failed)}"
        state = {"phase": "Failed", "reason": "VolcanoJobFailed", "message": message}
    else:
        return None
    before = status_of(template).get("state") or {}
    same = before.get("phase") == state["phase"]
    return {**state, "lastTransitionTime": (before.get("lastTransitionTime") if same else None) or now}


def _conditions(items: Items) -> Sequence[Object]:
    for status in reported(items):
        if any(each.get("status") in FAILED_PHASES for each in conditions_of(status)):
            return conditions_of(status)
    return newest_conditions(items, "status", ["lastTransitionTime"])


KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("batch.volcano.sh", "v1alpha1", "Job"): Kind(
        components=_components,
        aggregate=copied_when_single(_aggregate),
        reflect=_reflect,
        healthy=_is_healthy,
    ),
}
