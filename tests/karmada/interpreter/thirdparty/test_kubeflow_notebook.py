"""Kubeflow notebooks."""

from typing import Any

import pytest

from karmada.api.objects import Object
from karmada.interpreter.thirdparty.kubeflow_notebook import KINDS
from tests.karmada.interpreter.thirdparty.samples import (
    EARLY,
    LATER,
    POD_NEEDS,
    items,
    kind,
    observed,
    template,
)

GVK = kind("Notebook")
RULES = KINDS[GVK]
NOW = "2026-03-02T00:00:00Z"


def running(since: str) -> Object:
    return {"readyReplicas": 1, "containerState": {"running": {"startedAt": since}}}


CRASHED: Object = {"containerState": {"terminated": {"reason": "Error", "exitCode": 1}}}
WAITING: Object = {"containerState": {"waiting": {"reason": "ImagePullBackOff"}}}


def aggregated(*statuses: Object | None, before: Object | None = None, now: str = NOW) -> Any:
    return RULES.aggregate(template(GVK, status=before or {}), items(*statuses), now)


def test_a_notebook_is_one_pod() -> None:
    replicas, needs = RULES.replicas(template(GVK))
    assert needs is not None
    assert (replicas, needs.to_json()) == (1, POD_NEEDS)
    assert RULES.replicas(template(GVK, spec=None)) == (1, None)


@pytest.mark.parametrize(
    ("status", "healthy"),
    [
        pytest.param(running(EARLY), True, id="runs"),
        pytest.param({"containerState": {"waiting": {"reason": "ContainerCreating"}}}, True, id="starts"),
        pytest.param(WAITING, False, id="waits-for-an-image"),
        pytest.param(CRASHED, False, id="crashed"),
        pytest.param({"containerState": {"terminated": {"reason": "Completed"}}}, True, id="was-stopped"),
        pytest.param({"containerState": {"terminated": {"reason": "OOMKilled"}}}, False, id="too-large"),
        pytest.param({"containerState": {}}, False, id="nothing-is-known"),
        pytest.param(None, False, id="no-status"),
    ],
)
def test_health(status: Any, healthy: bool) -> None:
    assert RULES.healthy(observed(GVK, status=status)) is healthy


def test_members_send_three_fields() -> None:
    assert RULES.reflect(observed(GVK, status={**running(EARLY), "other": 1})) == {
        **running(EARLY),
        "conditions": [],
    }
    assert RULES.reflect(template(GVK)) == {}


def test_one_member_is_copied_and_none_changes_nothing() -> None:
    assert aggregated(CRASHED) == CRASHED
    assert aggregated() is None


@pytest.mark.parametrize(
    ("statuses", "state", "said"),
    [
        pytest.param(
            [running(LATER), running(EARLY)],
            running(LATER)["containerState"],
            ["Ready: All notebooks are ready"],
            id="all-run-the-latest-start-is-shown",
        ),
        pytest.param([running(EARLY), None], running(EARLY)["containerState"], [], id="one-says-nothing"),
        pytest.param(
            [CRASHED, running(EARLY), WAITING],
            WAITING["containerState"],
            ["Failed: Notebook executed failed in member clusters: member1, member3"],
            id="the-last-that-does-not-run-is-shown",
        ),
        pytest.param(
            [running(EARLY), {"containerState": {}}],
            {"waiting": {"reason": "Unschedulable"}},
            ["Failed: Notebook executed failed in member clusters: member2"],
            id="no-container-at-all",
        ),
    ],
)
def test_several_members(statuses: list[Object | None], state: Object, said: list[str]) -> None:
    status = aggregated(*statuses)
    assert status["containerState"] == state
    assert [f"{each['type']}: {each['message']}" for each in status["conditions"]] == said
    assert status["readyReplicas"] == sum(1 for each in statuses if each and "readyReplicas" in each)


def test_times_stay_while_nothing_changes() -> None:
    first = aggregated(CRASHED, CRASHED)
    assert aggregated(CRASHED, CRASHED, before=first, now=LATER) == first
