"""LimitRange and ResourceQuota as objects."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.limits import LIMIT_RANGE_RULES, QUOTA_RULES
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import admitted, judged


def limit_range(**item: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "l", "namespace": "shop"},
        "spec": {"limits": [{"type": "Container", **item}]},
    }


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            {"max": {"cpu": "2"}}, {"default": {"cpu": "2"}, "defaultRequest": {"cpu": "2"}}, id="from-max"
        ),
        pytest.param({"min": {"cpu": "1"}}, {"default": None, "defaultRequest": {"cpu": "1"}}, id="from-min"),
        pytest.param(
            {"max": {"cpu": "2"}, "default": {"cpu": "1"}, "min": {"memory": "1Gi"}},
            {"default": {"cpu": "1"}, "defaultRequest": {"cpu": "1", "memory": "1Gi"}},
            id="from-default-then-min",
        ),
        pytest.param(
            {"type": "Pod", "max": {"cpu": "2"}}, {"default": None, "defaultRequest": None}, id="not-for-pods"
        ),
    ],
)
def test_what_is_not_said_about_containers_follows(item: Object, expected: Object) -> None:
    settled = admitted(LIMIT_RANGE_RULES, limit_range(**item))["spec"]["limits"][0]
    assert {name: settled.get(name) for name in expected} == expected


def test_the_least_is_not_more_than_the_most() -> None:
    given = limit_range(type="Pod", min={"cpu": "2"}, max={"cpu": "1"})
    assert judged(LIMIT_RANGE_RULES, given) == [
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'
    ]


def quota(**spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "shop"},
        "spec": spec,
    }


QUOTAS = [
    pytest.param(
        {"hard": {"foo": "1"}},
        [
            'spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
        ],
        id="unknown",
    ),
    pytest.param(
        {"hard": {"pods": "-1"}},
        ['spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0'],
        id="negative",
    ),
    pytest.param(
        {"hard": {"configmaps": "1"}, "scopes": ["BestEffort"]},
        ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource'],
        id="scope-of-something-else",
    ),
    pytest.param(
        {"hard": {"pods": "1"}, "scopes": ["Terminating", "NotTerminating"]},
        ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes'],
        id="both-scopes",
    ),
    pytest.param({"hard": {"cpu": "1", "count/looms.example.test": "3"}}, [], id="good"),
]


@pytest.mark.parametrize(("spec", "expected"), QUOTAS)
def test_broken_rules_of_quotas_are_found(spec: Object, expected: list[str]) -> None:
    assert judged(QUOTA_RULES, quota(**spec)) == expected


def test_the_scopes_of_a_quota_stay() -> None:
    assert judged(QUOTA_RULES, quota(scopes=["BestEffort"]), old=quota()) == [
        'spec.scopes: Invalid value: ["BestEffort"]: field is immutable'
    ]
