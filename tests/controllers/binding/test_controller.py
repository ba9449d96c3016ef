"""The binding controllers against a real API server: from targets to Works."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import CLUSTER_ROLES, CONFIG_MAPS, DEPLOYMENTS, EVENTS
from karmada.api.groups.policy import CLUSTER_OVERRIDE_POLICIES, OVERRIDE_POLICIES
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, WORKS, Work
from karmada.api.names import work_name
from karmada.api.objects import Object, uid_of
from tests.controllers.detector.plane import Plane, binding_controllers, eventually, plane

WORK = work_name("ConfigMap", "c", "shop")
SETTLE_SECONDS = 0.3
"""How long "nothing happens" is watched for."""


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    """Two clusters, and a namespace with ConfigMap c."""
    async with plane() as made:
        await made.namespaces("shop", "karmada-es-member1", "karmada-es-member2")
        for name in ("member1", "member2"):
            await made.create(CLUSTERS, {"metadata": {"name": name}, "spec": {"syncMode": "Push"}})
        await made.create(
            CONFIG_MAPS, {"metadata": {"name": "c", "namespace": "shop"}, "data": {"k": "template"}}
        )
        yield made


async def bind(user: Plane, *clusters: str, **spec: Any) -> str:
    """A binding of ConfigMap c to clusters; its permanent id."""
    template = await user.get(CONFIG_MAPS, "shop", "c")
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "namespace": "shop",
        "name": "c",
        "uid": uid_of(template),
        "resourceVersion": template["metadata"]["resourceVersion"],
    }
    permanent_id = str(uuid4())
    await user.create(
        RESOURCE_BINDINGS,
        {
            "metadata": {
                "name": "c-configmap",
                "namespace": "shop",
                "labels": {"resourcebinding.karmada.io/permanent-id": permanent_id},
                "finalizers": ["karmada.io/binding-controller"],
            },
            "spec": {"resource": reference, "clusters": [{"name": name} for name in clusters], **spec},
        },
    )
    return permanent_id


async def work_in(user: Plane, cluster: str, name: str = WORK) -> Work:
    """The Work, once it is there."""
    return await eventually(lambda: user.get(WORKS, f"karmada-es-{cluster}", name), f"a Work in {cluster}")


async def clusters_with_work(user: Plane) -> set[str]:
    """Where the Work is and is not being deleted."""
    return {
        work.metadata.namespace.removeprefix("karmada-es-")
        for work in (await user.client.list(WORKS)).items
        if work.metadata.deletion_timestamp is None
    }


async def until_work_is_in(user: Plane, *clusters: str) -> None:
    async def look() -> bool:
        return await clusters_with_work(user) == set(clusters)

    await eventually(look, f"Works in {clusters} and nowhere else")


def manifest(work: Work) -> Object:
    (found,) = work.spec.workload.manifests
    return found


async def until_data_is(user: Plane, cluster: str, value: str) -> None:
    async def look() -> bool:
        data: Object = manifest(await work_in(user, cluster))["data"]
        return data == {"k": value}

    await eventually(look, f"data in {cluster} is {value}")


async def test_each_target_gets_a_work(user: Plane) -> None:
    async with binding_controllers(user):
        permanent_id = await bind(user, "member1", "member2", conflictResolution="Overwrite")
        await until_work_is_in(user, "member1", "member2")
    work = await work_in(user, "member1")
    template = await user.get(CONFIG_MAPS, "shop", "c")
    assert work.metadata.finalizers == ["karmada.io/execution-controller"]
    assert work.metadata.labels["resourcebinding.karmada.io/permanent-id"] == permanent_id
    assert work.metadata.annotations == {
        "resourcebinding.karmada.io/namespace": "shop",
        "resourcebinding.karmada.io/name": "c-configmap",
        "work.karmada.io/conflict-resolution": "overwrite",
    }
    assert (work.spec.suspend_dispatching, work.spec.preserve_resources_on_deletion) == (False, False)
    found = manifest(work)
    assert found["data"] == {"k": "template"}
    assert set(found["metadata"]) == {"name", "namespace", "labels", "annotations"}
    assert found["metadata"]["labels"]["karmada.io/managed"] == "true"
    annotations = found["metadata"]["annotations"]
    assert annotations["resourcetemplate.karmada.io/uid"] == uid_of(template)
    assert annotations["work.karmada.io/namespace"] == "karmada-es-member1"
    assert annotations["resourcetemplate.karmada.io/managed-annotations"] == ",".join(sorted(annotations))


async def test_users_are_told_about_written_works(user: Plane) -> None:
    async def told() -> set[tuple[str, str]]:
        return {
            (event["involvedObject"]["kind"], event["message"])
            for event in (await user.client.list(EVENTS)).items
            if event["reason"] == "SyncWorkSucceed"
        }

    async with binding_controllers(user):
        await bind(user, "member1")
        await work_in(user, "member1")
        await eventually(told, "events about it")
    message = "Sync work of ResourceBinding(shop/c-configmap) successful."
    assert await told() == {("ConfigMap", message), ("ResourceBinding", message)}


async def test_a_cluster_that_is_no_target_any_more_loses_its_work(user: Plane) -> None:
    async with binding_controllers(user):
        await bind(user, "member1")
        await until_work_is_in(user, "member1")
        await user.patch(
            RESOURCE_BINDINGS, "shop", "c-configmap", {"spec": {"clusters": [{"name": "member2"}]}}
        )
        await until_work_is_in(user, "member2")


async def test_a_gracefully_evicted_cluster_keeps_its_work(user: Plane) -> None:
    async with binding_controllers(user):
        await bind(user, "member1")
        await until_work_is_in(user, "member1")
        task = {"fromCluster": "member1", "purgeMode": "Gracefully", "reason": "Taint", "producer": "test"}
        moved = {"spec": {"clusters": [{"name": "member2"}], "gracefulEvictionTasks": [task]}}
        await user.patch(RESOURCE_BINDINGS, "shop", "c-configmap", moved)
        await until_work_is_in(user, "member1", "member2")


async def test_nothing_is_written_before_a_purged_cluster_is_empty(user: Plane) -> None:
    async with binding_controllers(user):
        await bind(user, "member1")
        await until_work_is_in(user, "member1")
        task = {"fromCluster": "member1", "purgeMode": "Directly", "reason": "Taint", "producer": "test"}
        moved = {"spec": {"clusters": [{"name": "member2"}], "gracefulEvictionTasks": [task]}}
        await user.patch(RESOURCE_BINDINGS, "shop", "c-configmap", moved)
        await until_work_is_in(user)
        await asyncio.sleep(SETTLE_SECONDS)
        assert await clusters_with_work(user) == set()
        await user.patch(WORKS, "karmada-es-member1", WORK, {"metadata": {"finalizers": None}})
        await until_work_is_in(user, "member2")


async def test_a_deleted_binding_takes_its_works_along(user: Plane) -> None:
    async with binding_controllers(user):
        await bind(user, "member1", "member2")
        await until_work_is_in(user, "member1", "member2")
        await user.delete(RESOURCE_BINDINGS, "shop", "c-configmap")

        async def gone() -> bool:
            return not (await user.client.list(RESOURCE_BINDINGS)).items

        await eventually(gone, "the binding is gone")
        assert await clusters_with_work(user) == set()


async def test_a_work_whose_binding_is_gone_goes_too(user: Plane) -> None:
    async with binding_controllers(user):
        await bind(user, "member1")
        await work_in(user, "member1")
    await user.patch(RESOURCE_BINDINGS, "shop", "c-configmap", {"metadata": {"finalizers": None}})
    await user.delete(RESOURCE_BINDINGS, "shop", "c-configmap")
    assert await clusters_with_work(user) == {"member1"}
    async with binding_controllers(user):
        await until_work_is_in(user)


async def test_a_work_deleted_by_hand_comes_back(user: Plane) -> None:
    async with binding_controllers(user):
        await bind(user, "member1")
        first = await work_in(user, "member1")
        await user.delete(WORKS, "karmada-es-member1", WORK)
        await user.patch(WORKS, "karmada-es-member1", WORK, {"metadata": {"finalizers": None}})

        async def look() -> bool:
            return (await user.get(WORKS, "karmada-es-member1", WORK)).metadata.uid != first.metadata.uid

        await eventually(look, "a new Work")


async def test_suspension_reaches_the_works_it_means(user: Plane) -> None:
    async with binding_controllers(user):
        await bind(user, "member1", "member2")
        await until_work_is_in(user, "member1", "member2")
        held = {"spec": {"suspension": {"dispatchingOnClusters": {"clusterNames": ["member2"]}}}}
        await user.patch(RESOURCE_BINDINGS, "shop", "c-configmap", held)

        async def look() -> bool:
            return bool((await work_in(user, "member2")).spec.suspend_dispatching)

        await eventually(look, "the Work is suspended")
        assert (await work_in(user, "member1")).spec.suspend_dispatching is False


def override(
    name: str, path: str, value: Any, *, cluster: str = "member1", namespace: str = "shop"
) -> Object:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    rule = {
        "targetCluster": {"clusterNames": [cluster]},
        "overriders": {"plaintext": [{"path": path, "operator": "replace", "value": value}]},
    }
    selector = {"apiVersion": "v1", "kind": "ConfigMap", "name": "c"}
    return {"metadata": metadata, "spec": {"resourceSelectors": [selector], "overrideRules": [rule]}}


@pytest.mark.parametrize("namespace", ["shop", ""], ids=["override-policy", "cluster-override-policy"])
async def test_override_policies_come_and_go(user: Plane, namespace: str) -> None:
    kind = OVERRIDE_POLICIES if namespace else CLUSTER_OVERRIDE_POLICIES
    record = (
        "policy.karmada.io/applied-overrides" if namespace else "policy.karmada.io/applied-cluster-overrides"
    )
    async with binding_controllers(user):
        await bind(user, "member1", "member2")
        await until_data_is(user, "member1", "template")
        await user.create(kind, override("temp", "/data/k", "member", namespace=namespace))
        await until_data_is(user, "member1", "member")
        await until_data_is(user, "member2", "template")
        assert record in (await work_in(user, "member1")).metadata.annotations
        await user.delete(kind, namespace, "temp")
        await until_data_is(user, "member1", "template")
    assert record in (await work_in(user, "member1")).metadata.annotations


async def test_a_wrong_path_concerns_only_its_cluster(user: Plane) -> None:
    async with binding_controllers(user):
        await user.create(OVERRIDE_POLICIES, override("bad", "/spec/nowhere/deep", 1))
        await bind(user, "member1", "member2")
        await until_work_is_in(user, "member2")

        async def told() -> bool:
            events = (await user.client.list(EVENTS)).items
            seen = {(event["involvedObject"]["kind"], event["reason"]) for event in events}
            return {
                ("ConfigMap", "ApplyOverridePolicyFailed"),
                ("ConfigMap", "SyncWorkFailed"),
                ("ResourceBinding", "SyncWorkFailed"),
            } <= seen

        await eventually(told, "users are told")
        assert await clusters_with_work(user) == {"member2"}
        await user.delete(OVERRIDE_POLICIES, "shop", "bad")
        await until_work_is_in(user, "member1", "member2")


async def test_rules_for_labelled_clusters_follow_the_labels(user: Plane) -> None:
    policy = override("prod", "/data/k", "prod")
    policy["spec"]["overrideRules"][0]["targetCluster"] = {"labelSelector": {"matchLabels": {"env": "prod"}}}
    async with binding_controllers(user):
        await user.create(OVERRIDE_POLICIES, policy)
        await bind(user, "member1")
        await until_data_is(user, "member1", "template")
        await user.patch(CLUSTERS, "", "member1", {"metadata": {"labels": {"env": "prod"}}})
        await until_data_is(user, "member1", "prod")


async def test_replicas_are_those_of_the_target(user: Plane) -> None:
    labels = {"run": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "web"}]}}
    spec = {"replicas": 5, "selector": {"matchLabels": labels}, "template": template}
    made = await user.create(DEPLOYMENTS, {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
    reference = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
        "uid": uid_of(made),
    }
    async with binding_controllers(user):
        await user.create(
            RESOURCE_BINDINGS,
            {
                "metadata": {"name": "web-deployment", "namespace": "shop"},
                "spec": {
                    "resource": reference,
                    "replicas": 5,
                    "clusters": [{"name": "member1", "replicas": 2}, {"name": "member2", "replicas": 3}],
                },
            },
        )
        name = work_name("Deployment", "web", "shop")
        first, second = await work_in(user, "member1", name), await work_in(user, "member2", name)
    assert (manifest(first)["spec"]["replicas"], manifest(second)["spec"]["replicas"]) == (2, 3)
    assert manifest(first)["metadata"]["annotations"]["resourcetemplate.karmada.io/generation"] == "1"


async def test_a_cluster_binding_makes_works_too(user: Plane) -> None:
    role = await user.create(CLUSTER_ROLES, {"metadata": {"name": "system:shop"}, "rules": []})
    permanent_id = str(uuid4())
    async with binding_controllers(user):
        await user.create(
            CLUSTER_RESOURCE_BINDINGS,
            {
                "metadata": {
                    "name": "system.shop-clusterrole",
                    "labels": {"clusterresourcebinding.karmada.io/permanent-id": permanent_id},
                },
                "spec": {
                    "resource": {
                        "apiVersion": "rbac.authorization.k8s.io/v1",
                        "kind": "ClusterRole",
                        "name": "system:shop",
                        "uid": uid_of(role),
                    },
                    "clusters": [{"name": "member1"}],
                    "preserveResourcesOnDeletion": True,
                },
            },
        )
        work = await work_in(user, "member1", work_name("ClusterRole", "system:shop", ""))
    assert work.metadata.labels["clusterresourcebinding.karmada.io/permanent-id"] == permanent_id
    assert work.metadata.annotations["clusterresourcebinding.karmada.io/name"] == "system.shop-clusterrole"
    assert work.spec.preserve_resources_on_deletion is True


async def test_a_restart_with_nothing_changed_writes_nothing(user: Plane) -> None:
    async with binding_controllers(user):
        await user.create(OVERRIDE_POLICIES, override("some", "/data/k", "member"))
        await bind(user, "member1", "member2")
        await until_data_is(user, "member1", "member")
        await until_data_is(user, "member2", "template")
    before = await user.versions(WORKS, RESOURCE_BINDINGS, EVENTS)
    async with binding_controllers(user):
        await asyncio.sleep(SETTLE_SECONDS)
    assert await user.versions(WORKS, RESOURCE_BINDINGS, EVENTS) == before
