"""The front of the schema engine: one object through prune, default and validate."""

from apiserver.schema.builtin import builtin_schema
from apiserver.schema.custom import custom_schema
from apiserver.schema.structural import cannot_be_handled
from karmada.api.objects import Object
from tests.apiserver.schema.samples import DEPLOYMENT, OPEN_API, custom, deployment


def test_a_custom_object_is_pruned_then_defaulted_then_valid() -> None:
    schema = custom_schema(OPEN_API)
    obj: Object = custom(replicas=None, nope=1)
    assert schema.prune(obj) == ['unknown field "spec.nope"']
    schema.default(obj)
    assert obj["spec"] == {"color": "red", "replicas": 1}
    assert schema.validate(obj) == []


def test_a_built_in_object_keeps_its_identity_as_a_dict() -> None:
    obj = deployment()
    same = obj
    builtin_schema(DEPLOYMENT).prune(obj)
    assert same is obj
    assert "status" in obj


def test_the_sentence_about_a_body_names_kind_and_version() -> None:
    obj: Object = {"apiVersion": "apps/v1", "kind": "Deployment"}
    assert (
        cannot_be_handled(obj, "why") == 'Deployment in version "v1" cannot be handled as a Deployment: why'
    )


def test_a_custom_kind_starts_from_nothing() -> None:
    assert custom_schema(OPEN_API).zero("ex.io/v1", "Foo") == {"apiVersion": "ex.io/v1", "kind": "Foo"}


def test_only_declared_kinds_have_an_open_api_text() -> None:
    assert custom_schema(OPEN_API).open_api is OPEN_API
    assert builtin_schema(DEPLOYMENT).open_api is None
