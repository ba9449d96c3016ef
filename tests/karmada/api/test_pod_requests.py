"""What a pod asks of its node."""

import pytest

from karmada.api.objects import Object
from karmada.api.pod_requests import add_amounts, counted, pod_requests


def container(**requests: str) -> Object:
    return {"name": "c", "resources": {"requests": requests}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, {}, id="no-containers"),
        pytest.param(
            {"containers": [container(cpu="100m", memory="1Ki"), container(cpu="0.2")]},
            {"cpu": 300, "memory": 1024},
            id="containers-add-up",
        ),
        pytest.param(
            {"containers": [container(cpu="1")], "initContainers": [container(cpu="3"), container(cpu="2")]},
            {"cpu": 3000},
            id="the-greediest-init-container-counts",
        ),
        pytest.param(
            {"containers": [container(cpu="4")], "initContainers": [container(cpu="3")]},
            {"cpu": 4000},
            id="unless-the-containers-want-more",
        ),
        pytest.param(
            {
                "containers": [container(cpu="1")],
                "initContainers": [{**container(cpu="1"), "restartPolicy": "Always"}, container(cpu="2")],
            },
            {"cpu": 3000},
            id="a-sidecar-runs-beside-what-starts-after-it",
        ),
        pytest.param(
            {"containers": [container(cpu="1")], "overhead": {"cpu": "250m"}},
            {"cpu": 1250},
            id="overhead-comes-on-top",
        ),
        pytest.param(
            {"containers": [container(cpu="0.0001", memory="1500m")]},
            {"cpu": 1, "memory": 2},
            id="fractions-are-rounded-up",
        ),
        pytest.param(
            {
                "containers": [
                    {
                        "resources": {
                            "requests": {
                                "example.org/gpu": "2",
                                "hugepages-2Mi": "4Mi",
                                "storage": "1Gi",
                                "attachable-volumes-x": "1",
                                "ephemeral-storage": "1Gi",
                            }
                        }
                    }
                ]
            },
            {
                "example.org/gpu": 2,
                "hugepages-2Mi": 4 << 20,
                "attachable-volumes-x": 1,
                "ephemeral-storage": 1 << 30,
            },
            id="only-resources-of-nodes-count",
        ),
    ],
)
def test_a_pod_asks_for_what_its_node_must_have(spec: Object, expected: dict[str, int]) -> None:
    assert pod_requests(spec) == expected


def test_what_comes_to_nothing_is_dropped() -> None:
    total = {"cpu": 5}
    add_amounts(total, {"cpu": 5, "pods": 1}, -1)
    add_amounts(total, {"pods": 1}, 1)
    assert total == {}


def test_amounts_are_whole_numbers() -> None:
    assert counted({"cpu": "1500m", "memory": "1Ki", "storage": "5Gi"}) == {"cpu": 1500, "memory": 1024}
