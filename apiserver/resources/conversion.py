"""Kinds whose served versions differ in shape: HorizontalPodAutoscaler v1, events.k8s.io Events, binding
v1alpha1.

In: an object in one version. Out: a new one in the other. What the other version cannot say is kept in
annotations where Kubernetes does so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from karmada.api.errors import BadRequest
from karmada.api.groups.work_v1alpha1 import to_v1alpha1
from karmada.api.objects import Object

_AUTOSCALING: Final = "autoscaling.alpha.kubernetes.io/"
_CPU: Final = "cpu"


@dataclass(frozen=True, slots=True)
class HorizontalPodAutoscalerV1:
    """autoscaling/v1 of what is stored as v2: only a CPU target; the rest travels as JSON in annotations."""

    def from_storage(self, obj: Object) -> Object:
        spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
        annotations = dict((obj.get("metadata") or {}).get("annotations") or {})
        metrics = list(spec.pop("metrics", None) or ())
        cpu = next((metric for metric in metrics if _cpu_utilization(metric) is not None), None)
        if cpu is not None:
            spec["targetCPUUtilizationPercentage"] = _cpu_utilization(cpu)
            metrics.remove(cpu)
        current = list(status.pop("currentMetrics", None) or ())
        current_cpu = next((metric for metric in current if _current_cpu(metric) is not None), None)
        if current_cpu is not None:
            status["currentCPUUtilizationPercentage"] = _current_cpu(current_cpu)
            current.remove(current_cpu)
        hidden = {
            "metrics": metrics,
            "behavior": spec.pop("behavior", None),
            "conditions": status.pop("conditions", None),
            "current-metrics": current,
        }
        annotations |= {
            _AUTOSCALING + name: orjson.dumps(value).decode() for name, value in hidden.items() if value
        }
        return _rebuilt(obj, "autoscaling/v1", annotations, spec, status)

    def to_storage(self, obj: Object) -> Object:
        spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
        annotations = dict((obj.get("metadata") or {}).get("annotations") or {})
        hidden = {
            name: _taken(annotations, name)
            for name in ("metrics", "behavior", "conditions", "current-metrics")
        }
        metrics = list(hidden["metrics"] or ())
        target = spec.pop("targetCPUUtilizationPercentage", None)
        if target is not None:
            metrics.append(
                _resource_metric({"target": {"type": "Utilization", "averageUtilization": target}})
            )
        if metrics:
            spec["metrics"] = metrics
        if hidden["behavior"]:
            spec["behavior"] = hidden["behavior"]
        current = list(hidden["current-metrics"] or ())
        used = status.pop("currentCPUUtilizationPercentage", None)
        if used is not None:
            current.append(_resource_metric({"current": {"averageUtilization": used, "averageValue": "0"}}))
        status["currentMetrics"] = current or None
        if hidden["conditions"]:
            status["conditions"] = hidden["conditions"]
        return _rebuilt(obj, "autoscaling/v2", annotations, spec, status)


def _resource_metric(content: Object) -> Object:
    return {"type": "Resource", "resource": {"name": _CPU, **content}}


def _cpu_utilization(metric: Object) -> int | None:
    resource = metric.get("resource") or {}
    target = resource.get("target") or {}
    is_cpu = metric.get("type") == "Resource" and resource.get("name") == _CPU
    return target.get("averageUtilization") if is_cpu else None


def _current_cpu(metric: Object) -> int | None:
    resource = metric.get("resource") or {}
    is_cpu = metric.get("type") == "Resource" and resource.get("name") == _CPU
    return (resource.get("current") or {}).get("averageUtilization") if is_cpu else None


def _taken(annotations: dict[str, str], name: str) -> Any:
    text = annotations.pop(_AUTOSCALING + name, "")
    try:
        return orjson.loads(text) if text else None
    except ValueError:
        return None


def _rebuilt(
    obj: Object, api_version: str, annotations: dict[str, str], spec: Object, status: Object
) -> Object:
    metadata = {**obj["metadata"], "annotations": annotations}
    if not annotations:
        del metadata["annotations"]
    return {**obj, "apiVersion": api_version, "metadata": metadata, "spec": spec, "status": status}


_EVENT_NAMES: Final = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}


@dataclass(frozen=True, slots=True)
class EventsV1:
    """events.k8s.io/v1 of what is stored as the core Event: the same fields under other names."""

    def from_storage(self, obj: Object) -> Object:
        renamed = {_EVENT_NAMES.get(field, field): value for field, value in obj.items()}
        return {**renamed, "apiVersion": "events.k8s.io/v1"}

    def to_storage(self, obj: Object) -> Object:
        names = {new: old for old, new in _EVENT_NAMES.items()}
        return {**{names.get(field, field): value for field, value in obj.items()}, "apiVersion": "v1"}


BUILTIN_CONVERSIONS: Final[Mapping[tuple[str, str, str], Any]] = {
    ("autoscaling", "v1", "horizontalpodautoscalers"): HorizontalPodAutoscalerV1(),
    ("events.k8s.io", "v1", "events"): EventsV1(),
}


@dataclass(frozen=True, slots=True)
class BindingsV1Alpha1:
    """work.karmada.io/v1alpha1 of the bindings stored as v1alpha2: for reading only, since it lacks most."""

    def from_storage(self, obj: Object) -> Object:
        return to_v1alpha1(obj)

    def to_storage(self, obj: Object) -> Object:
        raise BadRequest("work.karmada.io/v1alpha1 bindings can only be read: write work.karmada.io/v1alpha2")


KARMADA_CONVERSIONS: Final[Mapping[tuple[str, str], Any]] = {
    ("v1alpha1", "resourcebindings"): BindingsV1Alpha1(),
    ("v1alpha1", "clusterresourcebindings"): BindingsV1Alpha1(),
}
