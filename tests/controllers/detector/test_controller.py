"""The detector against a real API server: what users see of claims and bindings."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from karmada.api.groups.kubernetes import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
    EVENTS,
    NAMESPACES,
)
from karmada.api.groups.policy import CLUSTER_PROPAGATION_POLICIES, OVERRIDE_POLICIES, PROPAGATION_POLICIES
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, ResourceBinding
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.objects import Object, annotations_of, labels_of
from tests.controllers.detector.plane import Plane, detector, eventually, plane

ID = "propagationpolicy.karmada.io/permanent-id"
CLUSTER_ID = "clusterpropagationpolicy.karmada.io/permanent-id"
NAME = "propagationpolicy.karmada.io/name"
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap"}
SETTLE_SECONDS = 0.3
"""How long "nothing happens" is watched for."""


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    async with plane() as made:
        await made.namespaces("shop")
        yield made


async def config(user: Plane, name: str = "c", namespace: str = "shop", **labels: str) -> Object:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return await user.create(CONFIG_MAPS, {"metadata": metadata, "data": {"colour": "teal"}})


async def policy(
    user: Plane, name: str, *selectors: Object, clusters: list[str] | None = None, **spec: Any
) -> str:
    """Create a PropagationPolicy; its permanent id."""
    placement = {"clusterAffinity": {"clusterNames": clusters or ["member1"]}}
    made = await user.create(
        PROPAGATION_POLICIES,
        {
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"resourceSelectors": list(selectors) or [CONFIG], "placement": placement, **spec},
        },
    )
    return made.metadata.labels[ID]


async def cluster_policy(user: Plane, name: str, *selectors: Object, **spec: Any) -> str:
    made = await user.create(
        CLUSTER_PROPAGATION_POLICIES,
        {"metadata": {"name": name}, "spec": {"resourceSelectors": list(selectors) or [CONFIG], **spec}},
    )
    return made.metadata.labels[CLUSTER_ID]


async def bound(user: Plane, policy_name: str, name: str = "c-configmap") -> ResourceBinding:
    """The binding, once it follows that policy."""

    async def look() -> ResourceBinding | None:
        found = await user.get(RESOURCE_BINDINGS, "shop", name)
        return found if found.metadata.annotations.get(NAME) == policy_name else None

    found = await eventually(look, f"{name} follows {policy_name}")
    assert found is not None
    return found


async def unbound(user: Plane, name: str = "c-configmap") -> bool:
    """Whether there is no such binding, nor will be for a while."""
    await asyncio.sleep(SETTLE_SECONDS)
    keys = {item.metadata.name for item in (await user.client.list(RESOURCE_BINDINGS)).items}
    return name not in keys


@pytest.mark.parametrize("first", ["template", "policy"])
async def test_a_template_is_claimed_and_bound_whoever_comes_first(user: Plane, first: str) -> None:
    async with detector(user):
        if first == "template":
            await config(user)
            assert await unbound(user)
        policy_id = await policy(user, "p")
        if first == "policy":
            await config(user)
        binding = await bound(user, "p")
    template = await user.get(CONFIG_MAPS, "shop", "c")
    assert labels_of(template) == {ID: policy_id}
    assert annotations_of(template) == {NAME: "p", "propagationpolicy.karmada.io/namespace": "shop"}
    assert binding.metadata.labels[ID] == policy_id
    assert binding.metadata.finalizers == ["karmada.io/binding-controller"]
    assert binding.spec.to_json() == {
        "resource": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "namespace": "shop",
            "name": "c",
            "uid": template["metadata"]["uid"],
            "resourceVersion": template["metadata"]["resourceVersion"],
        },
        "placement": {"clusterAffinity": {"clusterNames": ["member1"]}},
        "conflictResolution": "Abort",
        "schedulerName": "default-scheduler",
    }


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


async def test_a_policy_of_the_namespace_comes_before_a_cluster_policy(user: Plane) -> None:
    async with detector(user):
        await cluster_policy(user, "everywhere", priority=100)
        await policy(user, "p")
        await config(user)
        binding = await bound(user, "p")
    assert CLUSTER_ID not in binding.metadata.labels


async def test_the_first_claim_stays_when_a_better_policy_comes(user: Plane) -> None:
    async with detector(user):
        await policy(user, "first")
        await config(user)
        await bound(user, "first")
        await policy(user, "better", {**CONFIG, "name": "c"}, priority=10)
        await asyncio.sleep(SETTLE_SECONDS)
        await bound(user, "first")


async def test_preemption_takes_a_template_over(user: Plane) -> None:
    async with detector(user, preemption=True):
        await policy(user, "first")
        await config(user)
        await bound(user, "first")
        await policy(user, "better", {**CONFIG, "name": "c"}, priority=10, preemption="Always")
        await bound(user, "better")


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


async def test_objects_in_reserved_namespaces_are_left_alone(user: Plane) -> None:
    async with detector(user):
        await cluster_policy(user, "everywhere")
        await config(user, namespace="karmada-system")
        await asyncio.sleep(SETTLE_SECONDS)
    assert CLUSTER_ID not in labels_of(await user.get(CONFIG_MAPS, "karmada-system", "c"))


async def test_an_edited_policy_reaches_the_binding(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        await bound(user, "p")
        await user.patch(PROPAGATION_POLICIES, "shop", "p", {"spec": {"conflictResolution": "Overwrite"}})

        async def look() -> bool:
            return (await bound(user, "p")).spec.conflict_resolution == "Overwrite"

        await eventually(look, "the binding is refreshed")


async def test_an_edited_template_reaches_the_binding(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        await bound(user, "p")
        await user.patch(CONFIG_MAPS, "shop", "c", {"data": {"colour": "red"}})
        version = (await user.get(CONFIG_MAPS, "shop", "c"))["metadata"]["resourceVersion"]

        async def look() -> bool:
            return (await bound(user, "p")).spec.resource.resource_version == version

        await eventually(look, "the binding names the new version")


async def test_a_template_that_is_not_selected_any_more_is_released(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        await bound(user, "p")
        other = {"spec": {"resourceSelectors": [{**CONFIG, "name": "other", "namespace": "shop"}]}}
        await user.patch(PROPAGATION_POLICIES, "shop", "p", other)

        async def look() -> bool:
            return not labels_of(await user.get(CONFIG_MAPS, "shop", "c"))

        await eventually(look, "the claim is taken off")
    binding = await user.get(RESOURCE_BINDINGS, "shop", "c-configmap")
    assert ID not in binding.metadata.labels
    assert NAME not in binding.metadata.annotations


async def test_a_deleted_policy_hands_its_templates_over(user: Plane) -> None:
    async with detector(user):
        await policy(user, "aaa", {**CONFIG, "name": "c"})
        await config(user)
        before = await bound(user, "aaa")
        await policy(user, "bbb", clusters=["member2"])
        await user.delete(PROPAGATION_POLICIES, "shop", "aaa")
        after = await bound(user, "bbb")
    assert after.metadata.uid == before.metadata.uid
    assert {item.metadata.name for item in (await user.client.list(PROPAGATION_POLICIES)).items} == {"bbb"}


async def test_a_deleted_policy_leaves_binding_and_template_without_claim(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        await bound(user, "p")
        await user.delete(PROPAGATION_POLICIES, "shop", "p")

        async def gone() -> bool:
            return not (await user.client.list(PROPAGATION_POLICIES)).items

        await eventually(gone, "the policy is gone")
    assert not labels_of(await user.get(CONFIG_MAPS, "shop", "c"))
    assert ID not in (await user.get(RESOURCE_BINDINGS, "shop", "c-configmap")).metadata.labels


async def test_a_policy_deleted_while_nobody_looked_is_cleaned_up_later(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        await bound(user, "p")
    await user.delete(PROPAGATION_POLICIES, "shop", "p")
    async with detector(user):

        async def released() -> bool:
            return not labels_of(await user.get(CONFIG_MAPS, "shop", "c"))

        await eventually(released, "the claim is taken off")


async def test_a_claim_label_taken_off_by_a_user_comes_back(user: Plane) -> None:
    async with detector(user):
        policy_id = await policy(user, "p")
        await config(user)
        await bound(user, "p")
        await user.patch(CONFIG_MAPS, "shop", "c", {"metadata": {"labels": {ID: None}}})

        async def look() -> bool:
            return labels_of(await user.get(CONFIG_MAPS, "shop", "c")).get(ID) == policy_id

        await eventually(look, "the label is back")


async def test_a_lazy_policy_waits_for_the_next_change_of_the_template(user: Plane) -> None:
    async with detector(user):
        await config(user)
        policy_id = await policy(user, "p", activationPreference="Lazy")

        async def claimed() -> bool:
            return labels_of(await user.get(CONFIG_MAPS, "shop", "c")).get(ID) == policy_id

        await eventually(claimed, "the template is claimed")
        assert await unbound(user)
        await user.patch(CONFIG_MAPS, "shop", "c", {"metadata": {"labels": {"touch": "1"}}})
        await bound(user, "p")
        await user.patch(PROPAGATION_POLICIES, "shop", "p", {"spec": {"conflictResolution": "Overwrite"}})
        await asyncio.sleep(SETTLE_SECONDS)
        assert (await bound(user, "p")).spec.conflict_resolution == "Abort"
        await user.patch(CONFIG_MAPS, "shop", "c", {"metadata": {"labels": {"touch": "2"}}})

        async def activated() -> bool:
            return (await bound(user, "p")).spec.conflict_resolution == "Overwrite"

        await eventually(activated, "the change is activated")


async def test_a_policy_waits_for_the_overrides_it_depends_on(user: Plane) -> None:
    async with detector(user):
        await config(user)
        await policy(user, "p", dependentOverrides=["later"])
        assert await unbound(user)
        await user.create(
            OVERRIDE_POLICIES,
            {"metadata": {"name": "later", "namespace": "shop"}, "spec": {"overrideRules": []}},
        )
        await bound(user, "p")


async def test_a_restart_with_nothing_changed_writes_nothing(user: Plane) -> None:
    watched = (CONFIG_MAPS, RESOURCE_BINDINGS, PROPAGATION_POLICIES, EVENTS)
    async with detector(user):
        await policy(user, "p")
        for number in range(5):
            await config(user, f"c{number}")
        for number in range(5):
            await bound(user, "p", f"c{number}-configmap")
    before = await user.versions(*watched)
    async with detector(user):
        await asyncio.sleep(SETTLE_SECONDS)
    assert await user.versions(*watched) == before


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


async def test_a_binding_deleted_by_hand_comes_back(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        first = await bound(user, "p")
        await user.patch(RESOURCE_BINDINGS, "shop", "c-configmap", {"metadata": {"finalizers": None}})
        await user.delete(RESOURCE_BINDINGS, "shop", "c-configmap")

        async def look() -> bool:
            return (
                await user.get(RESOURCE_BINDINGS, "shop", "c-configmap")
            ).metadata.uid != first.metadata.uid

        await eventually(look, "a new binding")


async def test_kinds_are_propagated_as_soon_as_they_are_defined(user: Plane) -> None:
    widgets: Resource[Object] = Resource(
        GroupVersionResource("example.test", "v1", "widgets"), "Widget", namespaced=True
    )
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition = {
        "metadata": {"name": "widgets.example.test"},
        "spec": {
            "group": "example.test",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "scope": "Namespaced",
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }
    async with detector(user):
        await policy(user, "p", {"apiVersion": "example.test/v1", "kind": "Widget"})
        await user.create(CUSTOM_RESOURCE_DEFINITIONS, definition)
        await eventually(
            lambda: user.create(
                widgets, {"metadata": {"name": "w", "namespace": "shop"}, "spec": {"size": 1}}
            ),
            "the new kind is served",
        )
        await bound(user, "p", "w-widget")
        await user.delete(CUSTOM_RESOURCE_DEFINITIONS, "", "widgets.example.test")
        await config(user)
        await policy(user, "still-alive")
        await bound(user, "still-alive")
