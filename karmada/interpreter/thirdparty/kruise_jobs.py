"""OpenKruise jobs: BroadcastJob, a pod on each node, and AdvancedCronJob, jobs by the clock. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, labels_of, metadata_of
from karmada.interpreter.native.aggregate import Items, reported
from karmada.interpreter.thirdparty.components import replicas_in, revised_in, with_spec
from karmada.interpreter.thirdparty.kind import Kind
from karmada.interpreter.thirdparty.references import Dependencies, at, of_template, of_templates
from karmada.interpreter.thirdparty.statuses import conditions_of, last, number, status_of, totals

COUNTERS: Final = ("active", "succeeded", "failed", "desired")
BROADCAST_JOB_FIELDS: Final = ("conditions", "startTime", "completionTime", *COUNTERS, "phase")


def _reflect(obj: Object) -> Object:
    return {name: status_of(obj).get(name) for name in BROADCAST_JOB_FIELDS}


def _broadcast_job(template: Object, items: Items, now: str) -> Object | None:
    if not items:
        return None
    statuses = list(reported(items))
    return {
        **status_of(template),
        **totals(statuses, COUNTERS),
        "phase": last(statuses, "phase", ""),
        "conditions": _conditions(items),
    }


def _conditions(items: Items) -> Sequence[Object]:
    ends = {item.cluster_name: _end(item.status or {}) for item in items}
    failed = [cluster for cluster, end in ends.items() if end == "Failed"]
    conditions = []
    if failed:
        message = f"Job executed failed in member clusters: {', '.join(failed)}"
        conditions.append({"type": "Failed", "status": "True", "reason": "JobFailed", "message": message})
    if all(end == "Complete" for end in ends.values()):
        conditions.append(
            {"type": "Completed", "status": "True", "reason": "Completed", "message": "Job completed"}
        )
    return conditions


def _end(status: Object) -> str:
    """Complete or Failed, whichever condition says so first; "" while it runs."""
    return next(
        (
            each["type"]
            for each in conditions_of(status)
            if each.get("type") in ("Complete", "Failed") and each.get("status") == "True"
        ),
        "",
    )


def _is_healthy(obj: Object) -> bool:
    desired, failed, succeeded, active = (
        number(status_of(obj).get(name)) for name in ("desired", "failed", "succeeded", "active")
    )
    return desired != 0 and failed == 0 and (succeeded != 0 or active != 0)


def _retain(desired: Object, observed: Object) -> Object:
    """The member's labels of the pod template: its controller adds some, and the template is immutable."""
    labels = labels_of(at(observed, "spec", "template") or {})
    if not labels:
        return desired
    template = at(desired, "spec", "template") or {}
    return with_spec(desired, template={**template, "metadata": {**metadata_of(template), "labels": labels}})


def _advanced_cron_job(template: Object, items: Items, now: str) -> Object | None:
    if not items:
        return None
    statuses = list(reported(items))
    return {
        **status_of(template),
        "active": [job for status in statuses for job in status.get("active") or ()],
        "type": last(statuses, "type", ""),
        "lastScheduleTime": last(statuses, "lastScheduleTime"),
    }


def _advanced_cron_job_dependencies(obj: Object) -> Dependencies:
    template = at(obj, "spec", "template") or {}
    job = template.get("broadcastJobTemplate") or template.get("jobTemplate")
    return of_templates(obj, [at(job, "spec", "template")])


KINDS: Final[Mapping[GroupVersionKind, Kind]] = {
    GroupVersionKind("apps.kruise.io", "v1alpha1", "BroadcastJob"): Kind(
        replicas=replicas_in("parallelism"),
        revise=revised_in("parallelism"),
        retain=_retain,
        aggregate=_broadcast_job,
        reflect=_reflect,
        healthy=_is_healthy,
        dependencies=of_template,
    ),
    GroupVersionKind("apps.kruise.io", "v1alpha1", "AdvancedCronJob"): Kind(
        aggregate=_advanced_cron_job,
        dependencies=_advanced_cron_job_dependencies,
    ),
}
