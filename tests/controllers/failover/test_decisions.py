"""What evicts, decided without a clock: health, taints, conditions; and the state that moves along."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controllers.failover.preserved import StateNotPreserved, expanded, preserved_labels
from controllers.failover.taint_manager import placement_of
from controllers.failover.taint_policies import tainted
from controllers.failover.tolerations import FOR_EVER, evicting_taints, tolerated_seconds
from controllers.failover.unhealthy import judged
from karmada.api.groups.cluster import Cluster
from karmada.api.groups.meta import Taint, Toleration
from karmada.api.groups.policy import ClusterTaintPolicy, StatePreservation
from karmada.api.groups.work import AggregatedStatusItem, ResourceBinding
from karmada.api.objects import Object

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- health -------------------------------------------------------------------------------------------------


def application(
    tolerated: int | None = 60, *, leaving: tuple[str, ...] = (), **health: str
) -> ResourceBinding:
    conditions = {} if tolerated is None else {"tolerationSeconds": tolerated}
    return ResourceBinding.from_json(
        {
            "metadata": {"name": "b"},
            "spec": {
                "clusters": [{"name": name} for name in health],
                "gracefulEvictionTasks": [
                    {"fromCluster": name, "producer": "p", "reason": "R"} for name in leaving
                ],
                "failover": {"application": {"decisionConditions": conditions}},
            },
            "status": {
                "aggregatedStatus": [{"clusterName": name, "health": value} for name, value in health.items()]
            },
        }
    )


@pytest.mark.parametrize(
    ("given", "since", "evict", "remembered", "next_seconds"),
    [
        pytest.param(application(a="Healthy"), {}, [], {}, None, id="healthy"),
        pytest.param(application(a="Unhealthy"), {}, [], {"a": 100.0}, 60.0, id="first-seen"),
        pytest.param(application(a="Unhealthy"), {"a": 70.0}, [], {"a": 70.0}, 30.0, id="half-time"),
        pytest.param(application(a="Unhealthy"), {"a": 40.0}, ["a"], {}, None, id="too-long"),
        pytest.param(application(0, a="Unhealthy"), {}, ["a"], {}, None, id="nothing-tolerated"),
        pytest.param(application(None, a="Unhealthy"), {}, [], {"a": 100.0}, 300.0, id="default-time"),
        pytest.param(application(a="Unknown"), {"a": 40.0}, [], {}, None, id="unknown-starts-anew"),
        pytest.param(
            application(leaving=("a",), a="Unhealthy"), {"a": 40.0}, [], {}, None, id="leaving-already"
        ),
        pytest.param(
            application(a="Unhealthy", b="Unhealthy", c="Healthy"),
            {"a": 40.0, "b": 90.0, "gone": 1.0},
            ["a"],
            {"b": 90.0},
            50.0,
            id="each-cluster-for-itself",
        ),
    ],
)
def test_a_copy_leaves_when_it_was_unhealthy_for_too_long(
    given: ResourceBinding,
    since: dict[str, float],
    evict: list[str],
    remembered: dict[str, float],
    next_seconds: float | None,
) -> None:
    verdict = judged(given, since, now=100.0)
    assert (verdict.evict, verdict.since, verdict.next_seconds) == (evict, remembered, next_seconds)


# --- taints -------------------------------------------------------------------------------------------------


def taint(key: str = "gpu", value: str = "", effect: str = "NoExecute", added: float | None = 10) -> Taint:
    fields: Object = {"key": key, "value": value, "effect": effect}
    return Taint.from_json(fields if added is None else {**fields, "timeAdded": ago(added)})


def toleration(**fields: Any) -> Toleration:
    return Toleration.from_json(fields)


@pytest.mark.parametrize(
    ("taints", "tolerations", "expected"),
    [
        pytest.param([taint()], [], 0.0, id="not-tolerated"),
        pytest.param([taint()], [toleration(operator="Exists")], FOR_EVER, id="everything-for-ever"),
        pytest.param([taint(value="a")], [toleration(key="gpu", value="a")], FOR_EVER, id="equal"),
        pytest.param([taint(value="a")], [toleration(key="gpu", value="b")], 0.0, id="another-value"),
        pytest.param(
            [taint()],
            [toleration(key="gpu", operator="Exists", effect="NoSchedule")],
            0.0,
            id="another-effect",
        ),
        pytest.param(
            [taint()], [toleration(key="gpu", operator="Gt", value="1")], 0.0, id="unknown-operator"
        ),
        pytest.param(
            [taint()], [toleration(operator="Exists", tolerationSeconds=60)], 50.0, id="for-a-while"
        ),
        pytest.param(
            [taint()], [toleration(operator="Exists", tolerationSeconds=5)], -5.0, id="not-any-more"
        ),
        pytest.param(
            [taint(added=None)], [toleration(operator="Exists", tolerationSeconds=60)], 60.0, id="as-if-now"
        ),
        pytest.param(
            [taint("a"), taint("b")],
            [
                toleration(key="a", operator="Exists", tolerationSeconds=30),
                toleration(key="b", operator="Exists"),
            ],
            20.0,
            id="the-shortest-counts",
        ),
        pytest.param([taint("a"), taint("b")], [toleration(key="a", operator="Exists")], 0.0, id="only-one"),
        pytest.param(
            [taint("a")],
            [toleration(key="a", operator="Exists"), toleration(operator="Exists", tolerationSeconds=0)],
            FOR_EVER,
            id="the-first-that-matches-counts",
        ),
    ],
)
def test_taints_are_tolerated_so_long(
    taints: list[Taint], tolerations: list[Toleration], expected: float
) -> None:
    assert tolerated_seconds(taints, tolerations, now=NOW) == expected


def test_only_taints_that_drive_out_count() -> None:
    assert evicting_taints([taint(effect="NoSchedule"), taint("b")]) == [taint("b")]


@pytest.mark.parametrize(
    ("applied", "expected"),
    [
        pytest.param('{"clusterTolerations":[{"key":"applied"}]}', ["applied"], id="what-was-applied"),
        pytest.param("no json", ["wanted"], id="unreadable"),
        pytest.param('["list"]', ["wanted"], id="no-placement"),
        pytest.param("", ["wanted"], id="not-recorded"),
    ],
)
def test_the_placement_that_was_acted_on_decides(applied: str, expected: list[str]) -> None:
    given = ResourceBinding.from_json(
        {
            "metadata": {"name": "b", "annotations": {"policy.karmada.io/applied-placement": applied}},
            "spec": {"placement": {"clusterTolerations": [{"key": "wanted"}]}},
        }
    )
    assert [item.key for item in placement_of(given).cluster_tolerations] == expected


# --- taint policies -----------------------------------------------------------------------------------------


def cluster(*taints: Object, **conditions: str) -> Cluster:
    return Cluster.from_json(
        {
            "metadata": {"name": "member1"},
            "spec": {"taints": list(taints)},
            "status": {"conditions": [{"type": name, "status": value} for name, value in conditions.items()]},
        }
    )


def policy(
    *taints: Object, name: str = "p", created: str = "2026-01-01T00:00:00Z", **spec: Any
) -> ClusterTaintPolicy:
    metadata = {"name": name, "creationTimestamp": created}
    return ClusterTaintPolicy.from_json({"metadata": metadata, "spec": {"taints": list(taints), **spec}})


def on(condition: str, operator: str, *values: str) -> Object:
    return {"conditionType": condition, "operator": operator, "statusValues": list(values)}


BAD: Object = {"key": "bad", "effect": "NoExecute"}
NOT_READY = [on("Ready", "In", "False", "Unknown")]
READY = [on("Ready", "In", "True")]


@pytest.mark.parametrize(
    ("given", "policies", "expected"),
    [
        pytest.param(cluster(Ready="False"), [policy(BAD, addOnConditions=NOT_READY)], ["bad"], id="adds"),
        pytest.param(cluster(Ready="True"), [policy(BAD, addOnConditions=NOT_READY)], [], id="no-reason"),
        pytest.param(cluster(Ready="False"), [policy(BAD)], [], id="without-conditions-never"),
        pytest.param(
            cluster(), [policy(BAD, addOnConditions=[on("Ready", "NotIn", "True")])], [], id="absent"
        ),
        pytest.param(
            cluster(Ready="False"),
            [policy(BAD, addOnConditions=[on("Ready", "NotIn", "True")])],
            ["bad"],
            id="not-in",
        ),
        pytest.param(
            cluster(Ready="False", Network="True"),
            [policy(BAD, addOnConditions=[*NOT_READY, on("Network", "In", "False")])],
            [],
            id="all-must-match",
        ),
        pytest.param(cluster(BAD, Ready="True"), [policy(BAD, removeOnConditions=READY)], [], id="removes"),
        pytest.param(
            cluster({**BAD, "value": "mine"}, Ready="False"),
            [policy(BAD, addOnConditions=NOT_READY)],
            ["bad"],
            id="there-already",
        ),
        pytest.param(
            cluster(Ready="False"),
            [policy(BAD, addOnConditions=NOT_READY, targetClusters={"clusterNames": ["member2"]})],
            [],
            id="another-cluster",
        ),
        pytest.param(
            cluster(Ready="False"),
            [
                policy(BAD, name="a", created="2026-01-02T00:00:00Z", removeOnConditions=NOT_READY),
                policy(BAD, name="b", addOnConditions=NOT_READY),
            ],
            [],
            id="the-older-one-goes-first",
        ),
    ],
)
def test_taints_follow_from_conditions(
    given: Cluster, policies: list[ClusterTaintPolicy], expected: list[str]
) -> None:
    assert [item.key for item in tainted(given, policies, now=ago(0))] == expected


def test_nothing_to_change_is_the_very_same_list() -> None:
    given = cluster(BAD, Ready="False")
    assert tainted(given, [policy(BAD, addOnConditions=NOT_READY)], now=ago(0)) is given.spec.taints


def test_a_new_taint_says_when_it_came() -> None:
    wanted = {**BAD, "value": "v"}
    (made,) = tainted(cluster(Ready="False"), [policy(wanted, addOnConditions=NOT_READY)], now=ago(0))
    assert made.to_json() == {**wanted, "timeAdded": ago(0)}


# --- state --------------------------------------------------------------------------------------------------

STATUS: Object = {
    "availableReplicas": 3,
    "leader": {"name": "web-0", "zones": ["a", "b"]},
    "with.dot": "d",
    "ok": True,
    "none": None,
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{.availableReplicas}", "3"),
        ("{.leader.name}", "web-0"),
        ("{.leader.zones[1]}", "b"),
        ("{.leader.zones[-1]}", "b"),
        ("{['with.dot']}", "d"),
        (r"{.with\.dot}", "d"),
        ("{.ok}", "true"),
        ("{.none}", "<nil>"),
        ("{$.ok}", "true"),
        ("{.leader.zones}", '["a","b"]'),
        ("at {.leader.name} of {.availableReplicas}", "at web-0 of 3"),
        ("plain", "plain"),
    ],
)
def test_a_template_is_filled_in_from_the_status(template: str, expected: str) -> None:
    assert expanded(template, STATUS) == expected


@pytest.mark.parametrize("template", ["{.absent}", "{.leader.zones[9]}", "{.ok.deeper}", "{range .leader}"])
def test_state_that_is_not_there_stops_the_move(template: str) -> None:
    with pytest.raises(StateNotPreserved):
        expanded(template, STATUS)


def test_the_labels_come_from_the_status_of_the_cluster_that_is_left() -> None:
    rules = StatePreservation.from_json(
        {"rules": [{"aliasLabelName": "n", "jsonPath": "{.availableReplicas}"}]}
    )
    items = [AggregatedStatusItem(cluster_name="member1", status=STATUS)]
    assert preserved_labels(rules, items, "member1") == {"n": "3"}
    assert preserved_labels(None, items, "member1") == {}
    with pytest.raises(StateNotPreserved, match="member2"):
        preserved_labels(rules, items, "member2")
