"""Which clusters an affinity means."""

from typing import Any

import pytest

from karmada.api.cluster_affinity import cluster_matches
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.policy import ClusterAffinity


def cluster(name: str, labels: dict[str, str] | None = None, **spec: Any) -> Cluster:
    return Cluster.from_json({"metadata": {"name": name, "labels": labels or {}}, "spec": spec})


MEMBER = cluster("m1", labels={"ring": "a"}, provider="north", region="r1", zones=["z1", "z2"])
BARE = cluster("bare")


def field(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {
        "fieldSelector": {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}
    }


def label(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {
        "labelSelector": {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}
    }


@pytest.mark.parametrize(
    ("affinity", "member", "bare"),
    [
        pytest.param({}, True, True, id="empty-matches-all"),
        pytest.param({"clusterNames": ["m1"]}, True, False, id="by-name"),
        pytest.param({"clusterNames": ["m1"], "exclude": ["m1"]}, False, False, id="exclusion-wins"),
        pytest.param({"labelSelector": {"matchLabels": {"ring": "a"}}}, True, False, id="by-label"),
        pytest.param({"labelSelector": {}}, True, True, id="empty-label-selector"),
        pytest.param(label("ring", "NotIn", "a"), False, True, id="label-not-in"),
        pytest.param(label("ring", "Near", "a"), False, False, id="invalid-label-operator-never"),
        pytest.param(label("ring", "In"), False, False, id="label-in-nothing-is-invalid"),
        pytest.param(field("provider", "In", "north"), True, False, id="provider-in"),
        pytest.param(field("provider", "NotIn", "north"), False, True, id="provider-not-in"),
        pytest.param(field("region", "Exists"), True, False, id="region-exists"),
        pytest.param(field("region", "DoesNotExist"), False, True, id="region-does-not-exist"),
        pytest.param(field("region", "Exists", "r1"), False, False, id="exists-with-value-is-invalid"),
        pytest.param(field("region", "Gt", "1"), False, False, id="no-number-is-not-greater"),
        pytest.param(field("region", "Lt", "x"), False, False, id="bound-without-number-is-invalid"),
        pytest.param(field("region", "Lt", "1", "2"), False, False, id="two-bounds-are-invalid"),
        pytest.param(field("region", "Near", "r1"), False, False, id="invalid-field-operator-never"),
        pytest.param(field("region", "In"), False, False, id="field-in-nothing-is-invalid"),
        pytest.param(field("region", "NotIn"), False, False, id="field-not-in-nothing-is-invalid"),
        pytest.param(field("region", "NotIn", "no region"), False, False, id="value-no-label-can-have"),
        pytest.param(field("zone", "NotIn"), True, True, id="zone-not-in-nothing"),
        pytest.param(field("colour", "In", "red"), False, False, id="unknown-key-in"),
        pytest.param(field("colour", "NotIn", "red"), True, True, id="unknown-key-not-in"),
        pytest.param(field("zone", "In", "z2", "z3"), True, False, id="some-zone-listed"),
        pytest.param(field("zone", "NotIn", "z2"), False, True, id="no-zone-listed"),
        pytest.param(field("zone", "Exists"), True, False, id="has-zones"),
        pytest.param(field("zone", "DoesNotExist"), False, True, id="has-no-zones"),
        pytest.param(field("zone", "Gt", "1"), False, False, id="other-zone-operator-never"),
        pytest.param(
            {"clusterNames": ["m1"], **field("region", "In", "r2")}, False, False, id="all-must-hold"
        ),
    ],
)
def test_an_affinity_matches(affinity: dict[str, Any], member: bool, bare: bool) -> None:
    asked = ClusterAffinity.from_json(affinity)
    assert (cluster_matches(asked, MEMBER), cluster_matches(asked, BARE)) == (member, bare)


@pytest.mark.parametrize(
    ("value", "operator", "bound", "expected"),
    [
        pytest.param("5", "Gt", "3", True, id="greater"),
        pytest.param("3", "Gt", "3", False, id="equal-is-not-greater"),
        pytest.param("2", "Lt", "3", True, id="less"),
        pytest.param("-2", "Lt", "3", True, id="signed"),
        pytest.param("1_0", "Gt", "3", False, id="no-number-of-kubernetes"),
    ],
)
def test_numbers_compare(value: str, operator: str, bound: str, expected: bool) -> None:
    asked = ClusterAffinity.from_json(field("provider", operator, bound))
    assert cluster_matches(asked, cluster("n", provider=value)) is expected
