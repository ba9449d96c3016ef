"""Which webhooks a request concerns. Tables."""

from typing import Any

import pytest

from apiserver.admission.webhooks.matching import Hook, Subject, Target, hooks_of, is_exempt
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.objects import Object

DEPLOYMENTS = GroupVersionResource("apps", "v1", "deployments")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
OLDER = Target(DEPLOYMENTS._replace(version="v1beta1"), DEPLOYMENT._replace(version="v1beta1"))


def hook(*rules: Object, **fields: Any) -> Hook:
    given = {"name": "a.b.test", "rules": list(rules), **fields}
    return hooks_of([{"metadata": {"name": "c"}, "webhooks": [given]}], "validating")[0]


def rule(**parts: Any) -> Object:
    stock = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}
    return {**stock, **parts}


def subject(operation: str = "CREATE", *, subresource: str = "", namespaced: bool = True) -> Subject:
    return Subject(operation, DEPLOYMENTS, DEPLOYMENT, subresource, namespaced)


@pytest.mark.parametrize(
    ("given", "about", "matches"),
    [
        pytest.param(rule(), subject(), True, id="everything"),
        pytest.param(rule(operations=["CREATE"]), subject("DELETE"), False, id="other-operation"),
        pytest.param(rule(apiGroups=["batch"]), subject(), False, id="other-group"),
        pytest.param(rule(apiVersions=["v2"]), subject(), False, id="other-version"),
        pytest.param(rule(resources=["pods"]), subject(), False, id="other-resource"),
        pytest.param(rule(), subject(subresource="scale"), False, id="star-is-no-subresource"),
        pytest.param(rule(resources=["*/*"]), subject(subresource="scale"), True, id="every-subresource"),
        pytest.param(rule(resources=["*/scale"]), subject(subresource="scale"), True, id="one-everywhere"),
        pytest.param(rule(resources=["*/scale"]), subject(), False, id="only-the-subresource"),
        pytest.param(rule(resources=["deployments/*"]), subject(), True, id="slash-star-and-the-resource"),
        pytest.param(rule(scope="Cluster"), subject(), False, id="cluster-scope"),
        pytest.param(rule(scope="Cluster"), subject(namespaced=False), True, id="of-the-cluster"),
        pytest.param(rule(scope="Namespaced"), subject(), True, id="namespaced"),
    ],
)
def test_a_rule_covers(given: Object, about: Subject, *, matches: bool) -> None:
    assert (hook(given).target(about, ()) is not None) is matches


def test_the_version_of_the_request_is_preferred_to_an_equivalent_one() -> None:
    either = hook(rule(apiVersions=["v1beta1"]), rule(apiVersions=["v1"]))
    assert either.target(subject(), [OLDER]) == Target(DEPLOYMENTS, DEPLOYMENT)


def test_an_equivalent_version_matches_unless_the_policy_is_exact() -> None:
    only = rule(apiVersions=["v1beta1"])
    assert hook(only).target(subject(), [OLDER]) == OLDER
    assert hook(only, matchPolicy="Exact").target(subject(), [OLDER]) is None


@pytest.mark.parametrize(
    ("obj", "old", "matches"),
    [
        pytest.param({"a": "b"}, None, True, id="new"),
        pytest.param({}, {"a": "b"}, True, id="old"),
        pytest.param({}, {}, False, id="neither"),
        pytest.param(None, None, False, id="no-object"),
    ],
)
def test_an_object_selector_looks_at_both(obj: Object | None, old: Object | None, *, matches: bool) -> None:
    def labelled(labels: Object | None) -> Object | None:
        return None if labels is None else {"metadata": {"labels": labels}}

    selecting = hook(rule(), objectSelector={"matchLabels": {"a": "b"}})
    assert selecting.selects(labelled(obj), labelled(old)) is matches
    assert hook(rule()).selects(None, None)


def test_webhooks_are_asked_by_configuration_then_as_written() -> None:
    configurations = [
        {"metadata": {"name": name}, "webhooks": [{"name": f"{name}2"}, {"name": f"{name}1"}]}
        for name in ("b", "a")
    ]
    assert [each.name for each in hooks_of(configurations, "mutating")] == ["a2", "a1", "b2", "b1"]


def test_admission_configurations_are_exempt() -> None:
    group = "admissionregistration.k8s.io"
    assert is_exempt(GroupVersionResource(group, "v1", "mutatingwebhookconfigurations"))
    assert not is_exempt(DEPLOYMENTS)
