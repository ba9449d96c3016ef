"""Type definitions in both dialects."""

from typing import Any

import pytest

from apiserver.schema.openapi_types import (
    Dialect,
    builtin_definition,
    custom_definition,
    custom_type_name,
    reachable,
)
from karmada.api.gvk import GroupVersionKind

KEEPS_UNKNOWN = "x-kubernetes-preserve-unknown-fields"


@pytest.mark.parametrize(
    ("name", "dialect", "expected"),
    [
        pytest.param(
            "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
            2,
            {"type": "string", "format": "int-or-string"},
            id="int-or-string-in-two",
        ),
        pytest.param(
            "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
            3,
            {"format": "int-or-string", "oneOf": [{"type": "string"}, {"type": "integer"}]},
            id="int-or-string-in-three",
        ),
    ],
)
def test_special_types(name: str, dialect: Dialect, expected: dict[str, Any]) -> None:
    assert builtin_definition(name, dialect) == expected


def test_only_version_three_has_defaults_and_closed_sets() -> None:
    port = "io.k8s.api.core.v1.ContainerPort"
    assert "default" not in builtin_definition(port, 2)["properties"]["protocol"]
    protocol = builtin_definition(port, 3)["properties"]["protocol"]
    assert (protocol["default"], protocol["enum"]) == ("TCP", ["SCTP", "TCP", "UDP"])


def test_types_are_found_through_all_their_parts() -> None:
    found = reachable(["io.k8s.api.apps.v1.Deployment"])
    assert {"io.k8s.api.core.v1.Container", "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"} <= set(found)
    assert found == sorted(found)


def test_custom_kinds_are_named_after_their_group_backwards() -> None:
    assert custom_type_name(GroupVersionKind("ex.io", "v1", "Foo")) == "io.ex.v1.Foo"


@pytest.mark.parametrize(
    ("schema", "fields"),
    [
        pytest.param({"type": "object", KEEPS_UNKNOWN: True}, None, id="keeps-unknown-fields"),
        pytest.param({}, None, id="says-nothing"),
        pytest.param({"type": "object"}, {"apiVersion", "kind", "metadata"}, id="closed"),
    ],
)
def test_version_two_names_no_field_of_a_kind_that_keeps_unknown_ones(
    schema: dict[str, Any], fields: set[str] | None
) -> None:
    definition = custom_definition(schema, GroupVersionKind("ex.io", "v1", "Foo"), 2)
    assert definition["type"] == "object"
    assert definition.get("properties", {}).keys() == (fields or set())
    assert {"apiVersion", "kind", "metadata"} <= custom_definition(
        schema, GroupVersionKind("ex.io", "v1", "Foo"), 3
    )["properties"].keys()


def test_version_two_says_nothing_of_what_is_in_a_value_that_may_be_null() -> None:
    spec = {"type": "object", "nullable": True, "properties": {"a": {"type": "string"}}, "description": "?"}
    schema = {"type": "object", "properties": {"spec": spec}}
    definition = custom_definition(schema, GroupVersionKind("ex.io", "v1", "Foo"), 2)
    assert definition["properties"]["spec"] == {"description": "?"}
