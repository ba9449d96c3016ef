"""Which clusters an affinity means, and when two placements are the same."""

from typing import Any

import pytest

from karmada.api.groups.policy import ClusterAffinity, Placement
from scheduler.placement import AffinityMatcher, Strategy, compile_placement, normal_placement
from tests.scheduler.build import (
    AGGREGATED,
    DUPLICATED,
    DYNAMIC,
    EQUAL_WEIGHTS,
    cluster,
    facts,
    placed_by,
    static,
)

MEMBER = facts(cluster("m1", labels={"ring": "a"}, provider="north", region="r1", zones=["z1", "z2"])).traits
BARE = facts(cluster("bare")).traits


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
    matcher = AffinityMatcher(ClusterAffinity.from_json(affinity))
    assert (matcher.matches(MEMBER), matcher.matches(BARE)) == (member, bare)


@pytest.mark.parametrize(
    ("value", "operator", "bound", "expected"),
    [
        pytest.param("5", "Gt", "3", True, id="greater"),
        pytest.param("3", "Gt", "3", False, id="equal-is-not-greater"),
        pytest.param("2", "Lt", "3", True, id="less"),
    ],
)
def test_numbers_compare(value: str, operator: str, bound: str, expected: bool) -> None:
    matcher = AffinityMatcher(ClusterAffinity.from_json(field("provider", operator, bound)))
    assert matcher.matches(facts(cluster("n", provider=value)).traits) is expected


@pytest.mark.parametrize(
    ("scheduling", "strategy", "ignores_spread"),
    [
        pytest.param(None, Strategy.DUPLICATED, False, id="absent"),
        pytest.param(DUPLICATED, Strategy.DUPLICATED, False, id="duplicated"),
        pytest.param(AGGREGATED, Strategy.AGGREGATED, False, id="aggregated"),
        pytest.param(DYNAMIC, Strategy.DYNAMIC_WEIGHT, False, id="dynamic"),
        pytest.param(EQUAL_WEIGHTS, Strategy.STATIC_WEIGHT, True, id="weighted-without-preference"),
        pytest.param(static(("m1", 1)), Strategy.STATIC_WEIGHT, True, id="static"),
        pytest.param(
            {**EQUAL_WEIGHTS, "weightPreference": {"staticWeightList": []}},
            Strategy.STATIC_WEIGHT,
            False,
            id="empty-preference-still-spreads",
        ),
        pytest.param({"replicaSchedulingType": "Divided"}, Strategy.UNSUPPORTED, False, id="no-preference"),
    ],
)
def test_the_strategy_is_read(scheduling: Any, strategy: Strategy, ignores_spread: bool) -> None:
    compiled = compile_placement(Placement.from_json(placed_by(scheduling)))
    assert (compiled.strategy, compiled.ignores_spread) == (strategy, ignores_spread)


def test_dynamic_weight_overrides_a_static_list() -> None:
    scheduling = {
        **EQUAL_WEIGHTS,
        "weightPreference": {**static(("m1", 1))["weightPreference"], "dynamicWeight": "AvailableReplicas"},
    }
    assert compile_placement(Placement.from_json(placed_by(scheduling))).strategy is Strategy.DYNAMIC_WEIGHT


def test_the_text_is_plain_compact_json() -> None:
    groups = [{"affinityName": f"affinity{n}", "clusterNames": [f"cluster{n}"]} for n in (1, 2)]
    compiled = compile_placement(Placement.from_json({"clusterAffinities": groups, "spreadConstraints": []}))
    assert compiled.text == (
        '{"clusterAffinities":[{"affinityName":"affinity1","clusterNames":["cluster1"]},'
        '{"affinityName":"affinity2","clusterNames":["cluster2"]}]}'
    )


def test_equal_placements_compile_to_the_same_object() -> None:
    one, other = ({"clusterAffinity": {"clusterNames": ["m1"]}} for _ in range(2))
    assert compile_placement(Placement.from_json(one)) is compile_placement(Placement.from_json(other))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param({"spreadConstraints": []}, {}, True, id="empty-list"),
        pytest.param(
            {"spreadConstraints": [{"maxGroups": 0}]}, {"spreadConstraints": [{}]}, True, id="zero-bound"
        ),
        pytest.param({"clusterAffinity": {}}, {}, False, id="empty-affinity-is-one"),
        pytest.param(
            {"clusterTolerations": [{"tolerationSeconds": 0}]},
            {"clusterTolerations": [{}]},
            False,
            id="zero-seconds",
        ),
    ],
)
def test_what_means_nothing_makes_no_difference(one: Any, other: Any, same: bool) -> None:
    assert (normal_placement(one) == normal_placement(other)) is same
