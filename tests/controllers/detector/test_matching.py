"""Which policy wins a template."""

import pytest

from controllers.detector.matching import lookup_keys, matches, selector_keys, winner
from karmada.api.groups.policy import PropagationPolicy
from karmada.api.objects import Object
from tests.controllers.detector.builders import deployment, policy

ALL = {"apiVersion": "apps/v1", "kind": "Deployment"}
BY_NAME = {**ALL, "name": "web"}
BY_LABEL = {**ALL, "labelSelector": {"matchLabels": {"app": "web"}}}
WEB = deployment(labels={"app": "web"})


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param(ALL, True, id="kind-alone"),
        pytest.param(BY_NAME, True, id="name"),
        pytest.param({**ALL, "name": "other"}, False, id="other-name"),
        pytest.param({**BY_LABEL, "name": "other"}, False, id="name-makes-labels-irrelevant"),
        pytest.param({**BY_LABEL, "name": "web"}, True, id="name-and-labels"),
        pytest.param(BY_LABEL, True, id="labels"),
        pytest.param({**ALL, "labelSelector": {"matchLabels": {"app": "db"}}}, False, id="other-labels"),
        pytest.param({**ALL, "labelSelector": {}}, True, id="empty-label-selector"),
        pytest.param(
            {**ALL, "labelSelector": {"matchExpressions": [{"key": "app", "operator": "Near"}]}},
            False,
            id="invalid-label-selector-never-matches",
        ),
        pytest.param({**ALL, "namespace": "shop"}, True, id="namespace"),
        pytest.param({**ALL, "namespace": "bank"}, False, id="other-namespace"),
        pytest.param({**ALL, "apiVersion": "apps/v1beta1"}, False, id="other-version"),
        pytest.param({**ALL, "kind": "StatefulSet"}, False, id="other-kind"),
    ],
)
def test_a_selector_means_what_it_says(selector: Object, expected: bool) -> None:
    assert matches(policy("p", selector), WEB) is expected


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param([policy("a", {**ALL, "name": "other"})], None, id="none-that-matches"),
        pytest.param([policy("low", priority=5), policy("high", priority=10)], "high", id="higher-priority"),
        pytest.param([policy("b"), policy("a"), policy("c")], "a", id="alphabetically-first"),
        pytest.param([policy("a", BY_LABEL), policy("b", BY_NAME)], "b", id="name-over-label"),
        pytest.param([policy("a"), policy("b", BY_LABEL)], "b", id="label-over-all"),
        pytest.param(
            [policy("a", priority=1), policy("b", BY_NAME)], "a", id="explicit-priority-over-precision"
        ),
        pytest.param(
            [policy("neg", BY_NAME, priority=-1), policy("zero")], "zero", id="absent-priority-is-zero"
        ),
        pytest.param([policy("a", ALL, BY_NAME), policy("b", BY_LABEL)], "a", id="best-selector-counts"),
    ],
)
def test_the_winner_is_the_most_important_then_most_precise_then_first(
    policies: list[PropagationPolicy], expected: str | None
) -> None:
    for order in (policies, policies[::-1]):
        found = winner(order, WEB)
        assert (found and found.metadata.name) == expected


def test_a_policy_that_is_being_deleted_wins_nothing() -> None:
    dying = policy("a")
    dying = dying.model_copy(
        update={"metadata": dying.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})}
    )
    assert winner([dying], WEB) is None


@pytest.mark.parametrize(
    ("selector", "namespace"),
    [
        pytest.param(ALL, "shop", id="namespaced-kind"),
        pytest.param(BY_NAME, "shop", id="namespaced-name"),
        pytest.param(BY_LABEL, "shop", id="namespaced-labels"),
        pytest.param(ALL, "", id="cluster-kind"),
        pytest.param({**BY_NAME, "namespace": "shop"}, "", id="cluster-name-and-namespace"),
        pytest.param(BY_NAME, "", id="cluster-name-in-any-namespace"),
    ],
)
def test_the_index_finds_every_policy_that_matches(selector: Object, namespace: str) -> None:
    found = policy("p", selector, namespace=namespace)
    assert matches(found, WEB)
    assert selector_keys(found) & set(lookup_keys(WEB))


def test_a_cluster_scoped_template_is_looked_up_without_a_namespace() -> None:
    role = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    found = policy("p", {"apiVersion": "v1", "kind": "Namespace", "name": "shop"}, namespace="")
    assert selector_keys(found) & set(lookup_keys(role))
