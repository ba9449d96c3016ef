"""Templates and the policies they come to follow, against a real API server."""

import asyncio

import pytest

from karmada.api.groups.kubernetes import CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, EVENTS
from karmada.api.groups.policy import OVERRIDE_POLICIES, PROPAGATION_POLICIES
from karmada.api.groups.work import RESOURCE_BINDINGS
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.objects import Object, annotations_of, labels_of
from tests.controllers.detector.plane import Plane, detector, eventually
from tests.controllers.detector.users import (
    CLUSTER_ID,
    CONFIG,
    ID,
    NAME,
    SETTLE_SECONDS,
    bound,
    cluster_policy,
    config,
    policy,
    unbound,
)


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


async def test_objects_in_reserved_namespaces_are_left_alone(user: Plane) -> None:
    async with detector(user):
        await cluster_policy(user, "everywhere")
        await config(user, namespace="karmada-system")
        await asyncio.sleep(SETTLE_SECONDS)
    assert CLUSTER_ID not in labels_of(await user.get(CONFIG_MAPS, "karmada-system", "c"))


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
