"""karmada.client.cache: lookups, indexes, waiting."""

import asyncio

import pytest

from karmada.api.groups.kubernetes import CONFIG_MAPS, NODES
from karmada.api.gvk import ObjectKey
from karmada.api.objects import Object, labels_of
from karmada.client.cache import Cache


def labelled(namespace: str, name: str, **labels: str) -> Object:
    return {"metadata": {"namespace": namespace, "name": name, "labels": labels}}


def filled() -> Cache[Object]:
    cache = Cache(CONFIG_MAPS)
    for obj in (
        labelled("a", "x", team="red"),
        labelled("a", "y", team="blue"),
        labelled("b", "x", team="red"),
    ):
        cache.put(CONFIG_MAPS.key_of(obj), obj)
    return cache


def names(keys: list[ObjectKey]) -> list[str]:
    return [f"{key.namespace}/{key.name}" for key in keys]


def test_objects_are_found_by_key_name_and_namespace() -> None:
    cache = filled()
    assert cache.get(CONFIG_MAPS.key("a", "x")) == labelled("a", "x", team="red")
    assert cache.named("b", "x") == labelled("b", "x", team="red")
    assert cache.named("b", "y") is None
    assert names(cache.keys("a")) == ["a/x", "a/y"]
    assert len(cache) == len(cache.list()) == 3
    assert len(cache.list("b")) == 1
    assert cache.list("none") == []


def test_cluster_scoped_objects_are_named_without_a_namespace() -> None:
    cache = Cache(NODES)
    cache.put(NODES.key("", "n1"), {"metadata": {"name": "n1"}})
    assert cache.named("", "n1")


def test_an_index_follows_every_change() -> None:
    cache = filled()
    cache.add_index("team", lambda obj: labels_of(obj).values())
    assert names(cache.keys_by_index("team", "red")) == ["a/x", "b/x"]
    cache.put(CONFIG_MAPS.key("a", "x"), labelled("a", "x", team="blue"))
    assert names(cache.keys_by_index("team", "red")) == ["b/x"]
    assert len(cache.by_index("team", "blue")) == 2
    assert cache.remove(CONFIG_MAPS.key("b", "x"))
    assert cache.by_index("team", "red") == []
    assert cache.index_values("team") == ["blue"]


def test_an_object_that_breaks_an_index_is_kept_without_it(caplog: pytest.LogCaptureFixture) -> None:
    cache = filled()
    cache.add_index("team", lambda obj: [obj["metadata"]["labels"]["team"]])
    cache.put(CONFIG_MAPS.key("c", "z"), {"metadata": {"name": "z"}})
    assert cache.named("c", "z")
    assert "cannot be indexed" in caplog.text
    assert len(cache.by_index("team", "red")) == 2


def test_removing_what_is_not_there_changes_nothing() -> None:
    cache = filled()
    assert cache.remove(CONFIG_MAPS.key("a", "none")) is None
    assert len(cache) == 3


async def test_waiting_ends_when_the_object_is_as_wished() -> None:
    cache = filled()
    key = CONFIG_MAPS.key("a", "x")
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        blue = group.create_task(
            cache.wait_for(key, lambda obj: obj is not None and labels_of(obj)["team"] == "blue")
        )
        gone = group.create_task(cache.wait_for(key, lambda obj: obj is None))
        await asyncio.sleep(0)
        cache.put(key, labelled("a", "x", team="green"))
        await asyncio.sleep(0)
        assert not blue.done()
        cache.put(key, labelled("a", "x", team="blue"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert blue.done()
        cache.remove(key)
    assert gone.result() is None
    assert cache._waiting == {}


async def test_a_wait_that_is_given_up_leaves_nothing_behind() -> None:
    cache = filled()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await cache.wait_for(CONFIG_MAPS.key("a", "x"), lambda obj: obj is None)
    assert cache._waiting == {}
