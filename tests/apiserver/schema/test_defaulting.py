"""Defaults fill absent fields, depth first."""

from typing import Any

import pytest

from apiserver.schema.custom import node_from_open_api
from apiserver.schema.defaulting import compile_default
from apiserver.schema.node import Node
from tests.apiserver.schema.samples import OPEN_API


@pytest.mark.parametrize(
    ("given_spec", "expected"),
    [
        pytest.param({}, {"replicas": 1}, id="absent"),
        pytest.param({"replicas": 0}, {"replicas": 0}, id="zero-is-given"),
        pytest.param(
            {"parts": [{}, {"size": {}}]},
            {"parts": [{"size": {"cpu": 1}}, {"size": {}}], "replicas": 1},
            id="each-list-item",
        ),
    ],
)
def test_defaulting(given_spec: dict[str, Any], expected: dict[str, Any]) -> None:
    default = compile_default(node_from_open_api(OPEN_API), zero_counts=True)
    assert default is not None
    obj = {"spec": given_spec}
    default(obj)
    assert obj["spec"] == expected


def test_default_containers_are_not_shared() -> None:
    default = compile_default(node_from_open_api(OPEN_API), zero_counts=True)
    assert default is not None
    first: dict[str, Any] = {"spec": {"parts": [{}]}}
    second: dict[str, Any] = {"spec": {"parts": [{}]}}
    default(first)
    default(second)
    first["spec"]["parts"][0]["size"]["cpu"] = 7
    assert second["spec"]["parts"][0]["size"]["cpu"] == 1


def test_a_default_needs_its_object() -> None:
    default = compile_default(node_from_open_api(OPEN_API), zero_counts=True)
    assert default is not None
    obj: dict[str, Any] = {}
    default(obj)
    assert obj == {}


def test_a_recursive_schema_is_followed_as_deep_as_the_object_goes() -> None:
    properties: dict[str, Node] = {"size": Node(type="integer", default=3)}
    node = Node(type="object", properties=properties)
    properties["below"] = Node(type="object", properties=properties)
    default = compile_default(node, zero_counts=True)
    assert default is not None
    obj: dict[str, Any] = {"below": {"below": {}}}
    default(obj)
    assert obj == {"size": 3, "below": {"size": 3, "below": {"size": 3}}}


def test_no_default_anywhere_compiles_to_nothing() -> None:
    assert compile_default(node_from_open_api({"type": "object"}), zero_counts=True) is None
