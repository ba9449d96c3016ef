"""A local control plane with estimators: workloads go where a node takes them, not where sums say so."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from karmada.cli.local.estimators import DESCHEDULER, estimator_name
from karmada.cli.local.layout import free_ports
from tests.support.local import LocalPlane, eventually

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

BINDING = "/apis/work.karmada.io/v1alpha2/namespaces/default/resourcebindings/picky-deployment"
PLACEMENT = {
    "clusterAffinity": {"clusterNames": ["member1", "member2"]},
    "replicaScheduling": {
        "replicaSchedulingType": "Divided",
        "replicaDivisionPreference": "Weighted",
        "weightPreference": {"dynamicWeight": "AvailableReplicas"},
    },
}
POLICY = {
    "apiVersion": "policy.karmada.io/v1alpha1",
    "kind": "PropagationPolicy",
    "metadata": {"name": "picky", "namespace": "default"},
    "spec": {
        "resourceSelectors": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "picky"}],
        "placement": PLACEMENT,
    },
}
PICKY = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "picky", "namespace": "default"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "picky"}},
        "template": {
            "metadata": {"labels": {"app": "picky"}},
            "spec": {
                "nodeSelector": {"disk": "ssd"},
                "containers": [
                    {
                        "name": "app",
                        "image": "registry.test/app",
                        "resources": {"requests": {"cpu": "100m"}},
                    }
                ],
            },
        },
    },
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlane]:
    (port,) = free_ports(1)
    state = tmp_path_factory.mktemp("estimators")
    with LocalPlane(state, port=port, members=2, estimators=True) as running:
        yield running


def targets(plane: LocalPlane) -> dict[str, int]:
    found: Any = plane.api("GET", BINDING)
    return {each["name"]: each.get("replicas", 0) for each in found["spec"].get("clusters") or ()}


def test_replicas_go_where_a_node_takes_them(plane: LocalPlane) -> None:
    plane.api(
        "PATCH", "/api/v1/nodes/member2-node-1", {"metadata": {"labels": {"disk": "ssd"}}}, member="member2"
    )
    plane.api("POST", "/apis/policy.karmada.io/v1alpha1/namespaces/default/propagationpolicies", POLICY)
    plane.api("POST", "/apis/apps/v1/namespaces/default/deployments", PICKY)
    assert eventually(lambda: targets(plane), until=bool) == {"member2": 3}


def test_simulate_says_what_would_move(plane: LocalPlane) -> None:
    eventually(lambda: targets(plane), until=bool)
    found = json.loads(plane.karmadactl("simulate", "--lose=member2", "-o", "json"))
    (picky,) = [each for each in found["bindings"] if each["resource"] == "picky"]
    assert (picky["before"], picky["after"]) == ({"member2": 3}, {"member1": 3})
    assert targets(plane) == {"member2": 3}, "nothing was changed"


def test_estimators_are_stopped_when_they_are_not_wanted_any_more(plane: LocalPlane) -> None:
    assert plane.pid(estimator_name("member1"))
    assert plane.health_port(DESCHEDULER)
    port = json.loads((plane.state / "local.json").read_text())["port"]
    plane.karmadactl("local", "up", f"--state={plane.state}", f"--port={port}", "--members=2", "--pull=0")
    shown = plane.karmadactl("local", "status", f"--state={plane.state}")
    assert estimator_name("member1") not in shown
    assert DESCHEDULER not in shown
