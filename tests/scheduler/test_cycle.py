"""The scheduler against a real API server: what it writes, and when it writes nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest

from apiserver.app import ServerOptions, serve
from karmada.api.conditions import find_condition
from karmada.api.errors import AlreadyExists, Forbidden
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import EVENTS, NAMESPACES, SERVICES
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, ResourceBinding
from karmada.api.gvk import ObjectKey, Resource
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Change, Informer
from karmada.client.kubeconfig import Access
from karmada.client.leases import LeaderElectionOptions
from scheduler.main import SchedulerOptions, run
from tests.scheduler.accurate.test_client import service
from tests.scheduler.build import AGGREGATED, DUPLICATED, DYNAMIC, binding, cluster, placed_by, static
from tests.scheduler.member.live import estimator, member, node

APPLIED = "policy.karmada.io/applied-placement"
CLAIMED = {"propagationpolicy.karmada.io/permanent-id": "7b3ff7a4-6e0c-4b36-9a3d-6d9f1f9b1c11"}
SECONDS = 10.0
"""Long enough for a slow machine, short enough to notice what never comes."""
QUIET_SECONDS = 0.5


class Plane:
    """A control plane to put a scheduler on, and an eye on its bindings."""

    def __init__(self, client: Client, access: Access) -> None:
        self.client = client
        self.access = access
        self.bindings = {
            resource.gvr: Informer(client, resource)
            for resource in (RESOURCE_BINDINGS, CLUSTER_RESOURCE_BINDINGS)
        }

    async def add_cluster(self, name: str, **fields: Any) -> None:
        made = cluster(name, **fields)
        await self.client.create(CLUSTERS, made)
        await self.client.patch(
            CLUSTERS, CLUSTERS.key("", name), {"status": made.to_json()["status"]}, subresource="status"
        )

    async def add(self, made: ResourceBinding, **labels: str) -> ObjectKey:
        metadata = made.metadata.model_copy(update={"labels": labels or CLAIMED})
        resource = RESOURCE_BINDINGS if made.metadata.namespace else CLUSTER_RESOURCE_BINDINGS
        await self.client.create(resource, made.model_copy(update={"metadata": metadata}))
        return resource.key(made.metadata.namespace, made.metadata.name)

    async def get(self, key: ObjectKey) -> ResourceBinding:
        return await self.client.get(resource_of(key), key)

    async def wait_for(self, key: ObjectKey, holds: Callable[[ResourceBinding], bool]) -> ResourceBinding:
        async with asyncio.timeout(SECONDS):
            found = await self.bindings[key.resource].cache.wait_for(
                key, lambda found: found is not None and holds(found)
            )
        assert found is not None
        return found

    async def targets(self, key: ObjectKey, expected: dict[str, int]) -> ResourceBinding:
        """Wait until the targets are these and the scheduler has looked at the result."""
        return await self.wait_for(
            key,
            lambda found: (
                targets_of(found) == expected
                and found.status.scheduler_observed_generation == found.metadata.generation
            ),
        )


def resource_of(key: ObjectKey) -> Resource[ResourceBinding]:
    return RESOURCE_BINDINGS if key.namespace else CLUSTER_RESOURCE_BINDINGS


def targets_of(found: ResourceBinding) -> dict[str, int]:
    return {target.name: target.replicas for target in found.spec.clusters}


def scheduled(found: ResourceBinding) -> tuple[str, str, str] | None:
    condition = find_condition(found.status.conditions, "Scheduled")
    return (condition.status, condition.reason, condition.message) if condition else None


@asynccontextmanager
async def scheduler_on(access: Access, **options: Any) -> AsyncIterator[None]:
    """The process as it is, without a lease and without a listener."""
    chosen = SchedulerOptions(
        health_probe_bind_address="0",
        metrics_bind_address="0",
        election=LeaderElectionOptions(leader_elect=False),
        **options,
    )
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(chosen, access=access), name="scheduler under test")
        try:
            yield
        finally:
            task.cancel()


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    """A control plane with members m1 and m2, not yet scheduled."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve(ServerOptions(storage="memory://")))
        client = await stack.enter_async_context(Client(server.access))
        made = Plane(client, server.access)
        for informer in made.bindings.values():
            await stack.enter_async_context(informer)
        await made.add_cluster("m1", cpu=10)
        await made.add_cluster("m2", cpu=20)
        yield made


SUCCESS = ("True", "Success", "Binding has been scheduled successfully.")


@pytest.mark.parametrize("namespace", ["default", ""], ids=["namespaced", "cluster-scoped"])
@pytest.mark.parametrize(
    ("placement", "fields", "expected"),
    [
        pytest.param(placed_by(DUPLICATED), {"replicas": 2}, {"m1": 2, "m2": 2}, id="duplicated"),
        pytest.param(
            placed_by(static(("m1", 1), ("m2", 2))), {"replicas": 9}, {"m1": 3, "m2": 6}, id="static-weights"
        ),
        pytest.param(
            placed_by(AGGREGATED), {"replicas": 5, "request": {"cpu": "1"}}, {"m2": 5}, id="aggregated"
        ),
        pytest.param(
            placed_by(DYNAMIC),
            {"replicas": 9, "request": {"cpu": "1"}},
            {"m1": 3, "m2": 6},
            id="dynamic-weights",
        ),
        pytest.param({}, {}, {"m1": 0, "m2": 0}, id="no-replicas"),
    ],
)
async def test_a_binding_gets_its_clusters(
    plane: Plane, namespace: str, placement: Any, fields: Any, expected: dict[str, int]
) -> None:
    async with scheduler_on(plane.access):
        key = await plane.add(binding(placement, namespace=namespace, **fields))
        found = await plane.targets(key, expected)
    assert scheduled(found) == SUCCESS
    assert found.status.last_scheduled_time
    assert orjson.loads(found.metadata.annotations[APPLIED]) == placement


async def test_a_restart_with_nothing_changed_writes_nothing(plane: Plane) -> None:
    async with scheduler_on(plane.access):
        keys = [
            await plane.add(binding(placed_by(DUPLICATED), replicas=2)),
            await plane.add(binding({}, namespace="")),
        ]
        before = [
            await plane.targets(keys[0], {"m1": 2, "m2": 2}),
            await plane.targets(keys[1], {"m1": 0, "m2": 0}),
        ]
        await asyncio.sleep(QUIET_SECONDS)
        settled = [await plane.get(key) for key in keys]
    async with scheduler_on(plane.access):
        await asyncio.sleep(QUIET_SECONDS)
        after = [await plane.get(key) for key in keys]
    versions = [[found.metadata.resource_version for found in state] for state in (before, settled, after)]
    assert versions[0] == versions[1] == versions[2]


async def test_more_replicas_are_placed_without_moving_the_rest(plane: Plane) -> None:
    async with scheduler_on(plane.access):
        key = await plane.add(binding(placed_by(AGGREGATED), replicas=5, request={"cpu": "1"}))
        await plane.targets(key, {"m2": 5})
        await plane.client.patch(RESOURCE_BINDINGS, key, {"spec": {"replicas": 7}})
        await plane.targets(key, {"m2": 7})


async def test_no_cluster_that_fits_takes_the_targets_away(plane: Plane) -> None:
    async with scheduler_on(plane.access):
        key = await plane.add(binding({"clusterAffinity": {"clusterNames": ["m1"]}}))
        await plane.targets(key, {"m1": 0})
        nowhere = {"spec": {"placement": {"clusterAffinity": {"clusterNames": ["m9"]}}}}
        await plane.client.patch(RESOURCE_BINDINGS, key, nowhere)
        found = await plane.wait_for(key, lambda found: scheduled(found) != SUCCESS)
    assert targets_of(found) == {}
    assert scheduled(found) == (
        "False",
        "NoClusterFit",
        "0/2 clusters are available: 2 cluster(s) did not match the placement cluster affinity constraint.",
    )


async def test_too_little_room_keeps_what_is_there_and_is_tried_again(plane: Plane) -> None:
    async with scheduler_on(plane.access):
        key = await plane.add(binding(placed_by(AGGREGATED), replicas=5, request={"cpu": "1"}))
        await plane.targets(key, {"m2": 5})
        await plane.client.patch(RESOURCE_BINDINGS, key, {"spec": {"replicas": 100}})
        found = await plane.wait_for(key, lambda found: scheduled(found) != SUCCESS)
        assert targets_of(found) == {"m2": 5}
        assert scheduled(found) == (
            "False",
            "Unschedulable",
            "failed to assign replicas: failed to scale up: "
            "Clusters available replicas 30 are not enough to schedule.",
        )
        await plane.client.patch(RESOURCE_BINDINGS, key, {"spec": {"replicas": 6}})
        await plane.targets(key, {"m2": 6})


async def test_a_cordoned_cluster_keeps_what_it_has_and_gets_nothing_new(plane: Plane) -> None:
    async with scheduler_on(plane.access):
        old = await plane.add(binding({}))
        await plane.targets(old, {"m1": 0, "m2": 0})
        taints = [{"key": "cluster.karmada.io/unschedulable", "effect": "NoSchedule"}]
        await plane.client.patch(CLUSTERS, CLUSTERS.key("", "m2"), {"spec": {"taints": taints}})
        await asyncio.sleep(QUIET_SECONDS)
        made = binding({})
        new = await plane.add(
            made.model_copy(update={"metadata": made.metadata.model_copy(update={"name": "new-deployment"})})
        )
        await plane.targets(new, {"m1": 0})
        assert targets_of(await plane.get(old)) == {"m1": 0, "m2": 0}
        await plane.client.patch(CLUSTERS, CLUSTERS.key("", "m2"), {"spec": {"taints": None}})
        await plane.targets(new, {"m1": 0, "m2": 0})


async def test_a_relabelled_cluster_moves_what_selects_by_label(plane: Plane) -> None:
    selector = {"clusterAffinity": {"labelSelector": {"matchLabels": {"ring": "a"}}}}
    async with scheduler_on(plane.access):
        await plane.client.patch(CLUSTERS, CLUSTERS.key("", "m1"), {"metadata": {"labels": {"ring": "a"}}})
        await asyncio.sleep(QUIET_SECONDS)
        key = await plane.add(binding(selector))
        await plane.targets(key, {"m1": 0})
        await plane.client.patch(CLUSTERS, CLUSTERS.key("", "m2"), {"metadata": {"labels": {"ring": "a"}}})
        await plane.targets(key, {"m1": 0, "m2": 0})


async def test_a_suspended_binding_waits_until_the_suspension_is_lifted(plane: Plane) -> None:
    async with scheduler_on(plane.access):
        key = await plane.add(binding({}, suspension={"scheduling": True}))
        await asyncio.sleep(QUIET_SECONDS)
        assert scheduled(await plane.get(key)) is None
        await plane.client.patch(RESOURCE_BINDINGS, key, {"spec": {"suspension": {"scheduling": False}}})
        await plane.targets(key, {"m1": 0, "m2": 0})


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        pytest.param({"schedulerName": "night-shift"}, CLAIMED, id="another-scheduler"),
        pytest.param({}, {"app": "web"}, id="nobody-stands-behind-it"),
    ],
)
async def test_what_is_not_ours_is_left_alone(plane: Plane, fields: Any, labels: dict[str, str]) -> None:
    async with scheduler_on(plane.access):
        key = await plane.add(binding({}, **fields), **labels)
        await asyncio.sleep(QUIET_SECONDS)
        found = await plane.get(key)
    assert (targets_of(found), scheduled(found), found.metadata.annotations) == ({}, None, {})


async def test_what_lost_its_policy_still_follows_clusters(plane: Plane) -> None:
    selector = {"clusterAffinity": {"labelSelector": {"matchLabels": {"ring": "a"}}}}
    async with scheduler_on(plane.access):
        key = await plane.add(binding(selector), app="web")
        await asyncio.sleep(QUIET_SECONDS)
        assert scheduled(await plane.get(key)) is None
        await plane.client.patch(CLUSTERS, CLUSTERS.key("", "m2"), {"metadata": {"labels": {"ring": "a"}}})
        await plane.targets(key, {"m2": 0})


async def test_the_group_in_use_is_recorded(plane: Plane) -> None:
    groups = [
        {"affinityName": "gone", "clusterNames": ["m8"]},
        {"affinityName": "near", "clusterNames": ["m2"]},
    ]
    async with scheduler_on(plane.access):
        key = await plane.add(binding({"clusterAffinities": groups}, replicas=2))
        found = await plane.targets(key, {"m2": 2})
    assert found.status.scheduler_observing_affinity_name == "near"


async def test_a_reschedule_starts_afresh_and_once(plane: Plane) -> None:
    """Also when the clock that asked for it is far ahead of ours."""
    placement = placed_by(DYNAMIC)
    key = await plane.add(
        binding(
            placement,
            replicas=6,
            request={"cpu": "1"},
            targets={"m1": 6},
            annotations={APPLIED: orjson.dumps(placement).decode()},
            rescheduleTriggeredAt="2099-01-02T00:00:00Z",
        )
    )
    status = {"lastScheduledTime": "2020-01-01T00:00:00Z"}
    await plane.client.patch(RESOURCE_BINDINGS, key, {"status": status}, subresource="status")
    async with scheduler_on(plane.access):
        found = await plane.targets(key, {"m1": 3, "m2": 3})
        await asyncio.sleep(QUIET_SECONDS)
        assert (await plane.get(key)).metadata.resource_version == found.metadata.resource_version
    assert found.status.last_scheduled_time == "2099-01-02T00:00:00Z"


async def test_events_tell_binding_and_template(plane: Plane) -> None:
    async with scheduler_on(plane.access):
        made = binding(placed_by(DUPLICATED), replicas=2)
        resource = made.spec.resource.model_copy(update={"namespace": "default"})
        made = made.model_copy(update={"spec": made.spec.model_copy(update={"resource": resource})})
        await plane.add(made)
        async with asyncio.timeout(SECONDS), Informer(plane.client, EVENTS, namespace="default") as events:
            told: set[tuple[str, str, str, str]] = set()
            complete = asyncio.Event()

            def hear(change: Change[Object]) -> None:
                if (event := change.new) is not None:
                    kind = event["involvedObject"]["kind"]
                    told.add((kind, event["type"], event["reason"], event["message"]))
                if len(told) == 2:
                    complete.set()

            events.add_handler(hear)
            await complete.wait()
    text = "Binding has been scheduled successfully. Result: {m1:2, m2:2}"
    assert told == {
        (kind, "Normal", "ScheduleBindingSucceed", text) for kind in ("ResourceBinding", "Deployment")
    }


async def test_conditions_and_reports_of_others_survive(plane: Plane) -> None:
    """What the scheduler does not keep in memory must not be lost by its writes."""
    key = await plane.add(binding({}))
    applied = {
        "type": "FullyApplied",
        "status": "True",
        "reason": "x",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    report = [{"clusterName": "m1", "applied": True, "health": "Healthy", "status": {"readyReplicas": 3}}]
    status = {"conditions": [applied], "aggregatedStatus": report}
    await plane.client.patch(RESOURCE_BINDINGS, key, {"status": status}, subresource="status")
    async with scheduler_on(plane.access):
        found = await plane.targets(key, {"m1": 0, "m2": 0})
    assert [condition.type for condition in found.status.conditions] == ["FullyApplied", "Scheduled"]
    assert found.status.aggregated_status[0].status == {"readyReplicas": 3}


async def test_a_key_that_may_not_write_reports_and_goes_on(plane: Plane) -> None:
    """Without rights nothing is written, nothing crashes, and the next scheduler does the work."""
    key = await plane.add(binding({}))
    powerless = replace(plane.access, impersonate_user="nobody", impersonate_groups=("system:authenticated",))
    async with Client(powerless) as client:
        with pytest.raises(Forbidden):
            await client.list(RESOURCE_BINDINGS)
    async with scheduler_on(powerless):
        await asyncio.sleep(QUIET_SECONDS)
    assert scheduled(await plane.get(key)) is None
    async with scheduler_on(plane.access):
        await plane.targets(key, {"m1": 0, "m2": 0})


async def test_many_bindings_are_all_scheduled(plane: Plane) -> None:
    made = binding(placed_by(DUPLICATED), replicas=1)
    async with scheduler_on(plane.access):
        async with asyncio.TaskGroup() as group:
            tasks = []
            for number in range(300):
                name = f"web-{number}-deployment"
                named = made.model_copy(update={"metadata": made.metadata.model_copy(update={"name": name})})
                tasks.append(group.create_task(plane.add(named), name=f"create {name}"))
        for task in tasks:
            found = await plane.targets(task.result(), {"m1": 1, "m2": 1})
            assert scheduled(found) == SUCCESS


async def test_a_deleted_binding_is_forgotten(plane: Plane) -> None:
    async with scheduler_on(plane.access):
        key = await plane.add(binding({}))
        await plane.targets(key, {"m1": 0, "m2": 0})
        await plane.client.delete(RESOURCE_BINDINGS, key)
        await plane.client.patch(CLUSTERS, CLUSTERS.key("", "m1"), {"metadata": {"labels": {"ring": "a"}}})
        await asyncio.sleep(QUIET_SECONDS)
        again = await plane.add(binding({"clusterAffinity": {"clusterNames": ["m2"]}}))
        await plane.targets(again, {"m2": 0})


async def test_the_members_own_estimators_are_asked(plane: Plane) -> None:
    """m1 reports room for 10, but its estimator knows better; m2 has none and counts as it reports."""
    with suppress(AlreadyExists):
        await plane.client.create(NAMESPACES, {"metadata": {"name": "karmada-system"}})
    async with AsyncExitStack() as stack:
        on = await stack.enter_async_context(member())
        await on.add_node(node("n1"), cpu="4", pods="10")
        port = await stack.enter_async_context(estimator(on, "m1"))
        await plane.client.create(SERVICES, service("m1", port))
        await stack.enter_async_context(scheduler_on(plane.access, enable_scheduler_estimator=True))
        only = {"clusterAffinity": {"clusterNames": ["m1"]}}
        key = await plane.add(binding(placed_by(DYNAMIC, **only), replicas=9, request={"cpu": "1"}))
        await plane.wait_for(
            key, lambda found: "replicas 4 are not enough" in (scheduled(found) or ("", "", ""))[2]
        )
        await plane.client.patch(
            RESOURCE_BINDINGS, key, {"spec": {"placement": placed_by(DYNAMIC, clusterAffinity=None)}}
        )
        await plane.targets(key, {"m1": 2, "m2": 7})
