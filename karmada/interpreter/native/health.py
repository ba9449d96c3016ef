"""Health: whether an object in a member does its job. Pure; kinds not listed count as healthy."""

from collections.abc import Callable
from typing import Any, Final

from karmada.api.gvk import GroupVersionKind
from karmada.api.objects import Object, generation_of


def deployment(obj: Object) -> bool:
    status = _status(obj)
    return (
        _is_current(obj)
        and _wanted(obj, _count(status, "updatedReplicas"))
        and _count(status, "availableReplicas") >= _count(status, "updatedReplicas")
    )


def _replica_set(obj: Object) -> bool:
    return _is_current(obj) and _wanted(obj, _count(_status(obj), "availableReplicas"))


def daemon_set(obj: Object) -> bool:
    status = _status(obj)
    updated = _count(status, "updatedNumberScheduled")
    return (
        _is_current(obj)
        and updated >= _count(status, "desiredNumberScheduled")
        and _count(status, "numberAvailable") >= updated
    )


def _service(obj: Object) -> bool:
    return (obj.get("spec") or {}).get("type") != "LoadBalancer" or _has_ingress(obj)


def _has_ingress(obj: Object) -> bool:
    ingress = (_status(obj).get("loadBalancer") or {}).get("ingress") or ()
    return any(entry.get("hostname") or entry.get("ip") for entry in ingress)


def _persistent_volume_claim(obj: Object) -> bool:
    return bool(_status(obj).get("phase") == "Bound")


def _pod(obj: Object) -> bool:
    status = _status(obj)
    if status.get("phase") == "Succeeded":
        return True
    ready = any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in status.get("conditions") or ()
    )
    return status.get("phase") == "Running" and ready


def _pod_disruption_budget(obj: Object) -> bool:
    status = _status(obj)
    return _count(status, "currentHealthy") >= _count(status, "desiredHealthy")


def _status(obj: Object) -> Object:
    return obj.get("status") or {}


def _count(status: Object, field: str) -> int:
    value: Any = status.get(field)
    return int(value) if value is not None else 0


def _is_current(obj: Object) -> bool:
    return _count(_status(obj), "observedGeneration") == generation_of(obj)


def _wanted(obj: Object, count: int) -> bool:
    replicas = (obj.get("spec") or {}).get("replicas")
    return replicas is None or count >= replicas


INTERPRET_HEALTH: Final[dict[GroupVersionKind, Callable[[Object], bool]]] = {
    GroupVersionKind("apps", "v1", "Deployment"): deployment,
    GroupVersionKind("apps", "v1", "StatefulSet"): deployment,
    GroupVersionKind("apps", "v1", "ReplicaSet"): _replica_set,
    GroupVersionKind("apps", "v1", "DaemonSet"): daemon_set,
    GroupVersionKind("", "v1", "Service"): _service,
    GroupVersionKind("networking.k8s.io", "v1", "Ingress"): _has_ingress,
    GroupVersionKind("", "v1", "PersistentVolumeClaim"): _persistent_volume_claim,
    GroupVersionKind("", "v1", "Pod"): _pod,
    GroupVersionKind("policy", "v1", "PodDisruptionBudget"): _pod_disruption_budget,
}
