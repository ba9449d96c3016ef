"""Nodes of built-in kinds carry what the fact table says."""

import pytest

from apiserver.schema.builtin import builtin_schema, open_api_of_type, type_node
from apiserver.schema.node import Node
from karmada.api.facts import type_facts
from tests.apiserver.schema.samples import DEPLOYMENT, deployment


def at(node: Node, *path: str) -> Node:
    for name in path:
        node = node.child(name)
        node = node.items or node if name in ("containers", "volumes") else node
    return node


def test_an_unknown_type_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        builtin_schema("io.k8s.api.core.v1.Nope")


def test_every_type_of_the_table_compiles() -> None:
    for name in type_facts():
        schema = builtin_schema(name)
        _, found = schema.shaped({})
        assert found.unknown == [], name
        schema.validate({})


def test_a_keyed_list_knows_its_keys_and_its_merge_key() -> None:
    ports = at(type_node("io.k8s.api.core.v1.Container"), "ports")
    assert ports.ownership == "keyed"
    assert ports.list_map_keys == ("containerPort", "protocol")
    assert (ports.patch_strategies, ports.patch_merge_key) == (("merge",), "containerPort")


def test_inline_fields_stand_in_the_parent() -> None:
    volume = at(type_node(DEPLOYMENT), "spec", "template", "spec", "volumes")
    assert {"name", "emptyDir", "configMap"} <= volume.properties.keys()


@pytest.mark.parametrize(
    ("path", "ownership"),
    [
        pytest.param(("spec", "selector"), "leaf", id="atomic-map"),
        pytest.param(("metadata", "labels"), "map", id="map"),
        pytest.param(("metadata", "finalizers"), "set", id="set"),
        pytest.param(("metadata", "creationTimestamp"), "leaf", id="time"),
        pytest.param(("spec", "strategy"), "map", id="struct"),
        pytest.param(("spec", "template", "spec", "tolerations"), "leaf", id="atomic-list"),
    ],
)
def test_ownership_is_as_fine_as_the_type_says(path: tuple[str, ...], ownership: str) -> None:
    assert at(type_node(DEPLOYMENT), *path).ownership == ownership


def test_defaults_of_the_table_are_set_and_zero_values_are_left_to_the_shape() -> None:
    obj = deployment(containers=[{"name": "a", "ports": [{"containerPort": 80}]}])
    schema = builtin_schema(DEPLOYMENT)
    schema.prune(obj)
    schema.default(obj)
    ports = obj["spec"]["template"]["spec"]["containers"][0]["ports"]
    assert ports == [{"containerPort": 80, "protocol": "TCP"}]


def test_a_type_can_be_written_out_as_a_structural_schema() -> None:
    described = open_api_of_type("io.k8s.api.core.v1.Toleration")
    assert described["properties"]["tolerationSeconds"] == {"type": "integer", "format": "int64"}


def test_the_zero_object_holds_what_is_always_written() -> None:
    zero = builtin_schema(DEPLOYMENT).zero("apps/v1", "Deployment")
    assert zero["kind"] == "Deployment"
    assert zero["spec"] == {
        "selector": None,
        "template": {"metadata": {}, "spec": {"containers": None}},
        "strategy": {},
    }
