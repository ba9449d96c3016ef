"""Ray: RayCluster, a head and groups of workers, and RayJob, a job with a cluster of its own. Pure.

RayService is in ray_service.py.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from karmada.api.groups.work import Component
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object
from karmada.api.quantity import Quantity
from karmada.interpreter.native.aggregate import Items, reported
from karmada.interpreter.thirdparty.components import component_of, count
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.references import Dependencies, at, of_templates
from karmada.interpreter.thirdparty.statuses import (
    conditions_of,
    copied_when_single,
    is_true,
    latest,
    status_of,
    totals,
)

WORKERS: Final = (
    "readyWorkerReplicas",
    "availableWorkerReplicas",
    "maxWorkerReplicas",
    "minWorkerReplicas",
    "desiredWorkerReplicas",
)
RESOURCES: Final = ("desiredCPU", "desiredGPU", "desiredMemory", "desiredTPU")
DEPLOYMENT_ORDER: Final = (
    *("", "Initializing", "Waiting", "Suspending", "Suspended"),
    *("Retrying", "Running", "Complete", "ValidationFailed", "Failed"),
)
"""States of a job's cluster: what comes later is what the user must know first."""
JOB_ORDER: Final = ("", "PENDING", "RUNNING", "SUCCEEDED", "STOPPED", "FAILED")


def head_of(cluster: Object | None) -> Object | None:
    """The pod template of the head."""
    head: Object | None = at(cluster, "headGroupSpec", "template")
    return head


def groups_of(cluster: Object | None) -> Sequence[Object]:
    return at(cluster, "workerGroupSpecs") or ()


def templates_of(cluster: Object | None) -> Iterable[Object | None]:
    yield head_of(cluster)
    yield from (group.get("template") for group in groups_of(cluster))


def components_in(*path: str) -> Callable[[Object], list[Component]]:
    """A rule: the head and each group of workers of the cluster at path."""

    def rule(obj: Object) -> list[Component]:
        cluster = at(obj, *path)
        head = head_of(cluster)
        found = [] if head is None else [component_of("ray-head", 1, head)]
        for position, group in enumerate(groups_of(cluster), start=1):
            name = group.get("groupName") or f"worker-{position}"
            found.append(component_of(name, count(group.get("replicas"), 0), group.get("template")))
        return found

    return rule


def worst(order: Sequence[str], states: Iterable[str]) -> str | None:
    """The state that comes last in order; unknown ones come first, and the first of equals is taken."""
    return max(states, key=lambda state: order.index(state) if state in order else 0, default=None)


# --- RayCluster -------------------------------------------------------------------------------------


def _cluster_is_healthy(obj: Object) -> bool:
    status = status_of(obj)
    ready = is_true(status, "HeadPodReady") and is_true(status, "RayClusterProvisioned")
    return ready and not is_true(status, "RayClusterReplicaFailure")


def _cluster(template: Object, items: Items, now: str) -> Object:
    statuses = list(reported(items))
    stated = _first(statuses, "state") or {}
    return {
        **totals(statuses, WORKERS),
        **{name: _sum(each.get(name) for each in statuses) for name in RESOURCES},
        "conditions": [condition for status in statuses for condition in conditions_of(status)],
        "lastUpdateTime": latest(statuses, "lastUpdateTime"),
        "endpoints": (_first(statuses, "endpoints") or {}).get("endpoints"),
        "head": (_first(statuses, "head") or {}).get("head"),
        "state": stated.get("state"),
        "stateTransitionTimes": stated.get("stateTransitionTimes"),
    }


def _first(statuses: Iterable[Object], field: str) -> Object | None:
    """The first status that says something about a field."""
    return next((status for status in statuses if status.get(field) is not None), None)


def _sum(amounts: Iterable[object]) -> str:
    total = Quantity(0)
    for amount in amounts:
        if amount not in (None, ""):
            total += Quantity.parse(str(amount))
    return str(total)


# --- RayJob -----------------------------------------------------------------------------------------


def _job_is_healthy(obj: Object) -> bool:
    status = status_of(obj)
    deployment, job = status.get("jobDeploymentStatus"), status.get("jobStatus")
    return deployment == "Running" or (deployment, job) == ("Complete", "SUCCEEDED")


def _job(template: Object, items: Items, now: str) -> Object:
    statuses = list(reported(items))
    stated = [each for each in statuses if each.get("jobDeploymentStatus") is not None]
    deployment = worst(DEPLOYMENT_ORDER, (each["jobDeploymentStatus"] for each in stated))
    told_by = next((each for each in stated if each["jobDeploymentStatus"] == deployment), {})
    return {
        "jobStatus": worst(JOB_ORDER, (each["jobStatus"] for each in statuses if each.get("jobStatus"))),
        "jobDeploymentStatus": deployment,
        "reason": told_by.get("reason"),
        "message": told_by.get("message"),
    }


def _job_dependencies(obj: Object) -> Dependencies:
    spec = obj.get("spec") or {}
    return of_templates(obj, [*templates_of(spec.get("rayClusterSpec")), spec.get("submitterPodTemplate")])


KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("ray.io", "v1", "RayCluster"): Kind(
        components=components_in("spec"),
        aggregate=copied_when_single(_cluster),
        healthy=_cluster_is_healthy,
    ),
    GroupVersionKind("ray.io", "v1", "RayJob"): Kind(
        components=components_in("spec", "rayClusterSpec"),
        aggregate=copied_when_single(_job),
        healthy=_job_is_healthy,
        dependencies=_job_dependencies,
    ),
}
