"""What both kinds of horizontal autoscalers have in common."""

from typing import Any

import pytest

from apiserver.admission.scaling import default_behavior, default_metrics, spec_errors
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import texts

SOURCES = ("ContainerResource", "Object", "Pods", "Resource")
TARGET = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}
CPU = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}


def spec(**fields: Any) -> Object:
    return {"scaleTargetRef": TARGET, "minReplicas": 1, "maxReplicas": 3, **fields}


def metric(kind: str, **sources: Any) -> Object:
    return {"type": kind, **sources}


BROKEN = [
    pytest.param(
        spec(minReplicas=0),
        ["spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"],
        id="no-least",
    ),
    pytest.param(
        spec(maxReplicas=0),
        [
            "spec.maxReplicas: Invalid value: 0: must be greater than 0",
            "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
        ],
        id="no-most",
    ),
    pytest.param(
        spec(scaleTargetRef={"kind": "a/b"}),
        [
            "spec.scaleTargetRef.kind: Invalid value: \"a/b\": may not contain '/'",
            "spec.scaleTargetRef.name: Required value",
        ],
        id="target-is-no-path",
    ),
    pytest.param(
        spec(metrics=[metric("Nothing")]),
        [
            'spec.metrics[0].type: Unsupported value: "Nothing": supported values: '
            '"ContainerResource", "Object", "Pods", "Resource"'
        ],
        id="unknown-source",
    ),
    pytest.param(
        spec(metrics=[metric("Resource")]),
        ["spec.metrics[0].resource: Required value: must populate information for the given metric source"],
        id="source-missing",
    ),
    pytest.param(
        spec(metrics=[metric("Resource", resource={**CPU, "name": ""})]),
        ["spec.metrics[0].resource.name: Required value: must specify a resource name"],
        id="no-resource-name",
    ),
    pytest.param(
        spec(
            metrics=[
                metric(
                    "Pods",
                    pods={"metric": {"name": "a"}, "target": {"type": "AverageValue", "averageValue": "0"}},
                )
            ]
        ),
        ['spec.metrics[0].pods.target.averageValue: Invalid value: "0": must be positive'],
        id="aim-at-nothing",
    ),
    pytest.param(
        spec(
            behavior={"scaleUp": {"stabilizationWindowSeconds": 3601, "selectPolicy": "Most", "policies": []}}
        ),
        [
            "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or "
            "equal to 3600",
            'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Most": supported values: "Disabled", '
            '"Max", "Min"',
            "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy",
        ],
        id="odd-behavior",
    ),
    pytest.param(
        spec(behavior={"scaleDown": {"policies": [{"type": "Pods", "value": 0, "periodSeconds": 1801}]}}),
        [
            "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
            "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or "
            "equal to 1800",
        ],
        id="odd-policy",
    ),
]


@pytest.mark.parametrize(("given", "expected"), BROKEN)
def test_broken_rules_are_found(given: Object, expected: list[str]) -> None:
    assert texts(spec_errors(given, least=1, sources=SOURCES)) == expected


def test_a_plain_autoscaler_is_fine() -> None:
    given = spec(metrics=[metric("Resource", resource=CPU)])
    assert spec_errors(given, least=1, sources=SOURCES) == []


def test_without_metrics_cpu_is_measured() -> None:
    given = spec()
    default_metrics(given)
    target = {"type": "Utilization", "averageUtilization": 80}
    assert given["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def test_both_directions_are_completed_and_what_was_given_stays() -> None:
    behavior: Object = {"scaleDown": {"stabilizationWindowSeconds": 5, "tolerance": "0.1"}}
    default_behavior(behavior, keep_tolerance=False)
    assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert len(behavior["scaleUp"]["policies"]) == 2
    assert behavior["scaleDown"] == {
        "stabilizationWindowSeconds": 5,
        "selectPolicy": "Max",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    }
