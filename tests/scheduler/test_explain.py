"""An explanation says what the decision says, and why, cluster by cluster."""

from typing import Any

import pytest

from scheduler.decide import schedule
from scheduler.explain import explain
from scheduler.snapshot import Snapshot
from tests.scheduler.build import AGGREGATED, DUPLICATED, DYNAMIC, binding, cluster, placed_by, spread, static

TAINT = {"key": "foo", "value": "bar", "effect": "NoSchedule"}
ONE_TO_TWO = placed_by(static(("member1", 1), ("member2", 2)))
GROUPS = {
    "clusterAffinities": [
        {"affinityName": "near", "clusterNames": ["nowhere"]},
        {"affinityName": "far", "clusterNames": ["member2"]},
    ]
}


def members(**first: Any) -> Snapshot:
    return Snapshot.of([cluster("member1", **first), cluster("member2"), cluster("member3")])


@pytest.mark.parametrize(
    ("placement", "fields"),
    [
        pytest.param(placed_by(DUPLICATED), {"replicas": 2}, id="duplicated"),
        pytest.param(ONE_TO_TWO, {"replicas": 9}, id="static"),
        pytest.param(placed_by(AGGREGATED), {"replicas": 9, "request": {"cpu": "1"}}, id="aggregated"),
        pytest.param(placed_by(DYNAMIC), {"replicas": 9000, "request": {"cpu": "1"}}, id="too-many"),
        pytest.param(GROUPS, {"replicas": 1}, id="groups"),
        pytest.param(None, {}, id="no-placement"),
        pytest.param({"spreadConstraints": [spread("region", 1, 2)]}, {"replicas": 1}, id="no-regions"),
        pytest.param(placed_by({"replicaSchedulingType": "Odd"}), {"replicas": 1}, id="unsupported"),
    ],
)
def test_an_explanation_holds_the_decision_itself(
    placement: dict[str, Any] | None, fields: dict[str, Any]
) -> None:
    made = binding(placement, **fields)
    explained, decided = explain(made, members()), schedule(made, members())
    assert explained.decision.targets == decided.targets
    assert str(explained.decision.error) == str(decided.error)
    assert explained.to_json()["trials"] == [trial.to_json() for trial in explained.trials]


def test_every_plugin_is_heard_about_every_cluster() -> None:
    placement = placed_by(DUPLICATED, clusterAffinity={"clusterNames": ["member2"]})
    found = explain(binding(placement, replicas=2), members(taints=[TAINT]))
    (trial,) = found.trials
    first = trial.clusters[0]
    assert [each.plugin for each in first.refusals] == ["TaintToleration", "ClusterAffinity"]
    assert first.refusals[0].reason == "cluster(s) had untolerated taint {foo=bar:NoSchedule}"
    assert [(each.name, each.fits, each.given) for each in trial.clusters] == [
        ("member1", False, None),
        ("member2", True, 2),
        ("member3", False, None),
    ]


def test_a_present_target_scores_for_its_locality_and_says_what_it_holds() -> None:
    (trial,) = explain(binding(placed_by(DUPLICATED), replicas=2, targets={"member2": 2}), members()).trials
    found = trial.clusters[1]
    assert (found.scores, found.score, found.held, found.given) == ((("ClusterLocality", 100),), 100, 2, 2)


def test_static_weights_are_shown() -> None:
    (trial,) = explain(binding(ONE_TO_TWO, replicas=9), members()).trials
    shown = [(each.name, each.weight, each.given) for each in trial.clusters]
    assert shown == [("member1", 1, 3), ("member2", 2, 6), ("member3", None, None)]


def test_each_affinity_group_that_was_tried_is_a_trial() -> None:
    found = explain(binding(GROUPS, replicas=1), members())
    assert [(trial.group, bool(trial.error)) for trial in found.trials] == [("near", True), ("far", False)]
    assert found.to_json()["affinityGroup"] == "far"


def test_a_deleting_cluster_is_shown_but_not_asked_about() -> None:
    (trial,) = explain(binding(placed_by(DUPLICATED), replicas=1), members(deleting=True)).trials
    assert (trial.clusters[0].deleting, trial.clusters[0].fits, trial.clusters[0].verdicts) == (
        True,
        False,
        (),
    )
