"""Reflect status: the part of a member object's status that travels back. Pure; other kinds send all of
it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, annotations_of, generation_of
from karmada.api.wellknown import TEMPLATE_GENERATION_ANNOTATION
from karmada.interpreter.errors import InterpreterError


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields of a status that are sent: those in `always` also when they are zero, as Kubernetes writes
    them."""

    always: tuple[str, ...] = ()
    present: tuple[str, ...] = ()

    def of(self, status: Object) -> Object:
        picked = {name: status.get(name) or 0 for name in self.always}
        return picked | {name: status[name] for name in self.present if status.get(name)}


DEPLOYMENT: Final = Fields(
    present=(
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "observedGeneration",
    )
)
REPLICA_SET: Final = Fields(
    always=("replicas",), present=("readyReplicas", "availableReplicas", "observedGeneration")
)
DAEMON_SET: Final = Fields(
    always=("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"),
    present=("numberAvailable", "updatedNumberScheduled", "numberUnavailable", "observedGeneration"),
)
STATEFUL_SET: Final = Fields(
    always=("replicas", "availableReplicas"),
    present=("currentReplicas", "readyReplicas", "updatedReplicas"),
)
JOB: Final = Fields(present=("active", "succeeded", "failed", "conditions", "startTime", "completionTime"))
POD_DISRUPTION_BUDGET: Final = Fields(
    always=("disruptionsAllowed", "expectedPods", "desiredHealthy", "currentHealthy"),
    present=("disruptedPods",),
)


def reflect_status(obj: Object) -> Object | None:
    """The whole status; None when there is none."""
    status: Object | None = obj.get("status")
    return status


def _picked(fields: Fields, obj: Object) -> Object | None:
    status = obj.get("status")
    return None if status is None else fields.of(status)


def _with_generation(fields: Fields, obj: Object) -> Object | None:
    """Counters plus the generations that say how recent they are; nothing while the status is empty."""
    status = obj.get("status")
    if status is None or (not status and fields in (DEPLOYMENT, REPLICA_SET)):
        return None
    text = annotations_of(obj).get(TEMPLATE_GENERATION_ANNOTATION, "")
    if not text.lstrip("-").isdigit():
        raise InterpreterError(f"annotation {TEMPLATE_GENERATION_ANNOTATION} is {text!r}, not a number")
    generations = {"generation": generation_of(obj), "resourceTemplateGeneration": int(text)}
    return {name: value for name, value in generations.items() if value} | fields.of(status)


def _horizontal_pod_autoscaler(obj: Object) -> Object | None:
    status = obj.get("status")
    if status is None:
        return None
    reflected = {"currentMetrics": None, "desiredReplicas": status.get("desiredReplicas") or 0}
    current = status.get("currentReplicas")
    return {**reflected, "currentReplicas": current} if current else reflected


def _service(obj: Object) -> Object | None:
    status = obj.get("status")
    if status is None or (obj.get("spec") or {}).get("type") != "LoadBalancer":
        return None
    return {"loadBalancer": status.get("loadBalancer") or {}}


REFLECT_STATUS: Final[dict[GroupVersionKind, Callable[[Object], Object | None]]] = {
    GroupVersionKind("apps", "v1", "Deployment"): partial(_with_generation, DEPLOYMENT),
    GroupVersionKind("apps", "v1", "ReplicaSet"): partial(_with_generation, REPLICA_SET),
    GroupVersionKind("apps", "v1", "DaemonSet"): partial(_with_generation, DAEMON_SET),
    GroupVersionKind("apps", "v1", "StatefulSet"): partial(_with_generation, STATEFUL_SET),
    GroupVersionKind("", "v1", "Service"): _service,
    GroupVersionKind("batch", "v1", "Job"): partial(_picked, JOB),
    GroupVersionKind("policy", "v1", "PodDisruptionBudget"): partial(_picked, POD_DISRUPTION_BUDGET),
    GroupVersionKind("autoscaling", "v2", "HorizontalPodAutoscaler"): _horizontal_pod_autoscaler,
}
