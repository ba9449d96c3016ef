"""Typed decoding gives built-in objects the shape their type is written in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.schema.builtin import builtin_schema
from tests.apiserver.schema.samples import DEPLOYMENT, SECRET, deployment


def shaped(type_name: str, value: Any) -> Any:
    result, found = builtin_schema(type_name).shaped(value)
    assert not found.problem
    return result


def test_structs_that_are_always_written_appear_empty() -> None:
    obj = shaped(DEPLOYMENT, deployment())
    assert obj["status"] == {}
    assert obj["spec"]["strategy"] == {}
    assert obj["spec"]["template"]["spec"]["containers"][0]["resources"] == {}


def test_fields_come_in_declared_order_whatever_the_client_sent() -> None:
    obj = shaped(DEPLOYMENT, {"spec": {}, "metadata": {}, "kind": "Deployment", "apiVersion": "apps/v1"})
    assert list(obj) == ["kind", "apiVersion", "metadata", "spec", "status"]


def test_a_list_that_is_always_written_is_null_when_absent() -> None:
    assert shaped("io.k8s.api.rbac.v1.ClusterRole", {})["rules"] is None


def test_a_pointer_that_is_always_written_is_null_when_absent() -> None:
    assert shaped("io.k8s.api.apps.v1.DeploymentSpec", {})["selector"] is None


@pytest.mark.parametrize(
    ("type_name", "given_value", "expected"),
    [
        pytest.param("io.k8s.api.core.v1.ConfigMap", {"data": None}, {"metadata": {}}, id="null-is-absent"),
        pytest.param("io.k8s.api.core.v1.ConfigMap", {"data": {}}, {"metadata": {}}, id="empty-map-vanishes"),
        pytest.param(
            "io.k8s.api.core.v1.ConfigMap",
            {"immutable": False},
            {"metadata": {}, "immutable": False},
            id="explicit-zero-of-a-pointer-stays",
        ),
        pytest.param(
            "io.k8s.api.core.v1.ConfigMap",
            {"data": {"a": None}},
            {"metadata": {}, "data": {"a": ""}},
            id="null-in-a-map-of-texts-is-empty-text",
        ),
        pytest.param(
            "io.k8s.api.core.v1.ResourceRequirements",
            {"limits": {"cpu": "1000m", "memory": "1024Mi"}},
            {"limits": {"cpu": "1", "memory": "1Gi"}},
            id="quantities-become-canonical",
        ),
        pytest.param(
            "io.k8s.api.core.v1.ResourceRequirements",
            {"limits": {"cpu": 0.0001}},
            {"limits": {"cpu": "1m"}},
            id="resource-amounts-are-rounded-up-to-milli",
        ),
        pytest.param(
            "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
            {"creationTimestamp": "2026-01-02T03:04:05.999+02:00"},
            {"creationTimestamp": "2026-01-02T01:04:05Z"},
            id="times-are-utc-seconds",
        ),
        pytest.param(
            "io.k8s.api.coordination.v1.LeaseSpec",
            {"renewTime": "2026-01-02T03:04:05Z"},
            {"renewTime": "2026-01-02T03:04:05.000000Z"},
            id="microtimes-have-six-decimals",
        ),
        pytest.param(
            "io.k8s.api.core.v1.ServicePort",
            {"port": 80, "targetPort": "http"},
            {"port": 80, "targetPort": "http"},
            id="int-or-string-keeps-its-kind",
        ),
    ],
)
def test_values_take_the_written_form(type_name: str, given_value: Any, expected: Any) -> None:
    assert shaped(type_name, given_value) == expected


def test_a_recursive_type_decodes() -> None:
    node = {"properties": {"a": {"properties": {"b": {"type": "string", "nope": 1}}}}}
    name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
    result, found = builtin_schema(name).shaped(node)
    assert (found.unknown, found.problem) == (["properties.a.properties.b.nope"], "")
    assert result == {"properties": {"a": {"properties": {"b": {"type": "string"}}}}}


@given(st.binary(max_size=12))
def test_secret_data_survives(content: bytes) -> None:
    import base64

    text = base64.b64encode(content).decode()
    assert shaped(SECRET, {"data": {"k": text}})["data"] == {"k": text}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "spec", "name", "labels", "template", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["metadata", "spec", "status", "kind", "z"]), json_values, max_size=4))
def test_shaping_either_names_a_problem_or_is_idempotent(obj: dict[str, Any]) -> None:
    schema = builtin_schema(DEPLOYMENT)
    once, found = schema.shaped(obj)
    if found.problem:
        assert found.problem.startswith("json: cannot unmarshal")
        return
    again, found = schema.shaped(once)
    assert (again, found.unknown) == (once, [])
