"""A template follows what its pods use: real servers, metrics served by the control plane itself."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from apiserver.app import ServerOptions, serve
from controllers.autoscaling.federated_controller import FederatedScalingController
from controllers.autoscaling.federation import Federations
from controllers.autoscaling.metrics import Metrics
from controllers.autoscaling.proposals import Proposals
from controllers.autoscaling.replicas import Settings
from controllers.autoscaling.scale_target import ScaleTargets
from controllers.members import MemberOptions, Members
from karmada.api.groups.autoscaling import FEDERATED_HPAS, FederatedHPA
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import CUSTOM_RESOURCE_DEFINITIONS, DEPLOYMENTS, EVENTS, PODS
from karmada.api.groups.work import RESOURCE_BINDINGS
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Informer
from karmada.runtime.clock import SYSTEM_CLOCK, rfc3339
from karmada.runtime.controller import Controller
from tests.controllers.detector.plane import Plane, eventually, plane
from tests.controllers.running import Neighbours, running

POD_METRICS: Resource[Object] = Resource(
    GroupVersionResource("metrics.k8s.io", "v1beta1", "pods"), "PodMetrics", namespaced=True
)
LABELS = {"app": "web"}


def deployment(replicas: int) -> Object:
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": "100m"}}}
    pod = {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": pod}
    return {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec}


@pytest.fixture
async def member() -> AsyncIterator[Client]:
    """A cluster with a Deployment of two pods that run."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(ServerOptions(karmada=False)))
        client = await stack.enter_async_context(Client(server.access))
        user = Plane(client)
        await user.namespaces("shop")
        await user.create(DEPLOYMENTS, deployment(2))
        status = {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2, "updatedReplicas": 2}
        key = DEPLOYMENTS.key("shop", "web")
        await client.patch(DEPLOYMENTS, key, {"status": status}, subresource="status")
        long_ago = rfc3339(SYSTEM_CLOCK.now() - timedelta(hours=1))
        for name in ("web-1", "web-2"):
            spec = deployment(2)["spec"]["template"]["spec"]
            await user.create(
                PODS, {"metadata": {"name": name, "namespace": "shop", "labels": LABELS}, "spec": spec}
            )
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": long_ago}
            pod_status = {"phase": "Running", "startTime": long_ago, "conditions": [ready]}
            await client.patch(PODS, PODS.key("shop", name), {"status": pod_status}, subresource="status")
        yield client


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    async with plane() as user:
        await user.namespaces("shop")
        await user.create(DEPLOYMENTS, deployment(2))
        await user.create(CLUSTERS, {"metadata": {"name": "m"}, "spec": {"syncMode": "Pull"}})
        condition = {
            "type": "Ready",
            "status": "True",
            "reason": "r",
            "message": "",
            "lastTransitionTime": NOW,
        }
        cluster = CLUSTERS.key("", "m")
        await user.client.patch(
            CLUSTERS, cluster, {"status": {"conditions": [condition]}}, subresource="status"
        )
        resource = {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web"}
        spec = {"resource": resource, "replicas": 2, "clusters": [{"name": "m", "replicas": 2}]}
        await user.create(
            RESOURCE_BINDINGS, {"metadata": {"name": "web-deployment", "namespace": "shop"}, "spec": spec}
        )
        yield user


NOW = "2026-03-01T12:00:00Z"


async def metrics_api(user: Plane) -> None:
    """metrics.k8s.io as ordinary objects of the control plane: what the adapter would answer."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1beta1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "pods", "singular": "pod", "kind": "PodMetrics", "listKind": "PodMetricsList"}
    spec = {"group": "metrics.k8s.io", "scope": "Namespaced", "names": names, "versions": [version]}
    approved = {"api-approved.kubernetes.io": "unapproved, for a test"}
    metadata = {"name": "pods.metrics.k8s.io", "annotations": approved}
    await user.create(CUSTOM_RESOURCE_DEFINITIONS, {"metadata": metadata, "spec": spec})

    async def served() -> bool:
        found = await user.get(CUSTOM_RESOURCE_DEFINITIONS, "", "pods.metrics.k8s.io")
        conditions = (found.get("status") or {}).get("conditions") or ()
        return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)

    await eventually(served, "metrics are served")


async def measure(user: Plane, **cpu: str) -> None:
    for name, amount in cpu.items():
        await user.create(
            POD_METRICS,
            {
                "metadata": {"name": name.replace("_", "-"), "namespace": "shop", "labels": LABELS},
                "timestamp": rfc3339(SYSTEM_CLOCK.now()),
                "window": "15s",
                "containers": [{"name": "c", "usage": {"cpu": amount}}],
            },
        )


async def ask(user: Plane, name: str = "web", **fields: Any) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    source = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}
    metric = {"type": "Resource", "resource": source}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 10, "metrics": [metric], **fields}
    await user.create(FEDERATED_HPAS, {"metadata": {"name": name, "namespace": "shop"}, "spec": spec})


def controllers(members: Members) -> Any:
    def make(given: Neighbours) -> Sequence[Controller[Any]]:
        targets = ScaleTargets(templates=given.templates, client=given.client)
        controller = FederatedScalingController(
            autoscalers=given.informers.ensure(FEDERATED_HPAS),
            federations=Federations(
                targets=targets,
                bindings=given.informers.ensure(RESOURCE_BINDINGS),
                clusters=given.informers.ensure(CLUSTERS),
                members=members,
                client=given.client,
            ),
            proposals=Proposals(metrics=Metrics(given.client), targets=targets, settings=Settings()),
            targets=targets,
            client=given.client,
            recorder=given.recorder,
            clock=given.clock,
        )
        return [controller]

    return make


async def condition(user: Plane, type_: str, reason: str, name: str = "web") -> FederatedHPA:
    async def look() -> FederatedHPA | None:
        found = await user.get(FEDERATED_HPAS, "shop", name)
        told = {each.type: each.reason for each in found.status.conditions}
        return found if told.get(type_) == reason else None

    found = await eventually(look, f"{type_} says {reason}")
    assert found is not None
    return found


@pytest.fixture
async def scaling(user: Plane, member: Client) -> AsyncIterator[None]:
    async with (
        Informer(user.client, CLUSTERS) as clusters,
        Members(clusters=clusters, plane=user.client, options=MemberOptions(), own=member.access) as members,
        running(user, controllers(members)),
    ):
        yield


@pytest.mark.usefixtures("scaling")
async def test_a_busy_workload_is_scaled_up(user: Plane) -> None:
    await metrics_api(user)
    await measure(user, web_1="90m", web_2="110m")
    await ask(user)
    found = await condition(user, "ScalingActive", "ValidMetricFound")
    assert (await user.get(DEPLOYMENTS, "shop", "web"))["spec"]["replicas"] == 4
    assert (found.status.current_replicas, found.status.desired_replicas) == (2, 4)
    assert found.status.last_scale_time
    reading = found.status.current_metrics[0].resource
    assert reading is not None
    assert reading.current.average_utilization == 100
    told = {each.type: each.reason for each in found.status.conditions}
    assert told == {
        "AbleToScale": "SucceededRescale",
        "ScalingActive": "ValidMetricFound",
        "ScalingLimited": "DesiredWithinRange",
    }


@pytest.mark.usefixtures("scaling")
async def test_without_a_metrics_api_nothing_is_scaled_and_the_status_says_so(user: Plane) -> None:
    await ask(user)
    found = await condition(user, "ScalingActive", "FailedGetResourceMetric")
    assert (found.status.current_replicas, found.status.desired_replicas) == (2, 0)

    async def told() -> set[str]:
        events = (await user.client.list(EVENTS, namespace="shop")).items
        reasons = {event["reason"] for event in events}
        return reasons if "FailedComputeMetricsReplicas" in reasons else set()

    assert "FailedGetResourceMetric" in (await eventually(told, "events say so") or ())
    assert (await user.get(DEPLOYMENTS, "shop", "web"))["spec"]["replicas"] == 2


@pytest.mark.usefixtures("scaling")
async def test_the_bounds_hold_without_any_metric(user: Plane) -> None:
    await ask(user, minReplicas=3)
    await condition(user, "AbleToScale", "SucceededRescale")
    assert (await user.get(DEPLOYMENTS, "shop", "web"))["spec"]["replicas"] == 3


@pytest.mark.usefixtures("scaling")
async def test_two_autoscalers_of_the_same_pods_are_told_apart(user: Plane) -> None:
    await ask(user)
    await condition(user, "ScalingActive", "FailedGetResourceMetric")
    await ask(user, name="second")
    found = await condition(user, "ScalingActive", "AmbiguousSelector", name="second")
    assert "controlled by multiple HPAs" in found.status.conditions[-1].message


@pytest.mark.usefixtures("scaling")
@pytest.mark.parametrize(
    ("target", "reason"),
    [
        pytest.param(
            {"kind": "Deployment", "name": "ghost"}, "FailedGetScaleTargetRef", id="no-such-template"
        ),
        pytest.param({"kind": "ReplicaSet", "name": "web"}, "FailedGetScaleTargetRef", id="not-there"),
    ],
)
async def test_a_target_that_cannot_be_read_is_told(user: Plane, target: Object, reason: str) -> None:
    await ask(user, scaleTargetRef={"apiVersion": "apps/v1", **target})
    await condition(user, "AbleToScale", reason)


@pytest.mark.usefixtures("scaling")
async def test_a_template_without_binding_or_ready_cluster_is_told(user: Plane) -> None:
    await user.delete(RESOURCE_BINDINGS, "shop", "web-deployment")
    await ask(user)
    await condition(user, "AbleToScale", "FailedGetBinding")
