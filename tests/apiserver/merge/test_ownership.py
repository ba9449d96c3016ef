"""Which paths an object holds and which differ."""

from typing import Any

import pytest

from apiserver.merge.field_sets import paths
from apiserver.merge.ownership import applied_set, compare, element_key, zero_object
from apiserver.schema.builtin import builtin_schema, type_node
from apiserver.schema.custom import custom_schema
from tests.apiserver.schema.samples import DEPLOYMENT, OPEN_API, custom, deployment

NODE = type_node(DEPLOYMENT)


def shaped(obj: dict[str, Any]) -> dict[str, Any]:
    schema = builtin_schema(DEPLOYMENT)
    schema.prune(obj)
    schema.default(obj)
    return obj


def test_a_create_owns_what_was_given_but_not_the_structs_that_are_always_there() -> None:
    changed, removed = compare(NODE, zero_object(NODE), shaped(deployment()))
    assert removed == {}
    assert changed == {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"web"}': {".": {}, "f:image": {}, "f:name": {}, "f:resources": {}}
                    }
                },
            },
        },
    }


def test_an_apply_owns_leaves_elements_and_map_entries() -> None:
    assert applied_set(NODE, deployment()) == {
        "f:metadata": {"f:labels": {"f:app": {}}},
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:template": {
                "f:metadata": {"f:labels": {"f:app": {}}},
                "f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:name": {}}}},
            },
        },
    }


@pytest.mark.parametrize(
    ("old", "new", "changed", "removed"),
    [
        pytest.param({"replicas": 1}, {"replicas": 2}, [".spec.replicas"], [], id="scalar"),
        pytest.param({}, {"paused": True}, [".spec.paused"], [], id="added"),
        pytest.param({"paused": True}, {}, [], [".spec.paused"], id="removed"),
        pytest.param(
            {"selector": {"matchLabels": {"a": "1"}}},
            {"selector": {"matchLabels": {"a": "2"}}},
            [".spec.selector"],
            [],
            id="atomic-map-is-one-leaf",
        ),
        pytest.param(
            {"strategy": {}},
            {"strategy": {"type": "Recreate"}},
            [".spec.strategy.type"],
            [],
            id="inside-a-struct",
        ),
        pytest.param(
            {"strategy": {"rollingUpdate": {"maxSurge": 1}}},
            {"strategy": {}},
            [],
            [".spec.strategy.rollingUpdate", ".spec.strategy.rollingUpdate.maxSurge"],
            id="a-removed-struct-goes-with-all-below",
        ),
    ],
)
def test_differences(
    old: dict[str, Any], new: dict[str, Any], changed: list[str], removed: list[str]
) -> None:
    found = compare(NODE, {"spec": old}, {"spec": new})
    assert [list(paths(fields)) for fields in found] == [changed, removed]


def test_server_managed_metadata_and_ignored_parts_do_not_count() -> None:
    old: dict[str, Any] = {"metadata": {"uid": "1"}, "status": {}}
    new: dict[str, Any] = {
        "metadata": {"uid": "2", "generation": 3, "managedFields": []},
        "status": {"replicas": 1},
    }
    assert compare(NODE, old, new, ignored=("status",)) == ({}, {})


@pytest.mark.parametrize(
    ("port", "key"),
    [
        pytest.param(
            {"containerPort": 80}, 'k:{"containerPort":80,"protocol":"TCP"}', id="default-fills-a-missing-key"
        ),
        pytest.param(
            {"protocol": "UDP", "containerPort": 1}, 'k:{"containerPort":1,"protocol":"UDP"}', id="given"
        ),
        pytest.param("text", None, id="not-an-object"),
    ],
)
def test_elements_are_named_by_their_keys(port: Any, key: str | None) -> None:
    ports = type_node("io.k8s.api.core.v1.Container").child("ports")
    assert element_key(ports, port) == key


def test_what_a_schema_leaves_open_is_tracked_by_what_is_there() -> None:
    node = custom_schema(OPEN_API).node
    changed, _ = compare(node, {}, custom(free={"a": {"b": 1}, "list": [{"x": 1}]}))
    assert changed["f:spec"]["f:free"] == {".": {}, "f:a": {".": {}, "f:b": {}}, "f:list": {}}


def test_duplicates_of_a_keyed_list_are_one_leaf() -> None:
    twice = {"spec": {"template": {"spec": {"containers": [{"name": "a"}, {"name": "a", "image": "x"}]}}}}
    changed, _ = compare(NODE, {"spec": {"template": {"spec": {"containers": None}}}}, twice)
    assert list(paths(changed)) == ['.spec.template.spec.containers[name="a"]']
