"""Flink: FlinkDeployment, a job manager and its task managers. Pure."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from karmada.api.groups.work import Component, ReplicaRequirements
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, namespace_of
from karmada.api.quantity import Quantity
from karmada.interpreter.native.aggregate import Items, reported
from karmada.interpreter.native.replicas import Replicas
from karmada.interpreter.thirdparty.components import claimed, component, count, with_largest
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.references import at
from karmada.interpreter.thirdparty.statuses import status_of

FIELDS: Final = (
    "clusterInfo",
    "error",
    "jobManagerDeploymentStatus",
    "jobStatus",
    "observedGeneration",
    "lifecycleState",
    "reconciliationStatus",
    "taskManager",
)
STEADY: Final = frozenset(
    {
        "RUNNING",
        *("FINISHED", "FAILED", "CANCELED", "SUSPENDED"),
        *("CANCELLING", "FAILING", "RESTARTING"),
    }
)
"""Running, ended, or about to become one of these by itself."""
STARTING: Final = frozenset({"CREATED", "INITIALIZING", "RECONCILING"})
USER_ERRORS: Final = ("ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff")
"""Another cluster would not help against these."""

_FLINK_MEMORY: Final = re.compile(r"([0-9]+)\s*([a-z]*)")
_FLINK_UNITS: Final = {
    **dict.fromkeys(("", "b", "bytes"), ""),
    **dict.fromkeys(("k", "kb", "kibibytes"), "Ki"),
    **dict.fromkeys(("m", "mb", "mebibytes"), "Mi"),
    **dict.fromkeys(("g", "gb", "gibibytes"), "Gi"),
    **dict.fromkeys(("t", "tb", "tebibytes"), "Ti"),
}


def memory(text: str) -> str:
    """An amount as the operator reads it: `2048m` is 2048 mebibytes to Flink; what is not Flink's is
    Kubernetes'. Raises ValueError."""
    found = _FLINK_MEMORY.fullmatch(text.strip().lower())
    if found is not None and found[2] in _FLINK_UNITS:
        text = found[1] + _FLINK_UNITS[found[2]]
    return str(Quantity.parse(text))


def _request(obj: Object, part: str) -> dict[str, str]:
    resource = at(obj, "spec", part, "resource") or {}
    request = {}
    if resource.get("cpu") is not None:
        request["cpu"] = str(Quantity.parse(resource["cpu"]))
    if resource.get("memory") is not None:
        request["memory"] = memory(str(resource["memory"]))
    return request


def _job_managers(obj: Object) -> int:
    return count(at(obj, "spec", "jobManager", "replicas"), 1)


def _task_managers(obj: Object) -> int:
    """As stated, else as many as the job's parallelism fills with its slots."""
    stated = count(at(obj, "spec", "taskManager", "replicas"), -1)
    if stated >= 0:
        return stated
    parallelism = count(at(obj, "spec", "job", "parallelism"), 0)
    slots = count(at(obj, "spec", "flinkConfiguration", "taskmanager.numberOfTaskSlots"), 0)
    return math.ceil(parallelism / slots) if parallelism and slots else 1


def _components(obj: Object) -> list[Component]:
    pods = at(obj, "spec", "podTemplate", "spec")
    return [
        component(name, replicas, claimed(_placed(pods), _request(obj, part)))
        for name, replicas, part in (
            ("jobmanager", _job_managers(obj), "jobManager"),
            ("taskmanager", _task_managers(obj), "taskManager"),
        )
    ]


def _replicas(obj: Object) -> Replicas:
    """Both kinds of pods counted together, each as large as the larger one."""
    shared = claimed(_placed(at(obj, "spec", "podTemplate", "spec")), {})
    base = ReplicaRequirements.model_validate(shared)
    if namespace := namespace_of(obj):
        base = base.model_copy(update={"namespace": namespace})
    requests = [_request(obj, part) for part in ("jobManager", "taskManager")]
    return _job_managers(obj) + _task_managers(obj), with_largest(base, requests)


def _placed(pods: Any) -> Object:
    """Of the common pod template, what says where its pods may run."""
    return {name: (pods or {}).get(name) for name in ("nodeSelector", "tolerations", "priorityClassName")}


def _is_healthy(obj: Object) -> bool:
    status = status_of(obj)
    state = at(status, "jobStatus", "state")
    if state is None:
        return (status.get("jobManagerDeploymentStatus"), status.get("lifecycleState")) == ("READY", "STABLE")
    if state in STARTING:
        return any(error in str(status.get("error") or "") for error in USER_ERRORS)
    return state in STEADY


def _reflect(obj: Object) -> Object:
    return {name: status_of(obj).get(name) for name in FIELDS}


def _aggregate(template: Object, items: Items, now: str) -> Object | None:
    """A job runs in one cluster: the last one that says something is right."""
    if not items:
        return None
    found: Object = {
        "error": "",
        "jobManagerDeploymentStatus": "",
        "lifecycleState": "",
        "observedGeneration": 0,
    }
    for status in reported(items):
        found = status
    return {**status_of(template), **{name: found.get(name) for name in FIELDS}}


KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("flink.apache.org", "v1beta1", "FlinkDeployment"): Kind(
        replicas=_replicas,
        components=_components,
        aggregate=_aggregate,
        reflect=_reflect,
        healthy=_is_healthy,
    ),
}
