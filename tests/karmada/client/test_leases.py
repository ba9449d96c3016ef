"""karmada.client.leases: who may act, and that nobody acts beside the leader."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from karmada.api.groups.kubernetes import LEASES
from karmada.client.client import Client
from karmada.client.leases import LeaderElection, LeadershipLost, may_take, next_spec
from tests.karmada.client.played import PlayedServer, played_server, status

COLLECTION = "apis/coordination.k8s.io/v1/leases"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
async def server() -> AsyncIterator[PlayedServer]:
    async with played_server() as server:
        yield server


@pytest.fixture
async def client(server: PlayedServer) -> AsyncIterator[Client]:
    async with Client(server.access) as client:
        yield client


def candidate(client: Client, identity: str, **more: Any) -> LeaderElection:
    """A candidate in a hurry: 1.5 / 1 / 0.05 s, though a Lease says whole seconds."""
    times = {"lease_seconds": 1.5, "renew_seconds": 1.0, "retry_seconds": 0.05}
    return LeaderElection(client, name="plane", identity=identity, **{**times, **more})


def spec_of(server: PlayedServer) -> dict[str, Any]:
    spec: dict[str, Any] = server.objects[COLLECTION, "karmada-system", "plane"]["spec"]
    return spec


@pytest.mark.parametrize(
    ("spec", "unchanged", "expected"),
    [
        pytest.param({}, 0, True, id="never-held"),
        pytest.param({"holderIdentity": "", "leaseDurationSeconds": 1}, 0, True, id="released"),
        pytest.param({"holderIdentity": "me", "leaseDurationSeconds": 15}, 0, True, id="mine"),
        pytest.param({"holderIdentity": "other", "leaseDurationSeconds": 15}, 14.9, False, id="held"),
        pytest.param({"holderIdentity": "other", "leaseDurationSeconds": 15}, 15.1, True, id="run-out"),
    ],
)
def test_a_lease_is_free_when_nobody_holds_it_or_it_has_run_out(
    spec: dict[str, Any], unchanged: float, expected: bool
) -> None:
    assert may_take({"spec": spec}, "me", unchanged_seconds=unchanged) is expected


def test_taking_over_counts_a_transition_and_renewing_does_not() -> None:
    first = next_spec({}, "a", lease_seconds=15, now=NOW)
    assert first == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-01-02T03:04:05.000000Z",
        "renewTime": "2026-01-02T03:04:05.000000Z",
        "leaseTransitions": 0,
    }
    renewed = next_spec(first, "a", lease_seconds=15, now=NOW.replace(minute=5))
    assert renewed["acquireTime"] == first["acquireTime"]
    assert renewed["renewTime"] == "2026-01-02T03:05:05.000000Z"
    taken = next_spec(renewed, "b", lease_seconds=15, now=NOW.replace(minute=6))
    assert (taken["leaseTransitions"], taken["acquireTime"]) == (1, "2026-01-02T03:06:05.000000Z")


async def test_the_leader_works_and_gives_the_lease_back(server: PlayedServer, client: Client) -> None:
    election = candidate(client, "a")
    assert not election.is_leader

    async def work() -> str:
        election.require()
        assert spec_of(server)["holderIdentity"] == "a"
        return "done"

    assert await election.run_as_leader(work) == "done"
    assert spec_of(server)["holderIdentity"] == ""
    with pytest.raises(LeadershipLost):
        election.require()


async def test_the_next_one_acts_as_soon_as_the_lease_is_given_back(
    server: PlayedServer, client: Client
) -> None:
    order: list[str] = []
    acting = 0

    async def run(identity: str) -> None:
        nonlocal acting

        async def work() -> None:
            nonlocal acting
            acting += 1
            assert acting == 1
            order.append(identity)
            await asyncio.sleep(0.15)
            acting -= 1

        await candidate(client, identity, lease_seconds=15.0).run_as_leader(work())

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for identity in ("a", "b", "c"):
            group.create_task(run(identity))
    assert sorted(order) == ["a", "b", "c"]
    assert spec_of(server)["leaseTransitions"] == 2


async def test_a_lease_is_renewed_for_as_long_as_the_work_takes(server: PlayedServer, client: Client) -> None:
    async def work() -> None:
        await asyncio.sleep(1.3)  # far beyond the renew deadline

    await candidate(client, "a").run_as_leader(work())
    assert len(server.requests("PUT")) > 5
    assert len(server.requests("GET")) == 1, "a leader renews what it wrote without reading it"


async def test_a_leader_that_cannot_renew_stops_before_the_lease_runs_out(
    server: PlayedServer, client: Client
) -> None:
    stopped_after = 0.0
    cut_at = 0.0
    loop = asyncio.get_running_loop()

    async def refuse(request: web.Request) -> web.StreamResponse:
        server.faults.append(refuse)
        return status(500, "InternalError", "storage is down")

    async def work() -> None:
        nonlocal stopped_after, cut_at
        cut_at = loop.time()
        server.faults.append(refuse)
        try:
            await asyncio.sleep(30)
        finally:
            stopped_after = loop.time() - cut_at

    with pytest.raises(LeadershipLost):
        await candidate(client, "a").run_as_leader(work)
    assert stopped_after < 1.5


async def test_a_leader_whose_lease_was_taken_stops_at_once(server: PlayedServer, client: Client) -> None:
    async def work() -> None:
        lease = server.objects[COLLECTION, "karmada-system", "plane"]
        await server.put(
            COLLECTION, "karmada-system", "plane", spec={**lease["spec"], "holderIdentity": "thief"}
        )
        await asyncio.sleep(30)

    async with asyncio.timeout(5):
        with pytest.raises(LeadershipLost):
            await candidate(client, "a", renew_seconds=10.0, lease_seconds=15.0).run_as_leader(work)
    assert spec_of(server)["holderIdentity"] == "thief", "what is not ours is not released"


async def test_a_touched_lease_is_still_ours(server: PlayedServer, client: Client) -> None:
    election = candidate(client, "a")

    async def work() -> None:
        lease = server.objects[COLLECTION, "karmada-system", "plane"]
        await server.put(COLLECTION, "karmada-system", "plane", **lease, labels={"touched": "yes"})
        await asyncio.sleep(1.2)
        election.require()

    await election.run_as_leader(work)


async def test_an_unchanged_lease_of_a_dead_holder_is_taken_whatever_its_clock_said(
    server: PlayedServer, client: Client
) -> None:
    await server.put(
        COLLECTION,
        "karmada-system",
        "plane",
        spec={
            "holderIdentity": "dead",
            "leaseDurationSeconds": 1,
            "renewTime": "2099-01-01T00:00:00.000000Z",
        },
    )
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def work() -> float:
        return loop.time() - began

    async with asyncio.timeout(5):
        assert await candidate(client, "b").run_as_leader(work) > 1.0


async def test_work_that_ignores_its_end_is_not_left_running_beside_a_new_leader(
    server: PlayedServer, client: Client
) -> None:
    stuck: list[str] = []
    free = asyncio.Event()

    async def refuse(request: web.Request) -> web.StreamResponse:
        server.faults.append(refuse)
        return status(500, "InternalError", "storage is down")

    async def work() -> None:
        server.faults.append(refuse)
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    def on_stuck() -> None:
        stuck.append("stuck")
        free.set()

    with pytest.raises(LeadershipLost):
        await candidate(client, "a", on_stuck=on_stuck).run_as_leader(work)
    assert stuck == ["stuck"]


async def test_a_candidate_that_is_cancelled_leaves_nothing(server: PlayedServer, client: Client) -> None:
    await client.create(
        LEASES,
        {
            "metadata": {"name": "plane", "namespace": "karmada-system"},
            "spec": {"holderIdentity": "other", "leaseDurationSeconds": 15},
        },
    )

    async def work() -> None:
        raise AssertionError("never led")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await candidate(client, "a").run_as_leader(work())
    assert spec_of(server)["holderIdentity"] == "other"


async def test_what_the_work_raises_is_raised_and_the_lease_given_back(
    server: PlayedServer, client: Client
) -> None:
    async def work() -> None:
        raise RuntimeError("bug")

    with pytest.raises(RuntimeError, match="bug"):
        await candidate(client, "a").run_as_leader(work)
    assert spec_of(server)["holderIdentity"] == ""


def test_times_that_make_no_sense_are_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="renew deadline"):
        LeaderElection(client, name="x", lease_seconds=10, renew_seconds=15)
