"""Names and amounts of resources in quotas."""

import pytest

from apiserver.admission.resource_names import is_extended, is_integral, quota_name_errors, quota_value_errors
from tests.apiserver.admission.contexts import texts


@pytest.mark.parametrize(
    "name",
    ["cpu", "requests.memory", "limits.ephemeral-storage", "pods", "hugepages-2Mi", "example.com/gpu"],
)
def test_a_resource_may_be_limited(name: str) -> None:
    assert quota_name_errors(name, "hard") == []


def test_an_unknown_name_without_a_domain_is_no_resource() -> None:
    assert texts(quota_name_errors("foo", "spec.hard[foo]")) == [
        'spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
        'spec.hard[foo]: Invalid value: "foo": must be a standard resource for quota',
    ]


def test_storage_is_standard_but_not_limited_as_such() -> None:
    assert texts(quota_name_errors("storage", "a")) == [
        'a: Invalid value: "storage": must be a standard resource for quota'
    ]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("cpu", "100m", [], id="a-fraction-of-cpu"),
        pytest.param("cpu", "-1", ['a: Invalid value: "-1": must be greater than or equal to 0'], id="less"),
        pytest.param("pods", "500m", ['a: Invalid value: "500m": must be an integer'], id="half-a-pod"),
        pytest.param("example.com/gpu", "1500m", ['a: Invalid value: "1500m": must be an integer'], id="gpu"),
    ],
)
def test_amounts_fit_their_resource(name: str, value: str, expected: list[str]) -> None:
    assert texts(quota_value_errors(name, value, "a")) == expected


def test_extended_resources_belong_to_somebody_else() -> None:
    assert is_extended("example.com/gpu")
    assert not is_extended("kubernetes.io/batch-cpu")
    assert not is_extended("requests.example.com/gpu")
    assert not is_integral("memory")
