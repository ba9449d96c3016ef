"""Which nodes get a pod of a DaemonSet, and which pods have to go."""

from typing import Any

import pytest

from controllers.simulator.daemon_pods import daemon_pod, daemon_set_status, node_of, place, takes, tolerates
from karmada.api.objects import Object, name_of
from tests.controllers.simulator.builders import node, pod, template, workload

GPU: Object = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
CORDON: Object = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
NEW = {"controller-revision-hash": "new"}
OLD = {"controller-revision-hash": "old"}


def daemon_set(**spec: Any) -> Object:
    return workload("DaemonSet", **spec)


@pytest.mark.parametrize(
    ("target", "pod_spec", "expected"),
    [
        pytest.param(node("n"), {}, True, id="any"),
        pytest.param(
            node("n", labels={"disk": "ssd"}), {"nodeSelector": {"disk": "ssd"}}, True, id="selected"
        ),
        pytest.param(node("n"), {"nodeSelector": {"disk": "ssd"}}, False, id="not-selected"),
        pytest.param(node("n", GPU), {}, False, id="tainted"),
        pytest.param(node("n", GPU), {"tolerations": [{"operator": "Exists"}]}, True, id="tolerates-all"),
        pytest.param(node("n", {**GPU, "effect": "PreferNoSchedule"}), {}, True, id="a-mere-wish"),
        pytest.param(node("n", CORDON), {}, True, id="cordoned-nodes-take-daemons"),
        pytest.param(node("n"), {"nodeName": "other"}, False, id="bound-to-another"),
    ],
)
def test_a_node_takes_a_pod(target: Object, pod_spec: Object, expected: bool) -> None:
    assert takes(target, daemon_set(template=template(**pod_spec))) is expected


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        pytest.param({"key": "gpu", "operator": "Exists"}, True, id="key-exists"),
        pytest.param({"key": "gpu", "value": "yes"}, True, id="equal-is-the-default"),
        pytest.param({"key": "gpu", "value": "no"}, False, id="other-value"),
        pytest.param({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False, id="other-effect"),
        pytest.param({"key": "cpu", "operator": "Exists"}, False, id="other-key"),
        pytest.param({"key": "", "operator": "Equal"}, False, id="no-key-needs-exists"),
    ],
)
def test_tolerations(toleration: Object, expected: bool) -> None:
    assert tolerates(toleration, GPU) is expected


def test_every_node_that_has_none_gets_one() -> None:
    placement = place(daemon_set(), [node("b"), node("a")], [pod("p", node="a", labels=NEW)], revision="new")
    assert placement.create == ["b"]
    assert placement.delete == []
    assert (placement.wanted, list(placement.kept)) == (2, ["a"])


def test_a_pod_that_is_bound_by_affinity_alone_counts_for_its_node() -> None:
    waiting = daemon_pod(daemon_set(), "a", "new")
    assert node_of(waiting) == "a"
    assert node_of(pod()) == ""
    placement = place(daemon_set(), [node("a")], [waiting], revision="new")
    assert (placement.create, placement.delete) == ([], [])


@pytest.mark.parametrize(
    ("pods", "deleted", "created"),
    [
        pytest.param([pod("p", node="gone", labels=NEW)], ["p"], ["a"], id="its-node-is-gone"),
        pytest.param(
            [pod("p", node="a", phase="Failed", labels=NEW)], ["p"], [], id="a-failed-one-goes-first"
        ),
        pytest.param(
            [pod("p", node="a", deleting=True, labels=NEW)], [], [], id="a-leaving-one-blocks-its-node"
        ),
        pytest.param(
            [
                pod("young", node="a", created="2026-02-01T00:00:00Z", labels=NEW),
                pod("p", node="a", labels=NEW),
            ],
            ["young"],
            [],
            id="the-oldest-of-two-stays",
        ),
    ],
)
def test_pods_that_are_too_much(pods: list[Object], deleted: list[str], created: list[str]) -> None:
    placement = place(daemon_set(), [node("a")], pods, revision="new")
    assert list(map(name_of, placement.delete)) == deleted
    assert placement.create == created


@pytest.mark.parametrize(
    ("strategy", "ready", "deleted"),
    [
        pytest.param({}, [True, True, True], ["p0"], id="one-at-a-time"),
        pytest.param({}, [False, True, True], ["p0"], id="while-one-is-not-ready-no-other"),
        pytest.param({}, [False, False, True], ["p0", "p1"], id="all-that-are-not-ready"),
        pytest.param({"rollingUpdate": {"maxUnavailable": 2}}, [True] * 3, ["p0", "p1"], id="two"),
        pytest.param(
            {"rollingUpdate": {"maxUnavailable": "50%"}}, [True] * 3, ["p0", "p1"], id="half-rounded-up"
        ),
        pytest.param({"type": "OnDelete"}, [True] * 3, [], id="only-when-deleted-by-hand"),
    ],
)
def test_outdated_pods_are_replaced_as_availability_allows(
    strategy: Object, ready: list[bool], deleted: list[str]
) -> None:
    pods = [pod(f"p{at}", node=f"n{at}", ready=is_ready, labels=OLD) for at, is_ready in enumerate(ready)]
    nodes = [node(f"n{at}") for at in range(len(ready))]
    placement = place(daemon_set(updateStrategy=strategy), nodes, pods, revision="new")
    assert list(map(name_of, placement.delete)) == deleted


def test_the_status_counts_nodes_and_pods() -> None:
    pods = [pod("p", node="a", labels=NEW), pod("stray", node="full", labels=NEW)]
    placement = place(daemon_set(), [node("a"), node("b")], pods, revision="new")
    status = daemon_set_status(daemon_set(), placement, [], revision="new", available=1)
    assert status == {
        "currentNumberScheduled": 1,
        "numberMisscheduled": 1,
        "desiredNumberScheduled": 2,
        "numberReady": 1,
        "observedGeneration": 1,
        "updatedNumberScheduled": 1,
        "numberAvailable": 1,
        "numberUnavailable": 1,
    }
