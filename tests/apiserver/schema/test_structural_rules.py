"""Which openAPIV3Schemas may be served."""

from typing import Any

import pytest

from apiserver.schema.structural_rules import structural_errors
from tests.apiserver.schema.samples import OPEN_API

ROOT = "spec.versions[0].schema.openAPIV3Schema"
SPEC = f"{ROOT}.properties[spec]"


def with_spec(**schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": schema}}


STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "field", "message"),
    [
        pytest.param(
            {"properties": {}}, f"{ROOT}.type", "Required value: must not be empty at the root", id="root"
        ),
        pytest.param(
            {"type": "string"},
            f"{ROOT}.type",
            'Invalid value: "string": must be object at the root',
            id="root-type",
        ),
        pytest.param(
            with_spec(),
            f"{SPEC}.type",
            "Required value: must not be empty for specified object fields",
            id="field",
        ),
        pytest.param(
            with_spec(type="array", items={}),
            f"{SPEC}.items.type",
            "Required value: must not be empty for specified array items",
            id="item",
        ),
        pytest.param(
            with_spec(type="array"), f"{SPEC}.items", "Required value: must be specified", id="array"
        ),
        pytest.param(
            with_spec(type="object", properties={"a": STRING}, additionalProperties=STRING),
            f"{SPEC}.additionalProperties",
            "Forbidden: additionalProperties and properties are mutual exclusive",
            id="properties-and-map",
        ),
        pytest.param(
            with_spec(type="object", additionalProperties=False),
            f"{SPEC}.additionalProperties",
            "Forbidden: additionalProperties cannot be set to false",
            id="closed-object",
        ),
        pytest.param(
            with_spec(**{"type": "string", "$ref": "#/x"}),
            f"{SPEC}.$ref",
            "Forbidden: $ref is not supported",
            id="ref",
        ),
        pytest.param(
            with_spec(type="array", items=STRING, uniqueItems=True),
            f"{SPEC}.uniqueItems",
            "Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            id="unique-items",
        ),
        pytest.param(
            with_spec(**{"type": "object", "x-kubernetes-list-type": "atomic"}),
            f"{SPEC}.type",
            'Invalid value: "object": must be array if x-kubernetes-list-type is specified',
            id="list-type-on-an-object",
        ),
        pytest.param(
            with_spec(**{"type": "array", "items": STRING, "x-kubernetes-list-type": "bag"}),
            f"{SPEC}.x-kubernetes-list-type",
            'Unsupported value: "bag": supported values: "atomic", "set", "map"',
            id="list-type-value",
        ),
        pytest.param(
            with_spec(
                **{
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["k"],
                    "items": {"type": "object", "properties": {"k": STRING}},
                }
            ),
            f"{SPEC}.items.properties[k].default",
            "Required value: this property is in x-kubernetes-list-map-keys, so it must have "
            "a default or be a "
            "required property",
            id="optional-list-map-key",
        ),
        pytest.param(
            with_spec(**{"type": "string", "x-kubernetes-map-type": "atomic"}),
            f"{SPEC}.type",
            'Invalid value: "string": must be object if x-kubernetes-map-type is specified',
            id="map-type-on-a-string",
        ),
        pytest.param(
            with_spec(type="object", anyOf=[{"properties": {"a": {"minimum": 1}}}]),
            f"{SPEC}.properties[a]",
            f"Required value: because it is defined in {SPEC}.anyOf[0].properties[a]",
            id="incomplete",
        ),
        pytest.param(
            with_spec(type="integer", anyOf=[{"type": "integer"}]),
            f"{SPEC}.anyOf[0].type",
            "Forbidden: must be empty to be structural",
            id="type-in-any-of",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"metadata": {"type": "object", "properties": {"labels": STRING}}},
            },
            f"{ROOT}.properties[metadata]",
            "Forbidden: must not specify anything other than name and generateName, but "
            "metadata is implicitly specified",
            id="metadata",
        ),
        pytest.param(
            with_spec(**{"type": "object", "x-kubernetes-embedded-resource": True}),
            f"{SPEC}.properties",
            "Required value: must not be empty if x-kubernetes-embedded-resource is true without "
            "x-kubernetes-preserve-unknown-fields",
            id="embedded",
        ),
        pytest.param(
            with_spec(type="integer", default="x"),
            f"{SPEC}.default",
            f'Invalid value: "string": {SPEC}.default in body must be of type integer: "string"',
            id="invalid-default",
        ),
        pytest.param(
            with_spec(type="object", default={"a": 1}),
            f"{SPEC}.default",
            'Invalid value: {"a":1}: must not have unknown fields',
            id="default-with-unknown-fields",
        ),
    ],
)
def test_a_schema_that_cannot_be_served_is_refused(schema: dict[str, Any], field: str, message: str) -> None:
    assert [(error.field, error.message) for error in structural_errors(schema, ROOT)] == [(field, message)]


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(OPEN_API, id="the-sample"),
        pytest.param(
            with_spec(
                **{"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
            ),
            id="int-or-string-pattern",
        ),
        pytest.param(with_spec(**{"x-kubernetes-preserve-unknown-fields": True}), id="anything"),
    ],
)
def test_a_structural_schema_is_accepted(schema: dict[str, Any]) -> None:
    assert structural_errors(schema, ROOT) == []


def test_the_schemas_of_karmadas_own_kinds_are_structural() -> None:
    from apiserver.schema.models import open_api_of
    from karmada.api.karmada_kinds import control_plane_resources

    for served in control_plane_resources():
        assert served.model is not None
        assert structural_errors(open_api_of(served.model), ROOT) == [], served.kind
