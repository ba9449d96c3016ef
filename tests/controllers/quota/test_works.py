"""The Works of a quota, and what they report."""

from typing import Any

import pytest

from controllers.quota.works import assignments, quota_of, quota_work_name, reported, resource_quota
from karmada.api.groups.policy import FEDERATED_RESOURCE_QUOTAS, FederatedResourceQuota
from karmada.api.groups.work import Work
from karmada.api.objects import Object

KEY = FEDERATED_RESOURCE_QUOTAS.key("sc-quota", "limit")


def test_of_two_assignments_for_a_cluster_the_first_counts() -> None:
    items = [
        {"clusterName": "a", "hard": {"cpu": "1"}},
        {"clusterName": "b", "hard": {"cpu": "2"}},
        {"clusterName": "a", "hard": {"cpu": "3"}},
    ]
    quota = FederatedResourceQuota.from_json({"spec": {"overall": {}, "staticAssignments": items}})
    assert [(item.cluster, item.hard) for item in assignments(quota)] == [
        ("a", {"cpu": "1"}),
        ("b", {"cpu": "2"}),
    ]


def test_the_manifest_is_a_plain_resource_quota() -> None:
    assert resource_quota(KEY, {"cpu": "3"}) == {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"namespace": "sc-quota", "name": "limit"},
        "spec": {"hard": {"cpu": "3"}},
    }


def test_the_name_is_the_same_for_every_cluster() -> None:
    assert quota_work_name(KEY) == "limit-878476cc7"


def work(cluster: str, *, applied: str = "True", statuses: list[Object] | None = None, **labels: str) -> Work:
    quota = {
        "federatedresourcequota.karmada.io/namespace": "sc-quota",
        "federatedresourcequota.karmada.io/name": "limit",
    }
    return Work.from_json(
        {
            "metadata": {"namespace": cluster, "name": "w", "labels": labels or quota},
            "status": {
                "conditions": [{"type": "Applied", "status": applied}],
                "manifestStatuses": [{"status": item} for item in (statuses or [])],
            },
        }
    )


def test_a_work_is_found_by_its_labels() -> None:
    assert quota_of(work("karmada-es-a")) == KEY
    assert quota_of(work("karmada-es-a", other="label")) is None


USED = {"hard": {"cpu": "2"}, "used": {"cpu": "500m"}}


@pytest.mark.parametrize(
    ("works", "expected"),
    [
        pytest.param(
            [work("karmada-es-b", statuses=[USED]), work("karmada-es-a", statuses=[{}])],
            [{"clusterName": "a"}, {"clusterName": "b", **USED}],
            id="by-cluster",
        ),
        pytest.param([work("karmada-es-a", applied="False", statuses=[USED])], [], id="not-applied"),
        pytest.param([work("karmada-es-a")], [], id="nothing-reported-yet"),
        pytest.param([work("elsewhere", statuses=[USED])], [], id="of-no-cluster"),
    ],
)
def test_what_members_say_is_collected(works: list[Work], expected: list[Any]) -> None:
    assert [item.to_json() for item in reported(works)] == expected
