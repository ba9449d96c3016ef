"""Room on nodes, and the status a played kubelet gives to pods."""

import pytest

from controllers.simulator.nodes import Rooms
from controllers.simulator.pod_status import (
    finished_status,
    outcome_of,
    pod_address,
    running_status,
    unschedulable_status,
)
from karmada.api.objects import Object
from tests.controllers.simulator.builders import node, pod, workload

NOW = "2026-01-01T12:00:00Z"


def asking(name: str, **requests: str) -> Object:
    made = pod(name)
    made["spec"]["containers"][0]["resources"] = {"requests": requests}
    return made


@pytest.mark.parametrize(
    ("target", "requests", "expected"),
    [
        pytest.param(node("n"), {}, True, id="asks-for-nothing"),
        pytest.param(node("n"), {"cpu": "1500m", "memory": "1Gi"}, True, id="fits"),
        pytest.param(node("n"), {"cpu": "4"}, False, id="too-much-cpu"),
        pytest.param(node("n"), {"memory": "8Gi"}, False, id="too-much-memory"),
        pytest.param(node("n", pods="1"), {}, False, id="too-many-pods"),
        pytest.param({"metadata": {"name": "n"}}, {}, False, id="a-node-that-says-nothing"),
    ],
)
def test_room_beside_a_pod_that_takes_half(target: Object, requests: dict[str, str], expected: bool) -> None:
    rooms = Rooms()
    rooms.take(asking("there", cpu="2", memory="4Gi"), "n")
    assert rooms.on(target).fits(asking("new", **requests)) is expected


def test_a_pod_takes_room_once_and_gives_it_back_once() -> None:
    rooms = Rooms()
    big = asking("big", cpu="4")
    rooms.take(big, "n")
    rooms.take(big, "n")
    assert rooms.place_of(big) == "n"
    assert (rooms.on(node("n")).cpu_milli, rooms.on(node("n")).pods) == (0, 1)
    assert rooms.leave(big)
    assert not rooms.leave(big)
    assert (rooms.on(node("n")).cpu_milli, rooms.on(node("n")).pods) == (4000, 0)


@pytest.mark.parametrize(
    ("annotation", "kind", "expected"),
    [
        pytest.param("", "Job", "succeed", id="jobs-end-by-themselves"),
        pytest.param("", "ReplicaSet", "", id="others-run-on"),
        pytest.param("fail", "Job", "fail", id="as-told"),
        pytest.param("never", "Job", "", id="told-to-run-on"),
    ],
)
def test_how_containers_end(annotation: str, kind: str, expected: str) -> None:
    marks = {"simulator.karmada.io/exit": annotation} if annotation else {}
    assert outcome_of(pod(owner=workload(kind), annotations=marks)) == expected


def conditions(status: Object) -> dict[str, str]:
    return {each["type"]: each["status"] for each in status["conditions"]}


def test_a_running_pod_is_ready_and_stays_as_it_is() -> None:
    waiting = {**pod("p"), "status": {"phase": "Pending"}}
    status = running_status(waiting, node="m-node-3", now=NOW)
    assert set(conditions(status).values()) == {"True"}
    assert (status["phase"], status["hostIP"], status["podIP"]) == (
        "Running",
        "10.255.0.3",
        pod_address(waiting),
    )
    again = running_status({**waiting, "status": status}, node="m-node-3", now="2026-01-01T13:00:00Z")
    assert again == status


def test_a_pod_may_never_become_ready() -> None:
    subject = {**pod("p", annotations={"simulator.karmada.io/ready": "false"}), "status": {}}
    status = running_status(subject, node="n", now=NOW)
    assert conditions(status)["Ready"] == "False"
    assert not status["containerStatuses"][0]["ready"]


@pytest.mark.parametrize(
    ("outcome", "phase", "code"),
    [pytest.param("succeed", "Succeeded", 0, id="well"), pytest.param("fail", "Failed", 1, id="badly")],
)
def test_a_finished_pod_says_how(outcome: str, phase: str, code: int) -> None:
    subject = {**pod("p"), "status": {}}
    status = finished_status(subject, running_status(subject, node="n", now=NOW), outcome, now=NOW)
    assert status["phase"] == phase
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == code
    assert conditions(status)["Ready"] == "False"


def test_a_pod_without_a_node_says_so_once() -> None:
    subject = {**pod("p"), "status": {"phase": "Pending"}}
    status = unschedulable_status(subject, now=NOW)
    assert conditions(status) == {"PodScheduled": "False"}
    assert unschedulable_status({**subject, "status": status}, now="later") == status


def test_addresses_differ_and_last() -> None:
    assert pod_address(pod("a")) == pod_address(pod("a"))
    assert pod_address(pod("a")) != pod_address(pod("b"))
