"""Each policy hears why it wins or loses; the winner is the detector's."""

import pytest

from karmada.api.groups.policy import PropagationPolicy
from karmada.cli.journey.policies import mismatch, policy_verdicts, winning_policy
from tests.karmada.cli.journey.worlds import ALL_DEPLOYMENTS, WEB, policy, template, world


@pytest.mark.parametrize(
    ("namespaced", "cluster_wide", "told"),
    [
        pytest.param(
            [policy("a"), policy("b")],
            [],
            {
                "a": "selects it by name, priority 0",
                "b": "selects it by name, priority 0; a comes first in the alphabet",
            },
            id="the-alphabet",
        ),
        pytest.param(
            [policy("a"), policy("b", priority=2)],
            [],
            {"b": "selects it by name, priority 2", "a": "selects it by name, priority 0; b has priority 2"},
            id="priority",
        ),
        pytest.param(
            [policy("a", ALL_DEPLOYMENTS), policy("b")],
            [],
            {
                "b": "selects it by name, priority 0",
                "a": "selects it by kind, priority 0; b selects it by name, which is more precise",
            },
            id="precision",
        ),
        pytest.param(
            [policy("n", ALL_DEPLOYMENTS)],
            [policy("c", namespace="", priority=9)],
            {
                "n": "selects it by kind, priority 0",
                "c": "selects it by name, priority 9; a namespaced policy goes first",
            },
            id="the-namespace-first",
        ),
    ],
)
def test_the_winner_comes_first_and_the_others_learn_why(
    namespaced: list[PropagationPolicy], cluster_wide: list[PropagationPolicy], told: dict[str, str]
) -> None:
    made = world(namespaced_policies=namespaced, cluster_policies=cluster_wide)
    found = policy_verdicts(made)
    assert {verdict.name: verdict.reason for verdict in found} == told
    best = winning_policy(made)
    assert best is not None
    assert [verdict.name for verdict in found if verdict.wins] == [best.metadata.name] == [found[0].name]


@pytest.mark.parametrize(
    ("selector", "reason"),
    [
        ({"apiVersion": "v1", "kind": "Secret"}, "selects Secret, not Deployment"),
        ({**WEB, "apiVersion": "apps/v2"}, "selects Deployment of apps/v2, not of apps/v1"),
        ({**WEB, "namespace": "else"}, "selects in namespace else"),
        ({**WEB, "name": "other"}, 'selects Deployment "other", not "web"'),
        (
            {**ALL_DEPLOYMENTS, "labelSelector": {"matchLabels": {"app": "db"}}},
            "its label selector app=db does not match; the labels are: app=web",
        ),
    ],
)
def test_what_does_not_match_is_told_by_what_differs_first(selector: dict[str, object], reason: str) -> None:
    made = policy("p", selector)
    assert mismatch(made.spec.resource_selectors, template()) == reason
    assert [verdict.matches for verdict in policy_verdicts(world(namespaced_policies=[made]))] == [False]


def test_the_holder_is_marked_even_when_another_would_win() -> None:
    held = template(
        labels={"propagationpolicy.karmada.io/permanent-id": "id"},
        annotations={
            "propagationpolicy.karmada.io/name": "b",
            "propagationpolicy.karmada.io/namespace": "shop",
        },
    )
    found = policy_verdicts(world(template=held, namespaced_policies=[policy("a"), policy("b")]))
    assert [(verdict.name, verdict.wins, verdict.holds) for verdict in found] == [
        ("a", True, False),
        ("b", False, True),
    ]
