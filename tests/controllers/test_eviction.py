"""A copy that leaves stays until it is replaced or its time is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controllers.eviction import Eviction, evicted, reviewed, with_tasks
from karmada.api.groups.work import ResourceBinding
from karmada.api.objects import Object

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
TIMEOUT = 600.0


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def task(cluster: str = "member1", **fields: Any) -> Object:
    return {"fromCluster": cluster, "producer": "p", "reason": "R", **fields}


def binding(
    *tasks: Object, clusters: tuple[str, ...] = ("member2",), healthy: tuple[str, ...] = (), seen: int = 5
) -> ResourceBinding:
    return ResourceBinding.from_json(
        {
            "metadata": {"name": "b", "generation": 5},
            "spec": {
                "clusters": [{"name": name, "replicas": 2} for name in clusters],
                "gracefulEvictionTasks": list(tasks),
            },
            "status": {
                "schedulerObservedGeneration": seen,
                "aggregatedStatus": [{"clusterName": name, "health": "Healthy"} for name in healthy],
            },
        }
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param(binding(task()), True, id="it-has-just_begun"),
        pytest.param(binding(task(creationTimestamp=ago(60))), True, id="time-is-left"),
        pytest.param(binding(task(creationTimestamp=ago(601))), False, id="time-is-over"),
        pytest.param(binding(task(creationTimestamp=ago(599))), True, id="almost-over"),
        pytest.param(binding(task(creationTimestamp=ago(31), gracePeriodSeconds=30)), False, id="own-time"),
        pytest.param(
            binding(task(creationTimestamp=ago(700), gracePeriodSeconds=900)), True, id="own-longer-time"
        ),
        pytest.param(binding(task(creationTimestamp=ago(1)), healthy=("member2",)), False, id="replaced"),
        pytest.param(
            binding(task(creationTimestamp=ago(1)), healthy=("member2",), seen=4),
            True,
            id="the-scheduler-has-not-seen-it",
        ),
        pytest.param(
            binding(task(creationTimestamp=ago(1)), clusters=("member2", "member3"), healthy=("member2",)),
            True,
            id="partly-replaced",
        ),
        pytest.param(binding(task(creationTimestamp=ago(1)), clusters=()), True, id="the-last-copy-there-is"),
        pytest.param(
            binding(task(creationTimestamp=ago(9999), suppressDeletion=True), healthy=("member2",)),
            True,
            id="the-user-is-waited-for",
        ),
        pytest.param(
            binding(task(creationTimestamp=ago(1), suppressDeletion=False)), False, id="the-user-agreed"
        ),
        pytest.param(
            binding(task(creationTimestamp=ago(1), purgeMode="Directly"), healthy=("member2",)),
            False,
            id="purged-directly-is-no-different",
        ),
    ],
)
def test_a_task_ends_when_its_copy_is_replaced_or_out_of_time(given: ResourceBinding, kept: bool) -> None:
    review = reviewed(given, now=NOW, timeout_seconds=TIMEOUT)
    assert [item.from_cluster for item in review.kept] == (["member1"] if kept else [])
    assert [item.from_cluster for item in review.ended] == ([] if kept else ["member1"])


def test_a_new_task_gets_the_time_it_began() -> None:
    (kept,) = reviewed(binding(task()), now=NOW, timeout_seconds=TIMEOUT).kept
    assert kept.creation_timestamp == ago(0)


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        pytest.param([task()], 600.0, id="a-new-one"),
        pytest.param([task(creationTimestamp=ago(100))], 500.0, id="one-that-has-begun"),
        pytest.param(
            [
                task("a", creationTimestamp=ago(100)),
                task("b", creationTimestamp=ago(50), gracePeriodSeconds=60),
            ],
            10.0,
            id="the-first-of-several",
        ),
        pytest.param([task(creationTimestamp=ago(1), suppressDeletion=True)], None, id="one-for-the-user"),
    ],
)
def test_it_looks_again_when_the_first_runs_out(tasks: list[Object], expected: float | None) -> None:
    assert reviewed(binding(*tasks), now=NOW, timeout_seconds=TIMEOUT).next_seconds == expected


def test_without_tasks_the_field_is_gone() -> None:
    assert "gracefulEvictionTasks" not in with_tasks(binding(task()), []).spec.to_json()


def test_the_same_tasks_are_no_change() -> None:
    given = binding(task())
    assert with_tasks(given, list(given.spec.graceful_eviction_tasks)) is given


def test_an_evicted_cluster_becomes_a_task_with_its_replicas() -> None:
    given = binding(clusters=("member1", "member2"))
    after = evicted(given, Eviction(cluster="member1", producer="TaintManager", reason="TaintUntolerated"))
    assert after.spec.to_json() == {
        "clusters": [{"name": "member2", "replicas": 2}],
        "gracefulEvictionTasks": [
            {
                "fromCluster": "member1",
                "purgeMode": "Gracefully",
                "producer": "TaintManager",
                "reason": "TaintUntolerated",
                "replicas": 2,
            }
        ],
    }


def test_evicting_the_only_cluster_leaves_none() -> None:
    after = evicted(binding(clusters=("member1",)), Eviction(cluster="member1", producer="p", reason="R"))
    assert "clusters" not in after.spec.to_json()


def test_a_cluster_that_is_no_target_cannot_be_evicted() -> None:
    given = binding(clusters=("member2",))
    assert evicted(given, Eviction(cluster="member1", producer="p", reason="R")) is given


def test_a_cluster_has_one_task_at_most() -> None:
    given = binding(task("member1", creationTimestamp=ago(5)), clusters=("member1", "member2"))
    after = evicted(given, Eviction(cluster="member1", producer="p", reason="R"))
    assert after.spec.graceful_eviction_tasks == given.spec.graceful_eviction_tasks
    assert [item.name for item in after.spec.clusters] == ["member2"]


def test_everything_asked_for_is_in_the_task() -> None:
    asked = Eviction(
        cluster="member1",
        producer="p",
        reason="R",
        purge_mode="Never",
        message="why",
        grace_period_seconds=0,
        suppress_deletion=True,
        preserved_labels={"state": "3"},
        clusters_before=["member1"],
    )
    (made,) = evicted(binding(clusters=("member1",)), asked).spec.graceful_eviction_tasks
    assert made.to_json() == {
        "fromCluster": "member1",
        "purgeMode": "Never",
        "producer": "p",
        "reason": "R",
        "message": "why",
        "gracePeriodSeconds": 0,
        "suppressDeletion": True,
        "preservedLabelState": {"state": "3"},
        "clustersBeforeFailover": ["member1"],
        "replicas": 2,
    }
