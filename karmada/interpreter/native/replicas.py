"""Replicas: how many a workload wants, what each needs, and how to change the number. Pure."""

from collections.abc import Callable
from typing import Final

from karmada.api.groups.work import ReplicaRequirements
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.interpreter.errors import InterpreterError
from karmada.interpreter.native.pod_template import requirements_of

Replicas = tuple[int, ReplicaRequirements | None]

DEPLOYMENT: Final = GroupVersionKind("apps", "v1", "Deployment")
REPLICA_SET: Final = GroupVersionKind("apps", "v1", "ReplicaSet")
STATEFUL_SET: Final = GroupVersionKind("apps", "v1", "StatefulSet")
JOB: Final = GroupVersionKind("batch", "v1", "Job")
POD: Final = GroupVersionKind("", "v1", "Pod")


def _of_workload(obj: Object) -> Replicas:
    spec = obj.get("spec") or {}
    return _number(spec, "replicas"), replica_requirements(spec.get("template") or {})


def _of_job(obj: Object) -> Replicas:
    spec = obj.get("spec") or {}
    replicas = _number(spec, "parallelism")
    if spec.get("completions") is not None:
        replicas = min(replicas, _number(spec, "completions"))
    return replicas, replica_requirements(spec.get("template") or {})


def _of_pod(obj: Object) -> Replicas:
    return 1, replica_requirements(obj)


def replica_requirements(template: Object) -> ReplicaRequirements | None:
    fields = requirements_of(template)
    return ReplicaRequirements.model_validate(fields) if fields else None


def _revised(field: str) -> Callable[[Object, int], Object]:
    def revise(obj: Object, replicas: int) -> Object:
        spec = obj.get("spec") or {}
        if field not in spec:
            return obj  # an absent field is left absent
        _number(spec, field)
        return {**obj, "spec": {**spec, field: replicas}}

    return revise


def _number(spec: Object, field: str) -> int:
    """The integer at spec.field, 0 when absent. Raises InterpreterError for anything else."""
    value = spec.get(field)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise InterpreterError(
            f".spec.{field} accessor error: {value!r} is of the type {type(value).__name__}"
        )
    return value


GET_REPLICAS: Final[dict[GroupVersionKind, Callable[[Object], Replicas]]] = {
    DEPLOYMENT: _of_workload,
    REPLICA_SET: _of_workload,
    STATEFUL_SET: _of_workload,
    JOB: _of_job,
    POD: _of_pod,
}
REVISE_REPLICA: Final[dict[GroupVersionKind, Callable[[Object, int], Object]]] = {
    DEPLOYMENT: _revised("replicas"),
    REPLICA_SET: _revised("replicas"),
    STATEFUL_SET: _revised("replicas"),
    JOB: _revised("parallelism"),
}
