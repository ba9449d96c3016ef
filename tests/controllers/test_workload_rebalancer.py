"""Listed workloads are scheduled again; what became of each is told."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from controllers.workload_rebalancer import (
    WorkloadRebalancerController,
    triggered,
    with_results,
    workloads_to_observe,
)
from karmada.api.groups.apps import WORKLOAD_REBALANCERS, ObservedWorkload, WorkloadRebalancer
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, ResourceBinding
from karmada.api.objects import Object
from karmada.runtime.controller import Controller
from tests.controllers.detector.plane import Plane, eventually, plane
from tests.controllers.running import Neighbours, nothing_is_written, running


def workload(name: str, kind: str = "Deployment", namespace: str = "shop") -> Object:
    given = {"apiVersion": "apps/v1", "kind": kind, "name": name}
    return {**given, "namespace": namespace} if namespace else given


def observed(name: str, result: str = "", reason: str = "") -> Object:
    given = {"workload": workload(name), "result": result, "reason": reason}
    return {key: value for key, value in given.items() if value}


def rebalancer(*names: str, seen: Sequence[Object] = (), **status: Any) -> WorkloadRebalancer:
    return WorkloadRebalancer.from_json(
        {
            "metadata": {"name": "r", "generation": 1},
            "spec": {"workloads": [workload(name) for name in names]},
            "status": {"observedWorkloads": list(seen), **status} if seen or status else {},
        }
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(rebalancer("web", "api"), [("api", ""), ("web", "")], id="new-ones-sorted"),
        pytest.param(rebalancer("web", "web"), [("web", "")], id="each-once"),
        pytest.param(
            rebalancer("web", "api", seen=[observed("web", "Successful")]),
            [("api", ""), ("web", "Successful")],
            id="what-is-done-stays-done",
        ),
        pytest.param(
            rebalancer("api", seen=[observed("web", "Successful"), observed("old", "Failed")]),
            [("api", ""), ("web", "Successful")],
            id="removed-ones-are-remembered-if-they-went-well",
        ),
    ],
)
def test_each_workload_has_one_entry(given: WorkloadRebalancer, expected: list[tuple[str, str]]) -> None:
    found = workloads_to_observe(given)
    assert [(item.workload.name, item.result) for item in found] == expected


def results(*items: Object) -> list[ObservedWorkload]:
    return [ObservedWorkload.from_json(item) for item in items]


@pytest.mark.parametrize(
    ("before", "after", "finished"),
    [
        pytest.param(rebalancer("a"), [observed("a", "Successful")], "now", id="all-done"),
        pytest.param(rebalancer("a"), [observed("a")], None, id="one-is-pending"),
        pytest.param(rebalancer("a"), [observed("a", "Failed", "R")], "now", id="a-failure-is-final"),
        pytest.param(
            rebalancer("a", seen=[observed("a", "Successful")], observedGeneration=1, finishTime="then"),
            [observed("a", "Successful")],
            "then",
            id="nothing-new",
        ),
        pytest.param(
            rebalancer("a", seen=[observed("a", "Successful")], observedGeneration=1),
            [observed("a", "Successful")],
            "now",
            id="finished-but-not-told-yet",
        ),
    ],
)
def test_it_is_finished_when_nothing_is_pending(
    before: WorkloadRebalancer, after: list[Object], finished: str | None
) -> None:
    changed = with_results(before, results(*after), generation=1, now="now")
    assert changed.status.finish_time == finished


def test_the_same_results_are_no_change() -> None:
    seen = [observed("a", "Successful")]
    given = rebalancer("a", seen=seen, observedGeneration=1, finishTime="then")
    assert with_results(given, results(*seen), generation=1, now="now") is given


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, "2026-01-01T12:00:00Z", id="never-marked"),
        pytest.param("2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z", id="marked-earlier"),
        pytest.param("2026-01-01T13:00:00Z", "2026-01-01T13:00:00Z", id="marked-later"),
        pytest.param("2026-01-01T12:00:00Z", "2026-01-01T12:00:00Z", id="marked-by-this-one"),
    ],
)
def test_a_binding_is_marked_with_the_newest_request(before: str | None, after: str) -> None:
    spec = {} if before is None else {"rescheduleTriggeredAt": before}
    given = ResourceBinding.from_json({"spec": spec})
    changed = triggered(given, "2026-01-01T12:00:00Z")
    assert changed.spec.reschedule_triggered_at == after
    assert (changed is given) is (before == after)


def controller(given: Neighbours) -> Sequence[Controller[Any]]:
    return [WorkloadRebalancerController(informers=given.informers, client=given.client, clock=given.clock)]


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    async with plane() as made:
        await made.namespaces("shop")
        yield made


async def bindings(user: Plane) -> None:
    for name in ("web", "api"):
        spec = {"resource": workload(name)}
        await user.create(
            RESOURCE_BINDINGS, {"metadata": {"namespace": "shop", "name": f"{name}-deployment"}, "spec": spec}
        )
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "reader"}
    await user.create(
        CLUSTER_RESOURCE_BINDINGS, {"metadata": {"name": "reader-clusterrole"}, "spec": {"resource": role}}
    )


async def request(user: Plane, *workloads: Object, **spec: Any) -> None:
    spec = {"workloads": list(workloads), **spec}
    await user.create(WORKLOAD_REBALANCERS, {"metadata": {"name": "again"}, "spec": spec})


async def finished(user: Plane) -> WorkloadRebalancer:
    async def look() -> WorkloadRebalancer | None:
        found = await user.get(WORKLOAD_REBALANCERS, "", "again")
        return found if found.status.finish_time else None

    found = await eventually(look, "the request is finished")
    assert found is not None
    return found


async def test_bindings_of_both_scopes_are_marked_and_an_unknown_workload_fails(user: Plane) -> None:
    await bindings(user)
    async with running(user, controller):
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "name": "reader"}
        await request(user, workload("web"), workload("ghost"), role)
        done = await finished(user)
    told = [(item.workload.name, item.result, item.reason) for item in done.status.observed_workloads]
    assert told == [
        ("ghost", "Failed", "ReferencedBindingNotFound"),
        ("web", "Successful", ""),
        ("reader", "Successful", ""),
    ]
    assert done.status.observed_generation == done.metadata.generation
    web = await user.get(RESOURCE_BINDINGS, "shop", "web-deployment")
    reader = await user.get(CLUSTER_RESOURCE_BINDINGS, "", "reader-clusterrole")
    api = await user.get(RESOURCE_BINDINGS, "shop", "api-deployment")
    created = done.metadata.creation_timestamp
    assert [item.spec.reschedule_triggered_at for item in (web, reader, api)] == [created, created, None]


async def test_a_restart_writes_nothing_and_added_workloads_are_done_too(user: Plane) -> None:
    await bindings(user)
    async with running(user, controller):
        await request(user, workload("web"))
        await finished(user)
    versions = await user.versions(WORKLOAD_REBALANCERS, RESOURCE_BINDINGS)
    async with running(user, controller):
        assert await nothing_is_written(user, WORKLOAD_REBALANCERS, RESOURCE_BINDINGS)
        assert await user.versions(WORKLOAD_REBALANCERS, RESOURCE_BINDINGS) == versions
        listed = {"spec": {"workloads": [workload("api")]}}
        await user.patch(WORKLOAD_REBALANCERS, "", "again", listed)

        async def both() -> bool:
            found = await user.get(WORKLOAD_REBALANCERS, "", "again")
            return [item.workload.name for item in found.status.observed_workloads] == ["api", "web"]

        await eventually(both, "api is done, web is remembered")


@pytest.mark.parametrize("seconds", [0, 1])
async def test_a_finished_request_goes_when_its_time_is_over(user: Plane, seconds: int) -> None:
    await bindings(user)
    async with running(user, controller):
        await request(user, workload("web"), ttlSecondsAfterFinished=seconds)

        async def gone() -> bool:
            return not (await user.client.list(WORKLOAD_REBALANCERS)).items

        await eventually(gone, "the request is gone")
    marked = await user.get(RESOURCE_BINDINGS, "shop", "web-deployment")
    assert marked.spec.reschedule_triggered_at
