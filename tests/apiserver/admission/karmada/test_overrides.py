"""OverridePolicy and ClusterOverridePolicy: what is filled in, and what is refused."""

from typing import Any

import pytest

from apiserver.admission.karmada.overrides import CLUSTER_RULES, NAMESPACED_RULES, override_errors
from karmada.api.errors import Forbidden
from karmada.api.objects import Object
from tests.apiserver.admission.contexts import admitted, refused, texts

PLAIN = {"plaintext": [{"path": "/data/a", "operator": "add", "value": "b"}]}
R = "spec.overrideRules[0].overriders"
POINTER = 'JSON pointer must be empty or start with a "/"\nJSON pointer error'


def rule(**overriders: Any) -> Object:
    return {"overrideRules": [{"overriders": overriders}]}


def field(**parts: Any) -> Object:
    return rule(fieldOverrider=[{"fieldPath": "/data/a", **parts}])


ADD = {"subPath": "/b", "operator": "add", "value": 1}
BROKEN = [
    pytest.param(
        {**rule(**PLAIN), "overriders": PLAIN},
        [
            "spec.overriders: Invalid value: "
            '{"plaintext":[{"path":"/data/a","operator":"add","value":"b"}]}: '
            "overrideRules and overriders can't co-exist"
        ],
        id="both-forms",
    ),
    pytest.param(
        {**rule(**PLAIN), "targetCluster": {"clusterNames": ["a"]}},
        [
            'spec.targetCluster: Invalid value: {"clusterNames":["a"]}: overrideRules and targetCluster '
            "can't co-exist"
        ],
        id="old-target",
    ),
    pytest.param(
        rule(imageOverrider=[{"predicate": {"path": "spec/image"}}]),
        [f'{R}.imageOverrider[0].predicate.path: Invalid value: "spec/image": ' + POINTER],
        id="image-path",
    ),
    pytest.param(
        field(json=[ADD], yaml=[ADD]),
        [
            f'{R}.fieldOverrider[0]: Invalid value: {{"fieldPath":"/data/a","json":[{{"subPath":"/b",'
            '"operator":"add","value":1}],"yaml":[{"subPath":"/b","operator":"add","value":1}]}: '
            "FieldOverrider has both YAML and JSON set. Only one is allowed"
        ],
        id="json-and-yaml",
    ),
    pytest.param(
        field(),
        [f"{R}.fieldOverrider[0]: Required value: FieldOverrider must have either JSON or YAML set"],
        id="neither",
    ),
    pytest.param(
        field(yaml=[{"subPath": "/b", "operator": "replace"}]),
        [
            f"{R}.fieldOverrider[0].yaml[0].value: Invalid value: null: value is required for add or replace "
            "operation"
        ],
        id="no-value",
    ),
    pytest.param(
        field(json=[{"subPath": "b", "operator": "remove"}]),
        [f'{R}.fieldOverrider[0].json[0].subPath: Invalid value: "b": ' + POINTER],
        id="sub-path",
    ),
    pytest.param(
        rule(labelsOverrider=[{"operator": "add", "value": {"a": "-"}}]),
        [
            f'{R}.labelsOverrider[0].value: Invalid value: "-": a valid label must be an empty string or '
            "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric "
            "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
            "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
        ],
        id="no-label-value",
    ),
]


@pytest.mark.parametrize(("spec", "expected"), BROKEN)
def test_what_contradicts_itself_is_found(spec: Object, expected: list[str]) -> None:
    assert texts(override_errors(spec)) == expected


def test_the_deprecated_overriders_may_hold_field_overriders_beside_rules() -> None:
    fields = {"fieldOverrider": [{"fieldPath": "a"}]}
    assert override_errors({**rule(**PLAIN), "overriders": fields}) == []


def policy(kind: str, spec: Object) -> Object:
    metadata = {"name": "o", "namespace": "shop"} if kind == "OverridePolicy" else {"name": "o"}
    return {"apiVersion": "policy.karmada.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def test_a_namespaced_policy_changes_objects_of_its_namespace() -> None:
    given = policy("OverridePolicy", {"resourceSelectors": [{"apiVersion": "v1", "kind": "ConfigMap"}]})
    spec = admitted(NAMESPACED_RULES, given)["spec"]
    assert spec["resourceSelectors"][0]["namespace"] == "shop"
    assert spec["overriders"] == {}


async def test_a_policy_for_another_namespace_is_refused() -> None:
    selector = {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "elsewhere"}
    text = (
        'admission webhook "overridepolicy.karmada.io" denied the request: '
        r'spec.resourceSelectors\[0\].namespace: Invalid value: "elsewhere"'
    )
    with pytest.raises(Forbidden, match=text):
        await refused(NAMESPACED_RULES, policy("OverridePolicy", {"resourceSelectors": [selector]}))


async def test_a_cluster_policy_is_refused_in_its_own_name_and_selects_anywhere() -> None:
    selector = {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "elsewhere"}
    await refused(CLUSTER_RULES, policy("ClusterOverridePolicy", {"resourceSelectors": [selector]}))
    with pytest.raises(Forbidden, match=r'admission webhook "clusteroverridepolicy\.karmada\.io" denied'):
        await refused(CLUSTER_RULES, policy("ClusterOverridePolicy", field()))
