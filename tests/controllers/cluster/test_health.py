"""Clusters that report by themselves become Unknown when they fall silent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from controllers.cluster.health import (
    ClusterHealthMonitor,
    ClusterMonitorOptions,
    Heard,
    heard,
    is_overdue,
    silenced,
)
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.kubernetes import LEASES
from karmada.api.groups.meta import Condition
from karmada.api.objects import Object
from karmada.client.client import Client
from karmada.client.informer import Informer
from karmada.runtime.clock import ManualClock, rfc3339, rfc3339_micro
from tests.controllers.cluster.live import Plane, control_plane, pull_cluster

T0 = datetime(2026, 1, 1, tzinfo=UTC)
OPTIONS = ClusterMonitorOptions()


def cluster(ready: str = "", *, created: datetime = T0, reason: str = "Any") -> Cluster:
    conditions = [{"type": "Ready", "status": ready, "reason": reason, "message": ""}] if ready else []
    return Cluster.from_json(
        {
            "metadata": {"name": "m", "creationTimestamp": rfc3339(created)},
            "spec": {"syncMode": "Pull"},
            "status": {"conditions": conditions},
        }
    )


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def test_a_cluster_that_never_reported_has_its_grace_from_the_join() -> None:
    last = heard(None, cluster(), renewed=None, now=at(50))
    assert not is_overdue(last, now=at(60), options=OPTIONS)
    assert is_overdue(last, now=at(61), options=OPTIONS)


def test_a_cluster_that_had_reported_before_we_came_has_its_grace_from_now() -> None:
    last = heard(None, cluster("True"), renewed=at(-2), now=at(1000))
    assert not is_overdue(last, now=at(1040), options=OPTIONS)
    assert is_overdue(last, now=at(1041), options=OPTIONS)


@pytest.mark.parametrize(
    ("after", "renewed", "is_sign"),
    [
        pytest.param(cluster("True"), at(-1), True, id="a-renewed-lease"),
        pytest.param(cluster("False"), at(-2), True, id="another-status"),
        pytest.param(cluster("True", reason="Other"), at(-2), True, id="another-reason"),
        pytest.param(cluster("True"), at(-2), False, id="nothing-new"),
        pytest.param(cluster("True"), at(-3), False, id="a-lease-as-it-was-before"),
        pytest.param(cluster("True"), None, False, id="a-lease-that-is-gone"),
    ],
)
def test_signs_of_life(after: Cluster, renewed: datetime | None, is_sign: bool) -> None:
    before = heard(None, cluster("True"), renewed=at(-2), now=at(0))
    assert heard(before, after, renewed=renewed, now=at(30)).at == (at(30) if is_sign else at(0))


def test_a_cluster_that_is_unknown_already_is_left_alone() -> None:
    last = Heard(Condition(type="Ready", status="Unknown", reason="Any", message=""), None, T0)
    assert not is_overdue(last, now=at(10_000), options=OPTIONS)


@pytest.mark.parametrize(
    ("before", "reason", "message"),
    [
        pytest.param(
            cluster(),
            "ClusterStatusNeverUpdated",
            "Cluster status controller never posted cluster status.",
            id="never-reported",
        ),
        pytest.param(
            cluster("True"),
            "ClusterStatusUnknown",
            "Cluster status controller stopped posting cluster status.",
            id="was-ready",
        ),
        pytest.param(
            cluster("False"),
            "ClusterStatusUnknown",
            "Cluster status controller stopped posting cluster status.",
            id="was-not-ready",
        ),
    ],
)
def test_silence_is_told_with_its_reason(before: Cluster, reason: str, message: str) -> None:
    (condition,) = silenced(before, now="2026-01-01T00:01:00Z").status.conditions
    assert (condition.status, condition.reason, condition.message) == ("Unknown", reason, message)
    assert condition.last_transition_time == "2026-01-01T00:01:00Z"


@dataclass(frozen=True)
class Watch:
    """A monitor whose hands the test turns."""

    plane: Plane
    monitor: ClusterHealthMonitor
    clusters: Informer[Cluster]
    leases: Informer[Object]
    clock: ManualClock

    async def pass_(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.monitor.look()

    async def renew(self, name: str) -> None:
        """The agent's heartbeat; seen by the monitor's cache when this returns."""
        client, key = self.plane.client, LEASES.key("karmada-cluster", name)
        spec = {"holderIdentity": name, "renewTime": rfc3339_micro(self.clock.now())}
        if self.leases.cache.get(key) is None:
            await self.plane.create(
                LEASES, {"metadata": {"name": name, "namespace": key.namespace}, "spec": spec}
            )
        else:
            await client.patch(LEASES, key, {"spec": spec})

        def seen(lease: Object | None) -> bool:
            return lease is not None and lease["spec"]["renewTime"] == spec["renewTime"]

        await self.leases.cache.wait_for(key, seen)

    async def report(self, name: str, status: str) -> None:
        condition = {
            "type": "Ready",
            "status": status,
            "reason": "Any",
            "message": "",
            "lastTransitionTime": None,
        }
        condition["lastTransitionTime"] = "2026-01-01T00:00:00Z"
        patch = {"status": {"conditions": [condition]}}
        key = CLUSTERS.key("", name)
        await self.plane.client.patch(CLUSTERS, key, patch, subresource="status")

        def seen(cluster: Cluster | None) -> bool:
            return cluster is not None and bool(cluster.status.conditions)

        await self.clusters.cache.wait_for(key, seen)

    async def status(self, name: str) -> str:
        ready = await self.plane.ready(name)
        return ready.status if ready is not None else ""


@asynccontextmanager
async def watched(*names: str) -> AsyncIterator[Watch]:
    async with control_plane() as plane:
        for name in names:
            await pull_cluster(plane, name)
        async with (
            Client(plane.access) as client,
            Informer(client, CLUSTERS) as clusters,
            Informer(client, LEASES, namespace="karmada-cluster") as leases,
        ):
            created = datetime.fromisoformat(str((await plane.cluster(names[0])).metadata.creation_timestamp))
            clock = ManualClock(created)
            monitor = ClusterHealthMonitor(
                clusters=clusters, leases=leases, client=client, options=OPTIONS, clock=clock
            )
            watch = Watch(plane, monitor, clusters, leases, clock)
            await monitor.look()
            yield watch


async def test_a_silent_cluster_becomes_unknown_once_and_a_lively_one_does_not() -> None:
    async with watched("lively", "silent") as watch:
        for name in ("lively", "silent"):
            await watch.report(name, "True")
        await watch.pass_(1)
        for _ in range(9):
            await watch.renew("lively")
            await watch.pass_(5)
        assert await watch.status("lively") == "True"
        assert await watch.status("silent") == "Unknown"
        version = (await watch.plane.cluster("silent")).metadata.resource_version
        await watch.pass_(300)
        assert (await watch.plane.cluster("silent")).metadata.resource_version == version


async def test_a_cluster_that_never_reports_becomes_unknown_after_the_startup_grace() -> None:
    async with watched("new") as watch:
        await watch.pass_(59)
        assert await watch.status("new") == ""
        await watch.pass_(3)
        ready = await watch.plane.ready("new")
        assert ready is not None
        assert ready.reason == "ClusterStatusNeverUpdated"


async def test_a_heartbeat_our_watch_has_missed_is_looked_up_before_the_verdict() -> None:
    async with watched("m") as watch:
        await watch.leases.close()
        await watch.plane.create(
            LEASES,
            {
                "metadata": {"name": "m", "namespace": "karmada-cluster"},
                "spec": {"renewTime": rfc3339_micro(watch.clock.now())},
            },
        )
        await watch.pass_(65)
        assert await watch.status("m") == ""
        await watch.pass_(65)
        assert await watch.status("m") == "Unknown"


def test_options_say_how_long_silence_may_last() -> None:
    last = heard(None, cluster("True"), renewed=None, now=T0)
    assert is_overdue(last, now=at(6), options=replace(OPTIONS, grace_seconds=5))
