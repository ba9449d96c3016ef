"""Stabilization, rates and bounds: what becomes of a proposal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controllers.autoscaling.limits import Memory, decided
from karmada.api.groups.autoscaling import FederatedHPASpec

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def spec(low: int = 1, high: int = 100, **behavior: Any) -> FederatedHPASpec:
    given: dict[str, Any] = {"minReplicas": low, "maxReplicas": high}
    return FederatedHPASpec.from_json(given | ({"behavior": behavior} if behavior else {}))


def policy(kind: str, value: int, seconds: int = 60) -> dict[str, Any]:
    return {"type": kind, "value": value, "periodSeconds": seconds}


def memory(*proposals: tuple[int, int]) -> Memory:
    """(seconds ago, replicas)."""
    found = Memory()
    for seconds, replicas in proposals:
        found.propose(replicas, now=NOW - timedelta(seconds=seconds))
    return found


UP_BY_TWO = {"policies": [policy("Pods", 2)], "selectPolicy": "Max"}
DOWN_BY_HALF = {"policies": [policy("Percent", 50)], "stabilizationWindowSeconds": 0}


@pytest.mark.parametrize(
    ("given", "past", "current", "proposed", "replicas", "able", "limited"),
    [
        pytest.param(
            spec(), memory(), 5, 8, 8, "ReadyForNewScale", "DesiredWithinRange", id="a-proposal-is-followed"
        ),
        pytest.param(spec(), memory(), 5, 30, 10, "ReadyForNewScale", "ScaleUpLimit", id="at-most-double"),
        pytest.param(
            spec(), memory(), 1, 9, 4, "ReadyForNewScale", "ScaleUpLimit", id="four-are-always-allowed"
        ),
        pytest.param(
            spec(high=7), memory(), 5, 9, 7, "ReadyForNewScale", "TooManyReplicas", id="the-maximum"
        ),
        pytest.param(spec(low=3), memory(), 5, 1, 3, "ReadyForNewScale", "TooFewReplicas", id="the-minimum"),
        pytest.param(
            spec(),
            memory((200, 6)),
            6,
            2,
            6,
            "ScaleDownStabilized",
            "DesiredWithinRange",
            id="down-waits-for-the-window",
        ),
        pytest.param(
            spec(),
            memory((400, 6)),
            6,
            2,
            2,
            "ReadyForNewScale",
            "DesiredWithinRange",
            id="an-old-proposal-is-over",
        ),
        pytest.param(
            spec(scaleUp=UP_BY_TWO), memory(), 5, 30, 7, "ReadyForNewScale", "ScaleUpLimit", id="up-by-pods"
        ),
        pytest.param(
            spec(scaleDown=DOWN_BY_HALF),
            memory(),
            9,
            1,
            4,
            "ReadyForNewScale",
            "ScaleDownLimit",
            id="down-by-half",
        ),
        pytest.param(
            spec(scaleUp={"policies": [policy("Pods", 1)], "selectPolicy": "Disabled"}),
            memory(),
            5,
            9,
            5,
            "ReadyForNewScale",
            "ScaleUpLimit",
            id="a-disabled-direction",
        ),
        pytest.param(
            spec(scaleUp={**UP_BY_TWO, "stabilizationWindowSeconds": 120}),
            memory((60, 5)),
            5,
            7,
            5,
            "ScaleUpStabilized",
            "DesiredWithinRange",
            id="up-waits-for-its-window",
        ),
        pytest.param(
            spec(scaleUp={"policies": [policy("Pods", 2), policy("Percent", 100)], "selectPolicy": "Min"}),
            memory(),
            5,
            30,
            7,
            "ReadyForNewScale",
            "ScaleUpLimit",
            id="the-narrowest-policy",
        ),
    ],
)
def test_a_proposal_becomes_replicas(
    given: FederatedHPASpec,
    past: Memory,
    current: int,
    proposed: int,
    replicas: int,
    able: str,
    limited: str,
) -> None:
    past.propose(proposed, now=NOW)
    verdict = decided(given, past, current=current, proposed=proposed, now=NOW)
    assert (verdict.replicas, verdict.able[0], verdict.limited[0]) == (replicas, able, limited)


def test_what_was_added_in_the_period_counts_against_the_rate() -> None:
    past = memory()
    past.scaled(5, 7, now=NOW - timedelta(seconds=30))
    past.propose(30, now=NOW)
    given = spec(scaleUp=UP_BY_TWO)
    assert decided(given, past, current=7, proposed=30, now=NOW).replicas == 7
    later = NOW + timedelta(seconds=31)
    assert decided(given, past, current=7, proposed=30, now=later).replicas == 9


def test_what_no_window_reaches_is_forgotten() -> None:
    past = memory((7200, 3), (10, 4))
    past.scaled(1, 3, now=NOW - timedelta(hours=2))
    past.forget(before=NOW - timedelta(hours=1))
    assert ([each.replicas for each in past.proposals], past.added) == ([4], [])
