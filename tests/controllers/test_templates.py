"""Reading a template: cache, then live."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from controllers.templates import Templates
from karmada.api.groups.kubernetes import CONFIG_MAPS
from karmada.api.groups.work import ObjectReference
from karmada.api.objects import Object, resource_version_of
from karmada.client.informer import Informers
from karmada.client.mapper import Mapper
from tests.controllers.detector.plane import Plane, eventually, plane


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    async with plane() as made:
        await made.namespaces("shop")
        yield made


@pytest.fixture
async def informers(user: Plane) -> AsyncIterator[Informers]:
    async with Informers(user.client) as made:
        yield made


@pytest.fixture
def templates(user: Plane, informers: Informers) -> Templates:
    return Templates(informers=informers, client=user.client, mapper=Mapper(user.client))


async def config(user: Plane) -> Object:
    return await user.create(
        CONFIG_MAPS, {"metadata": {"name": "c", "namespace": "shop"}, "data": {"v": "1"}}
    )


def reference(**fields: str) -> ObjectReference:
    plain = {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "c", **fields}
    return ObjectReference.from_json(plain)


async def test_without_an_informer_the_server_is_asked(user: Plane, templates: Templates) -> None:
    made = await config(user)
    found = await templates.of(reference())
    assert found is not None
    assert resource_version_of(found) == resource_version_of(made)


async def test_an_informer_that_has_just_started_is_waited_for(
    user: Plane, informers: Informers, templates: Templates
) -> None:
    await config(user)
    informer = informers.ensure(CONFIG_MAPS)
    found = await templates.of(reference())
    assert found is not None
    assert found is informer.cache.named("shop", "c")


async def test_a_cached_object_older_than_the_binding_says_is_read_again(
    user: Plane, informers: Informers, templates: Templates
) -> None:
    await config(user)
    informer = informers.ensure(CONFIG_MAPS)
    await informer.wait_synced()
    cached = informer.cache.named("shop", "c")
    await user.patch(CONFIG_MAPS, "shop", "c", {"data": {"v": "2"}})
    version = resource_version_of(await user.get(CONFIG_MAPS, "shop", "c"))
    assert cached is not None
    informer.cache.put(CONFIG_MAPS.key("shop", "c"), cached)  # as if the change had not arrived yet
    found = await templates.of(reference(resourceVersion=version))
    assert found is not None
    assert found["data"] == {"v": "2"}


@pytest.mark.parametrize(
    "missing",
    [reference(name="nobody"), reference(kind="Nothing"), reference(apiVersion="no.such/v1")],
    ids=["object", "kind", "group"],
)
async def test_what_does_not_exist_is_none(templates: Templates, missing: ObjectReference) -> None:
    assert await templates.of(missing) is None


async def test_a_broken_informer_does_not_hold_reads_up(
    user: Plane, informers: Informers, templates: Templates
) -> None:
    await config(user)
    resource = await templates.resource_of("v1", "ConfigMap")
    assert resource is not None
    nothing = type(resource)(resource.gvr._replace(version="v9"), resource.kind, resource.namespaced)
    informer = informers.ensure(nothing)

    async def in_trouble() -> bool:
        return bool(informer.trouble)

    await eventually(in_trouble, "the informer cannot list")
    async with asyncio.timeout(1.0):
        assert await templates.find(nothing, nothing.key("shop", "c")) is None
