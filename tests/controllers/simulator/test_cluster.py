"""What else a running member does: endpoints, disruption budgets, autoscalers, quotas, claims, and quiet."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controllers.simulator.workload import is_ready
from karmada.api.groups.kubernetes import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    HORIZONTAL_POD_AUTOSCALERS,
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    POD_DISRUPTION_BUDGETS,
    PODS,
    REPLICA_SETS,
    RESOURCE_QUOTAS,
    SERVICES,
)
from karmada.api.objects import Object, labels_of, name_of
from tests.controllers.simulator.builders import template
from tests.controllers.simulator.live import Cluster, cluster, eventually


@pytest.fixture
async def member(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with cluster(tmp_path) as running:
        yield running


async def addresses(member: Cluster) -> tuple[set[str], set[str]]:
    """(in Endpoints, ready in EndpointSlices)"""
    subsets = (await member.get(ENDPOINTS, "web")).get("subsets") or []
    listed = {each["ip"] for subset in subsets for each in subset.get("addresses") or ()}
    slices = (await member.client.list(ENDPOINT_SLICES, namespace="default")).items
    ready = {
        endpoint["addresses"][0]
        for each in slices
        if labels_of(each).get("kubernetes.io/service-name") == "web"
        for endpoint in each.get("endpoints") or ()
        if endpoint["conditions"]["ready"]
    }
    return listed, ready


async def until_served(member: Cluster) -> None:
    """The service leads to the three pods that are ready."""

    async def look() -> bool:
        ready = {pod["status"].get("podIP") for pod in await member.pods("web") if is_ready(pod)}
        return len(ready) == 3 and await addresses(member) == (ready, ready)

    await eventually(look, lambda: "the service leads to the ready pods")


async def test_endpoints_follow_the_ready_pods(member: Cluster) -> None:
    await member.create(SERVICES, "web", selector={"app": "web"}, ports=[{"port": 80, "targetPort": 8080}])
    await member.workload(DEPLOYMENTS, "web", replicas=3)
    await member.until_status(DEPLOYMENTS, "web", readyReplicas=3)
    pods = await member.pods("web")
    await until_served(member)
    not_ready = {"status": {"conditions": [{"type": "Ready", "status": "False"}]}}
    lost = {"metadata": {"labels": {"app": None}}}
    await member.client.patch(PODS, PODS.key_of(pods[0]), lost)
    await member.client.patch(PODS, PODS.key_of(pods[1]), not_ready, subresource="status")
    await until_served(member)
    (made,) = [name for name in await member.named(ENDPOINT_SLICES) if name.startswith("web-")]
    await member.delete(ENDPOINT_SLICES, made)
    await until_served(member)
    await member.delete(SERVICES, "web")
    await member.until_gone(ENDPOINTS, "web")
    await member.until_gone(ENDPOINT_SLICES, made)


async def test_a_disruption_budget_counts_what_may_go(member: Cluster) -> None:
    await member.workload(DEPLOYMENTS, "web", replicas=4)
    selector = {"matchLabels": {"app": "web"}}
    await member.create(POD_DISRUPTION_BUDGETS, "web", maxUnavailable="30%", selector=selector)
    await member.until_status(
        POD_DISRUPTION_BUDGETS,
        "web",
        expectedPods=4,
        currentHealthy=4,
        desiredHealthy=2,
        disruptionsAllowed=2,
    )
    await member.patch(DEPLOYMENTS, "web", replicas=2)
    budget = await member.until_status(
        POD_DISRUPTION_BUDGETS,
        "web",
        expectedPods=2,
        currentHealthy=2,
        desiredHealthy=1,
        disruptionsAllowed=1,
    )
    (condition,) = budget["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == (
        "DisruptionAllowed",
        "True",
        "SufficientPods",
    )


async def test_an_autoscaler_without_metrics_keeps_the_bounds_and_says_why(member: Cluster) -> None:
    await member.workload(DEPLOYMENTS, "web", replicas=5)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    await member.create(HORIZONTAL_POD_AUTOSCALERS, "web", scaleTargetRef=target, maxReplicas=3)

    async def settled() -> Object | None:
        status: Object = (await member.get(HORIZONTAL_POD_AUTOSCALERS, "web")).get("status") or {}
        reasons = {each["type"]: each["reason"] for each in status.get("conditions") or ()}
        return status if reasons.get("ScalingActive") == "FailedGetResourceMetric" else None

    status = await eventually(settled, lambda: "it says that there are no metrics")
    assert (status["currentReplicas"], status["desiredReplicas"]) == (3, 3)
    assert status["currentMetrics"] is None
    assert (await member.get(DEPLOYMENTS, "web"))["spec"]["replicas"] == 3


async def test_a_quota_says_what_is_used(member: Cluster) -> None:
    hard = {"pods": "9", "requests.cpu": "2", "count/deployments.apps": "5", "requests.storage": "10Gi"}
    await member.create(RESOURCE_QUOTAS, "q", hard=hard)
    pod = template("web")
    pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "250m"}}
    await member.workload(DEPLOYMENTS, "web", replicas=3, pod=pod)
    used = {"pods": "3", "requests.cpu": "750m", "count/deployments.apps": "1", "requests.storage": "0"}
    await member.until_status(RESOURCE_QUOTAS, "q", hard=hard, used=used)
    await member.delete(DEPLOYMENTS, "web")
    nothing = {"pods": "0", "requests.cpu": "0", "count/deployments.apps": "0", "requests.storage": "0"}
    await member.until_status(RESOURCE_QUOTAS, "q", used=nothing)


async def test_a_claim_gets_a_volume_and_takes_it_along(member: Cluster) -> None:
    size = {"requests": {"storage": "2Gi"}}
    await member.create(
        PERSISTENT_VOLUME_CLAIMS,
        "disk",
        accessModes=["ReadWriteOnce"],
        storageClassName="slow",
        resources=size,
    )
    claim = await member.until_status(
        PERSISTENT_VOLUME_CLAIMS, "disk", phase="Bound", capacity={"storage": "2Gi"}
    )
    (volume,) = (await member.client.list(PERSISTENT_VOLUMES)).items
    assert name_of(volume) == claim["spec"]["volumeName"]
    assert volume["status"]["phase"] == "Bound"
    await member.delete(PERSISTENT_VOLUME_CLAIMS, "disk")

    async def gone() -> bool:
        return not (await member.client.list(PERSISTENT_VOLUMES)).items

    await eventually(gone, lambda: "the volume is gone")


async def test_a_namespace_goes_with_all_that_runs_in_it(member: Cluster) -> None:
    await member.client.create(
        NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}}
    )
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template("web")}
    metadata = {"name": "web", "namespace": "demo"}
    await member.client.create(
        DEPLOYMENTS, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    )

    async def running() -> bool:
        found = await member.client.get(DEPLOYMENTS, DEPLOYMENTS.key("demo", "web"))
        return bool((found.get("status") or {}).get("readyReplicas") == 2)

    await eventually(running, lambda: "it runs")
    await member.client.delete(NAMESPACES, NAMESPACES.key("", "demo"))
    await member.until_gone_namespace("demo")
    for resource in (DEPLOYMENTS, REPLICA_SETS, PODS, CONFIG_MAPS):
        assert (await member.client.list(resource, namespace="demo")).items == []


async def test_a_member_at_rest_writes_nothing(member: Cluster) -> None:
    await member.create(SERVICES, "web", selector={"app": "web"}, ports=[{"port": 80}])
    await member.workload(DEPLOYMENTS, "web", replicas=3)
    await member.until_status(DEPLOYMENTS, "web", readyReplicas=3)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    await member.create(HORIZONTAL_POD_AUTOSCALERS, "web", scaleTargetRef=target, maxReplicas=3)
    await until_served(member)

    async def revision() -> str:
        return (await member.client.list(PODS)).resource_version

    async def settled() -> bool:
        before = await revision()
        await asyncio.sleep(0.3)
        return await revision() == before

    await eventually(settled, lambda: "it comes to rest")
    before = await revision()
    await asyncio.sleep(1.5)
    assert await revision() == before


async def test_without_nodes_pods_and_budgets_are_left_to_others(tmp_path: Path) -> None:
    async with cluster(tmp_path, nodes=0) as member:
        await member.workload(DEPLOYMENTS, "web", replicas=2)
        selector = {"matchLabels": {"app": "web"}}
        await member.create(POD_DISRUPTION_BUDGETS, "web", minAvailable=1, selector=selector)
        await member.create(RESOURCE_QUOTAS, "q", hard={"pods": "9"})
        await member.create(
            PERSISTENT_VOLUME_CLAIMS,
            "disk",
            accessModes=["ReadWriteOnce"],
            resources={"requests": {"storage": "1Gi"}},
        )
        await member.until_status(DEPLOYMENTS, "web", replicas=2, unavailableReplicas=2)
        await asyncio.sleep(0.3)
        assert {pod["status"]["phase"] for pod in await member.pods("web")} == {"Pending"}
        assert "conditions" not in (await member.get(POD_DISRUPTION_BUDGETS, "web"))["status"]
        assert "used" not in ((await member.get(RESOURCE_QUOTAS, "q")).get("status") or {})
        assert (await member.get(PERSISTENT_VOLUME_CLAIMS, "disk"))["status"] == {"phase": "Pending"}


async def test_a_huge_workload_is_made_in_bursts_and_does_not_keep_others_waiting(tmp_path: Path) -> None:
    async with cluster(tmp_path, nodes=0) as member:
        await member.workload(DEPLOYMENTS, "huge", replicas=100_000)

        async def begun() -> bool:
            return len(await member.pods("huge")) >= 500

        await eventually(begun, lambda: "the first burst is there")
        await member.workload(DEPLOYMENTS, "web", replicas=2)
        await member.until_status(DEPLOYMENTS, "web", updatedReplicas=2)
        assert len(await member.pods("huge")) < 50_000
        await member.patch(DEPLOYMENTS, "huge", replicas=1)
        await member.until_status(DEPLOYMENTS, "huge", replicas=1)
