"""Which pods no node takes, and which ReplicaSet is a Deployment's current one."""

from datetime import datetime
from typing import Any

import pytest

from karmada.api.objects import Object
from scheduler.member.unschedulable import count_unschedulable, current_replica_set

NOW = datetime.fromisoformat("2026-01-01T00:10:00+00:00")


def pod(
    status: str = "False",
    reason: str = "Unschedulable",
    since: str = "2026-01-01T00:00:00Z",
    phase: str = "Pending",
) -> Object:
    condition = {"type": "PodScheduled", "status": status, "reason": reason, "lastTransitionTime": since}
    return {"status": {"phase": phase, "conditions": [condition]}}


@pytest.mark.parametrize(
    ("found", "threshold", "expected"),
    [
        pytest.param(pod(), 300, 1, id="stuck"),
        pytest.param(pod(since="2026-01-01T00:09:00Z"), 300, 0, id="not-long-enough"),
        pytest.param(pod(since="2026-01-01T00:09:00Z"), -5, 1, id="a-negative-time-is-none"),
        pytest.param(pod(status="True", reason=""), 0, 0, id="placed"),
        pytest.param(pod(reason="SchedulingGated"), 0, 0, id="another-reason"),
        pytest.param(pod(phase="Failed"), 0, 0, id="ended"),
        pytest.param({"status": {"phase": "Pending"}}, 0, 0, id="not-looked-at"),
        pytest.param(pod(since=""), 300, 1, id="for-ever"),
    ],
)
def test_a_pod_is_stuck(found: Object, threshold: float, expected: int) -> None:
    assert count_unschedulable([found], now=NOW, threshold_seconds=threshold) == expected


def workload(uid: str, image: str, *, owner: str = "", made: str = "", **labels: str) -> Object:
    metadata: dict[str, Any] = {"uid": uid, "creationTimestamp": made}
    if owner:
        metadata["ownerReferences"] = [{"uid": owner, "controller": True}]
    template = {"metadata": {"labels": {"app": "web", **labels}}, "spec": {"containers": [{"image": image}]}}
    return {"metadata": metadata, "spec": {"template": template}}


def test_the_current_replica_set_is_the_oldest_with_the_same_template() -> None:
    hashed = {"pod-template-hash": "x"}
    sets = [
        workload("old", "v1", owner="d", made="2026-01-01T00:00:00Z", **hashed),
        workload("newer", "v2", owner="d", made="2026-01-01T00:03:00Z", **hashed),
        workload("new", "v2", owner="d", made="2026-01-01T00:02:00Z", **hashed),
        workload("other", "v2", owner="e", made="2026-01-01T00:01:00Z", **hashed),
    ]
    found = current_replica_set(workload("d", "v2"), sets)
    assert found is not None
    assert found["metadata"]["uid"] == "new"
    assert current_replica_set(workload("d", "v3"), sets) is None
