"""Small worlds to tell journeys of: a template, policies, clusters, a binding, in few words."""

from typing import Any

from karmada.api.groups.policy import OverridePolicy, PropagationPolicy
from karmada.api.groups.work import ResourceBinding, Work
from karmada.cli.journey.world import World
from tests.scheduler.build import cluster

WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
ALL_DEPLOYMENTS = {"apiVersion": "apps/v1", "kind": "Deployment"}


def template(**metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "labels": {"app": "web"}, **metadata},
        "spec": {
            "replicas": 4,
            "template": {"spec": {"containers": [{"name": "web", "image": "docker.io/web:1"}]}},
        },
    }


def policy(
    name: str,
    selector: dict[str, Any] | None = None,
    *,
    namespace: str = "shop",
    placement: dict[str, Any] | None = None,
    **spec: Any,
) -> PropagationPolicy:
    return PropagationPolicy.from_json(
        {
            "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
            "spec": {
                "resourceSelectors": [selector or WEB],
                "placement": placement or {"clusterAffinity": {"clusterNames": ["member1", "member2"]}},
                **spec,
            },
        }
    )


def override(name: str, overriders: dict[str, Any], *clusters: str) -> OverridePolicy:
    target = {"targetCluster": {"clusterNames": list(clusters)}} if clusters else {}
    return OverridePolicy.from_json(
        {
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"resourceSelectors": [WEB], "overrideRules": [{**target, "overriders": overriders}]},
        }
    )


def binding(
    *targets: str,
    conditions: list[dict[str, Any]] | None = None,
    health: str = "Healthy",
    observed: int = 1,
    **spec: Any,
) -> ResourceBinding:
    return ResourceBinding.from_json(
        {
            "metadata": {"name": "web-deployment", "namespace": "shop", "generation": 1},
            "spec": {
                "resource": {**WEB, "namespace": "shop"},
                "replicas": 4,
                "placement": {"clusterAffinity": {"clusterNames": ["member1", "member2"]}},
                "clusters": [{"name": name, "replicas": 4} for name in targets],
                **spec,
            },
            "status": {
                "schedulerObservedGeneration": observed,
                "conditions": conditions or [{"type": "Scheduled", "status": "True", "reason": "Success"}],
                "aggregatedStatus": [
                    {"clusterName": name, "applied": True, "health": health} for name in targets
                ],
            },
        }
    )


def work(name: str, applied: str = "True", message: str = "") -> Work:
    condition = {"type": "Applied", "status": applied, "reason": "R", "message": message}
    return Work.from_json(
        {
            "metadata": {"name": "web-1", "namespace": f"karmada-es-{name}"},
            "spec": {},
            "status": {"conditions": [condition] if applied else []},
        }
    )


def ready(name: str, status: str = "True", **fields: Any) -> Any:
    made = cluster(name, **fields).to_json()
    made["status"]["conditions"] = [
        {"type": "Ready", "status": status, "reason": "ClusterReady", "message": "said so"}
    ]
    return type(cluster(name)).from_json(made)


MEMBERS = (ready("member1"), ready("member2"), ready("member3"))


def world(**fields: Any) -> World:
    return World(**{"template": template(), "clusters": MEMBERS, **fields})
