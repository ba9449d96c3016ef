"""What was written counts before it can be seen."""

from typing import Any

import pytest

from karmada.api.groups.work import RESOURCE_BINDINGS, ResourceBinding
from karmada.client.cache import Cache
from karmada.runtime.clock import ManualClock
from scheduler.inflight import Assumptions, PlacedPeers, Written
from scheduler.snapshot import AssumedComponent, AssumedWorkload, Peer
from tests.scheduler.build import binding

KEY = RESOURCE_BINDINGS.key("default", "web-deployment")


def at(version: str, **fields: Any) -> ResourceBinding:
    made = binding({}, **fields)
    return made.model_copy(
        update={"metadata": made.metadata.model_copy(update={"resource_version": version})}
    )


def test_our_copy_counts_until_the_cache_has_it() -> None:
    written = Written()
    old, new = at("10"), at("12")
    written.put(KEY, new, cached=old)
    assert written.newest(KEY, old) is new
    written.seen(KEY, at("11"))
    assert written.newest(KEY, old) is new
    written.seen(KEY, new)
    assert written.newest(KEY, old) is old


def test_a_copy_the_cache_already_has_is_not_kept() -> None:
    written = Written()
    written.put(KEY, at("10"), cached=at("11"))
    assert written.newest(KEY, at("9")).metadata.resource_version == "9"


def test_versions_that_are_no_numbers_are_never_newer() -> None:
    written = Written()
    written.put(KEY, at("b"), cached=at("a"))
    assert written.newest(KEY, at("a")).metadata.resource_version == "a"


AFFINE = {"workloadAffinityGroups": {"affinityGroup": "app=web", "antiAffinityGroup": "tier=db"}}
APPLIED = {"conditions": [{"type": "FullyApplied", "status": "True", "reason": "x", "message": ""}]}


def test_peers_are_found_with_what_was_just_sent() -> None:
    cache: Cache[ResourceBinding] = Cache(RESOURCE_BINDINGS)
    peers = PlacedPeers(cache)
    cache.put(KEY, at("10", **AFFINE))
    assert peers.affinity("app=web") == [Peer("default", "web-deployment", frozenset())]
    assert peers.anti_affinity("tier=db") == [Peer("default", "web-deployment", frozenset())]
    assert peers.affinity("tier=db") == []
    peers.sent(KEY, at("11", targets={"m1": 1}, **AFFINE))
    assert peers.affinity("app=web") == [Peer("default", "web-deployment", frozenset(["m1"]))]
    peers.seen(KEY, at("12", targets={"m1": 1}, status=APPLIED, **AFFINE))
    assert peers.affinity("app=web") == [Peer("default", "web-deployment", frozenset())]


def test_a_peer_that_is_gone_is_forgotten() -> None:
    cache: Cache[ResourceBinding] = Cache(RESOURCE_BINDINGS)
    peers = PlacedPeers(cache)
    cache.put(KEY, at("10", **AFFINE))
    peers.sent(KEY, at("11", targets={"m1": 1}, **AFFINE))
    cache.remove(KEY)
    peers.seen(KEY, None)
    assert peers.affinity("app=web") == []


HALF = {"cpu": "500m"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def assumed(clock: ManualClock, made: ResourceBinding) -> Assumptions:
    assumptions = Assumptions(clock=clock)
    assumptions.write(KEY, made)
    return assumptions


def test_replicas_in_flight_count_per_cluster(clock: ManualClock) -> None:
    assumptions = assumed(clock, binding({}, replicas=3, request=HALF, targets={"m1": 2, "m2": 1}))
    assert assumptions.by_cluster() == {
        "m1": [AssumedWorkload("", (AssumedComponent(2, HALF, "web"),))],
        "m2": [AssumedWorkload("", (AssumedComponent(1, HALF, "web"),))],
    }


def test_components_in_flight_count_as_one_set(clock: ManualClock) -> None:
    components = [
        {"name": "job", "replicas": 1, "replicaRequirements": {"resourceRequest": HALF}},
        {"name": "task", "replicas": 4},
    ]
    assumptions = assumed(clock, binding({}, components=components, targets={"m1": 0}))
    assert assumptions.by_cluster() == {
        "m1": [AssumedWorkload("", (AssumedComponent(1, HALF, "job"), AssumedComponent(4, {}, "task")))]
    }


def test_a_healthy_copy_is_in_the_clusters_own_figures(clock: ManualClock) -> None:
    before = binding({}, replicas=3, request=HALF, targets={"m1": 2, "m2": 1})
    assumptions = assumed(clock, before)
    report = {"aggregatedStatus": [{"clusterName": "m1", "health": "Healthy"}]}
    after = binding({}, replicas=3, request=HALF, targets={"m1": 2, "m2": 1}, status=report)
    assumptions.seen(KEY, before, after)
    assert set(assumptions.by_cluster()) == {"m2"}


def test_demand_expires(clock: ManualClock) -> None:
    assumptions = assumed(clock, binding({}, replicas=1, targets={"m1": 1}))
    clock.advance(299)
    assert set(assumptions.by_cluster()) == {"m1"}
    clock.advance(2)
    assert assumptions.by_cluster() == {}
    assumptions.sweep()
    assert assumptions.by_cluster() == {}


def test_without_targets_nothing_is_in_flight(clock: ManualClock) -> None:
    assumptions = assumed(clock, binding({}, replicas=1, targets={"m1": 1}))
    assumptions.write(KEY, binding({}))
    assert assumptions.by_cluster() == {}
