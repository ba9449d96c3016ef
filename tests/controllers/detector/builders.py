"""Policies and templates for the tables of this folder."""

from typing import Any

from karmada.api.groups.policy import PropagationPolicy
from karmada.api.objects import Object

POLICY_ID = "11111111-0000-4000-8000-000000000000"
CLUSTER_POLICY_ID = "22222222-0000-4000-8000-000000000000"


def policy(
    name: str, *selectors: Object, namespace: str = "shop", id: str = POLICY_ID, **spec: Any
) -> PropagationPolicy:
    """A PropagationPolicy, or with namespace "" a ClusterPropagationPolicy; spec in wire names."""
    prefix = "propagationpolicy" if namespace else "clusterpropagationpolicy"
    metadata: Object = {"name": name, "labels": {f"{prefix}.karmada.io/permanent-id": id}}
    if namespace:
        metadata["namespace"] = namespace
    chosen = list(selectors) or [{"apiVersion": "apps/v1", "kind": "Deployment"}]
    return PropagationPolicy.from_json({"metadata": metadata, "spec": {"resourceSelectors": chosen, **spec}})


def deployment(name: str = "web", namespace: str = "shop", **metadata: Any) -> Object:
    """A Deployment; metadata in wire names."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": "uid-1",
            "resourceVersion": "7",
            **metadata,
        },
        "spec": {"replicas": 2},
    }
