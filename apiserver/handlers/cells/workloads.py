"""Cells of workloads, their scaling and their disruption budgets."""

from collections.abc import Sequence
from typing import Any, Final

from apiserver.handlers.cells.fields import (
    AGE,
    NAME,
    NONE,
    UNSET,
    Cell,
    Shown,
    age_of,
    at,
    condition,
    containers,
    count,
    is_selector,
    labels,
    number,
    selector,
    selector_text,
    shortened,
    text,
)
from apiserver.handlers.durations import INVALID, UNKNOWN, Since, epoch, human_duration
from karmada.api.objects import Object, is_deleting

_JOB_CONDITIONS: Final = ("Suspended", "FailureTarget", "SuccessCriteriaMet")
_METRICS_SHOWN: Final = 2
_TEMPLATE: Final = ("spec", "template", "spec", "containers")


def ready_of_wanted(obj: Object) -> str:
    return f"{at(obj, 'status', 'readyReplicas') or 0}/{at(obj, 'spec', 'replicas') or 0}"


def deployment_selector(obj: Object) -> str:
    """Empty for an empty selector, `<invalid>` for one that does not parse."""
    wanted = at(obj, "spec", "selector")
    return selector_text(wanted) if is_selector(wanted) else INVALID


def job_status(obj: Object) -> str:
    def holds(kind: str) -> bool:
        return condition(obj, kind).get("status") == "True"

    if holds("Complete"):
        return "Complete"
    if holds("Failed"):
        return "Failed"
    if is_deleting(obj):
        return "Terminating"
    return next((kind for kind in _JOB_CONDITIONS if holds(kind)), "Running")


def job_completions(obj: Object) -> str:
    succeeded = at(obj, "status", "succeeded") or 0
    completions = at(obj, "spec", "completions")
    if completions is not None:
        return f"{succeeded}/{completions}"
    parallelism = at(obj, "spec", "parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def job_duration(obj: Object) -> Shown:
    start = epoch(at(obj, "status", "startTime") or "")
    if start is None:
        return ""
    end = epoch(at(obj, "status", "completionTime") or "")
    return Since(start) if end is None else human_duration(end - start)


def suspended(obj: Object) -> str:
    value = at(obj, "spec", "suspend")
    return UNSET if value is None else str(bool(value))


def scale_reference(obj: Object) -> str:
    reference = at(obj, "spec", "scaleTargetRef") or {}
    return f"{reference.get('kind') or ''}/{reference.get('name') or ''}"


def scale_targets(obj: Object) -> str:
    """`current/target` of each metric."""
    spec = obj.get("spec") or {}
    if not spec.get("metrics") and spec.get("targetCPUUtilizationPercentage") is not None:
        current = at(obj, "status", "currentCPUUtilizationPercentage")
        return f"cpu: {_percent(current, UNKNOWN)}/{spec['targetCPUUtilizationPercentage']}%"
    metrics = spec.get("metrics") or ()
    observed: Sequence[Any] = at(obj, "status", "currentMetrics") or ()
    shown = [
        _metric(metric, observed[position] if position < len(observed) else {})
        for position, metric in enumerate(metrics)
    ]
    return shortened(shown, _METRICS_SHOWN, separator=", ") if shown else NONE


def _metric(metric: Object, observed: Object) -> str:
    match metric.get("type"):
        case "External":
            return _averaged_or_value(metric.get("external"), observed.get("external"))
        case "Object":
            return _averaged_or_value(metric.get("object"), observed.get("object"))
        case "Pods":
            current = at(observed, "pods", "current", "averageValue") or UNKNOWN
            return f"{current}/{at(metric, 'pods', 'target', 'averageValue')}"
        case "Resource":
            return _resource(metric.get("resource") or {}, observed.get("resource"))
        case "ContainerResource":
            return _resource(metric.get("containerResource") or {}, observed.get("containerResource"))
    return "<unknown type>"


def _averaged_or_value(metric: Any, observed: Any) -> str:
    target = at(metric, "target", "averageValue")
    if target is not None:
        return f"{at(observed, 'current', 'averageValue') or UNKNOWN}/{target} (avg)"
    return f"{at(observed, 'current', 'value') or UNKNOWN}/{at(metric, 'target', 'value')}"


def _resource(metric: Object, observed: Any) -> str:
    name, target = metric.get("name"), at(metric, "target", "averageValue")
    if target is not None:
        return f"{name}: {at(observed, 'current', 'averageValue') or UNKNOWN}/{target}"
    current = _percent(at(observed, "current", "averageUtilization"), UNKNOWN)
    return f"{name}: {current}/{_percent(at(metric, 'target', 'averageUtilization'), '<auto>')}"


def _percent(value: Any, missing: str) -> str:
    return missing if value is None else f"{value}%"


def optional(*path: str, default: str) -> Cell:
    """The value under path as text, also when it is zero."""

    def cell(obj: Object) -> str:
        value = at(obj, *path)
        return default if value is None else str(value)

    return cell


_REPLICAS: Final = (
    NAME,
    number("spec", "replicas"),
    number("status", "replicas"),
    number("status", "readyReplicas"),
    AGE,
    *containers(*_TEMPLATE),
)

CELLS: Final[dict[tuple[str, str], tuple[Cell, ...]]] = {
    ("", "ReplicationController"): (*_REPLICAS, labels("spec", "selector")),
    ("apps", "ReplicaSet"): (*_REPLICAS, selector("spec", "selector")),
    ("apps", "DaemonSet"): (
        NAME,
        number("status", "desiredNumberScheduled"),
        number("status", "currentNumberScheduled"),
        number("status", "numberReady"),
        number("status", "updatedNumberScheduled"),
        number("status", "numberAvailable"),
        labels("spec", "template", "spec", "nodeSelector"),
        AGE,
        *containers(*_TEMPLATE),
        selector("spec", "selector"),
    ),
    ("apps", "Deployment"): (
        NAME,
        ready_of_wanted,
        number("status", "updatedReplicas"),
        number("status", "availableReplicas"),
        AGE,
        *containers(*_TEMPLATE),
        deployment_selector,
    ),
    ("apps", "StatefulSet"): (NAME, ready_of_wanted, AGE, *containers(*_TEMPLATE)),
    ("autoscaling", "HorizontalPodAutoscaler"): (
        NAME,
        scale_reference,
        scale_targets,
        optional("spec", "minReplicas", default=UNSET),
        number("spec", "maxReplicas"),
        number("status", "currentReplicas"),
        AGE,
    ),
    ("autoscaling", "Scale"): (NAME, number("spec", "replicas"), number("status", "replicas"), AGE),
    ("batch", "CronJob"): (
        NAME,
        text("spec", "schedule"),
        text("spec", "timeZone", default=NONE),
        suspended,
        count(("status", "active")),
        age_of("status", "lastScheduleTime", default=NONE),
        AGE,
        *containers("spec", "jobTemplate", *_TEMPLATE),
        selector("spec", "jobTemplate", "spec", "selector"),
    ),
    ("batch", "Job"): (
        NAME,
        job_status,
        job_completions,
        job_duration,
        AGE,
        *containers(*_TEMPLATE),
        selector("spec", "selector"),
    ),
    ("policy", "PodDisruptionBudget"): (
        NAME,
        optional("spec", "minAvailable", default="N/A"),
        optional("spec", "maxUnavailable", default="N/A"),
        number("status", "disruptionsAllowed"),
        AGE,
    ),
}
