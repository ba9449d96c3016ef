"""What counts for a ResourceQuota, and how much."""

from typing import Any

import pytest

from controllers.kube.resource_quotas import is_counted, total_usage
from karmada.api.objects import Object


def pod(phase: str = "Running", **resources: Any) -> Object:
    return {"spec": {"containers": [{"resources": resources}, {}]}, "status": {"phase": phase}}


PODS = [
    pod(requests={"cpu": "250m", "memory": "1Gi"}, limits={"cpu": "1"}),
    pod(requests={"cpu": "1", "example.org/gpu": "2"}),
    pod("Succeeded", requests={"cpu": "5"}),
    pod(requests={"cpu": "lots"}),
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("pods", "3", id="pods-that-have-not-ended"),
        pytest.param("count/pods", "4", id="all-pods-there-are"),
        pytest.param("requests.cpu", "1250m", id="requests"),
        pytest.param("cpu", "1250m", id="plain-means-requests"),
        pytest.param("limits.cpu", "1", id="limits"),
        pytest.param("requests.memory", "1Gi", id="memory"),
        pytest.param("requests.example.org/gpu", "2", id="extended"),
    ],
)
def test_pods_are_summed(name: str, expected: str) -> None:
    assert str(total_usage({}, "", "pods", PODS)[name]) == expected


def test_only_what_is_in_scope_counts() -> None:
    quota = {"spec": {"scopes": ["BestEffort"]}}
    assert str(total_usage(quota, "", "pods", [*PODS, pod()])["pods"]) == "2"


def test_a_quota_whose_limits_changed_is_counted_at_once() -> None:
    quota: Object = {
        "spec": {"hard": {"pods": "2"}},
        "status": {"hard": {"pods": "1"}, "used": {"pods": "1"}},
    }
    assert not is_counted(quota)
    quota["status"]["hard"] = {"pods": "2"}
    assert is_counted(quota)
    assert not is_counted({"spec": {"hard": {"pods": "2"}}})
