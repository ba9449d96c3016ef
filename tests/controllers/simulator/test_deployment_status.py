"""What a Deployment says of itself, told apart by what happened."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controllers.simulator.deployment_status import deployment_status, seconds_to_deadline
from karmada.api.objects import Object
from tests.controllers.simulator.builders import replica_set, workload

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def deployment(replicas: int = 3, *, status: Object | None = None, **spec: Any) -> Object:
    return workload(
        "Deployment", replicas=replicas, status=status, **{"progressDeadlineSeconds": 600, **spec}
    )


def progress(reason: str, *, status: str = "True", since: str = "2026-01-01T11:59:00Z") -> Object:
    return {
        "type": "Progressing",
        "status": status,
        "reason": reason,
        "message": "",
        "lastUpdateTime": since,
        "lastTransitionTime": since,
    }


def told(status: Object, kind: str) -> tuple[str, str] | None:
    found = [each for each in status["conditions"] if each["type"] == kind]
    return (found[0]["status"], found[0]["reason"]) if found else None


BEFORE = {"replicas": 3, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 3}
LONG_AGO = "2026-01-01T11:00:00Z"


@pytest.mark.parametrize(
    ("subject", "new", "old", "created", "expected"),
    [
        pytest.param(
            deployment(),
            replica_set("n", 3, available=0),
            [],
            True,
            ("True", "NewReplicaSetCreated"),
            id="made",
        ),
        pytest.param(
            deployment(),
            replica_set("n", 3, available=0),
            [],
            False,
            ("True", "ReplicaSetUpdated"),
            id="first-pods",
        ),
        pytest.param(
            deployment(status={"conditions": [progress("ReplicaSetUpdated")]}),
            replica_set("n", 3),
            [],
            False,
            ("True", "NewReplicaSetAvailable"),
            id="complete",
        ),
        pytest.param(
            deployment(status={**BEFORE, "conditions": [progress("ReplicaSetUpdated", since=LONG_AGO)]}),
            replica_set("n", 1),
            [replica_set("o", 2)],
            False,
            ("False", "ProgressDeadlineExceeded"),
            id="nothing-moved-for-too-long",
        ),
        pytest.param(
            deployment(status={**BEFORE, "conditions": [progress("ReplicaSetUpdated")]}),
            replica_set("n", 1),
            [replica_set("o", 2)],
            False,
            ("True", "ReplicaSetUpdated"),
            id="nothing-moved-yet",
        ),
        pytest.param(
            deployment(
                status={**BEFORE, "conditions": [progress("ProgressDeadlineExceeded", status="False")]},
            ),
            replica_set("n", 2),
            [replica_set("o", 1)],
            False,
            ("True", "ReplicaSetUpdated"),
            id="late-but-moving-again",
        ),
        pytest.param(
            deployment(paused=True, status={"conditions": [progress("ReplicaSetUpdated")]}),
            replica_set("n", 1),
            [replica_set("o", 2)],
            False,
            ("Unknown", "DeploymentPaused"),
            id="paused",
        ),
        pytest.param(
            deployment(status={**BEFORE, "conditions": [progress("DeploymentPaused", status="Unknown")]}),
            replica_set("n", 1),
            [replica_set("o", 2)],
            False,
            ("Unknown", "DeploymentResumed"),
            id="resumed",
        ),
        pytest.param(
            deployment(progressDeadlineSeconds=None, status={"conditions": [progress("ReplicaSetUpdated")]}),
            replica_set("n", 1),
            [],
            False,
            None,
            id="no-deadline-no-progress",
        ),
    ],
)
def test_progress(
    subject: Object, new: Object, old: list[Object], created: bool, expected: tuple[str, str] | None
) -> None:
    status = deployment_status(subject, new, old, created=created, now=NOW)
    assert told(status, "Progressing") == expected


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        pytest.param(4, ("True", "MinimumReplicasAvailable"), id="all"),
        pytest.param(3, ("True", "MinimumReplicasAvailable"), id="as-many-as-may-be-missing"),
        pytest.param(2, ("False", "MinimumReplicasUnavailable"), id="too-few"),
    ],
)
def test_availability(available: int, expected: tuple[str, str]) -> None:
    status = deployment_status(
        deployment(4), replica_set("n", 4, available=available), [], created=False, now=NOW
    )
    assert told(status, "Available") == expected
    assert status.get("unavailableReplicas", 0) == 4 - available


def test_counts_are_those_of_all_replica_sets_and_zeros_are_left_out() -> None:
    status = deployment_status(
        deployment(4), replica_set("n", 1, available=0), [replica_set("o", 3)], created=False, now=NOW
    )
    del status["conditions"]
    assert status == {
        "observedGeneration": 1,
        "replicas": 4,
        "updatedReplicas": 1,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "unavailableReplicas": 1,
    }
    idle = deployment_status(deployment(0), replica_set("n", 0), [], created=False, now=NOW)
    assert {name for name in idle if name != "conditions"} == {"observedGeneration"}


def test_a_status_that_is_computed_again_is_the_same() -> None:
    subject, new = deployment(), replica_set("n", 3)
    status = deployment_status(subject, new, [], created=False, now=NOW)
    later = NOW + timedelta(minutes=5)
    assert deployment_status({**subject, "status": status}, new, [], created=False, now=later) == status


def test_a_failure_of_a_replica_set_is_passed_on_and_taken_back() -> None:
    failing = replica_set("n", 3, available=0)
    failing["status"]["conditions"] = [
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "no quota"}
    ]
    status = deployment_status(deployment(), failing, [], created=False, now=NOW)
    assert told(status, "ReplicaFailure") == ("True", "FailedCreate")
    again = deployment_status(deployment(status=status), replica_set("n", 3), [], created=False, now=NOW)
    assert told(again, "ReplicaFailure") is None


@pytest.mark.parametrize(
    ("reason", "seconds"),
    [
        pytest.param("ReplicaSetUpdated", 541.0, id="moving"),
        pytest.param("NewReplicaSetAvailable", None, id="done"),
        pytest.param("ProgressDeadlineExceeded", None, id="over"),
    ],
)
def test_a_rollout_is_looked_at_again_when_its_deadline_ends(reason: str, seconds: float | None) -> None:
    status = {"conditions": [progress(reason)]}
    assert seconds_to_deadline(deployment(), status, now=NOW) == seconds
