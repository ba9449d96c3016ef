"""What a stuck object waits for, stage by stage; nothing when all is well."""

from typing import Any

import pytest

from karmada.cli.journey.account import account_of
from karmada.cli.journey.text import account_text
from karmada.cli.journey.waits import waits_of
from tests.karmada.cli.journey.worlds import (
    MEMBERS,
    binding,
    override,
    policy,
    ready,
    template,
    work,
    world,
)

REASON = "cluster(s) did not match the placement cluster affinity constraint"
HELD = {"namespaced_policies": [policy("p")]}
REFUSED = [{"type": "Scheduled", "status": "False", "reason": "NoClusterFit", "message": "0/3 clusters"}]
LEAVING = {"fromCluster": "member3", "producer": "taint-manager", "reason": "TaintUntolerated"}


@pytest.mark.parametrize(
    ("fields", "stage", "words"),
    [
        pytest.param({}, "policy", "no policy selects it", id="no-policy"),
        pytest.param(
            {"template": template(namespace="kube-system")},
            "policy",
            "never propagated",
            id="a-reserved-place",
        ),
        pytest.param(
            {"template": template(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["a/b"]), **HELD},
            "deletion",
            "kept by: a/b",
            id="being-deleted",
        ),
        pytest.param(HELD, "binding", "there is no binding yet", id="no-binding"),
        pytest.param(
            {"namespaced_policies": [policy("p", dependentOverrides=["o"])]},
            "policy",
            "dependentOverrides: o not found",
            id="overrides-to-come",
        ),
        pytest.param(
            {**HELD, "binding": binding(conditions=REFUSED)},
            "scheduler",
            "NoClusterFit: 0/3 clusters",
            id="no-fit",
        ),
        pytest.param(
            {**HELD, "binding": binding(observed=0)},
            "scheduler",
            "has not looked at generation 1",
            id="not-looked-at",
        ),
        pytest.param(
            {**HELD, "binding": binding(suspension={"scheduling": True})},
            "scheduler",
            "scheduling is suspended",
            id="scheduling-suspended",
        ),
        pytest.param(
            {**HELD, "binding": binding("member1")}, "delivery", "no Work was written", id="no-work"
        ),
        pytest.param(
            {**HELD, "binding": binding("member1"), "works": [work("member1", "False", "conflict here")]},
            "delivery",
            "not applied yet: conflict here",
            id="not-applied",
        ),
        pytest.param(
            {**HELD, "binding": binding("member1", suspension={"dispatching": True})},
            "delivery",
            "dispatching is suspended",
            id="dispatching-suspended",
        ),
        pytest.param(
            {**HELD, "binding": binding("gone")},
            "delivery",
            "not registered any more",
            id="a-cluster-that-went",
        ),
        pytest.param(
            {
                **HELD,
                "binding": binding("member1"),
                "works": [work("member1")],
                "clusters": [ready("member1", "False"), *MEMBERS[1:]],
            },
            "cluster",
            "the cluster is not ready (ClusterReady: said so)",
            id="a-cluster-that-is-down",
        ),
        pytest.param(
            {**HELD, "binding": binding("member1", health="Unhealthy"), "works": [work("member1")]},
            "health",
            "not healthy yet",
            id="unhealthy",
        ),
        pytest.param(
            {
                **HELD,
                "binding": binding("member1", gracefulEvictionTasks=[LEAVING]),
                "works": [work("member1")],
            },
            "eviction",
            "leaves once its replacement is healthy (TaintUntolerated, by taint-manager)",
            id="an-eviction",
        ),
    ],
)
def test_what_it_waits_for(fields: dict[str, Any], stage: str, words: str) -> None:
    (wait,) = waits_of(world(**fields))
    assert wait.stage == stage
    assert words in wait.text


def test_where_everything_is_in_place_nothing_is_waited_for() -> None:
    made = world(**HELD, binding=binding("member1"), works=[work("member1")])
    assert waits_of(made) == []
    assert account_text(account_of(made)).endswith("Waits for nothing: everything is where it should be.")


def test_the_whole_story_in_text() -> None:
    made = world(
        **HELD,
        binding=binding("member1", "member2"),
        works=[work("member1"), work("member2", "")],
        overrides=[
            override(
                "o",
                {"imageOverrider": [{"component": "Tag", "operator": "replace", "value": "2"}]},
                "member1",
            )
        ],
    )
    assert (
        account_text(account_of(made))
        == f"""\
Deployment shop/web

Policies
  PropagationPolicy shop/p   wins   selects it by name, priority 0

Placement: Duplicated: all replicas in every selected cluster
  CLUSTER   VERDICT   SCORE   ROOM   REPLICAS   WHY
  member1   chosen    100     1000   4          ClusterLocality 100
  member2   chosen    100     1000   4          ClusterLocality 100
  member3   refused   -       -      -          ClusterAffinity: {REASON}

Overrides
  member1   override policy(shop/o)   replace image tag 2

Delivery
  CLUSTER   REPLICAS   APPLIED   HEALTH    WORK
  member1   4          True      Healthy   karmada-es-member1/web-1
  member2   4          not yet   Healthy   karmada-es-member2/web-1

Waits
  member2: not applied yet"""
    )


def test_the_same_as_json() -> None:
    made = world(**HELD, binding=binding("member1"), works=[work("member1")])
    told = account_of(made).to_json()
    assert told["policies"][0]["wins"] is True
    assert told["scheduling"]["targets"] == [
        {"name": "member1", "replicas": 4},
        {"name": "member2", "replicas": 4},
    ]
    assert told["delivery"] == [
        {
            "cluster": "member1",
            "replicas": 4,
            "work": "karmada-es-member1/web-1",
            "applied": "True",
            "health": "Healthy",
        }
    ]
    assert told["waitsFor"] == []


def test_a_rule_that_fails_is_told() -> None:
    broken = override("o", {"plaintext": [{"path": "/spec/none/x", "operator": "remove"}]})
    made = world(**HELD, binding=binding("member1"), overrides=[broken])
    (step,) = account_of(made).overrides
    assert (step.cluster, step.policy, step.changes) == ("member1", "override policy(shop/o)", ())
    assert step.error
