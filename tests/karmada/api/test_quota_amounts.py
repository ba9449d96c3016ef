"""Sums of resource amounts are exact, and usage is what is scheduled."""

import pytest

from karmada.api.groups.work import ResourceBindingSpec
from karmada.api.model import ResourceList
from karmada.api.objects import Object
from karmada.api.quota_amounts import overall_usage, same_amounts, total, usage


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([{"cpu": "500m"}, {"cpu": "1500m"}], {"cpu": "2"}, id="fractions-add-up"),
        pytest.param([{"memory": "1Gi"}, {"memory": "1Gi"}], {"memory": "2Gi"}, id="binary-stays-binary"),
        pytest.param([{"cpu": 1}, {"pods": "3"}], {"cpu": "1", "pods": "3"}, id="each-resource"),
        pytest.param([{"cpu": "much"}, {"cpu": "1"}], {"cpu": "1"}, id="what-is-no-amount-counts-nothing"),
    ],
)
def test_amounts_add_up(lists: list[ResourceList], expected: ResourceList) -> None:
    assert total(lists) == expected


ON_TWO = [{"name": "member1", "replicas": 2}, {"name": "member2", "replicas": 1}]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {
                "clusters": ON_TWO,
                "replicaRequirements": {"resourceRequest": {"cpu": "250m", "memory": "1Gi"}},
            },
            {"cpu": "750m", "memory": "3Gi"},
            id="request-times-replicas-in-all-clusters",
        ),
        pytest.param({"replicaRequirements": {"resourceRequest": {"cpu": "1"}}}, {}, id="not-scheduled"),
        pytest.param({"clusters": ON_TWO}, {}, id="asks-for-nothing"),
        pytest.param(
            {"clusters": ON_TWO, "replicaRequirements": {"resourceRequest": {"cpu": "0"}}}, {}, id="zero"
        ),
        pytest.param(
            {
                "clusters": ON_TWO,
                "components": [
                    {"name": "a", "replicas": 1, "replicaRequirements": {"resourceRequest": {"cpu": "1"}}},
                    {"name": "b", "replicas": 2, "replicaRequirements": {"resourceRequest": {"cpu": "2"}}},
                    {"name": "c", "replicas": 9},
                ],
                "replicaRequirements": {"resourceRequest": {"cpu": "100"}},
            },
            {"cpu": "10"},
            id="components-count-whole-in-every-cluster",
        ),
    ],
)
def test_usage_is_what_is_scheduled(spec: Object, expected: ResourceList) -> None:
    assert usage(ResourceBindingSpec.from_json(spec)) == expected


def test_only_limited_resources_are_counted() -> None:
    spec = ResourceBindingSpec.from_json(
        {"clusters": ON_TWO, "replicaRequirements": {"resourceRequest": {"cpu": "1", "memory": "1Gi"}}}
    )
    assert overall_usage([spec, spec], {"cpu": "10"}) == {"cpu": "6"}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"cpu": "1"}, {"cpu": "1000m"}, True),
        ({"cpu": 1}, {"cpu": "1"}, True),
        ({"cpu": "1"}, {"cpu": "2"}, False),
        ({"cpu": "0"}, {}, False),
    ],
)
def test_spelling_does_not_matter(before: ResourceList, after: ResourceList, same: bool) -> None:
    assert same_amounts(before, after) is same
