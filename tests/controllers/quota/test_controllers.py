"""The running quota controllers: limits go out, usage comes back."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from controllers.quota.enforcement import QuotaEnforcementController, QuotaOptions
from controllers.quota.status import QuotaStatusController
from controllers.quota.sync import QuotaSyncController
from karmada.api.groups.cluster import CLUSTERS
from karmada.api.groups.kubernetes import NAMESPACES
from karmada.api.groups.policy import FEDERATED_RESOURCE_QUOTAS
from karmada.api.groups.work import RESOURCE_BINDINGS, WORKS, Work
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


def sync(given: Neighbours) -> Sequence[Controller[Any]]:
    return [
        QuotaSyncController(
            quotas=given.informers.ensure(FEDERATED_RESOURCE_QUOTAS),
            clusters=given.informers.ensure(CLUSTERS),
            namespaces=given.informers.ensure(NAMESPACES),
            works=given.works,
            recorder=given.recorder,
        )
    ]


def collect(given: Neighbours) -> Sequence[Controller[Any]]:
    return [
        QuotaStatusController(
            quotas=given.informers.ensure(FEDERATED_RESOURCE_QUOTAS),
            works=given.works,
            client=given.client,
            recorder=given.recorder,
        )
    ]


def enforce(given: Neighbours) -> Sequence[Controller[Any]]:
    return [
        QuotaEnforcementController(
            quotas=given.informers.ensure(FEDERATED_RESOURCE_QUOTAS),
            bindings=given.informers.ensure(RESOURCE_BINDINGS),
            client=given.client,
            recorder=given.recorder,
            options=QuotaOptions(sync_seconds=0.2),
        )
    ]


@pytest.fixture
async def user() -> AsyncIterator[Plane]:
    async with plane() as made:
        await made.namespaces("shop")
        for name in ("member1", "member2", "member3"):
            await cluster(made, name)
        yield made


def assigned(**clusters: str) -> list[Object]:
    return [{"clusterName": name, "hard": {"cpu": cpu}} for name, cpu in clusters.items()]


async def quota(user: Plane, **clusters: str) -> None:
    spec = {"overall": {"cpu": "10", "memory": "20Gi"}, "staticAssignments": assigned(**clusters)}
    metadata = {"namespace": "shop", "name": "limit"}
    await user.create(FEDERATED_RESOURCE_QUOTAS, {"metadata": metadata, "spec": spec})


async def limits(user: Plane) -> dict[str, Any]:
    """By execution namespace: what the cluster is told."""
    works: list[Work] = (await user.client.list(WORKS)).items
    return {
        work.metadata.namespace: work.spec.workload.manifests[0]["spec"].get("hard")
        for work in works
        if not work.metadata.deletion_timestamp
    }


async def until_limits(user: Plane, **clusters: str) -> None:
    expected = {f"karmada-es-{name}": {"cpu": cpu} for name, cpu in clusters.items()}

    async def look() -> bool:
        return await limits(user) == expected

    await eventually(look, f"clusters are told {expected}")


async def until_status(user: Plane, expected: Object) -> None:
    async def look() -> bool:
        found = await user.get(FEDERATED_RESOURCE_QUOTAS, "shop", "limit")
        return found.status.to_json() == expected

    await eventually(look, f"the status is {expected}")


async def test_clusters_with_an_assignment_get_a_resource_quota(user: Plane) -> None:
    async with running(user, sync):
        await quota(user, member1="2", member2="3")
        await until_limits(user, member1="2", member2="3")
        spec = {"staticAssignments": assigned(member2="4", member3="1")}
        await user.patch(FEDERATED_RESOURCE_QUOTAS, "shop", "limit", {"spec": spec})
        await until_limits(user, member2="4", member3="1")

        async def told() -> bool:
            return ("limit", "SyncWorkSucceed") in await event_reasons(user, "shop")

        await eventually(told, "the user is told")


async def test_a_work_of_a_quota_says_nothing_but_its_manifest(user: Plane) -> None:
    async with running(user, sync):
        await quota(user, member1="2")
        await until_limits(user, member1="2")
        (work,) = (await user.client.list(WORKS)).items
    assert work.metadata.owner_references == []
    assert work.metadata.annotations == {}
    assert set(work.spec.to_json()) == {"workload"}
    assert work.metadata.finalizers == ["karmada.io/execution-controller"]


async def test_a_cluster_that_joins_later_gets_its_share(user: Plane) -> None:
    async with running(user, sync):
        await quota(user, member9="5")
        assert await nothing_is_written(user, WORKS)
        await cluster(user, "member9")
        await until_limits(user, member9="5")


async def test_the_works_go_with_the_quota_even_if_nobody_was_looking(user: Plane) -> None:
    async with running(user, sync):
        await quota(user, member1="2", member2="3")
        await until_limits(user, member1="2", member2="3")
    await user.delete(FEDERATED_RESOURCE_QUOTAS, "shop", "limit")
    async with running(user, sync):
        await until_limits(user)


async def test_a_work_that_was_deleted_comes_back_and_a_restart_writes_nothing(user: Plane) -> None:
    async with running(user, sync):
        await quota(user, member1="2")
        await until_limits(user, member1="2")
        (work,) = (await user.client.list(WORKS)).items
        name = work.metadata.name
        await user.patch(WORKS, "karmada-es-member1", name, {"metadata": {"finalizers": None}})
        await user.delete(WORKS, "karmada-es-member1", name)

        async def anew() -> bool:
            found = await user.get(WORKS, "karmada-es-member1", name)
            return found.metadata.uid != work.metadata.uid

        await eventually(anew, "the Work is made anew")
    versions = await user.versions(WORKS)
    async with running(user, sync):
        assert await nothing_is_written(user, WORKS)
    assert await user.versions(WORKS) == versions


async def reports(user: Plane, name: str, used: Object) -> None:
    """What the member of a cluster would report."""
    (work,) = (await user.client.list(WORKS, namespace=f"karmada-es-{name}")).items
    identifier = {"ordinal": 0, "version": "v1", "kind": "ResourceQuota", "resource": "", "name": "limit"}
    condition = {"type": "Applied", "status": "True", "reason": "R", "message": ""}
    found = {
        "conditions": [{**condition, "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        "manifestStatuses": [{"identifier": identifier, "status": used, "health": "Healthy"}],
    }
    await status(user, WORKS, f"karmada-es-{name}", work.metadata.name, found)


async def test_what_members_use_adds_up_and_a_restart_writes_nothing(user: Plane) -> None:
    overall = {"cpu": "10", "memory": "20Gi"}

    def both(given: Neighbours) -> Sequence[Controller[Any]]:
        return [*sync(given), *collect(given)]

    async with running(user, both):
        await quota(user, member1="2", member2="3")
        await until_status(user, {"overall": overall})
        await until_limits(user, member1="2", member2="3")
        await reports(user, "member1", {"hard": {"cpu": "2"}, "used": {"cpu": "500m"}})
        await reports(user, "member2", {})
        await until_status(
            user,
            {
                "overall": overall,
                "overallUsed": {"cpu": "500m"},
                "aggregatedStatus": [
                    {"clusterName": "member1", "hard": {"cpu": "2"}, "used": {"cpu": "500m"}},
                    {"clusterName": "member2"},
                ],
            },
        )
    versions = await user.versions(FEDERATED_RESOURCE_QUOTAS, WORKS)
    async with running(user, both):
        assert await nothing_is_written(user, FEDERATED_RESOURCE_QUOTAS, WORKS)
    assert await user.versions(FEDERATED_RESOURCE_QUOTAS, WORKS) == versions


async def scheduled(user: Plane, name: str, cpu: str, replicas: int) -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": name}
    await user.create(
        RESOURCE_BINDINGS,
        {
            "metadata": {"namespace": "shop", "name": f"{name}-deployment"},
            "spec": {
                "resource": reference,
                "clusters": [{"name": "member1", "replicas": replicas}],
                "replicaRequirements": {"resourceRequest": {"cpu": cpu}},
            },
        },
    )


async def test_enforcement_counts_what_is_scheduled_now_and_then_and_when_a_binding_goes(user: Plane) -> None:
    overall = {"cpu": "10", "memory": "20Gi"}
    await scheduled(user, "web", "500m", 4)
    async with running(user, enforce):
        await quota(user)
        await until_status(user, {"overall": overall, "overallUsed": {"cpu": "2"}})
        await scheduled(user, "api", "1", 1)
        await until_status(user, {"overall": overall, "overallUsed": {"cpu": "3"}})
        await user.delete(RESOURCE_BINDINGS, "shop", "web-deployment")
        await until_status(user, {"overall": overall, "overallUsed": {"cpu": "1"}})
