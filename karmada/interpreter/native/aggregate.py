"""Aggregate status: what the members say about an object, as one status of its template. Pure.

A rule gets the template and the items of its binding and returns the new status; the clock is an argument
where a rule writes a time. Items without a status are skipped unless a rule says otherwise.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from karmada.api.groups.work import AggregatedStatusItem
from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, generation_of

Items = Sequence[AggregatedStatusItem]
Rule = Callable[[Object, Items, str], Object | None]
"""(template, items, now) -> the new status, or None to leave it alone."""

DEPLOYMENT_COUNTERS: Final = (
    "replicas",
    "readyReplicas",
    "updatedReplicas",
    "availableReplicas",
    "unavailableReplicas",
)
REPLICA_SET_COUNTERS: Final = ("replicas", "readyReplicas", "availableReplicas")
DAEMON_SET_COUNTERS: Final = (
    "currentNumberScheduled",
    "desiredNumberScheduled",
    "numberAvailable",
    "numberMisscheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberUnavailable",
)
STATEFUL_SET_COUNTERS: Final = (
    "availableReplicas",
    "currentReplicas",
    "readyReplicas",
    "replicas",
    "updatedReplicas",
)
PDB_COUNTERS: Final = ("currentHealthy", "desiredHealthy", "expectedPods", "disruptionsAllowed")
POD_PHASES: Final = ("Failed", "Pending", "Running", "Succeeded")
VOLUME_PHASES: Final = ("Failed", "Pending", "Available", "Bound", "Released")


def _counters(
    names: tuple[str, ...], *, always: frozenset[str] = frozenset(), generations: bool = True
) -> Rule:
    """Sums of counters, other fields kept; observedGeneration moves when every member has caught up."""

    def rule(template: Object, items: Items, now: str) -> Object:
        status = {**(template.get("status") or {})}
        for name in names:
            total = sum(int(each.get(name) or 0) for each in reported(items))
            if total or name in always:
                status[name] = total
            else:
                status.pop(name, None)
        if generations and _all_caught_up(template, items):
            status["observedGeneration"] = generation_of(template)
        return status

    return rule


def _all_caught_up(template: Object, items: Items) -> bool:
    """Every item saw the template's generation and its own; one without a status has not."""
    return all(
        (status := item.status) is not None
        and (status.get("observedGeneration") or 0) >= (status.get("generation") or 0)
        and (status.get("resourceTemplateGeneration") or 0) >= generation_of(template)
        for item in items
    )


def _load_balancer(template: Object, items: Items, now: str) -> Object | None:
    """Every address of every member once, sorted."""
    if template.get("kind") == "Service" and (template.get("spec") or {}).get("type") != "LoadBalancer":
        return None
    merged: dict[tuple[str, ...], Object] = {}
    for status in reported(items):
        for entry in (status.get("loadBalancer") or {}).get("ingress") or ():
            key = (entry.get("ip") or "", entry.get("hostname") or "", entry.get("ipMode") or "")
            present = merged.setdefault(key, {**entry})
            ports = [
                *(present.get("ports") or ()),
                *(p for p in entry.get("ports") or () if p not in (present.get("ports") or ())),
            ]
            if ports:
                present["ports"] = ports
    ingress = [merged[key] for key in sorted(merged)]
    return {"loadBalancer": {"ingress": ingress} if ingress else {}}


def _job(template: Object, items: Items, now: str) -> Object | None:
    before = template.get("status") or {}
    if any(_is_true(before, kind) for kind in ("Complete", "Failed")):
        return None
    statuses = list(reported(items))
    status: Object = {}
    for name in ("active", "succeeded", "failed"):
        if total := sum(int(each.get(name) or 0) for each in statuses):
            status[name] = total
    if conditions := _job_conditions(items, statuses, now):
        status["conditions"] = conditions
    starts = [each["startTime"] for each in statuses if each.get("startTime")]
    if before.get("startTime"):
        status["startTime"] = before["startTime"]
    elif starts and len(starts) == len(items):
        status["startTime"] = min(starts)
    ends = [each["completionTime"] for each in statuses if each.get("completionTime")]
    if ends and len(ends) == len(items):
        status["completionTime"] = max(ends)
    return status


def _job_conditions(items: Items, statuses: Sequence[Object], now: str) -> list[Object]:
    def condition(kind: str, reason: str, message: str) -> Object:
        return {
            "type": kind,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastProbeTime": now,
            "lastTransitionTime": now,
        }

    failed = [
        item.cluster_name for item in items if item.status is not None and _is_true(item.status, "Failed")
    ]
    if failed:
        text = f"Job executed failed in member clusters {','.join(failed)}"
        # The API server wants to see the target of a failure before the failure itself.
        return [condition("FailureTarget", "JobFailed", text), condition("Failed", "JobFailed", text)]
    if not items or len(statuses) != len(items) or not all(_is_true(each, "Complete") for each in statuses):
        return []
    conditions = [condition("Complete", "Completed", "Job completed")]
    if all(_is_true(each, "SuccessCriteriaMet") for each in statuses):
        text = "All member clusters have met success criteria"
        conditions.append(condition("SuccessCriteriaMet", "CompletionsReached", text))
    return conditions


def _is_true(status: Object, kind: str) -> bool:
    return any(
        each.get("type") == kind and each.get("status") == "True" for each in status.get("conditions") or ()
    )


def _cron_job(template: Object, items: Items, now: str) -> Object:
    status: Object = {}
    if active := [each for one in reported(items) for each in one.get("active") or ()]:
        status["active"] = active
    for name in ("lastScheduleTime", "lastSuccessfulTime"):
        if times := [one[name] for one in reported(items) if one.get(name)]:
            status[name] = max(times)
    return status


def _pod(template: Object, items: Items, now: str) -> Object | None:
    if not items:
        return None
    phases = {(item.status or {}).get("phase") or "Pending" for item in items}
    status: Object = {"phase": _first_of(POD_PHASES, phases)}
    if quality := (template.get("status") or {}).get("qosClass"):
        status["qosClass"] = quality  # the API server's own, never a member's
    for field in ("containerStatuses", "initContainerStatuses"):
        reduced = [
            {
                "name": "",
                "image": "",
                "imageID": "",
                "restartCount": 0,
                "lastState": {},
                "ready": bool(each.get("ready")),
                "state": each.get("state") or {},
            }
            for one in reported(items)
            for each in one.get(field) or ()
        ]
        if reduced:
            status[field] = reduced
    return status


def _persistent_volume(template: Object, items: Items, now: str) -> Object:
    phases = {(item.status or {}).get("phase") or "Pending" for item in items}
    phase = _first_of(VOLUME_PHASES, phases)
    return {"phase": phase} if phase else {}


def _persistent_volume_claim(template: Object, items: Items, now: str) -> Object:
    phase = "Bound"
    for status in reported(items):
        found = status.get("phase")
        if found == "Lost":
            return {"phase": "Lost"}
        if found and found != "Bound":
            phase = found
    return {"phase": phase}


def _pod_disruption_budget(template: Object, items: Items, now: str) -> Object:
    status: Object = {
        name: sum(int(each.get(name) or 0) for each in reported(items)) for name in PDB_COUNTERS
    }
    disrupted = {
        f"{item.cluster_name}/{pod}": when
        for item in items
        for pod, when in ((item.status or {}).get("disruptedPods") or {}).items()
    }
    return {**status, "disruptedPods": disrupted} if disrupted else status


def _horizontal_pod_autoscaler(template: Object, items: Items, now: str) -> Object:
    totals = {
        name: sum(int(each.get(name) or 0) for each in reported(items))
        for name in ("currentReplicas", "desiredReplicas")
    }
    status: Object = {"currentMetrics": None, "desiredReplicas": totals["desiredReplicas"]}
    return {**status, "currentReplicas": totals["currentReplicas"]} if totals["currentReplicas"] else status


def reported(items: Items) -> Iterable[Object]:
    """The statuses of the items that have one."""
    return (item.status for item in items if item.status is not None)


def _first_of(order: tuple[str, ...], phases: set[Any]) -> str:
    return next((phase for phase in order if phase in phases), "")


AGGREGATE_STATUS: Final[dict[GroupVersionKind, Rule]] = {
    GroupVersionKind("apps", "v1", "Deployment"): _counters(DEPLOYMENT_COUNTERS),
    GroupVersionKind("apps", "v1", "ReplicaSet"): _counters(
        REPLICA_SET_COUNTERS, always=frozenset({"replicas"})
    ),
    GroupVersionKind("apps", "v1", "DaemonSet"): _counters(
        DAEMON_SET_COUNTERS,
        always=frozenset(
            {"currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"}
        ),
    ),
    # Members do not reflect what a StatefulSet observed, so its observedGeneration cannot move here.
    GroupVersionKind("apps", "v1", "StatefulSet"): _counters(
        STATEFUL_SET_COUNTERS, always=frozenset({"replicas", "availableReplicas"}), generations=False
    ),
    GroupVersionKind("", "v1", "Service"): _load_balancer,
    GroupVersionKind("networking.k8s.io", "v1", "Ingress"): _load_balancer,
    GroupVersionKind("batch", "v1", "Job"): _job,
    GroupVersionKind("batch", "v1", "CronJob"): _cron_job,
    GroupVersionKind("", "v1", "Pod"): _pod,
    GroupVersionKind("", "v1", "PersistentVolume"): _persistent_volume,
    GroupVersionKind("", "v1", "PersistentVolumeClaim"): _persistent_volume_claim,
    GroupVersionKind("policy", "v1", "PodDisruptionBudget"): _pod_disruption_budget,
    GroupVersionKind("autoscaling", "v2", "HorizontalPodAutoscaler"): _horizontal_pod_autoscaler,
}
