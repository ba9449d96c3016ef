"""Schemas of custom resources."""

import pytest

from apiserver.schema.custom import custom_schema, node_from_open_api
from apiserver.schema.structural import DecodeError
from karmada.api.objects import Object
from tests.apiserver.schema.samples import OPEN_API, custom


def test_type_and_metadata_are_kept_whatever_the_author_wrote() -> None:
    obj: Object = custom()
    schema = custom_schema({"type": "object"})
    assert schema.prune(obj) == ['unknown field "spec"']
    assert obj == {"apiVersion": "ex.io/v1", "kind": "Foo", "metadata": {"name": "foo"}}


def test_unknown_metadata_fields_are_dropped_and_told() -> None:
    obj: Object = custom()
    obj["metadata"]["zz"] = 1
    assert custom_schema(OPEN_API).prune(obj) == ['unknown field "metadata.zz"']


def test_metadata_of_the_wrong_type_is_refused() -> None:
    obj: Object = custom()
    obj["metadata"]["labels"] = {"a": 1}
    with pytest.raises(
        DecodeError, match='Foo in version "v1" cannot be handled as a Foo: json: cannot unmarshal'
    ):
        custom_schema(OPEN_API).prune(obj)


def test_an_author_may_restrict_the_name() -> None:
    schema = custom_schema(
        {
            "type": "object",
            "properties": {
                "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 2}}}
            },
        }
    )
    errors = schema.validate(custom())
    assert [error.field for error in errors] == ["metadata.name"]


def test_without_a_schema_everything_is_kept() -> None:
    obj: Object = custom(x=1)
    schema = custom_schema(None)
    assert schema.prune(obj) == []
    assert schema.validate(obj) == []


def test_rules_in_cel_are_kept_for_whoever_runs_them() -> None:
    rule = {"rule": "self.a > 0"}
    assert node_from_open_api({"type": "object", "x-kubernetes-validations": [rule]}).rules == (rule,)


def test_metadata_is_tracked_by_its_own_types() -> None:
    assert custom_schema(OPEN_API).node.child("metadata").child("ownerReferences").ownership == "keyed"
