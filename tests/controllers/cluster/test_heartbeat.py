"""The Lease of a cluster that reports by itself."""

from datetime import UTC, datetime

import pytest

from controllers.cluster.health import renew_time
from controllers.cluster.heartbeat import Heartbeat, HeartbeatOptions, renewed
from karmada.api.errors import NotFound
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.kubernetes import LEASES
from karmada.api.objects import Object
from karmada.runtime.clock import SYSTEM_CLOCK
from tests.controllers.cluster.live import Plane, control_plane, eventually, pull_cluster

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CLUSTER = Cluster.from_json({"metadata": {"name": "m", "uid": "u1"}})
KEY = LEASES.key("karmada-cluster", "m")


def test_a_lease_says_who_is_alive_since_when_and_for_how_long() -> None:
    lease = renewed({"metadata": {"name": "m"}}, CLUSTER, seconds=40, now=NOW)
    assert lease["spec"] == {
        "holderIdentity": "m",
        "leaseDurationSeconds": 40,
        "renewTime": "2026-01-01T12:00:00.000000Z",
    }
    assert [(owner["kind"], owner["uid"]) for owner in lease["metadata"]["ownerReferences"]] == [
        ("Cluster", "u1")
    ]


def test_a_cluster_that_joined_anew_takes_over_the_lease_of_its_namesake() -> None:
    before = renewed({"metadata": {"name": "m"}}, CLUSTER, seconds=40, now=NOW)
    again = Cluster.from_json({"metadata": {"name": "m", "uid": "u2"}})
    after = renewed(before, again, seconds=40, now=NOW)
    assert [owner["uid"] for owner in after["metadata"]["ownerReferences"]] == ["u2"]


async def lease(plane: Plane) -> Object:
    return await plane.client.get(LEASES, KEY)


async def until_renewed(plane: Plane, *, after: datetime | None) -> datetime:
    async def look() -> datetime | None:
        found = renew_time(await lease(plane))
        return found if found is not None and (after is None or found > after) else None

    found = await eventually(look, "the lease is renewed")
    assert found is not None
    return found


async def test_a_heartbeat_goes_on_even_if_somebody_takes_the_lease_away() -> None:
    async with control_plane() as plane:
        await pull_cluster(plane, "m")
        cluster = await plane.cluster("m")
        with pytest.raises(NotFound):
            await lease(plane)
        options = HeartbeatOptions(lease_seconds=0.2)
        async with Heartbeat(client=plane.client, options=options, clock=SYSTEM_CLOCK) as heartbeat:
            heartbeat.begin(cluster)
            heartbeat.begin(cluster)
            first = await until_renewed(plane, after=None)
            second = await until_renewed(plane, after=first)
            await plane.client.delete(LEASES, KEY)
            await until_renewed(plane, after=second)
