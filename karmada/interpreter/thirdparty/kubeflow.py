"""Kubeflow training jobs: PyTorchJob, TFJob, MPIJob. Pure.

Each has pods of several types, listed by name below its spec. Notebooks are in kubeflow_notebook.py.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from karmada.api.groups.work import Component
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.native.aggregate import Items, Rule, reported
from karmada.interpreter.thirdparty.components import component_of, count
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.references import Dependencies, at, of_templates
from karmada.interpreter.thirdparty.statuses import (
    conditions_of,
    copied_when_single,
    earliest,
    is_true,
    latest,
    newest_conditions,
    stamped,
    status_of,
    totals,
    without_zeros,
)

PODS: Final = ("active", "failed", "succeeded")
PYTORCH_TYPES: Final = ("Master", "Worker")
TF_TYPES: Final = ("PS", "Worker", "Chief", "Master", "Evaluator")
Conditions = Callable[[Object, Items, str], list[Object]]


def _has_not_failed(obj: Object) -> bool:
    status = status_of(obj)
    return status.get("conditions") is not None and not is_true(status, "Failed")


def _replica_specs(field: str, types: Sequence[str], obj: Object) -> Iterable[tuple[str, Object]]:
    specs = at(obj, "spec", field) or {}
    return ((type_, specs[type_]) for type_ in types if specs.get(type_) is not None)


def _training_job(field: str, types: Sequence[str], conditions: Conditions) -> Kind:
    """A job whose replica types are known, and whose end is told by Succeeded and Failed."""

    def components(obj: Object) -> list[Component]:
        return [
            component_of(type_.lower(), count(spec.get("replicas"), 1), spec.get("template"))
            for type_, spec in _replica_specs(field, types, obj)
        ]

    def dependencies(obj: Object) -> Dependencies:
        return of_templates(obj, (spec.get("template") for _, spec in _replica_specs(field, types, obj)))

    return Kind(
        components=components,
        aggregate=_aggregated(types, conditions),
        healthy=_has_not_failed,
        dependencies=dependencies,
    )


def _aggregated(types: Sequence[str], conditions: Conditions) -> Rule:
    def rule(template: Object, items: Items, now: str) -> Object:
        statuses = list(reported(items))
        succeeded = bool(items) and all(_end(item.status or {}) == "Succeeded" for item in items)
        status: Object = without_zeros(
            {
                **status_of(template),
                "startTime": earliest(statuses, "startTime"),
                "completionTime": latest(statuses, "completionTime") if succeeded else None,
                "lastReconcileTime": latest(statuses, "lastReconcileTime"),
                "replicaStatuses": _replica_statuses(statuses, types),
                "conditions": conditions(template, items, now),
            }
        )
        return status

    return rule


def _replica_statuses(statuses: Sequence[Object], types: Iterable[str]) -> dict[str, Object]:
    return {
        type_: totals([at(each, "replicaStatuses", type_) or {} for each in statuses], PODS)
        for type_ in types
    }


def _end(status: Object) -> str:
    """Failed or Succeeded; "" while it runs."""
    return next((end for end in ("Failed", "Succeeded") if is_true(status, end)), "")


def _clusters_by_end(items: Items) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"Failed": [], "Succeeded": [], "": []}
    for item in items:
        found[_end(item.status or {})].append(item.cluster_name)
    return found


def _pytorch_conditions(template: Object, items: Items, now: str) -> list[Object]:
    """The story in order, the newest last; its times are those of the members."""
    statuses = list(reported(items))
    ends = _clusters_by_end(items)
    succeeded = bool(items) and len(ends["Succeeded"]) == len(items)
    found = []
    if any(is_true(status, "Created") for status in statuses):
        found.append(_pytorch("Created", "True", "PyTorchJob is created.", earliest(statuses, "startTime")))
    running = [each for status in statuses for each in conditions_of(status) if each.get("type") == "Running"]
    if running:
        ongoing = "False" if ends["Failed"] or succeeded else "True"
        condition = _pytorch("Running", ongoing, "PyTorchJob is running.", None)
        times = {name: running[-1].get(name) for name in ("lastUpdateTime", "lastTransitionTime")}
        found.append({**condition, **times})
    ended = latest(statuses, "completionTime")
    if ends["Failed"]:
        clusters = ", ".join(ends["Failed"])
        message = f"PyTorchJob executed failed in member clusters: {clusters}"
        found.append(_pytorch("Failed", "True", message, ended))
    elif succeeded:
        found.append(_pytorch("Succeeded", "True", "PyTorchJob is successfully completed.", ended))
    return found


def _pytorch(type_: str, status: str, message: str, when: str | None) -> Object:
    return {
        "type": type_,
        "status": status,
        "reason": f"PyTorchJob{type_}",
        "message": message,
        "lastUpdateTime": when,
        "lastTransitionTime": when,
    }


def _tf_conditions(template: Object, items: Items, now: str) -> list[Object]:
    ends = _clusters_by_end(items)
    if ends["Failed"]:
        message = f"TFJob executed failed in member clusters: {', '.join(ends['Failed'])}"
        condition = {"type": "Failed", "status": "True", "reason": "TFJobFailed", "message": message}
    elif items and len(ends["Succeeded"]) == len(items):
        message = "TFJob completed successfully"
        condition = {"type": "Succeeded", "status": "True", "reason": "Completed", "message": message}
    else:
        return []
    return [stamped(template, condition, now)]


# --- MPIJob -----------------------------------------------------------------------------------------


def _mpi_components(obj: Object) -> list[Component]:
    specs = at(obj, "spec", "mpiReplicaSpecs") or {}
    return [
        component_of(
            type_, count(spec.get("replicas"), 0 if type_.lower() == "worker" else 1), spec["template"]
        )
        for type_, spec in sorted(specs.items())
        if spec is not None and spec.get("template") is not None
    ]


def _mpi_reflect(obj: Object) -> Object:
    status = status_of(obj)
    replicas = {
        type_: {name: counted[name] for name in (*PODS, "selector") if counted.get(name) is not None}
        for type_, counted in (status.get("replicaStatuses") or {}).items()
        if counted is not None
    }
    times = {name: status.get(name) for name in ("startTime", "completionTime", "lastReconcileTime")}
    return {"replicaStatuses": replicas, "conditions": status.get("conditions"), **times}


def _mpi_aggregate(template: Object, items: Items, now: str) -> Object:
    statuses = list(reported(items))
    types = dict.fromkeys(type_ for each in statuses for type_ in each.get("replicaStatuses") or ())
    return {
        "replicaStatuses": _replica_statuses(statuses, types),
        "conditions": newest_conditions(items, "type", ["lastUpdateTime", "lastTransitionTime"]),
        "startTime": earliest(statuses, "startTime"),
        "completionTime": latest(statuses, "completionTime"),
        "lastReconcileTime": latest(statuses, "lastReconcileTime"),
    }


def _mpi_is_healthy(obj: Object) -> bool:
    return bool(conditions_of(status_of(obj))) and _has_not_failed(obj)


KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("kubeflow.org", "v1", "PyTorchJob"): _training_job(
        "pytorchReplicaSpecs", PYTORCH_TYPES, _pytorch_conditions
    ),
    GroupVersionKind("kubeflow.org", "v1", "TFJob"): _training_job(
        "tfReplicaSpecs", TF_TYPES, _tf_conditions
    ),
    GroupVersionKind("kubeflow.org", "v2beta1", "MPIJob"): Kind(
        components=_mpi_components,
        aggregate=copied_when_single(_mpi_aggregate),
        reflect=_mpi_reflect,
        healthy=_mpi_is_healthy,
    ),
}
