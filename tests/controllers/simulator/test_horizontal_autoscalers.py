"""What an autoscaler does and says without metrics."""

from typing import Any

import pytest

from controllers.simulator.horizontal_autoscalers import (
    Scale,
    bounded,
    metric_trouble,
    scaled_status,
    unscaled_status,
)
from karmada.api.objects import Object

NOW = "2026-01-01T12:00:00Z"
CPU: Object = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
}


def autoscaler(*, status: Object | None = None, **spec: Any) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 5, **spec},
        "status": status or {},
    }


@pytest.mark.parametrize(
    ("spec", "replicas", "expected"),
    [
        pytest.param({}, 3, None, id="within"),
        pytest.param({}, 9, 5, id="above"),
        pytest.param({"minReplicas": 2}, 1, 2, id="below"),
        pytest.param({"minReplicas": 2}, 0, None, id="scaled-to-nothing-is-off"),
        pytest.param({"minReplicas": 0}, 0, None, id="nothing-is-allowed"),
    ],
)
def test_bounds(spec: Object, replicas: int, expected: int | None) -> None:
    assert bounded(autoscaler(**spec), replicas) == expected


def reasons(status: Object) -> dict[str, str]:
    return {each["type"]: each["reason"] for each in status["conditions"]}


@pytest.mark.parametrize(
    ("scale", "wanted", "expected", "numbers"),
    [
        pytest.param(
            Scale(2, "a=b"),
            None,
            {"AbleToScale": "SucceededGetScale", "ScalingActive": "FailedGetResourceMetric"},
            (2, 0),
            id="no-metrics",
        ),
        pytest.param(
            Scale(0, "a=b"),
            None,
            {"AbleToScale": "SucceededGetScale", "ScalingActive": "ScalingDisabled"},
            (0, 0),
            id="scaled-to-nothing",
        ),
        pytest.param(
            Scale(2, ""),
            None,
            {"AbleToScale": "SucceededGetScale", "ScalingActive": "InvalidSelector"},
            (2, 0),
            id="no-selector",
        ),
        pytest.param(Scale(9, "a=b"), 5, {"AbleToScale": "SucceededRescale"}, (9, 5), id="brought-back"),
    ],
)
def test_the_status(
    scale: Scale, wanted: int | None, expected: dict[str, str], numbers: tuple[int, int]
) -> None:
    status = scaled_status(autoscaler(metrics=[CPU]), scale, wanted, now=NOW)
    assert reasons(status) == expected
    assert (status["currentReplicas"], status["desiredReplicas"]) == numbers
    assert status["currentMetrics"] is None
    assert ("lastScaleTime" in status) is (wanted is not None)


def test_a_status_that_is_computed_again_is_the_same() -> None:
    status = scaled_status(autoscaler(metrics=[CPU]), Scale(2, "a=b"), None, now=NOW)
    again = scaled_status(autoscaler(metrics=[CPU], status=status), Scale(2, "a=b"), None, now="later")
    assert again == status


def test_a_target_that_is_not_there_keeps_the_last_numbers() -> None:
    status = unscaled_status(autoscaler(status={"currentReplicas": 3}), "not found", now=NOW)
    assert reasons(status) == {"AbleToScale": "FailedGetScale"}
    assert status["currentReplicas"] == 3


NO_METRIC = "unable to get metric rps: unable to fetch metrics from custom metrics API"
NOT_SERVED = "the server could not find the requested resource"


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        pytest.param(
            CPU,
            "failed to get cpu utilization: unable to get metrics for resource cpu: "
            f"unable to fetch metrics from resource metrics API: {NOT_SERVED} (get pods.metrics.k8s.io)",
            id="utilization",
        ),
        pytest.param(
            {"type": "Pods", "pods": {"metric": {"name": "rps"}}},
            f"failed to get pods metric value: {NO_METRIC}: "
            "no custom metrics API (custom.metrics.k8s.io) registered",
            id="pods",
        ),
        pytest.param(
            {"type": "External", "external": {"metric": {"name": "queue"}}},
            "failed to get queue external metric: "
            "unable to fetch metrics from external metrics API: "
            f"{NOT_SERVED} (get queue.external.metrics.k8s.io)",
            id="external",
        ),
    ],
)
def test_why_a_metric_cannot_be_had(metric: Object, expected: str) -> None:
    assert metric_trouble(metric) == expected
