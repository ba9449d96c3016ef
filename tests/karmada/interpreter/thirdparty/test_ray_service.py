"""Ray services."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.ray_service import KINDS, divided
from tests.karmada.interpreter.thirdparty.samples import (
    EARLY,
    LATER,
    POD,
    POD_REFERENCES,
    RAY,
    STATUSES,
    condition,
    items,
    kind,
    observed,
    template,
)

GVK = kind("RayService")
RULES = KINDS[GVK]
NOW = "2026-03-02T00:00:00Z"


def test_a_replica_is_as_large_as_the_largest_pod() -> None:
    replicas, needs = RULES.replicas(template(GVK))
    assert needs is not None
    assert (replicas, needs.to_json()) == (
        4,
        {"nodeClaim": {"nodeSelector": {"disk": "fast"}}, "resourceRequest": {"cpu": "2", "memory": "64Mi"}},
    )


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        pytest.param({"headGroupSpec": {"template": {}}}, (1, None), id="a-head-that-asks-nothing"),
        pytest.param({"workerGroupSpecs": [{"replicas": 3, "template": POD}]}, (0, None), id="no-head"),
        pytest.param(None, (0, None), id="no-cluster"),
    ],
)
def test_parts_that_are_not_there(cluster: Any, expected: Any) -> None:
    assert RULES.replicas(template(GVK, spec={"rayClusterConfig": cluster})) == expected


@pytest.mark.parametrize(
    ("workers", "before", "expected"),
    [
        pytest.param(5, [3], [5], id="one-group-gets-all"),
        pytest.param(5, [0, 0, 0], [2, 2, 1], id="evenly-where-there-was-nothing"),
        pytest.param(6, [1, 2, 3], [1, 2, 3], id="in-proportion"),
        pytest.param(3, [2, 4], [1, 2], id="half"),
        pytest.param(5, [1, 1], [3, 2], id="half-up-the-rest-to-the-last"),
        pytest.param(3, [1, 1, 0], [2, 1, 0], id="never-more-than-there-are"),
        pytest.param(0, [2, 4], [0, 0], id="none"),
    ],
)
def test_workers_are_divided_as_before(workers: int, before: list[int], expected: list[int]) -> None:
    assert divided(workers, before) == expected
    obj = template(
        GVK, spec={"rayClusterConfig": {"workerGroupSpecs": [{"replicas": each} for each in before]}}
    )
    revised = RULES.revise(obj, workers + 1)
    groups = revised["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    assert [group["replicas"] for group in groups] == expected


@pytest.mark.parametrize("workers", range(20))
def test_no_worker_is_lost_or_made_up(workers: int) -> None:
    for before in ([1, 1, 1], [5, 0, 2], [0, 0], [7], [1, 1, 1, 1, 0]):
        shares = divided(workers, before)
        assert sum(shares) == workers
        assert min(shares) >= 0


def test_a_head_without_workers_is_left_alone() -> None:
    obj = template(GVK, spec={"rayClusterConfig": {"headGroupSpec": {}}})
    assert RULES.revise(obj, 5) is obj


@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        pytest.param({"conditions": [condition("Ready")]}, True, id="ready"),
        pytest.param({"conditions": [condition("Ready", "False")]}, False, id="not-ready"),
        pytest.param({}, False, id="says-nothing"),
        pytest.param(None, False, id="no-status"),
    ],
)
def test_health(status: Any, healthy: bool) -> None:
    assert RULES.healthy(observed(GVK, status=status)) is healthy


def aggregated(*statuses: Object | None) -> Any:
    return RULES.aggregate(template(GVK), items(*statuses), NOW)


def test_one_member_is_copied_and_none_changes_nothing() -> None:
    assert aggregated(STATUSES["RayService"]) == STATUSES["RayService"]
    assert aggregated() is None


def test_several_members_show_each_application_where_it_is_worst() -> None:
    applications = {"shop": {"status": "UNHEALTHY", "message": "m"}, "till": {"status": "RUNNING"}}
    other = {
        "numServeEndpoints": 3,
        "serviceStatus": "",
        "observedGeneration": 6,
        "lastUpdateTime": LATER,
        "conditions": [condition("Ready", "False")],
        "activeServiceStatus": {"rayClusterName": "b", "applicationStatuses": applications},
        "pendingServiceStatus": {"rayClusterName": "c"},
    }
    first = {**STATUSES["RayService"], "lastUpdateTime": EARLY}
    assert aggregated(first, None, other) == {
        "conditions": [condition("Ready"), condition("Ready", "False")],
        "numServeEndpoints": 5,
        "lastUpdateTime": LATER,
        "observedGeneration": 6,
        "serviceStatus": "",
        "activeServiceStatus": {"applicationStatuses": applications},
        "pendingServiceStatus": {"rayClusterName": "c"},
    }


def test_dependencies_are_those_of_head_and_workers() -> None:
    found = RULES.dependencies(template(GVK, spec={"rayClusterConfig": RAY}))
    assert [f"{each.kind}/{each.name}" for each in found] == POD_REFERENCES
    assert RULES.dependencies(template(GVK, spec=None)) == []
