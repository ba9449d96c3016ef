"""Placements that contradict themselves."""

from typing import Any

import pytest

from apiserver.admission.karmada.placement import affinity_errors, placement_errors
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import texts

GROUP = {"affinityName": "g", "clusterNames": ["member1"]}
AGGREGATED = {"replicaSchedulingType": "Divided", "replicaDivisionPreference": "Aggregated"}
P = "spec.placement"


def expression(key: str, operator: str, *values: str) -> Object:
    requirement: Object = {"key": key, "operator": operator}
    return {
        "fieldSelector": {
            "matchExpressions": [{**requirement, "values": list(values)} if values else requirement]
        }
    }


def overflowing(*names: str, **placement: Any) -> Object:
    tiers = [{"affinityName": name, "clusterNames": ["member2"]} for name in names]
    return {"clusterAffinities": [{**GROUP, "overflowAffinities": tiers}], **placement}


BROKEN = [
    pytest.param(
        {"clusterAffinities": [GROUP], "clusterAffinity": {"clusterNames": ["member1"]}},
        [
            f'{P}: Invalid value: {{"clusterAffinity":{{"clusterNames":["member1"]}},"clusterAffinities":'
            '[{"affinityName":"g","clusterNames":["member1"]}]}: clusterAffinities cannot co-exist with '
            "clusterAffinity"
        ],
        id="both-affinities",
    ),
    pytest.param(
        {"clusterAffinities": [GROUP, GROUP]},
        [
            f'{P}.clusterAffinities: Invalid value: [{{"affinityName":"g","clusterNames":["member1"]}},'
            '{"affinityName":"g","clusterNames":["member1"]}]: each affinity term in a policy must have a '
            "unique name"
        ],
        id="one-name-twice",
    ),
    pytest.param(
        {"clusterAffinity": expression("planet", "In", "mars")},
        [
            f'{P}.clusterAffinity.fieldSelector: Invalid value: {{"matchExpressions":[{{"key":"planet",'
            '"operator":"In","values":["mars"]}]}: unsupported key "planet", must be provider, region, '
            "or zone"
        ],
        id="unknown-field",
    ),
    pytest.param(
        {"clusterAffinity": expression("region", "Exists")},
        [
            f'{P}.clusterAffinity.fieldSelector: Invalid value: {{"matchExpressions":[{{"key":"region",'
            '"operator":"Exists"}]}: unsupported operator "Exists", must be In or NotIn'
        ],
        id="unknown-operator",
    ),
    pytest.param(
        {"spreadConstraints": [{"spreadByField": "cluster", "spreadByLabel": "rack", "minGroups": 1}]},
        [
            f'{P}.spreadConstraints[0]: Invalid value: {{"spreadByField":"cluster","spreadByLabel":"rack",'
            '"minGroups":1}: spreadByLabel should not co-exist with spreadByField'
        ],
        id="spread-by-both",
    ),
    pytest.param(
        {"spreadConstraints": [{"spreadByField": "cluster", "maxGroups": 2, "minGroups": 3}]},
        [
            f'{P}.spreadConstraints[0]: Invalid value: {{"spreadByField":"cluster","maxGroups":2,'
            '"minGroups":3}: maxGroups lower than minGroups is not allowed'
        ],
        id="most-below-least",
    ),
    pytest.param(
        {"spreadConstraints": [{"spreadByField": "region", "minGroups": 1}]},
        [
            f'{P}.spreadConstraints: Invalid value: [{{"spreadByField":"region","minGroups":1}}]: the '
            "cluster "
            "spread constraint must be enabled in one of the constraints in case of SpreadByField is enabled"
        ],
        id="regions-without-clusters",
    ),
    pytest.param(
        {"clusterTolerations": [{"operator": "Exists"}, {"operator": "Gt"}]},
        [
            f'{P}.clusterTolerations[1].operator: Unsupported value: "Gt": supported values: "", "Exists", '
            '"Equal"'
        ],
        id="toleration-compares",
    ),
    pytest.param(
        overflowing("a"),
        [
            f"{P}.clusterAffinities[0].overflowAffinities: Invalid value: "
            '[{"affinityName":"a","clusterNames":["member2"]}]: overflowAffinities is only supported when '
            "replicaScheduling is Divided with Aggregated preference or with dynamic weights"
        ],
        id="overflow-without-capacity",
    ),
    pytest.param(
        overflowing("g", replicaScheduling=AGGREGATED),
        [
            f'{P}.clusterAffinities[0].overflowAffinities[0].affinityName: Invalid value: "g": each overflow '
            "affinity must have a unique name within its affinity term"
        ],
        id="tier-named-like-its-group",
    ),
    pytest.param(
        {
            "workloadAffinity": {
                "affinity": {"groupByLabelKey": "a"},
                "antiAffinity": {"groupByLabelKey": "a"},
            }
        },
        [
            f'{P}.workloadAffinity: Invalid value: {{"affinity":{{"groupByLabelKey":"a"}},"antiAffinity":'
            '{"groupByLabelKey":"a"}}: affinity and antiAffinity must not use the same groupByLabelKey'
        ],
        id="together-and-apart",
    ),
]


@pytest.mark.parametrize(("placement", "expected"), BROKEN)
def test_what_contradicts_itself_is_found(placement: Object, expected: list[str]) -> None:
    assert texts(placement_errors(placement, P)) == expected


def test_a_field_used_twice_is_told_once() -> None:
    constraints = [{"spreadByField": "cluster", "minGroups": 1}] * 3
    found = texts(placement_errors({"spreadConstraints": constraints}, P))
    assert [text.rpartition(": ")[2] for text in found] == [
        "multiple cluster spread constraints are not allowed"
    ]


@pytest.mark.parametrize(
    "placement",
    [
        pytest.param({}, id="empty"),
        pytest.param(overflowing("a", "b", replicaScheduling=AGGREGATED), id="tiers"),
        pytest.param({"clusterTolerations": [{"operator": "Odd"}]}, id="an-operator-nobody-checks"),
    ],
)
def test_a_sound_placement_passes(placement: Object) -> None:
    assert placement_errors(placement, P) == []


def test_no_affinity_has_no_problem() -> None:
    assert affinity_errors(None, "a") == []
