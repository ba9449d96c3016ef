"""What may not be applied."""

from typing import Any

import pytest

from apiserver.merge.applied_check import check_applied
from apiserver.merge.refusals import UnclassifiedError
from apiserver.schema.builtin import type_node
from apiserver.schema.custom import custom_schema
from tests.apiserver.schema.samples import DEPLOYMENT, OPEN_API, custom, deployment


def applied(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "n"},
        "spec": spec,
    }


@pytest.mark.parametrize(
    ("spec", "misfit"),
    [
        pytest.param({"bogus": 1}, ".spec.bogus: field not declared in schema", id="undeclared"),
        pytest.param(
            {"replicas": "1"}, ".spec.replicas: expected numeric (int or float), got string", id="number"
        ),
        pytest.param(
            {"template": {"spec": {"hostname": True}}},
            ".spec.template.spec.hostname: expected string, got &value.valueUnstructured{Value:true}",
            id="text",
        ),
        pytest.param({"template": []}, ".spec.template: expected map, got &{[]}", id="object"),
        pytest.param(
            {"template": {"spec": {"containers": {"a": 1}}}},
            ".spec.template.spec.containers: expected list, got &{map[a:1]}",
            id="list",
        ),
        pytest.param(
            {"template": {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}},
            '.spec.template.spec.containers: duplicate entries for key [name="a"]',
            id="duplicate-key",
        ),
        pytest.param(
            {"template": {"metadata": {"finalizers": ["a/b", "a/b"]}}},
            '.spec.template.metadata.finalizers: duplicate entries for key [="a/b"]',
            id="duplicate-value",
        ),
        pytest.param(
            {"template": {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1, "x": 1}]}]}}},
            ""
            '.spec.template.spec.containers[name="a"].ports[containerPort=1,protocol="TCP"]'
            ".x: field not declared in schema",
            id="inside-elements",
        ),
    ],
)
def test_a_misfit_is_named_with_its_path(spec: dict[str, Any], misfit: str) -> None:
    with pytest.raises(UnclassifiedError) as caught:
        check_applied(type_node(DEPLOYMENT), applied(**spec))
    assert caught.value.message == (
        f"failed to create typed patch object (n/d; apps/v1, Kind=Deployment): {misfit}"
    )


def test_all_misfits_are_told_together() -> None:
    with pytest.raises(UnclassifiedError, match=r"errors:\n  \.spec\.a: .*\n  \.spec\.b: "):
        check_applied(type_node(DEPLOYMENT), applied(a=1, b=2))


def test_what_fits_passes() -> None:
    check_applied(type_node(DEPLOYMENT), deployment())
    check_applied(custom_schema(OPEN_API).node, custom(free={"x": [1]}, counts={"a": 1}, note=None))
