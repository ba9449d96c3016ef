"""Policies that are edited, deleted, or preempt others, against a real API server."""

from karmada.api.groups.kubernetes import CONFIG_MAPS
from karmada.api.groups.policy import CLUSTER_PROPAGATION_POLICIES, PROPAGATION_POLICIES
from karmada.api.groups.work import RESOURCE_BINDINGS
from karmada.api.objects import annotations_of, labels_of
from tests.controllers.detector.plane import Plane, detector, eventually
from tests.controllers.detector.users import (
    CLUSTER_ID,
    CONFIG,
    ID,
    NAME,
    bound,
    cluster_policy,
    config,
    policy,
)


async def test_preemption_takes_a_template_over(user: Plane) -> None:
    async with detector(user, preemption=True):
        await policy(user, "first")
        await config(user)
        await bound(user, "first")
        await policy(user, "better", {**CONFIG, "name": "c"}, priority=10, preemption="Always")
        await bound(user, "better")


async def test_an_edited_policy_reaches_the_binding(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        await bound(user, "p")
        await user.patch(PROPAGATION_POLICIES, "shop", "p", {"spec": {"conflictResolution": "Overwrite"}})

        async def look() -> bool:
            return (await bound(user, "p")).spec.conflict_resolution == "Overwrite"

        await eventually(look, "the binding is refreshed")


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


async def test_a_lowered_priority_lets_others_preempt(user: Plane) -> None:
    named = {**CONFIG, "name": "c"}
    async with detector(user, preemption=True):
        await policy(user, "first", priority=10)
        await config(user)
        await bound(user, "first")
        await policy(user, "rival", named, priority=5, preemption="Always")
        await policy(user, "too-low", named, priority=1, preemption="Always")
        await user.patch(PROPAGATION_POLICIES, "shop", "first", {"spec": {"priority": 3}})
        await bound(user, "rival")


async def test_a_policy_preempts_a_cluster_policy_of_any_priority(user: Plane) -> None:
    async with detector(user, preemption=True):
        held_by = await cluster_policy(user, "everywhere", priority=100)
        await config(user)

        async def claimed() -> bool:
            return labels_of(await user.get(CONFIG_MAPS, "shop", "c")).get(CLUSTER_ID) == held_by

        await eventually(claimed, "the cluster policy holds it")
        await policy(user, "p", {**CONFIG, "name": "c"}, preemption="Always")
        await bound(user, "p")
    template = await user.get(CONFIG_MAPS, "shop", "c")
    assert CLUSTER_ID not in labels_of(template)
    assert "clusterpropagationpolicy.karmada.io/name" not in annotations_of(template)


async def test_without_the_gate_nothing_is_preempted(user: Plane) -> None:
    async with detector(user):
        await policy(user, "first")
        await config(user)
        await bound(user, "first")
        await policy(user, "second", {**CONFIG, "name": "c"}, priority=10, preemption="Always")
        await policy(user, "other", {**CONFIG, "name": "d"})
        await config(user, "d")
        await bound(user, "other", "d-configmap")
        await bound(user, "first")


async def test_templates_of_dropped_selectors_are_released_by_a_deletion_too(user: Plane) -> None:
    async with detector(user):
        await policy(user, "p")
        await config(user)
        await bound(user, "p")
    elsewhere = {"spec": {"resourceSelectors": [{"apiVersion": "v1", "kind": "Secret", "namespace": "shop"}]}}
    await user.patch(PROPAGATION_POLICIES, "shop", "p", elsewhere)
    await user.delete(PROPAGATION_POLICIES, "shop", "p")
    async with detector(user):

        async def released() -> bool:
            return not labels_of(await user.get(CONFIG_MAPS, "shop", "c"))

        await eventually(released, "the claim is taken off")


async def test_a_cluster_policy_is_cleaned_up_as_well(user: Plane) -> None:
    async with detector(user):
        held_by = await cluster_policy(user, "everywhere", {**CONFIG, "namespace": "shop"})
        await config(user)

        async def claimed() -> bool:
            return labels_of(await user.get(CONFIG_MAPS, "shop", "c")).get(CLUSTER_ID) == held_by

        await eventually(claimed, "the cluster policy holds it")
        await user.delete(CLUSTER_PROPAGATION_POLICIES, "", "everywhere")

        async def gone() -> bool:
            return not (await user.client.list(CLUSTER_PROPAGATION_POLICIES)).items

        await eventually(gone, "the policy is gone")
    assert not labels_of(await user.get(CONFIG_MAPS, "shop", "c"))
