"""The running controllers: copies leave clusters, and their tasks end."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from controllers.failover.application import ApplicationFailoverController
from controllers.failover.graceful import GracefulEvictionController, GracefulEvictionOptions
from controllers.failover.taint_manager import TaintManager, TaintManagerOptions
from controllers.failover.taint_policies import ClusterTaintPolicyController
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.policy import CLUSTER_TAINT_POLICIES
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, ResourceBinding
from karmada.api.gvk import Resource
from karmada.api.objects import Object
from karmada.runtime.controller import Controller
from tests.controllers.detector.plane import Plane, eventually, plane
from tests.controllers.running import (
    Neighbours,
    cluster,
    event_reasons,
    nothing_is_written,
    running,
    status,
)

SCOPES = (RESOURCE_BINDINGS, CLUSTER_RESOURCE_BINDINGS)


def graceful(given: Neighbours) -> Sequence[Controller[Any]]:
    return [
        GracefulEvictionController(
            bindings=given.informers.ensure(scope),
            client=given.client,
            recorder=given.recorder,
            options=GracefulEvictionOptions(timeout_seconds=60),
            clock=given.clock,
        )
        for scope in SCOPES
    ]


def application(given: Neighbours) -> Sequence[Controller[Any]]:
    return [
        ApplicationFailoverController(
            bindings=given.informers.ensure(scope),
            interpreter=given.interpreter,
            client=given.client,
            recorder=given.recorder,
            clock=given.clock,
        )
        for scope in SCOPES
    ]


def taints(**options: Any) -> Callable[[Neighbours], Sequence[Controller[Any]]]:
    settings = TaintManagerOptions(**{"enable_no_execute_taint_eviction": True, **options})

    def make(given: Neighbours) -> Sequence[Controller[Any]]:
        return [
            TaintManager(
                bindings=given.informers.ensure(scope),
                clusters=given.informers.ensure(CLUSTERS),
                client=given.client,
                recorder=given.recorder,
                options=settings,
                clock=given.clock,
            )
            for scope in SCOPES
        ]

    return make


def taint_policies(given: Neighbours) -> Sequence[Controller[Any]]:
    return [
        ClusterTaintPolicyController(
            clusters=given.informers.ensure(CLUSTERS),
            policies=given.informers.ensure(CLUSTER_TAINT_POLICIES),
            client=given.client,
            recorder=given.recorder,
            clock=given.clock,
        )
    ]


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    async with plane() as made:
        await made.namespaces("shop")
        yield made


@pytest.fixture(params=SCOPES, ids=["resource-binding", "cluster-resource-binding"])
def scope(request: pytest.FixtureRequest) -> Resource[ResourceBinding]:
    found: Resource[ResourceBinding] = request.param
    return found


async def made(user: Plane, scope: Resource[ResourceBinding], *clusters: str, **spec: Any) -> None:
    """The binding `web` that was scheduled to clusters."""
    namespaced = {"namespace": "shop"} if scope.namespaced else {}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", **namespaced}
    await user.create(
        scope,
        {
            "metadata": {"name": "web", **namespaced},
            "spec": {
                "resource": reference,
                "clusters": [{"name": name, "replicas": 1} for name in clusters],
                **spec,
            },
        },
    )


async def got(user: Plane, scope: Resource[ResourceBinding]) -> ResourceBinding:
    return await user.get(scope, "shop" if scope.namespaced else "", "web")


async def until(
    user: Plane, scope: Resource[ResourceBinding], holds: Callable[[ResourceBinding], object], what: str
) -> ResourceBinding:
    async def look() -> ResourceBinding | None:
        found = await got(user, scope)
        return found if holds(found) else None

    found = await eventually(look, what)
    assert found is not None
    return found


async def health(user: Plane, scope: Resource[ResourceBinding], **clusters: str) -> None:
    """What the members say, and that the scheduler has seen the binding as it is."""
    generation = (await got(user, scope)).metadata.generation
    items = [{"clusterName": name, "health": value, "applied": True} for name, value in clusters.items()]
    found = {"schedulerObservedGeneration": generation, "aggregatedStatus": items}
    await status(user, scope, "shop" if scope.namespaced else "", "web", found)


def task(cluster: str, **fields: Any) -> Object:
    return {"fromCluster": cluster, "producer": "p", "reason": "R", "purgeMode": "Gracefully", **fields}


def leaving(found: ResourceBinding) -> list[str]:
    return [item.from_cluster for item in found.spec.graceful_eviction_tasks]


async def test_a_task_begins_and_ends_when_the_new_copy_is_healthy(
    user: Plane, scope: Resource[ResourceBinding]
) -> None:
    async with running(user, graceful):
        await made(user, scope, "member2", gracefulEvictionTasks=[task("member1")])
        await until(
            user,
            scope,
            lambda found: found.spec.graceful_eviction_tasks[0].creation_timestamp,
            "the task has a beginning",
        )
        assert await nothing_is_written(user, scope)
        await health(user, scope, member2="Healthy")
        await until(user, scope, lambda found: not leaving(found), "the task has ended")
        if scope.namespaced:

            async def told() -> bool:
                return ("web", "EvictWorkloadFromClusterSucceed") in await event_reasons(user, "shop")

            await eventually(told, "the user is told")


async def test_a_task_ends_when_its_time_is_over(user: Plane) -> None:
    async with running(user, graceful):
        await made(
            user, RESOURCE_BINDINGS, "member2", gracefulEvictionTasks=[task("member1", gracePeriodSeconds=1)]
        )
        await until(user, RESOURCE_BINDINGS, lambda found: not leaving(found), "the task has ended")


async def test_a_task_that_suppresses_deletion_waits_for_the_user(user: Plane) -> None:
    async with running(user, graceful):
        kept = task("member1", suppressDeletion=True, creationTimestamp="2020-01-01T00:00:00Z")
        await made(user, RESOURCE_BINDINGS, "member2", gracefulEvictionTasks=[kept])
        await health(user, RESOURCE_BINDINGS, member2="Healthy")
        assert await nothing_is_written(user, RESOURCE_BINDINGS)
        agreed = {"spec": {"gracefulEvictionTasks": [{**kept, "suppressDeletion": False}]}}
        await user.patch(RESOURCE_BINDINGS, "shop", "web", agreed)
        await until(user, RESOURCE_BINDINGS, lambda found: not leaving(found), "the task has ended")


def failover(seconds: int = 0, **fields: Any) -> Object:
    return {"application": {"decisionConditions": {"tolerationSeconds": seconds}, **fields}}


async def test_an_unhealthy_application_leaves_its_cluster(
    user: Plane, scope: Resource[ResourceBinding]
) -> None:
    async with running(user, application):
        wanted = failover(1, purgeMode="Gracefully", gracePeriodSeconds=600)
        await made(user, scope, "member1", "member2", propagateDeps=True, failover=wanted)
        await health(user, scope, member1="Unhealthy", member2="Healthy")
        found = await until(user, scope, leaving, "member1 is left")
    assert [item.name for item in found.spec.clusters] == ["member2"]
    (made_task,) = found.spec.graceful_eviction_tasks
    prefix = "resource" if scope.namespaced else "cluster-resource"
    assert made_task.to_json() == {
        "fromCluster": "member1",
        "purgeMode": "Gracefully",
        "reason": "ApplicationFailure",
        "producer": f"{prefix}-binding-application-failover-controller",
        "gracePeriodSeconds": 600,
        "replicas": 1,
    }


@pytest.mark.parametrize(
    ("spec", "reported"),
    [
        pytest.param({"propagateDeps": True, "failover": failover()}, "Unknown", id="health-is-unknown"),
        pytest.param({"failover": failover()}, "Unhealthy", id="what-it-needs-would-stay"),
        pytest.param({"propagateDeps": True}, "Unhealthy", id="no-failover-asked-for"),
    ],
)
async def test_an_application_stays_where_it_is(user: Plane, spec: Object, reported: str) -> None:
    async with running(user, application):
        await made(user, RESOURCE_BINDINGS, "member1", **spec)
        await health(user, RESOURCE_BINDINGS, member1=reported)
        assert await nothing_is_written(user, RESOURCE_BINDINGS)


async def test_never_purging_means_that_the_user_decides(user: Plane) -> None:
    async with running(user, application):
        await made(
            user, RESOURCE_BINDINGS, "member1", propagateDeps=True, failover=failover(purgeMode="Never")
        )
        await health(user, RESOURCE_BINDINGS, member1="Unhealthy")
        found = await until(user, RESOURCE_BINDINGS, leaving, "member1 is left")
    (made_task,) = found.spec.graceful_eviction_tasks
    assert (made_task.suppress_deletion, made_task.grace_period_seconds) == (True, None)


async def tainted(user: Plane, name: str, *keys: str) -> None:
    given = [{"key": key, "effect": "NoExecute"} for key in keys]
    await user.patch(CLUSTERS, "", name, {"spec": {"taints": given or None}})


async def test_what_does_not_tolerate_the_taints_leaves(
    user: Plane, scope: Resource[ResourceBinding]
) -> None:
    for name in ("member1", "member2"):
        await cluster(user, name)
    await made(user, scope, "member1", "member2")
    async with running(user, taints()):
        assert await nothing_is_written(user, scope)
        await tainted(user, "member1", "bad")
        found = await until(user, scope, leaving, "member1 is left")
    assert [item.name for item in found.spec.clusters] == ["member2"]
    (made_task,) = found.spec.graceful_eviction_tasks
    assert made_task.to_json() == {
        "fromCluster": "member1",
        "purgeMode": "Gracefully",
        "reason": "TaintUntolerated",
        "producer": "TaintManager",
        "replicas": 1,
    }


async def test_a_binding_that_comes_to_a_tainted_cluster_leaves_too(user: Plane) -> None:
    await cluster(user, "member1")
    await tainted(user, "member1", "bad")
    async with running(user, taints(purge_mode="Directly")):
        await made(user, RESOURCE_BINDINGS, "member1", failover={"cluster": {"purgeMode": "Gracefully"}})
        found = await until(user, RESOURCE_BINDINGS, leaving, "member1 is left")
    assert found.spec.graceful_eviction_tasks[0].purge_mode == "Gracefully"


async def test_what_tolerates_the_taint_for_a_while_stays_so_long(user: Plane) -> None:
    await cluster(user, "member1")
    toleration = {"key": "bad", "operator": "Exists", "tolerationSeconds": 2}
    await made(user, RESOURCE_BINDINGS, "member1", placement={"clusterTolerations": [toleration]})
    async with running(user, taints(purge_mode="Directly")):
        await tainted(user, "member1", "bad")
        assert await nothing_is_written(user, RESOURCE_BINDINGS)
        found = await until(user, RESOURCE_BINDINGS, leaving, "member1 is left")
    assert found.spec.graceful_eviction_tasks[0].purge_mode == "Directly"


async def test_unless_it_is_turned_on_nothing_is_evicted(user: Plane) -> None:
    await cluster(user, "member1")
    await made(user, RESOURCE_BINDINGS, "member1")
    async with running(user, taints(enable_no_execute_taint_eviction=False)):
        await tainted(user, "member1", "bad")
        assert await nothing_is_written(user, RESOURCE_BINDINGS)


async def test_evictions_keep_the_pace_and_a_taint_that_goes_evicts_no_more(user: Plane) -> None:
    await cluster(user, "member1")
    for number in range(6):
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": f"d{number}"}
        await user.create(
            RESOURCE_BINDINGS,
            {
                "metadata": {"namespace": "shop", "name": f"d{number}"},
                "spec": {"resource": reference, "clusters": [{"name": "member1"}]},
            },
        )

    async def left() -> int:
        items = (await user.client.list(RESOURCE_BINDINGS)).items
        return sum(1 for item in items if item.spec.graceful_eviction_tasks)

    async def first_two() -> bool:
        return await left() == 2  # one for each of the two workers

    async with running(user, taints(resource_eviction_rate=0.0)):
        await tainted(user, "member1", "bad")
        await eventually(first_two, "two have left")
        assert await nothing_is_written(user, RESOURCE_BINDINGS)
        await tainted(user, "member1")
    assert await left() == 2


async def test_taints_follow_the_conditions_as_policies_say(user: Plane) -> None:
    await cluster(user, "member1")
    spec = {
        "taints": [{"key": "dns", "effect": "NoSchedule"}],
        "addOnConditions": [{"conditionType": "Dns", "operator": "In", "statusValues": ["False"]}],
        "removeOnConditions": [{"conditionType": "Dns", "operator": "In", "statusValues": ["True"]}],
    }

    async def dns(value: str, keys: list[str]) -> None:
        condition = {
            "type": "Dns",
            "reason": "R",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        await status(user, CLUSTERS, "", "member1", {"conditions": [{**condition, "status": value}]})

        async def look() -> bool:
            found = await user.get(CLUSTERS, "", "member1")
            return [item.key for item in found.spec.taints] == keys

        await eventually(look, f"the taints are {keys}")

    async with running(user, taint_policies):
        await user.create(CLUSTER_TAINT_POLICIES, {"metadata": {"name": "p"}, "spec": spec})
        await dns("False", ["dns"])
        await dns("True", [])
        await dns("False", ["dns"])
    versions = await user.versions(CLUSTERS)
    async with running(user, taint_policies):
        assert await nothing_is_written(user, CLUSTERS)
    assert await user.versions(CLUSTERS) == versions
