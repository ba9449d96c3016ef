"""Binding, eviction and what needs a node."""

from typing import Any

import pytest

from karmada.api.objects import Object
from tests.apiserver.serving import Plane

PODS = "/api/v1/namespaces/default/pods"
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"


def pod(name: str, *containers: str, **spec: Any) -> Object:
    listed = [{"name": container, "image": "i"} for container in containers or ("c",)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "a"}},
        "spec": {"containers": listed, **spec},
    }


async def running(plane: Plane, name: str) -> None:
    assert (await plane.post(PODS, pod(name, nodeName="n"))).status == 201
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    assert (await plane.patch(f"{PODS}/{name}/status", {"status": status})).status == 200


async def budget(plane: Plane, *, allowed: int, observed: int = 1) -> None:
    body = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "pdb"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}},
    }
    assert (await plane.post(BUDGETS, body)).status == 201
    status = {
        "observedGeneration": observed,
        "disruptionsAllowed": allowed,
        "currentHealthy": 1,
        "desiredHealthy": 1,
        "expectedPods": 1,
    }
    assert (await plane.patch(f"{BUDGETS}/pdb/status", {"status": status})).status == 200


def eviction(name: str) -> Object:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "default"}}


async def test_binding_puts_a_pod_on_a_node_once(plane: Plane) -> None:
    await plane.post(PODS, pod("p"))
    body = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": "p"},
        "target": {"kind": "Node", "name": "n1"},
    }
    reply = await plane.post(f"{PODS}/p/binding", body)
    assert (reply.status, reply.object["status"], reply.object["code"]) == (201, "Success", 201)
    bound = (await plane.get(f"{PODS}/p")).object
    assert bound["spec"]["nodeName"] == "n1"
    assert [(item["type"], item["status"]) for item in bound["status"]["conditions"]] == [
        ("PodScheduled", "True")
    ]
    again = await plane.post(f"{PODS}/p/binding", body)
    assert (again.status, again.message) == (
        409,
        'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    )


async def test_an_eviction_spends_the_budget_and_deletes(plane: Plane) -> None:
    await running(plane, "p")
    await budget(plane, allowed=1)
    reply = await plane.post(f"{PODS}/p/eviction", eviction("p"))
    assert (reply.status, reply.object["status"]) == (201, "Success")
    assert (await plane.get(f"{PODS}/p")).object["metadata"]["deletionTimestamp"]
    status = (await plane.get(f"{BUDGETS}/pdb")).object["status"]
    assert (status["disruptionsAllowed"], list(status["disruptedPods"])) == (0, ["p"])


@pytest.mark.parametrize(
    ("allowed", "observed", "cause", "retry"),
    [
        pytest.param(
            0,
            1,
            "The disruption budget pdb needs 1 healthy pods and has 1 currently",
            None,
            id="nothing-left",
        ),
        pytest.param(
            1,
            0,
            "The disruption budget pdb is still being processed by the server.",
            "10",
            id="not-observed-yet",
        ),
    ],
)
async def test_an_eviction_beyond_the_budget_is_refused(
    plane: Plane, allowed: int, observed: int, cause: str, retry: str | None
) -> None:
    await running(plane, "p")
    await budget(plane, allowed=allowed, observed=observed)
    reply = await plane.post(f"{PODS}/p/eviction", eviction("p"))
    assert (reply.status, reply.object["reason"], reply.headers.get("Retry-After")) == (
        429,
        "TooManyRequests",
        retry,
    )
    assert reply.message == "Cannot evict pod as it would violate the pod's disruption budget."
    assert reply.object["details"]["causes"] == [{"reason": "DisruptionBudget", "message": cause}]
    assert "deletionTimestamp" not in (await plane.get(f"{PODS}/p")).object["metadata"]


async def test_a_pod_without_a_node_has_no_streams_and_no_log(plane: Plane) -> None:
    await plane.post(PODS, pod("p", "c", "c2"))
    assert (await plane.get(f"{PODS}/p/exec?command=ls")).message == "pod p does not have a host assigned"
    assert (await plane.get(f"{PODS}/p/log?container=c")).status == 204
    unnamed = await plane.get(f"{PODS}/p/log")
    assert unnamed.message == "a container name must be specified for pod p, choose one of: [c c2]"
    assert (await plane.get(f"{PODS}/p/log?container=zz")).message == "container zz is not valid for pod p"
