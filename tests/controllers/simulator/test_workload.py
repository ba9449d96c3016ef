"""What controllers know of pods: made, counted, remembered until the cache shows them."""

from datetime import UTC, datetime

import pytest

from controllers.simulator.owned import selector_of
from controllers.simulator.workload import (
    Pending,
    count_available,
    deletion_order,
    is_active,
    merge_conditions,
    pod_from,
    template_hash,
    wanted_replicas,
)
from karmada.api.objects import Object, is_deleting, name_of, uid_of
from tests.controllers.simulator.builders import DAWN, pod, replica_set, template, workload

NOW = datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)
OWNER = replica_set("web", 2)


def names(pods: list[Object]) -> list[str]:
    return list(map(name_of, pods))


def test_a_pod_we_made_is_there_before_the_cache_shows_it_and_not_twice_after() -> None:
    pending = Pending()
    made = pod("made", owner=OWNER)
    pending.created(uid_of(OWNER), made)
    assert names(pending.complete(uid_of(OWNER), [pod("known", owner=OWNER)])) == ["known", "made"]
    assert names(pending.complete(uid_of(OWNER), [made])) == ["made"]
    pending.seen(made)
    assert pending.complete(uid_of(OWNER), []) == []
    assert len(pending) == 0


def test_a_pod_we_deleted_shows_as_leaving_until_the_cache_does() -> None:
    pending = Pending()
    known = pod("known", owner=OWNER)
    pending.deleted(known)
    (shown,) = pending.complete(uid_of(OWNER), [known])
    assert is_deleting(shown)
    assert not is_active(shown)
    pending.seen(known)
    assert len(pending) == 1, "an older state of it says nothing"
    pending.seen(pod("known", owner=OWNER, deleting=True))
    assert len(pending) == 0


def test_a_pod_that_came_and_went_is_forgotten() -> None:
    pending = Pending()
    made = pod("made", owner=OWNER)
    pending.created(uid_of(OWNER), made)
    pending.deleted(made)
    pending.gone(made)
    assert len(pending) == 0


def test_the_least_useful_pods_go_first() -> None:
    pods = [
        pod("old", node="n"),
        pod("young", node="n", created="2026-02-01T00:00:00Z"),
        pod("sick", node="n", ready=False),
        pod("starting", node="n", phase="Pending"),
        pod("waiting", phase="Pending"),
    ]
    assert names(sorted(pods, key=deletion_order)) == ["waiting", "starting", "sick", "young", "old"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0, (2, None), id="at-once"),
        pytest.param(5, (1, 1.0), id="one-is-too-young"),
        pytest.param(60, (0, 50.0), id="both-are"),
    ],
)
def test_pods_are_available_after_a_while(seconds: int, expected: tuple[int, float | None]) -> None:
    pods = [
        pod("a", ready_since=DAWN),
        pod("b", ready_since="2026-01-01T00:00:06Z"),
        pod("c", ready=False),
    ]
    assert count_available(pods, min_ready_seconds=seconds, now=NOW) == expected


@pytest.mark.parametrize(
    ("replicas", "expected"),
    [
        pytest.param(None, 1, id="one-by-default"),
        pytest.param(0, 0, id="none"),
        pytest.param(-3, 0, id="negative"),
    ],
)
def test_wanted_replicas(replicas: int | None, expected: int) -> None:
    assert wanted_replicas({"spec": {"replicas": replicas}}) == expected


def test_a_pod_is_what_its_template_says_and_belongs_to_its_owner() -> None:
    made = pod_from(OWNER, template("web"), labels={"hash": "x"}, finalizers=["f"], spec={"hostname": "h"})
    assert made["metadata"] == {
        "namespace": "default",
        "generateName": "web-",
        "labels": {"app": "web", "hash": "x"},
        "finalizers": ["f"],
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "name": "web",
                "uid": "uid-web",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    assert made["spec"] == {"containers": [{"name": "app", "image": "shop/web:1"}], "hostname": "h"}


def test_an_empty_template_makes_an_empty_pod() -> None:
    assert pod_from(OWNER, {})["spec"] == {}


def test_hashes_tell_templates_apart_whatever_the_order_of_their_fields() -> None:
    assert template_hash({"a": 1, "b": 2}) == template_hash({"b": 2, "a": 1})
    assert template_hash({"a": 1}) != template_hash({"a": 2})
    assert template_hash({"a": 1}) != template_hash({"a": 1}, collision_count=1)


def test_conditions_keep_their_times_while_nothing_changes() -> None:
    wanted = {"type": "T", "status": "True", "reason": "R", "message": "m"}
    first = merge_conditions([], [wanted], now="then")
    assert merge_conditions(first, [wanted], now="now") == first
    (told,) = merge_conditions(first, [{**wanted, "message": "other"}], now="now")
    assert (told["lastTransitionTime"], told["lastUpdateTime"]) == ("then", "now")
    (moved,) = merge_conditions(first, [{**wanted, "status": "False"}], now="now")
    assert moved["lastTransitionTime"] == "now"


def test_a_replication_controller_has_a_plain_selector() -> None:
    plain = workload("ReplicationController", selector={"app": "web"})
    assert selector_of(plain).matches({"app": "web"})
    assert selector_of(workload("ReplicaSet")).matches({"app": "web"})
    assert selector_of({"kind": "ReplicaSet"}).is_everything
