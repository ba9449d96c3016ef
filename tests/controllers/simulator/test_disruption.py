"""How many pods a PodDisruptionBudget lets go."""

from typing import Any

import pytest

from controllers.simulator.disruption import Unscaled, budget_status, expectation, failed_status, selects
from karmada.api.objects import Object
from tests.controllers.simulator.builders import DAWN, pod

READY = [pod(f"p{number}", labels={"app": "web"}) for number in range(4)]


def budget(*, status: Object | None = None, **spec: Any) -> Object:
    metadata = {"name": "b", "namespace": "default", "generation": 3}
    return {
        "metadata": metadata,
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec},
        "status": status or {},
    }


def replicas_of(pod: Object) -> tuple[str, int]:
    return "owner", 10


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(budget(minAvailable=1), (4, 1), id="a-number-at-least"),
        pytest.param(budget(minAvailable="25%"), (10, 3), id="a-share-at-least-rounds-up"),
        pytest.param(budget(maxUnavailable=3), (10, 7), id="a-number-at-most"),
        pytest.param(budget(maxUnavailable="25%"), (10, 7), id="a-share-at-most-rounds-up"),
        pytest.param(budget(maxUnavailable=50), (10, 0), id="never-below-nothing"),
        pytest.param(budget(), (4, 0), id="no-limit"),
    ],
)
def test_what_is_expected(subject: Object, expected: tuple[int, int]) -> None:
    assert expectation(subject, READY, replicas_of=replicas_of) == expected


def test_a_share_needs_somebody_who_says_how_many() -> None:
    def nobody(pod: Object) -> tuple[str, int]:
        raise Unscaled("nobody")

    assert expectation(budget(minAvailable=2), READY, replicas_of=nobody) == (4, 2)
    with pytest.raises(Unscaled):
        expectation(budget(maxUnavailable=1), READY, replicas_of=nobody)


@pytest.mark.parametrize(
    ("pods", "desired", "healthy", "allowed"),
    [
        pytest.param(READY, 3, 4, 1, id="one-to-spare"),
        pytest.param(READY[:2], 3, 2, 0, id="too-few"),
        pytest.param([*READY[:3], pod("sick", ready=False)], 2, 3, 1, id="not-ready"),
        pytest.param([*READY[:3], pod("leaving", deleting=True)], 2, 3, 1, id="leaving"),
    ],
)
def test_healthy_pods_above_the_limit_may_go(
    pods: list[Object], desired: int, healthy: int, allowed: int
) -> None:
    status = budget_status(budget(), pods, expected=4, desired=desired, now=DAWN)
    assert status == {
        "conditions": [
            {
                "type": "DisruptionAllowed",
                "status": "True" if allowed else "False",
                "reason": "SufficientPods" if allowed else "InsufficientPods",
                "message": "",
                "observedGeneration": 3,
                "lastTransitionTime": DAWN,
            }
        ],
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": 4,
        "observedGeneration": 3,
    }


def test_evictions_under_way_count_until_the_pod_is_gone() -> None:
    before = {"disruptedPods": {"p0": DAWN, "gone": DAWN}}
    status = budget_status(budget(status=before), READY, expected=4, desired=2, now=DAWN)
    assert status["currentHealthy"] == 3
    assert status["disruptedPods"] == {"p0": DAWN}


def test_a_failure_lets_nothing_go_and_keeps_the_numbers() -> None:
    before = {"currentHealthy": 4, "disruptionsAllowed": 2}
    status = failed_status(budget(status=before), "no", now=DAWN)
    assert (status["currentHealthy"], status["disruptionsAllowed"]) == (4, 0)
    assert (status["conditions"][0]["reason"], status["conditions"][0]["message"]) == ("SyncFailed", "no")


def test_an_empty_selector_takes_all_and_none_takes_nothing() -> None:
    assert selects(budget(selector={}), pod())
    assert not selects(budget(selector=None), pod())
