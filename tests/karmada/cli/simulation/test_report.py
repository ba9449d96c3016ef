"""How a simulation is told."""

from karmada.cli.simulation.report import Report, to_json, to_text
from scheduler.what_if import Outcome
from tests.scheduler.build import binding

MOVED = Outcome(binding({}, replicas=4), {"m1": 2, "m2": 2}, {"m1": 2, "m3": 2})
STUCK = Outcome(binding({}, replicas=3), {"m2": 3}, {}, "no room at all", "Unschedulable")
STAYS = Outcome(binding({}), {"m1": 0}, {"m1": 0})


def test_as_text() -> None:
    assert to_text(Report(["m2 is lost"], [MOVED, STUCK, STAYS])).splitlines() == [
        "If m2 is lost:",
        "",
        "OBJECT           REPLICAS   BEFORE      AFTER",
        "Deployment/web   4          m1:2 m2:2   m1:2 m3:2",
        "Deployment/web   3          m2:3        -",
        "",
        "Deployment/web: Unschedulable: no room at all",
        "",
        "CLUSTER   REPLICAS BEFORE   AFTER   CHANGE",
        "m2        5                 0       -5",
        "m3        0                 2       +2",
        "",
        "2 of 3 bindings would change: 5 replicas leave, 2 come; 1 cannot be placed as asked, "
        "3 replicas would have no place.",
    ]


def test_nothing_moves() -> None:
    assert to_text(Report([], [STAYS])) == "As it is now:\n\n0 of 1 bindings would change."


def test_as_json() -> None:
    found = to_json(Report(["m2 is lost"], [MOVED, STUCK, STAYS]))
    assert found["summary"] == {
        "bindings": 3,
        "moving": 2,
        "replicasLeaving": 5,
        "replicasComing": 2,
        "unschedulable": 1,
        "replicasWithoutPlace": 3,
    }
    assert [(each["before"], each["after"]) for each in found["bindings"]] == [
        ({"m1": 2, "m2": 2}, {"m1": 2, "m3": 2}),
        ({"m2": 3}, {}),
    ]
    assert found["bindings"][1]["reason"] == "Unschedulable"
    assert found["clusters"][0] == {"name": "m1", "before": 2, "after": 2}
