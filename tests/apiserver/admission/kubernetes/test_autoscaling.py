"""HorizontalPodAutoscaler and PodDisruptionBudget."""

from typing import Any

import pytest

from apiserver.admission.kubernetes.autoscaling import AUTOSCALER_RULES, BUDGET_RULES
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import admitted, judged, shaped


def autoscaler(version: str = "v2", **spec: Any) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return shaped(
        {
            "apiVersion": f"autoscaling/{version}",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"maxReplicas": 3, "scaleTargetRef": target, **spec},
        }
    )


def test_cpu_is_measured_unless_something_else_is() -> None:
    spec = admitted(AUTOSCALER_RULES, autoscaler())["spec"]
    assert spec["minReplicas"] == 1
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}


def test_the_first_version_says_it_in_its_own_words() -> None:
    spec = admitted(AUTOSCALER_RULES, autoscaler("v1"))["spec"]
    assert spec["targetCPUUtilizationPercentage"] == 80
    assert "metrics" not in spec


def test_tolerance_is_kept() -> None:
    given = autoscaler(behavior={"scaleUp": {"tolerance": "100m"}})
    assert admitted(AUTOSCALER_RULES, given)["spec"]["behavior"]["scaleUp"]["tolerance"] == "100m"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {"minReplicas": 5},
            ["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"],
            id="least-above-most",
        ),
        pytest.param(
            {"scaleTargetRef": {"apiVersion": "v1", "kind": "Deployment", "name": "web"}},
            ['spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group'],
            id="whose-deployment",
        ),
        pytest.param({}, [], id="good"),
    ],
)
def test_broken_rules_are_found(spec: Object, expected: list[str]) -> None:
    assert judged(AUTOSCALER_RULES, admitted(AUTOSCALER_RULES, autoscaler(**spec))) == expected


def budget(**spec: Any) -> Object:
    return shaped(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": spec,
        }
    )


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"minAvailable": 1}, [], id="a-number"),
        pytest.param({"maxUnavailable": "30%"}, [], id="a-share"),
        pytest.param(
            {"minAvailable": 1, "maxUnavailable": 1},
            [
                'spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable '
                "cannot be both set"
            ],
            id="both",
        ),
        pytest.param(
            {"minAvailable": "101%"},
            ['spec.minAvailable: Invalid value: "101%": must not be greater than 100%'],
            id="more-than-all",
        ),
    ],
)
def test_a_budget_says_one_thing(spec: Object, expected: list[str]) -> None:
    assert judged(BUDGET_RULES, budget(**spec)) == expected
