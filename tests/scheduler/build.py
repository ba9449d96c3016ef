"""Clusters, bindings and candidates for the scheduler's tests, in as few words as the case needs."""

from collections.abc import Iterable, Mapping
from typing import Any

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import Placement
from karmada.api.groups.work import ResourceBinding
from scheduler.framework import Candidate, Gates, Request
from scheduler.placement import compile_placement
from scheduler.snapshot import ClusterFacts, Snapshot

DEPLOYMENTS = [{"groupVersion": "apps/v1", "resources": [{"kind": "Deployment", "name": "deployments"}]}]

DUPLICATED = {"replicaSchedulingType": "Duplicated"}
EQUAL_WEIGHTS = {"replicaSchedulingType": "Divided", "replicaDivisionPreference": "Weighted"}
AGGREGATED = {"replicaSchedulingType": "Divided", "replicaDivisionPreference": "Aggregated"}
DYNAMIC = {**EQUAL_WEIGHTS, "weightPreference": {"dynamicWeight": "AvailableReplicas"}}


def static(*weights: tuple[str, int]) -> dict[str, Any]:
    """Static weights, one rule per (cluster, weight)."""
    rules = [{"targetCluster": {"clusterNames": [name]}, "weight": weight} for name, weight in weights]
    return {**EQUAL_WEIGHTS, "weightPreference": {"staticWeightList": rules}}


def placed_by(scheduling: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A placement as JSON; fields have wire names."""
    return {**({"replicaScheduling": scheduling} if scheduling else {}), **fields}


def spread(field: str, least: int, most: int) -> dict[str, Any]:
    return {"spreadByField": field, "minGroups": least, "maxGroups": most}


def cluster(
    name: str,
    *,
    labels: Mapping[str, str] | None = None,
    taints: Iterable[Mapping[str, str]] = (),
    cpu: int | str | None = 100,
    deleting: bool = False,
    apis: Iterable[Mapping[str, Any]] = DEPLOYMENTS,
    summary: Mapping[str, Any] | None = None,
    models: Iterable[Mapping[str, Any]] = (),
    **spec: Any,
) -> Cluster:
    """A Push cluster that serves Deployments. cpu None: it reports no figures."""
    metadata: dict[str, Any] = {"name": name, "labels": dict(labels or {})}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    status: dict[str, Any] = {"apiEnablements": list(apis)}
    if summary is not None:
        status["resourceSummary"] = summary
    elif cpu is not None:
        status["resourceSummary"] = {"allocatable": {"cpu": str(cpu), "pods": "1000"}}
    return Cluster.from_json(
        {
            "metadata": metadata,
            "spec": {"syncMode": "Push", "taints": list(taints), "resourceModels": list(models), **spec},
            "status": status,
        }
    )


def binding(
    placement: Mapping[str, Any] | None,
    *,
    replicas: int = 0,
    request: Mapping[str, str] | None = None,
    targets: Mapping[str, int] | None = None,
    namespace: str = "default",
    annotations: Mapping[str, str] | None = None,
    status: Mapping[str, Any] | None = None,
    uid: str = "",
    **spec: Any,
) -> ResourceBinding:
    """The binding of Deployment web; spec has wire names."""
    encoded: dict[str, Any] = {
        "resource": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": uid},
        "replicas": replicas,
        "clusters": [{"name": name, "replicas": count} for name, count in (targets or {}).items()],
        **spec,
    }
    if placement is not None:
        encoded["placement"] = placement
    if request is not None:
        encoded["replicaRequirements"] = {"resourceRequest": request}
    metadata = {
        "name": "web-deployment",
        "namespace": namespace,
        "generation": 1,
        "annotations": dict(annotations or {}),
    }
    return ResourceBinding.from_json({"metadata": metadata, "spec": encoded, "status": status or {}})


def request_for(
    placement: Mapping[str, Any],
    *,
    group: str = "",
    fresh: bool = False,
    gates: Gates | None = None,
    **fields: Any,
) -> Request:
    """What plugins and the later phases see of binding(placement, **fields)."""
    made = binding(placement, **fields)
    compiled = compile_placement(Placement.from_json(placement))
    return Request.of(
        made.spec,
        compiled,
        namespace=made.metadata.namespace,
        name=made.metadata.name,
        gates=gates or Gates(),
        group=compiled.group(group),
        fresh=fresh,
    )


def facts(made: Cluster) -> ClusterFacts:
    return Snapshot.of([made]).clusters[0]


def candidate(
    name: str, *, score: int = 0, free: int = 0, available: int | None = None, tier: int = 0, region: str = ""
) -> Candidate:
    """available defaults to free."""
    room = free if available is None else available
    return Candidate(name, score, free, room, tier, facts(cluster(name, region=region)))
