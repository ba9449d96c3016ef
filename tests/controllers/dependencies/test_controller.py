"""The running distributor: what a Deployment needs is bound to where the Deployment goes."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
import pytest

from controllers.dependencies.controller import DependenciesDistributor
from karmada.api.groups.kubernetes import CONFIG_MAPS, DEPLOYMENTS, SECRETS
from karmada.api.groups.work import RESOURCE_BINDINGS, ResourceBinding
from karmada.api.objects import Object
from karmada.runtime.controller import Controller
from tests.controllers.detector.plane import Plane, eventually, plane
from tests.controllers.running import Neighbours, binding, event_reasons, nothing_is_written, running, until

FINALIZER = "karmada.io/binding-dependencies-distributor"
RECORD = "resourcebinding.karmada.io/dependencies"


def distributor(given: Neighbours) -> Sequence[Controller[Any]]:
    return [
        DependenciesDistributor(
            informers=given.informers,
            templates=given.templates,
            interpreter=given.interpreter,
            client=given.client,
            recorder=given.recorder,
        )
    ]


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    async with plane() as made:
        await made.namespaces("shop")
        yield made


def needing(*volumes: Object) -> Object:
    """The spec of a Deployment with these volumes."""
    named = [{"name": f"v{number}", **volume} for number, volume in enumerate(volumes)]
    container = {"name": "app", "image": "registry.test/shop/web:1.4"}
    return {
        "replicas": 1,
        "selector": {"matchLabels": {"run": "web"}},
        "template": {
            "metadata": {"labels": {"run": "web"}},
            "spec": {"containers": [container], "volumes": named},
        },
    }


CONF = {"configMap": {"name": "conf"}}
LATE = {"secret": {"secretName": "late", "optional": True}}


async def config(user: Plane, name: str = "conf") -> Object:
    metadata = {"namespace": "shop", "name": name}
    return await user.create(CONFIG_MAPS, {"metadata": metadata, "data": {"colour": "teal"}})


async def bound(
    user: Plane, name: str, *volumes: Object, clusters: Sequence[str] = ("member1",), **spec: Any
) -> None:
    """A Deployment and the binding a policy with propagateDeps gives it."""
    made = await user.create(
        DEPLOYMENTS, {"metadata": {"namespace": "shop", "name": name}, "spec": needing(*volumes)}
    )
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": name}
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": made["metadata"]["uid"]}
    await user.create(
        RESOURCE_BINDINGS,
        {
            "metadata": {
                "namespace": "shop",
                "name": f"{name}-deployment",
                "ownerReferences": [{**owner, "controller": True}],
            },
            "spec": {
                "resource": {**reference, "uid": made["metadata"]["uid"]},
                "propagateDeps": True,
                "clusters": [{"name": cluster} for cluster in clusters],
                **spec,
            },
        },
    )


def goes_to(*clusters: str) -> Any:
    def holds(found: ResourceBinding) -> bool:
        there = [item.name for snapshot in found.spec.required_by for item in snapshot.clusters]
        return there == list(clusters)

    return holds


async def test_an_object_that_is_needed_goes_along_and_the_binding_says_so(user: Plane) -> None:
    await config(user)
    async with running(user, distributor):
        await bound(user, "web", CONF)
        attached = await until(user, goes_to("member1"), "conf goes to member1", "conf-configmap")
        assert attached.spec.placement is None
        found = await binding(user)
        assert FINALIZER in found.metadata.finalizers
        assert [item["name"] for item in orjson.loads(found.metadata.annotations[RECORD])] == ["conf"]

        async def told() -> bool:
            return await event_reasons(user, "shop") >= {
                ("web", "GetDependenciesSucceed"),
                ("web-deployment", "SyncScheduleResultToDependenciesSucceed"),
            }

        await eventually(told, "users are told")


async def test_it_moves_with_the_deployment(user: Plane) -> None:
    await config(user)
    async with running(user, distributor):
        await bound(user, "web", CONF)
        await until(user, goes_to("member1"), "conf goes to member1", "conf-configmap")
        await user.patch(
            RESOURCE_BINDINGS, "shop", "web-deployment", {"spec": {"clusters": [{"name": "member3"}]}}
        )
        await until(user, goes_to("member3"), "conf follows to member3", "conf-configmap")


async def test_an_object_that_appears_late_is_noticed(user: Plane) -> None:
    async with running(user, distributor):
        await bound(user, "web", LATE)
        await until(user, lambda found: RECORD in found.metadata.annotations, "recorded", "web-deployment")
        await user.create(SECRETS, {"metadata": {"namespace": "shop", "name": "late"}})
        await until(user, goes_to("member1"), "the Secret goes to member1", "late-secret")


async def test_an_edit_of_the_object_reaches_its_binding_and_a_restart_writes_nothing(user: Plane) -> None:
    before = await config(user)
    async with running(user, distributor):
        await bound(user, "web", CONF)
        await until(user, goes_to("member1"), "conf goes to member1", "conf-configmap")
        await user.patch(CONFIG_MAPS, "shop", "conf", {"data": {"colour": "mauve"}})
        old = before["metadata"]["resourceVersion"]
        await until(
            user,
            lambda found: found.spec.resource.resource_version != old,
            "the reference moves",
            "conf-configmap",
        )
        assert await nothing_is_written(user, RESOURCE_BINDINGS)
    versions = await user.versions(RESOURCE_BINDINGS)
    async with running(user, distributor):
        assert await nothing_is_written(user, RESOURCE_BINDINGS)
    assert await user.versions(RESOURCE_BINDINGS) == versions


async def test_turning_it_off_leaves_the_attached_binding_without_targets(user: Plane) -> None:
    await config(user)
    async with running(user, distributor):
        await bound(user, "web", CONF)
        await until(user, goes_to("member1"), "conf goes to member1", "conf-configmap")
        await user.patch(RESOURCE_BINDINGS, "shop", "web-deployment", {"spec": {"propagateDeps": False}})
        left = await until(user, lambda found: not found.spec.required_by, "conf is let go", "conf-configmap")
        assert not any("depended-by" in label for label in left.metadata.labels)
        await until(user, lambda found: FINALIZER not in found.metadata.finalizers, "freed", "web-deployment")


async def test_a_deleted_binding_lets_go_before_it_is_gone(user: Plane) -> None:
    await config(user)
    async with running(user, distributor):
        await bound(user, "web", CONF)
        await until(user, goes_to("member1"), "conf goes to member1", "conf-configmap")
        await user.delete(RESOURCE_BINDINGS, "shop", "web-deployment")
        await until(user, lambda found: not found.spec.required_by, "conf is let go", "conf-configmap")

        async def gone() -> bool:
            names = {item.metadata.name for item in (await user.client.list(RESOURCE_BINDINGS)).items}
            return "web-deployment" not in names

        await eventually(gone, "the binding is gone")


async def test_what_is_not_needed_any_more_is_let_go(user: Plane) -> None:
    for name in ("conf", "other"):
        await config(user, name)
    async with running(user, distributor):
        await bound(user, "web", CONF)
        await until(user, goes_to("member1"), "conf goes to member1", "conf-configmap")
        spec = needing({"configMap": {"name": "other"}})
        await user.patch(DEPLOYMENTS, "shop", "web", {"spec": spec})
        # as the detector does when a template changes
        edited = await user.get(DEPLOYMENTS, "shop", "web")
        version = edited["metadata"]["resourceVersion"]
        await user.patch(
            RESOURCE_BINDINGS, "shop", "web-deployment", {"spec": {"resource": {"resourceVersion": version}}}
        )
        await until(user, goes_to("member1"), "other goes to member1", "other-configmap")
        await until(user, lambda found: not found.spec.required_by, "conf is let go", "conf-configmap")


async def test_two_that_need_the_same_and_disagree_are_told(user: Plane) -> None:
    await config(user)
    async with running(user, distributor):
        await bound(user, "app-a", CONF, conflictResolution="Overwrite")
        await bound(user, "app-b", CONF, clusters=["member2"], preserveResourcesOnDeletion=True)
        found = await until(
            user,
            lambda found: len(found.spec.required_by) == 2,
            "both need it",
            "conf-configmap",
        )
        assert found.spec.conflict_resolution == "Overwrite"
        assert found.spec.preserve_resources_on_deletion is True

        async def told() -> bool:
            return ("conf-configmap", "DependencyPolicyConflict") in await event_reasons(user, "shop")

        await eventually(told, "the dispute is told")


async def test_a_binding_that_went_while_nobody_looked_lets_go_at_the_next_start(user: Plane) -> None:
    await config(user)
    async with running(user, distributor):
        await bound(user, "web", CONF)
        await until(user, goes_to("member1"), "conf goes to member1", "conf-configmap")
    await user.patch(RESOURCE_BINDINGS, "shop", "web-deployment", {"metadata": {"finalizers": None}})
    await user.delete(RESOURCE_BINDINGS, "shop", "web-deployment")
    async with running(user, distributor):
        await until(user, lambda found: not found.spec.required_by, "conf is let go", "conf-configmap")


async def test_an_attached_binding_that_was_deleted_by_hand_comes_back(user: Plane) -> None:
    await config(user)
    async with running(user, distributor):
        await bound(user, "web", CONF)
        first = await until(user, goes_to("member1"), "conf goes to member1", "conf-configmap")
        await user.patch(RESOURCE_BINDINGS, "shop", "conf-configmap", {"metadata": {"finalizers": None}})
        await user.delete(RESOURCE_BINDINGS, "shop", "conf-configmap")
        await until(
            user,
            lambda found: found.metadata.uid != first.metadata.uid,
            "it is made anew",
            "conf-configmap",
        )


async def test_without_propagate_deps_nothing_goes_along(user: Plane) -> None:
    await config(user)
    async with running(user, distributor):
        await bound(user, "web", CONF, propagateDeps=False)
        assert await nothing_is_written(user, RESOURCE_BINDINGS)
        names = {item.metadata.name for item in (await user.client.list(RESOURCE_BINDINGS)).items}
        assert names == {"web-deployment"}
