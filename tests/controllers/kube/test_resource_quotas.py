"""What counts for a ResourceQuota, and how much."""

from typing import Any

import pytest

from controllers.kube.resource_quotas import counted_resource, in_scope, object_usage, pod_usage, sum_of
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
        pytest.param("requests.cpu", "1250m", id="requests"),
        pytest.param("cpu", "1250m", id="plain-means-requests"),
        pytest.param("limits.cpu", "1", id="limits"),
        pytest.param("requests.memory", "1Gi", id="memory"),
        pytest.param("requests.example.org/gpu", "2", id="extended"),
        pytest.param("limits.memory", "0", id="nothing"),
    ],
)
def test_pods_are_summed(name: str, expected: str) -> None:
    assert str(pod_usage(PODS, [name])[name]) == expected


def test_what_is_not_about_pods_is_left_to_others() -> None:
    assert pod_usage(PODS, ["configmaps", "count/jobs.batch", "requests.storage", "services.nodeports"]) == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("configmaps", ("configmaps", ""), id="plain"),
        pytest.param("count/deployments.apps", ("deployments", "apps"), id="count"),
        pytest.param("count/secrets", ("secrets", ""), id="count-of-the-core"),
        pytest.param("services.loadbalancers", ("services", ""), id="services"),
        pytest.param("requests.storage", ("persistentvolumeclaims", ""), id="storage"),
        pytest.param(
            "gold.storageclass.storage.k8s.io/requests.storage", ("persistentvolumeclaims", ""), id="by-class"
        ),
    ],
)
def test_names_say_what_is_counted(name: str, expected: tuple[str, str]) -> None:
    assert counted_resource(name) == expected


CLAIMS: list[Object] = [
    {"spec": {"storageClassName": "gold", "resources": {"requests": {"storage": "1Gi"}}}},
    {"spec": {"resources": {"requests": {"storage": "2Gi"}}}},
    {},
]
SERVICES: list[Object] = [
    {"spec": {"type": "LoadBalancer", "ports": [{}, {}]}},
    {"spec": {"type": "NodePort", "ports": [{}]}},
    {"spec": {"type": "ClusterIP", "ports": [{}]}},
]


@pytest.mark.parametrize(
    ("name", "objects", "expected"),
    [
        pytest.param("secrets", CLAIMS, "3", id="a-plain-count"),
        pytest.param("services.nodeports", SERVICES, "3", id="node-ports"),
        pytest.param("services.loadbalancers", SERVICES, "1", id="load-balancers"),
        pytest.param("requests.storage", CLAIMS, "3Gi", id="storage"),
        pytest.param(
            "gold.storageclass.storage.k8s.io/requests.storage", CLAIMS, "1Gi", id="storage-of-a-class"
        ),
        pytest.param(
            "gold.storageclass.storage.k8s.io/persistentvolumeclaims", CLAIMS, "1", id="claims-of-a-class"
        ),
    ],
)
def test_objects_are_counted(name: str, objects: list[Object], expected: str) -> None:
    assert str(object_usage(name, objects)) == expected


@pytest.mark.parametrize(
    ("scope", "subject", "expected"),
    [
        pytest.param("BestEffort", pod(), True, id="asks-for-nothing"),
        pytest.param("NotBestEffort", pod(limits={"cpu": "1"}), True, id="asks-for-something"),
        pytest.param("BestEffort", pod(limits={"cpu": "1"}), False, id="not-the-best-effort"),
        pytest.param("Terminating", pod(), False, id="no-deadline"),
        pytest.param("NotTerminating", pod(), True, id="runs-on"),
    ],
)
def test_scopes(scope: str, subject: Object, expected: bool) -> None:
    assert in_scope({"spec": {"scopes": [scope]}}, subject) is expected


def test_what_cannot_be_read_counts_as_nothing() -> None:
    assert str(sum_of(["1", None, "x", "2"])) == "3"
