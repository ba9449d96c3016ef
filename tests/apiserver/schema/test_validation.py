"""Validation reports every broken rule in the stock words."""

from typing import Any

import pytest

from apiserver.schema.custom import custom_schema
from karmada.api.errors import FieldError
from karmada.api.objects import Object
from tests.apiserver.schema.samples import OPEN_API, custom

SCHEMA = custom_schema(OPEN_API)


@pytest.mark.parametrize(
    ("spec", "cause", "field", "message"),
    [
        pytest.param(
            {"color": "blue"},
            "FieldValueNotSupported",
            "spec.color",
            'Unsupported value: "blue": supported values: "red", "green"',
            id="enum",
        ),
        pytest.param(
            {"replicas": "x"},
            "FieldValueTypeInvalid",
            "spec.replicas",
            'Invalid value: "string": spec.replicas in body must be of type integer: "string"',
            id="type",
        ),
        pytest.param(
            {"port": []},
            "FieldValueTypeInvalid",
            "spec.port",
            'Invalid value: "array": spec.port in body must be of type integer,string: "array"',
            id="int-or-string",
        ),
        pytest.param(
            {"replicas": -1},
            "FieldValueInvalid",
            "spec.replicas",
            "Invalid value: -1: spec.replicas in body should be greater than or equal to 0",
            id="minimum",
        ),
        pytest.param(
            {"replicas": 10},
            "FieldValueInvalid",
            "spec.replicas",
            "Invalid value: 10: spec.replicas in body should be less than or equal to 9",
            id="maximum",
        ),
        pytest.param(
            {"ratio": 0},
            "FieldValueInvalid",
            "spec.ratio",
            "Invalid value: 0: spec.ratio in body should be greater than 0",
            id="exclusive-minimum",
        ),
        pytest.param(
            {"ratio": 0.75},
            "FieldValueInvalid",
            "spec.ratio",
            "Invalid value: 0.75: spec.ratio in body should be a multiple of 0.5",
            id="multiple-of",
        ),
        pytest.param(
            {"label": "abcde"},
            "FieldValueTooLong",
            "spec.label",
            "Too long: may not be more than 4 bytes",
            id="max-length",
        ),
        pytest.param(
            {"label": "a"},
            "FieldValueInvalid",
            "spec.label",
            'Invalid value: "a": spec.label in body should be at least 2 chars long',
            id="min-length",
        ),
        pytest.param(
            {"label": "XY"},
            "FieldValueInvalid",
            "spec.label",
            "Invalid value: \"XY\": spec.label in body should match '^[a-z]*$'",
            id="pattern",
        ),
        pytest.param(
            {"when": "noon"},
            "FieldValueTypeInvalid",
            "spec.when",
            'Invalid value: "noon": spec.when in body must be of type date-time: "noon"',
            id="format",
        ),
        pytest.param(
            {"tags": ["a", "b", "c", "d"]},
            "FieldValueTooMany",
            "spec.tags",
            "Too many: 4: must have at most 3 items",
            id="max-items",
        ),
        pytest.param(
            {"tags": []},
            "FieldValueInvalid",
            "spec.tags",
            "Invalid value: 0: spec.tags in body should have at least 1 items",
            id="min-items",
        ),
        pytest.param(
            {"counts": {"a": 1, "b": 2, "c": 3}},
            "FieldValueTooMany",
            "spec.counts",
            "Too many: 3: must have at most 2 items",
            id="max-properties",
        ),
        pytest.param(
            {"counts": {"a": "x"}},
            "FieldValueTypeInvalid",
            "spec.counts.a",
            'Invalid value: "string": spec.counts.a in body must be of type integer: "string"',
            id="map-value",
        ),
        pytest.param(
            {"tags": ["a", "a"]}, "FieldValueDuplicate", "spec.tags[1]", 'Duplicate value: "a"', id="set"
        ),
        pytest.param(
            {"parts": [{"name": "a"}, {"name": "a"}]},
            "FieldValueDuplicate",
            "spec.parts[1]",
            'Duplicate value: {"name":"a"}',
            id="keyed-list",
        ),
        pytest.param(
            {"parts": [{}]}, "FieldValueRequired", "spec.parts[0].name", "Required value", id="required"
        ),
        pytest.param(
            {"choice": {}},
            "FieldValueInvalid",
            "spec.choice",
            'Invalid value: {}: "spec.choice" must validate one and only one schema (oneOf). '
            "Found none valid",
            id="one-of-none",
        ),
    ],
)
def test_a_broken_rule_is_reported(spec: dict[str, Any], cause: str, field: str, message: str) -> None:
    assert SCHEMA.validate(custom(**spec)) == [FieldError(cause, field, message)]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"replicas": 2.0}, id="a-whole-float-is-an-integer"),
        pytest.param({"note": None}, id="null-where-nullable"),
        pytest.param({"port": 80}, id="port-number"),
        pytest.param({"port": "http"}, id="port-name"),
        pytest.param({"ratio": 1.5}, id="ratio"),
        pytest.param({"choice": {"a": 1}}, id="exactly-one"),
        pytest.param({"when": "2026-01-02T03:04:05Z"}, id="time"),
        pytest.param({"free": {"anything": [1, {"x": None}]}}, id="free"),
    ],
)
def test_a_valid_object_passes(spec: dict[str, Any]) -> None:
    assert SCHEMA.validate(custom(**spec)) == []


def test_all_broken_rules_are_reported_together() -> None:
    errors = SCHEMA.validate(custom(replicas=-1, label="XX", tags=["a", "a"]))
    assert [error.field for error in errors] == ["spec.replicas", "spec.label", "spec.tags[1]"]


def test_a_value_of_the_wrong_type_is_checked_no_further() -> None:
    obj: Object = custom()
    obj["spec"] = 5
    assert SCHEMA.validate(obj) == [
        FieldError(
            "FieldValueTypeInvalid",
            "spec",
            'Invalid value: "integer": spec in body must be of type object: "integer"',
        )
    ]


def test_an_update_may_keep_what_a_stricter_schema_refuses() -> None:
    old = custom(replicas=-1, label="XX")
    assert SCHEMA.validate(custom(replicas=-1, label="XX"), old=old) == []
    assert [error.field for error in SCHEMA.validate(custom(replicas=-2, label="XX"), old=old)] == [
        "spec.replicas"
    ]


def test_a_schema_that_refers_to_itself_validates() -> None:
    from apiserver.schema.node import Node
    from apiserver.schema.validation import compile_validate

    properties: dict[str, Node] = {"size": Node(type="integer")}
    node = Node(type="object", properties=properties)
    properties["below"] = node
    problems = compile_validate(node)({"below": {"below": {"size": "x"}}})
    assert [problem.field_error().field for problem in problems or ()] == ["below.below.size"]
