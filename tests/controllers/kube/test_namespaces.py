"""A namespace that is deleted is emptied first, and says what it waits for."""

from karmada.api.groups.kubernetes import CONFIG_MAPS, NAMESPACES, ROLES, SECRETS
from karmada.api.groups.work import WORKS
from karmada.api.objects import Object
from tests.controllers.cluster.live import Plane, eventually
from tests.controllers.kube.stock import stock_plane

KEY = NAMESPACES.key("", "demo")


async def fill(plane: Plane, *finalizers: str) -> None:
    await plane.namespace("demo")
    metadata: Object = {"name": "c", "namespace": "demo"}
    await plane.create(CONFIG_MAPS, {"metadata": {**metadata, "finalizers": list(finalizers)}})
    await plane.create(SECRETS, {"metadata": metadata})
    await plane.create(WORKS, {"metadata": metadata, "spec": {"workload": {"manifests": []}}})


async def test_everything_in_a_namespace_goes_before_it() -> None:
    async with stock_plane() as plane:
        await fill(plane)
        await plane.client.delete(NAMESPACES, KEY)
        await plane.gone(NAMESPACES, "", "demo")
        for resource in (CONFIG_MAPS, SECRETS):
            assert (await plane.client.list(resource, namespace="demo")).items == []
        assert (await plane.client.list(WORKS, namespace="demo")).items == []


async def test_a_namespace_says_which_finalizers_hold_it() -> None:
    async with stock_plane() as plane:
        await fill(plane, "example.org/hold")
        await plane.client.delete(NAMESPACES, KEY)

        async def conditions() -> dict[str, Object] | None:
            found = (await plane.client.get(NAMESPACES, KEY)).get("status", {}).get("conditions") or []
            told = {condition["type"]: condition for condition in found}
            is_held = told.get("NamespaceFinalizersRemaining", {}).get("status") == "True"
            return told if is_held else None

        told = await eventually(conditions, "it says what it waits for")
        assert told is not None
        assert told["NamespaceContentRemaining"]["message"] == (
            "Some resources are remaining: configmaps. has 1 resource instances"
        )
        assert told["NamespaceFinalizersRemaining"]["message"] == (
            "Some content in the namespace has finalizers remaining: example.org/hold in 1 resource instances"
        )
        assert told["NamespaceDeletionDiscoveryFailure"]["reason"] == "ResourcesDiscovered"
        released = {"metadata": {"finalizers": None}}
        await plane.client.patch(CONFIG_MAPS, CONFIG_MAPS.key("demo", "c"), released)
        await plane.gone(NAMESPACES, "", "demo")


async def test_rights_in_a_namespace_stay_as_long_as_anything_else_does() -> None:
    """Whoever takes the finalizers off may hold that right in there."""
    async with stock_plane() as plane:
        await fill(plane, "example.org/hold")
        await plane.create(ROLES, {"metadata": {"name": "cleaner", "namespace": "demo"}, "rules": []})
        await plane.client.delete(NAMESPACES, KEY)
        await plane.gone(SECRETS, "demo", "c")
        assert [
            item["metadata"]["name"] for item in (await plane.client.list(ROLES, namespace="demo")).items
        ] == ["cleaner"]
        await plane.client.patch(
            CONFIG_MAPS, CONFIG_MAPS.key("demo", "c"), {"metadata": {"finalizers": None}}
        )
        await plane.gone(NAMESPACES, "", "demo")
