"""Many statuses to one: the items of a binding and its FullyApplied condition."""

from typing import Any

import pytest

from controllers.status.aggregate import NotInWork, aggregated_items, fully_applied
from controllers.targets import kept_clusters
from karmada.api.groups.work import ObjectReference, ResourceBindingSpec, Work
from karmada.api.objects import Object

REFERENCE = ObjectReference(api_version="apps/v1", kind="Deployment", namespace="shop", name="web")
MANIFEST = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "shop", "name": "web"}}
STATUS = {
    "identifier": {
        "ordinal": 0,
        "group": "apps",
        "version": "v1",
        "kind": "Deployment",
        "resource": "",
        "namespace": "shop",
        "name": "web",
    },
    "health": "Healthy",
    "status": {"replicas": 1},
}


def work(
    cluster: str, *, applied: str = "True", statuses: list[Object] | None = None, **metadata: Any
) -> Work:
    return Work.model_validate(
        {
            "metadata": {"namespace": f"karmada-es-{cluster}", "name": "web-1", **metadata},
            "spec": {"workload": {"manifests": [MANIFEST]}},
            "status": {
                "conditions": [{"type": "Applied", "status": applied, "reason": "R", "message": "because"}],
                "manifestStatuses": statuses or [],
            },
        }
    )


def test_items_are_sorted_and_carry_status_and_health() -> None:
    items = aggregated_items([work("b", statuses=[STATUS]), work("a")], REFERENCE)
    assert [item.to_json() for item in items] == [
        {"clusterName": "a", "applied": True, "health": "Unknown"},
        {"clusterName": "b", "applied": True, "health": "Healthy", "status": {"replicas": 1}},
    ]


def test_a_work_that_is_not_applied_says_why_and_hides_an_old_status() -> None:
    (item,) = aggregated_items([work("a", applied="False", statuses=[STATUS])], REFERENCE)
    assert item.to_json() == {"clusterName": "a", "health": "Unknown", "appliedMessage": "because"}


def test_a_work_on_its_way_out_does_not_count() -> None:
    assert aggregated_items([work("a", deletionTimestamp="2026-01-01T00:00:00Z")], REFERENCE) == []


def test_a_work_without_the_resource_is_an_error() -> None:
    other = REFERENCE.model_copy(update={"name": "other"})
    with pytest.raises(NotInWork):
        aggregated_items([work("a")], other)


@pytest.mark.parametrize(
    ("works", "expected", "status"),
    [
        pytest.param([work("a"), work("b")], {"a", "b"}, "True", id="all-applied"),
        pytest.param([work("a")], {"a", "b"}, "False", id="one-missing"),
        pytest.param([work("a", applied="False")], {"a"}, "False", id="one-failed"),
        pytest.param([], set(), "False", id="nowhere-to-go"),
        pytest.param([work("a"), work("b")], {"a", "c"}, "False", id="another-cluster"),
    ],
)
def test_fully_applied_means_everywhere(works: list[Work], expected: set[str], status: str) -> None:
    condition = fully_applied(aggregated_items(works, REFERENCE), expected, now="2026-01-01T00:00:00Z")
    assert condition.status == status


def test_clusters_being_left_gracefully_still_count() -> None:
    spec = ResourceBindingSpec.model_validate(
        {
            "resource": {},
            "clusters": [{"name": "a"}],
            "requiredBy": [{"name": "x", "clusters": [{"name": "b"}]}],
            "gracefulEvictionTasks": [
                {"fromCluster": "c", "purgeMode": "Gracefully"},
                {"fromCluster": "d", "purgeMode": "Directly"},
            ],
        }
    )
    assert kept_clusters(spec) == {"a", "b", "c"}
