"""What metrics ask for, over the pods of several clusters."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controllers.autoscaling.replicas import (
    Measured,
    MetricError,
    Proposal,
    Situation,
    by_average,
    by_object_average,
    by_object_value,
    by_utilization,
)
from karmada.api.objects import Object

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = "2026-03-01T10:00:00Z"


def pod(
    name: str,
    *,
    phase: str = "Running",
    ready: str = "True",
    started: str = LONG_AGO,
    changed: str = LONG_AGO,
    request: str | None = "1",
    **metadata: Any,
) -> Object:
    resources = {} if request is None else {"requests": {"cpu": request, "memory": request}}
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": changed}
    return {
        "metadata": {"name": name, **metadata},
        "spec": {"containers": [{"name": "c", "resources": resources}]},
        "status": {"phase": phase, "startTime": started, "conditions": [condition]},
    }


def situation(*pods: Object, current: int | None = None, calibration: float = 1.0) -> Situation:
    return Situation(
        current=len(pods) if current is None else current, pods=pods, calibration=calibration, now=NOW
    )


def used(**milli: int) -> Mapping[str, Measured]:
    return {name: Measured(value, NOW) for name, value in milli.items()}


PODS = (pod("a"), pod("b"), pod("c"))


@pytest.mark.parametrize(
    ("given", "measured", "replicas"),
    [
        pytest.param(situation(*PODS), used(a=900, b=900, c=900), 6, id="above-target-scales-up"),
        pytest.param(situation(*PODS), used(a=100, b=100, c=100), 1, id="below-target-scales-down"),
        pytest.param(situation(*PODS), used(a=520, b=520, c=520), 3, id="within-tolerance-stays"),
        pytest.param(
            situation(*PODS), used(a=900, b=900), 4, id="a-missing-pod-counts-as-idle-on-the-way-up"
        ),
        pytest.param(
            situation(*PODS), used(a=100, b=100), 3, id="a-missing-pod-counts-as-busy-on-the-way-down"
        ),
        pytest.param(
            situation(*PODS, pod("d", phase="Pending")),
            used(a=900, b=900, c=900),
            6,
            id="a-pending-pod-counts-as-idle",
        ),
        pytest.param(
            situation(*PODS, pod("d", phase="Failed")),
            used(a=900, b=900, c=900, d=900),
            6,
            id="a-failed-pod-does-not-count",
        ),
        pytest.param(
            situation(*PODS, pod("d", deletionTimestamp=LONG_AGO), current=4),
            used(a=900, b=900, c=900, d=100),
            6,
            id="a-pod-on-its-way-out-does-not-count",
        ),
        pytest.param(
            situation(*PODS, pod("d", ready="False", started="2026-03-01T11:59:00Z")),
            used(a=600, b=600, c=600, d=4000),
            4,
            id="a-pod-that-warms-up-says-nothing-about-cpu",
        ),
        pytest.param(
            situation(*PODS, current=6, calibration=0.5),
            used(a=900, b=900, c=900),
            11,
            id="half-of-the-federation-is-measured",
        ),
    ],
)
def test_replicas_follow_the_utilization(
    given: Situation, measured: Mapping[str, Measured], replicas: int
) -> None:
    assert by_utilization(given, measured, "cpu", 50).replicas == replicas


def test_the_reading_is_told_beside_the_replicas() -> None:
    told = by_utilization(situation(*PODS), used(a=900, b=600, c=300), "cpu", 50)
    assert told == Proposal(replicas=4, average_milli=600, utilization=60)


@pytest.mark.parametrize(
    ("given", "measured", "error"),
    [
        pytest.param(situation(*PODS), {}, "did not receive metrics", id="nothing-measured"),
        pytest.param(
            situation(pod("a", phase="Pending")), used(a=5), "pods might be unready", id="only-unready-pods"
        ),
        pytest.param(
            situation(pod("a", request=None)),
            used(a=5),
            "missing request for cpu in container c of Pod a",
            id="no-request",
        ),
        pytest.param(
            situation(pod("a", request="0")),
            used(a=5),
            "no metrics returned matched",
            id="requests-of-nothing",
        ),
    ],
)
def test_what_cannot_be_computed_is_an_error(
    given: Situation, measured: Mapping[str, Measured], error: str
) -> None:
    with pytest.raises(MetricError, match=error):
        by_utilization(given, measured, "cpu", 50)


@pytest.mark.parametrize(
    ("measured", "replicas"),
    [
        pytest.param(used(a=20_000, b=20_000, c=20_000), 6, id="twice-the-target"),
        pytest.param(used(a=10_000, b=10_000, c=10_000), 3, id="at-the-target"),
        pytest.param(used(a=2_000, b=2_000), 2, id="a-missing-pod-is-taken-to-be-at-the-target"),
    ],
)
def test_replicas_follow_an_average(measured: Mapping[str, Measured], replicas: int) -> None:
    assert by_average(situation(*PODS), measured, "", 10_000).replicas == replicas


def test_replicas_follow_one_object() -> None:
    given = situation(*PODS)
    assert by_object_value(given, 30_000, 10_000).replicas == 9
    assert by_object_value(given, 10_500, 10_000).replicas == 3
    assert by_object_value(situation(current=0), 25_000, 10_000).replicas == 3
    assert by_object_average(given, 60_000, 10_000, running=3).replicas == 6
    assert by_object_average(given, 30_000, 10_000, running=3).replicas == 3
    half = situation(*PODS, current=6, calibration=0.5)
    assert by_object_average(half, 60_000, 10_000, running=3).replicas == 12


def test_a_pod_may_be_measured_that_is_not_known() -> None:
    extra = {**used(a=900, b=900, c=900), "stranger": Measured(1, NOW - timedelta(hours=1))}
    assert by_utilization(situation(*PODS), extra, "cpu", 50).replicas == 6
