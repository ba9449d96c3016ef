"""What a placement says, and when two placements are the same."""

from typing import Any

import pytest

from karmada.api.groups.policy import Placement
from scheduler.placement import Strategy, compile_placement, normal_placement
from tests.scheduler.build import (
    AGGREGATED,
    DUPLICATED,
    DYNAMIC,
    EQUAL_WEIGHTS,
    placed_by,
    static,
)


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
