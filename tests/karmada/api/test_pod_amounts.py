"""What a pod takes: containers together, or the greediest moment of its start."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.api.pod_amounts import pod_amounts


def container(cpu: str, **fields: Any) -> Object:
    return {"resources": {"requests": {"cpu": cpu}, "limits": {"cpu": cpu}}, **fields}


@pytest.mark.parametrize(
    ("spec", "requests", "limits"),
    [
        pytest.param({"containers": [container("1"), container("500m")]}, "1500m", "1500m", id="summed"),
        pytest.param(
            {"containers": [container("1")], "initContainers": [container("3"), container("2")]},
            "3",
            "3",
            id="greedy-start",
        ),
        pytest.param(
            {"containers": [container("1")], "initContainers": [container("1", restartPolicy="Always")]},
            "2",
            "2",
            id="sidecars-stay",
        ),
        pytest.param({"containers": [container("1")], "overhead": {"cpu": "1"}}, "2", "2", id="overhead"),
        pytest.param({"containers": [container("a lot"), container("1")]}, "1", "1", id="unreadable"),
    ],
)
def test_a_pod_takes(spec: Object, requests: str, limits: str) -> None:
    assert str(pod_amounts(spec, "requests")["cpu"]) == requests
    assert str(pod_amounts(spec, "limits")["cpu"]) == limits
