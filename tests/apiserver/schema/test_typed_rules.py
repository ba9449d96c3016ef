"""Built-in kinds: closed value sets and parts behind a pointer."""

from apiserver.schema.builtin import builtin_schema
from karmada.api.errors import FieldError
from tests.apiserver.schema.samples import DEPLOYMENT, deployment


def test_a_value_outside_a_closed_set_is_refused_with_the_set() -> None:
    obj = deployment(containers=[{"name": "a"}, {"name": "b", "imagePullPolicy": "Sometimes"}])
    schema = builtin_schema(DEPLOYMENT)
    schema.prune(obj)
    assert schema.validate(obj) == [
        FieldError(
            "FieldValueNotSupported",
            "spec.template.spec.containers[1].imagePullPolicy",
            'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        )
    ]


def test_an_empty_value_is_an_absent_one() -> None:
    obj = deployment(containers=[{"name": "a", "imagePullPolicy": ""}])
    assert builtin_schema(DEPLOYMENT).validate(obj) == []


def test_a_required_part_behind_a_pointer_must_be_there() -> None:
    obj = deployment()
    del obj["spec"]["selector"]
    schema = builtin_schema(DEPLOYMENT)
    schema.prune(obj)
    assert schema.validate(obj) == [FieldError("FieldValueRequired", "spec.selector", "Required value")]


def test_status_is_not_looked_at() -> None:
    obj = {"metadata": {}, "spec": {}, "status": {"phase": "Odd", "qosClass": "Odd"}}
    assert builtin_schema("io.k8s.api.core.v1.Pod").validate(obj) == []


def test_a_recursive_type_has_rules_that_end() -> None:
    name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition"
    versions = [{"name": "v1", "schema": {"openAPIV3Schema": {"properties": {"a": {"type": "object"}}}}}]
    assert builtin_schema(name).validate({"spec": {"versions": versions}}) == []
