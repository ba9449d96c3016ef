"""FederatedResourceQuota: names, amounts, assignments."""

from typing import Any

import pytest

from apiserver.admission.karmada.quotas import RULES, quota_errors
from karmada.api.errors import Forbidden
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import refused, texts


def quota(overall: Object, *assignments: tuple[str, Object], name: str = "q", **status: Any) -> Object:
    given = [{"clusterName": cluster, "hard": hard} for cluster, hard in assignments]
    return {
        "apiVersion": "policy.karmada.io/v1alpha1",
        "kind": "FederatedResourceQuota",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"overall": overall, "staticAssignments": given},
        "status": status,
    }


BROKEN = [
    pytest.param(
        quota({"cpu": "2"}, ("member1", {"cpu": "1500m"}), ("member2", {"cpu": 1})),
        ['spec.overall[cpu]: Invalid value: "2": overall is less than assignments'],
        id="assigned-too-much",
    ),
    pytest.param(
        quota({"cpu": "2"}, ("member1", {"memory": "1Gi"})),
        [
            'spec.staticAssignments[0].hard[memory]: Invalid value: "memory": assignment resourceName is not '
            "exist in overall"
        ],
        id="not-limited-overall",
    ),
    pytest.param(
        quota({"cpu": "-1"}),
        ['spec.overall[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
        id="negative",
    ),
    pytest.param(
        quota({"pods": "3"}, overallUsed={"pods": "500m"}),
        ['status.overallUsed[pods]: Invalid value: "500m": must be an integer'],
        id="the-stored-status-counts",
    ),
    pytest.param(
        quota({"cpu": "2"}, name="q" * 64),
        [f'metadata.name: Invalid value: "{"q" * 64}": must be no more than 63 characters'],
        id="long-name",
    ),
]


@pytest.mark.parametrize(("given", "expected"), BROKEN)
def test_broken_rules_are_found(given: Object, expected: list[str]) -> None:
    assert texts(quota_errors(given)) == expected


def test_a_cluster_has_a_cluster_name() -> None:
    (found,) = texts(quota_errors(quota({"cpu": "2"}, ("Member_1", {"cpu": "1"}))))
    assert found.startswith('spec.staticAssignments[0].clusterName: Invalid value: "Member_1": ')


async def test_a_quota_is_refused_by_its_webhook() -> None:
    await refused(RULES, quota({"cpu": "2"}, ("member1", {"cpu": "2"})))
    with pytest.raises(Forbidden, match=r'webhook "federatedresourcequota\.karmada\.io" denied the request'):
        await refused(RULES, quota({"foo": "2"}))
