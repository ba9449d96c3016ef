"""Workloads, pods and nodes as the API server would store them, for tests."""

from typing import Any

from karmada.api.objects import Object

DAWN = "2026-01-01T00:00:00Z"


def template(app: str = "web", *, image: str = "shop/web:1", **spec: Any) -> Object:
    containers = [{"name": "app", "image": image}]
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": containers, **spec}}


def workload(
    kind: str, name: str = "web", *, pod: Object | None = None, status: Object | None = None, **spec: Any
) -> Object:
    """A workload of group apps in namespace default that selects app=name."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default", "uid": f"uid-{name}", "generation": 1},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": pod if pod is not None else template(name),
            **spec,
        },
        "status": status or {},
    }


def replica_set(
    name: str,
    replicas: int,
    *,
    available: int | None = None,
    age: int = 0,
    revision: int = 0,
    desired: int | None = None,
    most: int | None = None,
    image: str = "shop/web:0",
) -> Object:
    """age: the higher the younger. desired and most are what a Deployment notes on it."""
    annotations = {"revision": revision, "desired-replicas": desired, "max-replicas": most}
    ready = replicas if available is None else available
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{name}",
            "generation": 1,
            "creationTimestamp": f"2026-01-01T00:00:{age:02}Z",
            "annotations": {
                f"deployment.kubernetes.io/{key}": str(value) for key, value in annotations.items() if value
            },
        },
        "spec": {"replicas": replicas, "template": template(image=image)},
        "status": {
            "replicas": replicas,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "observedGeneration": 1,
        },
    }


def pod(
    name: str = "pod",
    *,
    owner: Object | None = None,
    phase: str = "Running",
    ready: bool | None = None,
    ready_since: str = DAWN,
    deleting: bool = False,
    node: str = "",
    created: str = DAWN,
    **metadata: Any,
) -> Object:
    """A pod is ready when it runs, unless ready says otherwise."""
    is_ready = phase == "Running" if ready is None else ready
    made: Object = {"name": name, "namespace": "default", "uid": f"uid-{name}", "creationTimestamp": created}
    made |= metadata
    if owner is not None:
        made["ownerReferences"] = [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "controller": True,
            }
        ]
    if deleting:
        made["deletionTimestamp"] = DAWN
    condition = {"type": "Ready", "status": str(is_ready), "lastTransitionTime": ready_since}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": made,
        "spec": {
            "containers": [{"name": "app", "image": "shop/web:1"}],
            **({"nodeName": node} if node else {}),
        },
        "status": {"phase": phase, "conditions": [condition]},
    }


def node(name: str, *taints: Object, labels: dict[str, str] | None = None, **allocatable: str) -> Object:
    room = {"cpu": "4", "memory": "8Gi", "pods": "110", **allocatable}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {"taints": list(taints)} if taints else {},
        "status": {"allocatable": room},
    }
