"""The actions a cluster is asked for follow from Remedies and its conditions."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from controllers.remedy import RemedyController, remedy_actions
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.remedy import REMEDIES, Remedy
from karmada.api.objects import Object
from karmada.runtime.controller import Controller
from tests.controllers.detector.plane import Plane, eventually, plane
from tests.controllers.running import Neighbours, cluster, nothing_is_written, running, status


def remedy(*actions: str, **spec: Any) -> Remedy:
    return Remedy.from_json({"metadata": {"name": "r"}, "spec": {"actions": list(actions), **spec}})


def on(condition: str, operator: str, value: str) -> Object:
    match = {"conditionType": condition, "operator": operator, "conditionStatus": value}
    return {"clusterConditionMatch": match}


BROKEN_DNS = Cluster.from_json(
    {
        "metadata": {"name": "member1"},
        "status": {"conditions": [{"type": "ServiceDomainNameResolutionReady", "status": "False"}]},
    }
)
DNS = "ServiceDomainNameResolutionReady"


@pytest.mark.parametrize(
    ("remedies", "expected"),
    [
        pytest.param([remedy("TrafficControl")], ["TrafficControl"], id="without-decisions-always"),
        pytest.param([remedy("b", "a"), remedy("a", "c")], ["a", "b", "c"], id="each-once-sorted"),
        pytest.param([remedy("a", clusterAffinity={"clusterNames": ["member1"]})], ["a"], id="this-cluster"),
        pytest.param([remedy("a", clusterAffinity={"clusterNames": ["member2"]})], [], id="another-cluster"),
        pytest.param([remedy("a", clusterAffinity={})], [], id="no-cluster"),
        pytest.param([remedy("a", decisionMatches=[on(DNS, "Equal", "False")])], ["a"], id="equal"),
        pytest.param([remedy("a", decisionMatches=[on(DNS, "Equal", "True")])], [], id="not-that"),
        pytest.param([remedy("a", decisionMatches=[on(DNS, "NotEqual", "True")])], ["a"], id="not-equal"),
        pytest.param([remedy("a", decisionMatches=[on("Ready", "NotEqual", "True")])], [], id="absent"),
        pytest.param([remedy("a", decisionMatches=[{}])], [], id="a-decision-that-says-nothing"),
        pytest.param(
            [remedy("a", decisionMatches=[on(DNS, "Equal", "True"), on(DNS, "Equal", "False")])],
            ["a"],
            id="one-of-several-is-enough",
        ),
    ],
)
def test_remedies_that_fire_add_their_actions(remedies: list[Remedy], expected: list[str]) -> None:
    assert remedy_actions(remedies, BROKEN_DNS) == expected


def controller(given: Neighbours) -> Sequence[Controller[Any]]:
    return [
        RemedyController(
            clusters=given.informers.ensure(CLUSTERS),
            remedies=given.informers.ensure(REMEDIES),
            client=given.client,
        )
    ]


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    async with plane() as made:
        yield made


async def until(user: Plane, name: str, expected: list[str] | None) -> None:
    async def look() -> bool:
        found = await user.get(CLUSTERS, "", name)
        return found.status.to_json().get("remedyActions") == expected

    await eventually(look, f"{name} is asked for {expected}")


async def test_an_action_comes_and_goes_with_its_remedy(user: Plane) -> None:
    for name in ("member1", "member2"):
        await cluster(user, name)
    async with running(user, controller):
        await user.create(
            REMEDIES,
            {
                "metadata": {"name": "r"},
                "spec": {"actions": ["TrafficControl"], "clusterAffinity": {"clusterNames": ["member2"]}},
            },
        )
        await until(user, "member2", ["TrafficControl"])
        await until(user, "member1", None)
        await user.patch(REMEDIES, "", "r", {"spec": {"clusterAffinity": {"clusterNames": ["member1"]}}})
        await until(user, "member1", ["TrafficControl"])
        await until(user, "member2", None)
        await user.delete(REMEDIES, "", "r")
        await until(user, "member1", None)


async def test_it_follows_the_conditions_and_repairs_what_others_wrote(user: Plane) -> None:
    await cluster(user, "member1")
    spec = {"actions": ["TrafficControl"], "decisionMatches": [on(DNS, "Equal", "False")]}
    await user.create(REMEDIES, {"metadata": {"name": "r"}, "spec": spec})
    async with running(user, controller):
        condition = {"type": DNS, "reason": "R", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        await status(user, CLUSTERS, "", "member1", {"conditions": [{**condition, "status": "False"}]})
        await until(user, "member1", ["TrafficControl"])
        await status(user, CLUSTERS, "", "member1", {"remedyActions": ["Other"]})
        await until(user, "member1", ["TrafficControl"])
        await status(user, CLUSTERS, "", "member1", {"conditions": [{**condition, "status": "True"}]})
        await until(user, "member1", None)


async def test_a_restart_writes_nothing_and_catches_up_with_what_was_missed(user: Plane) -> None:
    await cluster(user, "member1")
    await user.create(REMEDIES, {"metadata": {"name": "r"}, "spec": {"actions": ["TrafficControl"]}})
    async with running(user, controller):
        await until(user, "member1", ["TrafficControl"])
    versions = await user.versions(CLUSTERS)
    async with running(user, controller):
        assert await nothing_is_written(user, CLUSTERS)
    assert await user.versions(CLUSTERS) == versions
    await user.delete(REMEDIES, "", "r")
    async with running(user, controller):
        await until(user, "member1", None)
