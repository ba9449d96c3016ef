"""Sums over nodes and pods: what counts, and that they come out the same however changes arrive."""

import random
from typing import Any

from controllers.cluster.capacity import Ledger, trimmed_node, trimmed_pod
from karmada.api.groups.cluster import ResourceModel
from karmada.api.objects import Object


def container(**requests: str) -> Object:
    named = {name.replace("_", "-"): amount for name, amount in requests.items()}
    return {"name": "c", "resources": {"requests": named}}


def pod(name: str, *, node: str = "", phase: str = "Pending", **requests: str) -> Object:
    spec: dict[str, Any] = {"containers": [container(**requests)]}
    if node:
        spec["nodeName"] = node
    return trimmed_pod({"metadata": {"name": name}, "spec": spec, "status": {"phase": phase}})


def node(name: str, *, ready: str = "True", **allocatable: str) -> Object:
    status = {"conditions": [{"type": "Ready", "status": ready}], "allocatable": allocatable}
    return trimmed_node({"metadata": {"name": name, "labels": {"a": "b"}}, "status": status})


def test_only_the_facts_that_count_are_kept() -> None:
    full = {
        "metadata": {"name": "p", "namespace": "n", "resourceVersion": "7", "labels": {"a": "b"}, "uid": "u"},
        "spec": {"nodeName": "node-1", "containers": [{"image": "x", "env": [{"name": "A"}]}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1"},
    }
    assert trimmed_pod(full) == {
        "metadata": {"name": "p", "namespace": "n", "resourceVersion": "7"},
        "node": "node-1",
        "ended": False,
        "requests": {},
    }


def summary_of(ledger: Ledger, *nodes: Object) -> Object:
    numbers, resources = ledger.summary(nodes, ())
    return {**numbers.to_json(), **resources.to_json()}


def test_pods_count_where_they_are() -> None:
    ledger = Ledger()
    for each in (
        pod("waits", cpu="1", memory="1Gi"),
        pod("runs", node="a", phase="Running", cpu="500m", memory="1Gi"),
        pod("starts", node="b", phase="Pending", cpu="250m"),
        pod("is-done", node="a", phase="Succeeded", cpu="8"),
        pod("failed", node="a", phase="Failed", cpu="8"),
    ):
        ledger.pod_changed(None, each)
    nodes = (
        node("a", cpu="4", memory="8Gi", pods="110"),
        node("b", ready="False", cpu="3500m", memory="8388608Ki", pods="110"),
    )
    assert summary_of(ledger, *nodes) == {
        "totalNum": 2,
        "readyNum": 1,
        "allocatable": {"cpu": "7500m", "memory": "16Gi", "pods": "220"},
        "allocating": {"cpu": "1", "memory": "1Gi", "pods": "1"},
        "allocated": {"cpu": "750m", "memory": "1Gi", "pods": "2"},
    }


def test_a_member_without_pods_says_nothing_of_requests() -> None:
    assert summary_of(Ledger(), node("a", cpu="4")) == {
        "totalNum": 1,
        "readyNum": 1,
        "allocatable": {"cpu": "4"},
    }
    assert summary_of(Ledger()) == {"totalNum": 0, "readyNum": 0}


def test_sums_do_not_depend_on_how_pods_came_and_went() -> None:
    chance = random.Random(1)
    ledger, living = Ledger(), dict[int, Object]()
    for _ in range(2000):
        number = chance.randrange(40)
        new = None
        if chance.random() < 0.7:
            new = pod(
                str(number),
                node=chance.choice(["", "a", "b"]),
                phase=chance.choice(["Pending", "Running", "Succeeded"]),
                cpu=f"{chance.randrange(3)}00m",
                memory=f"{chance.randrange(5)}Mi",
            )
        ledger.pod_changed(living.pop(number, None), new)
        if new is not None:
            living[number] = new
    fresh = Ledger()
    for each in living.values():
        fresh.pod_changed(None, each)
    assert ledger == fresh
    for number in list(living):
        ledger.pod_changed(living.pop(number), None)
    assert ledger == Ledger()


def test_models_count_what_is_left_on_nodes_that_take_another_pod() -> None:
    models = [
        ResourceModel.from_json({"grade": grade, "ranges": [{"name": "cpu", "min": least, "max": most}]})
        for grade, least, most in ((0, "0", "2"), (1, "2", "9223372036854775807"))
    ]
    ledger = Ledger()
    ledger.pod_changed(None, pod("p", node="busy", phase="Running", cpu="3"))
    ledger.pod_changed(None, pod("q", node="full", phase="Running", cpu="1"))
    nodes = [
        node("full", cpu="64", pods="1"),
        node("busy", cpu="4", pods="110"),
        node("empty", cpu="4", pods="110"),
        node("takes-no-pods", cpu="64"),
    ]
    _, resources = ledger.summary(nodes, models)
    assert [(item.grade, item.count) for item in resources.allocatable_modelings] == [(0, 1), (1, 1)]
