"""What nobody owns any more goes; how an owner goes is up to who deletes it."""

import asyncio

import pytest

from karmada.api.errors import NotFound
from karmada.api.groups.kubernetes import CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES
from karmada.api.groups.work import WORKS
from karmada.api.gvk import GroupVersionResource, Resource
from karmada.api.objects import Object, owners_of
from tests.controllers.cluster.live import Plane, eventually
from tests.controllers.kube.stock import config_map, names, stock_plane


def key(name: str) -> object:
    return CONFIG_MAPS.key("default", name)


async def until_only(plane: Plane, expected: set[str]) -> None:
    async def look() -> bool:
        return await names(plane) == expected

    await eventually(look, f"only {expected} are left")


async def test_dependents_go_after_their_owner_down_to_the_last() -> None:
    async with stock_plane() as plane:
        top = await config_map(plane, "top")
        middle = await config_map(plane, "middle", top)
        await config_map(plane, "bottom", middle)
        await config_map(plane, "other")
        await plane.client.delete(CONFIG_MAPS, CONFIG_MAPS.key("default", "top"))
        await until_only(plane, {"other"})


async def test_an_object_stays_while_one_owner_is_left_and_forgets_the_other() -> None:
    async with stock_plane() as plane:
        one, two = await config_map(plane, "one"), await config_map(plane, "two")
        await config_map(plane, "child", one, two)
        await plane.client.delete(CONFIG_MAPS, CONFIG_MAPS.key("default", "one"))

        async def owners() -> bool:
            child = await plane.client.get(CONFIG_MAPS, CONFIG_MAPS.key("default", "child"))
            return [owner["name"] for owner in owners_of(child)] == ["two"]

        await eventually(owners, "the reference is dropped")
        await plane.client.delete(CONFIG_MAPS, CONFIG_MAPS.key("default", "two"))
        await until_only(plane, set())


async def test_an_owner_that_never_was_is_no_owner() -> None:
    async with stock_plane() as plane:
        ghost: Object = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "ghost", "uid": "no-such"},
        }
        await config_map(plane, "child", ghost)
        await until_only(plane, set())


async def test_a_new_object_with_the_name_of_the_owner_is_not_the_owner() -> None:
    async with stock_plane() as plane:
        namesake = await config_map(plane, "owner")
        stale: Object = {**namesake, "metadata": {**namesake["metadata"], "uid": "an-earlier-one"}}
        await config_map(plane, "child", stale)
        await until_only(plane, {"owner"})


async def test_an_owner_of_an_unknown_kind_keeps_its_dependents() -> None:
    async with stock_plane() as plane:
        foo: Object = {"apiVersion": "example.org/v1", "kind": "Foo", "metadata": {"name": "foo", "uid": "u"}}
        await config_map(plane, "kept", foo)
        owner = await config_map(plane, "owner")
        await config_map(plane, "child", owner)
        await plane.client.delete(CONFIG_MAPS, CONFIG_MAPS.key("default", "owner"))
        await until_only(plane, {"kept"})


async def test_in_the_foreground_the_owner_goes_last() -> None:
    async with stock_plane() as plane:
        owner = await config_map(plane, "owner")
        await config_map(plane, "child", owner, finalizers=("example.org/hold",))
        await plane.client.delete(
            CONFIG_MAPS, CONFIG_MAPS.key("default", "owner"), propagation_policy="Foreground"
        )

        async def leaves() -> bool:
            child = await plane.client.get(CONFIG_MAPS, CONFIG_MAPS.key("default", "child"))
            return "deletionTimestamp" in child["metadata"]

        await eventually(leaves, "the child is asked to go")
        assert await names(plane) == {"owner", "child"}
        await plane.client.patch(
            CONFIG_MAPS, CONFIG_MAPS.key("default", "child"), {"metadata": {"finalizers": None}}
        )
        await until_only(plane, set())


async def test_a_circle_of_owners_goes_as_a_whole() -> None:
    async with stock_plane() as plane:
        first = await config_map(plane, "first")
        second = await config_map(plane, "second", first)
        third = await config_map(plane, "third", second)
        circle = {"first": third, "second": first, "third": second}
        for name, owner in circle.items():
            reference = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "blockOwnerDeletion": True,
            }
            await plane.client.patch(
                CONFIG_MAPS,
                CONFIG_MAPS.key("default", name),
                {"metadata": {"ownerReferences": [reference]}},
            )
        await plane.client.delete(
            CONFIG_MAPS, CONFIG_MAPS.key("default", "first"), propagation_policy="Foreground"
        )
        await until_only(plane, set())


async def test_orphans_lose_the_reference_and_stay() -> None:
    async with stock_plane() as plane:
        owner = await config_map(plane, "owner")
        await config_map(plane, "child", owner)

        async def noticed() -> bool:
            await plane.client.delete(
                CONFIG_MAPS, CONFIG_MAPS.key("default", "owner"), propagation_policy="Orphan"
            )
            return await names(plane) == {"child"}

        await eventually(noticed, "the owner goes")
        child = await plane.client.get(CONFIG_MAPS, CONFIG_MAPS.key("default", "child"))
        assert owners_of(child) == []


async def test_works_go_with_the_namespace_that_owns_them() -> None:
    async with stock_plane() as plane:
        owner = await plane.namespace("demo")
        await plane.namespace("karmada-es-m")
        reference = {"apiVersion": "v1", "kind": "Namespace", "name": "demo", "uid": owner["metadata"]["uid"]}
        metadata = {"name": "w", "namespace": "karmada-es-m", "ownerReferences": [reference]}
        await plane.create(WORKS, {"metadata": metadata, "spec": {"workload": {"manifests": []}}})
        await plane.client.delete(NAMESPACES, NAMESPACES.key("", "demo"))
        await plane.gone(WORKS, "karmada-es-m", "w")


FOOS: Resource[Object] = Resource(GroupVersionResource("example.org", "v1", "foos"), "Foo", namespaced=True)
CRD: Object = {
    "metadata": {"name": "foos.example.org"},
    "spec": {
        "group": "example.org",
        "scope": "Namespaced",
        "names": {"plural": "foos", "kind": "Foo"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


async def test_kinds_that_come_later_are_collected_as_well() -> None:
    async with stock_plane() as plane:
        await plane.create(CUSTOM_RESOURCE_DEFINITIONS, CRD)
        foo: Object = {"metadata": {"name": "foo", "namespace": "default"}}
        owner = await eventually(lambda: plane.create(FOOS, foo), "the API is served")
        await config_map(plane, "child", owner)
        await asyncio.sleep(0.2)
        assert await names(plane) == {"child"}
        await plane.client.delete(FOOS, FOOS.key("default", "foo"))
        await until_only(plane, set())
        with pytest.raises(NotFound):
            await plane.client.get(FOOS, FOOS.key("default", "foo"))
