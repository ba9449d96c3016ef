"""What the detector writes, against a real API server."""

import asyncio

from controllers.detector.apply import BindingGates
from karmada.api.groups.kubernetes import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    EVENTS,
    NAMESPACES,
    PRIORITY_CLASSES,
)
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.objects import Object, labels_of
from tests.controllers.detector.plane import Plane, detector, eventually
from tests.controllers.detector.users import (
    CLUSTER_ID,
    SETTLE_SECONDS,
    bound,
    cluster_policy,
    config,
    policy,
    unbound,
)


async def test_users_are_told_what_was_applied(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        await bound(user, "p")
    events = [
        item for item in (await user.client.list(EVENTS)).items if item["reason"] == "ApplyPolicySucceed"
    ]
    assert [(item["involvedObject"]["kind"], item["message"]) for item in events] == [
        ("ConfigMap", "Apply policy(shop/p) succeed")
    ]


async def test_replicas_of_a_workload_are_on_its_binding(user: Plane) -> None:
    containers = [{"name": "app", "image": "web", "resources": {"requests": {"cpu": "100m"}}}]
    labels = {"run": "web"}
    spec = {
        "replicas": 3,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
    }
    async with detector(user):
        await policy(user, "p", {"apiVersion": "apps/v1", "kind": "Deployment"})
        await user.create(DEPLOYMENTS, {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
        binding = await bound(user, "p", "web-deployment")
    assert binding.spec.replicas == 3
    assert binding.spec.to_json()["replicaRequirements"]["resourceRequest"] == {"cpu": "100m"}


RAY_JOBS: Resource[Object] = Resource(
    GroupVersionResource("ray.io", "v1", "rayjobs"), "RayJob", namespaced=True
)


async def ray_job(user: Plane, workers: object) -> None:
    """A kind of several pod templates, served from now on, and an object of it."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"plural": "rayjobs", "singular": "rayjob", "kind": "RayJob", "listKind": "RayJobList"}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]
    spec = {"group": "ray.io", "names": names, "scope": "Namespaced", "versions": versions}
    await user.create(CUSTOM_RESOURCE_DEFINITIONS, {"metadata": {"name": "rayjobs.ray.io"}, "spec": spec})
    cluster = {"headGroupSpec": {"template": {}}, "workerGroupSpecs": [{"replicas": workers}]}
    job = {"metadata": {"name": "fit", "namespace": "shop"}, "spec": {"rayClusterSpec": cluster}}
    await eventually(lambda: user.create(RAY_JOBS, job), "the kind is served")


async def reasons(user: Plane, kind: str) -> set[str]:
    found = (await user.client.list(EVENTS)).items
    return {item["reason"] for item in found if item["involvedObject"]["kind"] == kind}


async def test_components_are_on_the_binding_where_the_gate_is_on(user: Plane) -> None:
    async with detector(user, gates=BindingGates(multiple_pod_templates=True)):
        await policy(user, "p", {"apiVersion": "ray.io/v1", "kind": "RayJob"})
        await ray_job(user, 3)
        binding = await bound(user, "p", "fit-rayjob")
    told = await reasons(user, "RayJob")
    spec = binding.spec.to_json()
    assert spec["components"] == [{"name": "ray-head", "replicas": 1}, {"name": "worker-1", "replicas": 3}]
    assert "replicas" not in spec
    assert {"ApplyPolicySucceed", "GetComponentsSucceed"} <= told


async def test_components_are_nowhere_while_the_gate_is_off(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p", {"apiVersion": "ray.io/v1", "kind": "RayJob"})
        await ray_job(user, 3)
        binding = await bound(user, "p", "fit-rayjob")
    assert "components" not in binding.spec.to_json()


async def test_users_are_told_when_components_cannot_be_read(user: Plane) -> None:
    async with detector(user, gates=BindingGates(multiple_pod_templates=True)):
        await policy(user, "p", {"apiVersion": "ray.io/v1", "kind": "RayJob"})
        await ray_job(user, True)

        async def told() -> bool:
            return {"ApplyPolicyFailed", "GetComponentsFailed"} <= await reasons(user, "RayJob")

        await eventually(told, "the user is told")


async def test_a_cluster_scoped_template_gets_a_cluster_binding(user: Plane) -> None:
    async with detector(user):
        policy_id = await cluster_policy(
            user, "ns", {"apiVersion": "v1", "kind": "Namespace", "name": "shop"}
        )

        async def look() -> bool:
            found = await user.get(CLUSTER_RESOURCE_BINDINGS, "", "shop-namespace")
            return found.metadata.labels.get(CLUSTER_ID) == policy_id

        await eventually(look, "the namespace is bound")
    assert labels_of(await user.get(NAMESPACES, "", "shop"))[CLUSTER_ID] == policy_id


async def test_an_edited_template_reaches_the_binding(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        await bound(user, "p")
        await user.patch(CONFIG_MAPS, "shop", "c", {"data": {"colour": "red"}})
        version = (await user.get(CONFIG_MAPS, "shop", "c"))["metadata"]["resourceVersion"]

        async def look() -> bool:
            return bool((await bound(user, "p")).spec.resource.resource_version == version)

        await eventually(look, "the binding names the new version")


async def test_a_status_written_while_nobody_looked_is_no_change(user: Plane) -> None:
    labels = {"run": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "web"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    async with detector(user):
        await policy(user, "p", {"apiVersion": "apps/v1", "kind": "Deployment"})
        await user.create(DEPLOYMENTS, {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
        await bound(user, "p", "web-deployment")
    await user.client.patch(
        DEPLOYMENTS, DEPLOYMENTS.key("shop", "web"), {"status": {"replicas": 1}}, subresource="status"
    )
    before = await user.versions(RESOURCE_BINDINGS)
    async with detector(user):
        await asyncio.sleep(SETTLE_SECONDS)
    assert await user.versions(RESOURCE_BINDINGS) == before


async def test_the_priority_class_is_resolved_and_a_missing_one_is_reported(user: Plane) -> None:
    source = {"priorityClassSource": "KubePriorityClass", "priorityClassName": "fast"}
    async with detector(user):
        await policy(user, "p", schedulePriority=source)
        await config(user)

        async def told() -> bool:
            events = (await user.client.list(EVENTS)).items
            return any('"fast" not found' in event["message"] for event in events)

        await eventually(told, "users are told")
        assert await unbound(user)
        await user.create(PRIORITY_CLASSES, {"metadata": {"name": "fast"}, "value": 1200})
        binding = await bound(user, "p")
    assert binding.spec.schedule_priority is not None
    assert binding.spec.schedule_priority.priority == 1200


async def test_the_binding_of_a_former_object_is_in_the_way_until_it_goes(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        first = await bound(user, "p")
        await user.delete(CONFIG_MAPS, "shop", "c")
        second = await config(user)
        await asyncio.sleep(SETTLE_SECONDS)
        stale = await user.get(RESOURCE_BINDINGS, "shop", "c-configmap")
        assert stale.metadata.uid == first.metadata.uid
        await user.patch(RESOURCE_BINDINGS, "shop", "c-configmap", {"metadata": {"finalizers": None}})
        await user.delete(RESOURCE_BINDINGS, "shop", "c-configmap")

        async def look() -> bool:
            found = await user.get(RESOURCE_BINDINGS, "shop", "c-configmap")
            return bool(found.spec.resource.uid == second["metadata"]["uid"])

        await eventually(look, "the new object is bound")
