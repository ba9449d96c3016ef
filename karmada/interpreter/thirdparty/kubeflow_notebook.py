"""Kubeflow Notebook: one pod that somebody works in. Pure."""

from collections.abc import Mapping
from typing import Final

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.native.aggregate import Items, reported
from karmada.interpreter.native.replicas import Replicas, replica_requirements
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.references import at
from karmada.interpreter.thirdparty.statuses import (
    conditions_of,
    copied_when_single,
    number,
    stamped,
    status_of,
    total,
)

FAILURES: Final = ("Error", "OOMKilled", "ContainerCannotRun")
"""Reasons of a container that ended."""
UNSCHEDULABLE: Final[Object] = {"waiting": {"reason": "Unschedulable"}}


def _replicas(obj: Object) -> Replicas:
    return 1, replica_requirements(at(obj, "spec", "template") or {})


def _is_healthy(obj: Object) -> bool:
    state = status_of(obj).get("containerState") or {}
    if state.get("running") is not None:
        return True
    if (waiting := state.get("waiting")) is not None:
        return bool(waiting.get("reason") == "ContainerCreating")
    if (terminated := state.get("terminated")) is not None:
        return number(terminated.get("exitCode")) == 0 and terminated.get("reason") not in FAILURES
    return False


def _reflect(obj: Object) -> Object:
    status = obj.get("status")
    if status is None:
        return {}
    return {
        "readyReplicas": number(status.get("readyReplicas")),
        "containerState": status.get("containerState"),
        "conditions": conditions_of(status),
    }


def _aggregate(template: Object, items: Items, now: str) -> Object:
    states = {
        item.cluster_name: item.status.get("containerState") or {}
        for item in items
        if item.status is not None
    }
    failed = {name: state for name, state in states.items() if _has_failed(state)}
    running = [state["running"] for state in states.values() if state.get("running") is not None]
    conditions, shown = [], None
    if failed:
        message = f"Notebook executed failed in member clusters: {', '.join(failed)}"
        conditions.append(_condition("Failed", "NotebookFailed", message))
        shown = list(failed.values())[-1] or UNSCHEDULABLE
    elif running:
        shown = {"running": max(running, key=lambda each: str(each.get("startedAt") or ""))}
    if not failed and len(running) == len(items):
        conditions.append(_condition("Ready", "Ready", "All notebooks are ready"))
    return {
        "readyReplicas": total(reported(items), "readyReplicas"),
        "containerState": shown,
        "conditions": [stamped(template, condition, now) for condition in conditions],
    }


def _has_failed(state: Object) -> bool:
    """It does not run: it ended, waits, or was not even created."""
    return not state or state.get("terminated") is not None or state.get("waiting") is not None


def _condition(type_: str, reason: str, message: str) -> Object:
    return {"type": type_, "status": "True", "reason": reason, "message": message}


KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("kubeflow.org", "v1", "Notebook"): Kind(
        replicas=_replicas,
        aggregate=copied_when_single(_aggregate),
        reflect=_reflect,
        healthy=_is_healthy,
    ),
}
