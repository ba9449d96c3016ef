"""Whole decisions: from a binding and clusters to targets."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karmada.api.groups.cluster import Cluster
from karmada.api.groups.work import ResourceBinding
from scheduler.decide import Decision, Settings, Step, free_replicas, schedule
from scheduler.framework import EstimatorUnavailable, Gates, Request
from scheduler.placement import compile_placement
from scheduler.results import spec_patch
from scheduler.snapshot import Snapshot
from tests.scheduler.build import (
    AGGREGATED,
    DUPLICATED,
    DYNAMIC,
    EQUAL_WEIGHTS,
    binding,
    cluster,
    facts,
    placed_by,
    request_for,
    spread,
    static,
)

GRADES = [
    {"grade": 0, "ranges": [{"name": "cpu", "min": "0", "max": "1"}]},
    {"grade": 1, "ranges": [{"name": "cpu", "min": "1", "max": "2"}]},
    {"grade": 2, "ranges": [{"name": "cpu", "min": "2", "max": "4"}]},
    {"grade": 3, "ranges": [{"name": "cpu", "min": "4", "max": "8"}]},
    {"grade": 4, "ranges": [{"name": "cpu", "min": "8", "max": "16"}]},
]


def graded(name: str, cpu: int, grade: int, **fields: Any) -> Cluster:
    """A member with one node of cpu CPUs, which counts as the least of its grade."""
    figures = {
        "allocatable": {"cpu": str(cpu), "memory": "64Gi", "pods": "110"},
        "allocatableModelings": [{"grade": grade, "count": 1}],
    }
    return cluster(name, summary=figures, models=GRADES, **fields)


THREE = [graded("member1", 8, 3), graded("member2", 16, 4), graded("member3", 4, 2)]
ONLY = {"clusterAffinity": {"clusterNames": ["member1", "member2", "member3"]}}


def targets_of(decision: Decision) -> dict[str, int] | None:
    return None if decision.targets is None else {target.name: target.replicas for target in decision.targets}


@pytest.mark.parametrize(
    ("placement", "fields", "expected"),
    [
        pytest.param({}, {}, {"member1": 0, "member2": 0, "member3": 0}, id="no-affinity-means-all"),
        pytest.param(
            placed_by(clusterAffinity={"clusterNames": ["member1"]}),
            {},
            {"member1": 0},
            id="affinity-by-name",
        ),
        pytest.param(
            placed_by(DUPLICATED),
            {"replicas": 2},
            {"member1": 2, "member2": 2, "member3": 2},
            id="duplicated",
        ),
        pytest.param(
            placed_by(EQUAL_WEIGHTS), {"replicas": 6}, {"member1": 2, "member2": 2, "member3": 2}, id="equal"
        ),
        pytest.param(
            placed_by(static(("member1", 1), ("member2", 2))),
            {"replicas": 9},
            {"member1": 3, "member2": 6},
            id="static-weights",
        ),
        pytest.param(
            placed_by(AGGREGATED, **ONLY),
            {"replicas": 5, "request": {"cpu": "1"}},
            {"member2": 5},
            id="aggregated",
        ),
        pytest.param(
            placed_by(DYNAMIC, **ONLY),
            {"replicas": 14, "request": {"cpu": "1"}},
            {"member1": 4, "member2": 8, "member3": 2},
            id="dynamic-weights",
        ),
        pytest.param(
            placed_by(DUPLICATED, spreadConstraints=[spread("cluster", 1, 2)]),
            {"replicas": 2},
            {"member1": 2, "member2": 2},
            id="spread-over-two",
        ),
        pytest.param(placed_by(DUPLICATED), {"replicas": 0, "request": {"cpu": "1"}}, {}, id="zero-replicas"),
    ],
)
def test_a_first_placement(placement: Any, fields: Any, expected: dict[str, int]) -> None:
    decision = schedule(binding(placement, **fields), Snapshot.of(THREE))
    assert decision.error is None
    assert targets_of(decision) == expected


@pytest.mark.parametrize(
    ("placement", "fields", "targets", "reason", "message"),
    [
        pytest.param(
            placed_by(clusterAffinity={"clusterNames": ["member8"]}),
            {},
            {},
            "NoClusterFit",
            "0/3 clusters are available: "
            "3 cluster(s) did not match the placement cluster affinity constraint.",
            id="no-cluster-fits-clears-the-targets",
        ),
        pytest.param(
            placed_by(AGGREGATED, **ONLY),
            {"replicas": 500, "request": {"cpu": "2"}},
            None,
            "Unschedulable",
            "failed to assign replicas: failed to scale up: Clusters available replicas 7 are not enough to "
            "schedule.",
            id="no-room-leaves-the-targets",
        ),
        pytest.param(
            placed_by(spreadConstraints=[spread("cluster", 5, 6)]),
            {},
            None,
            "SchedulerError",
            "failed to select clusters: "
            "the number of feasible clusters is less than spreadConstraint.MinGroups",
            id="too-few-for-the-spread",
        ),
        pytest.param(
            None,
            {},
            None,
            "SchedulerError",
            "failed to get placement from ResourceBinding(default/web-deployment)",
            id="no-placement",
        ),
    ],
)
def test_a_failure_says_what_and_why(
    placement: Any, fields: Any, targets: dict[str, int] | None, reason: str, message: str
) -> None:
    decision = schedule(binding(placement, **fields), Snapshot.of(THREE))
    assert decision.error is not None
    assert (targets_of(decision), decision.error.reason, str(decision.error)) == (targets, reason, message)


def test_no_cluster_at_all() -> None:
    decision = schedule(binding({}), Snapshot.of([]))
    assert str(decision.error) == "0/0 clusters are available: no cluster exists."


BY_GROUPS = {
    "clusterAffinities": [
        {"affinityName": "affinity1", "clusterNames": ["cluster1"]},
        {"affinityName": "affinity2", "clusterNames": ["cluster2"]},
    ]
}
BEFORE, AFTER = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"


@pytest.mark.parametrize(
    ("clusters", "observed", "triggered", "targets", "group", "failed"),
    [
        pytest.param("cluster1 cluster2", "", "", {"cluster1": 1}, "affinity1", [], id="first-group"),
        pytest.param(
            "cluster1 cluster2", "affinity2", AFTER, {"cluster1": 1}, "affinity1", [], id="reschedule"
        ),
        pytest.param("cluster1 cluster2", "affinity2", "", {"cluster2": 1}, "affinity2", [], id="stays"),
        pytest.param("cluster2", "", "", {"cluster2": 1}, "affinity2", [0], id="falls-through"),
        pytest.param("cluster1", "affinity2", "", {}, None, [1], id="never-back-by-itself"),
        pytest.param("cluster3", "gone", "", {}, None, [0, 1], id="unknown-group-starts-over"),
    ],
)
def test_affinity_groups_are_tried_in_order(
    clusters: str, observed: str, triggered: str, targets: Any, group: str | None, failed: list[int]
) -> None:
    status = {"schedulerObservingAffinityName": observed, "lastScheduledTime": BEFORE}
    asked = binding(BY_GROUPS, replicas=1, status=status, rescheduleTriggeredAt=triggered or None)
    decision = schedule(asked, Snapshot.of(cluster(name) for name in clusters.split()))
    assert targets_of(decision) == targets
    assert decision.group == group
    assert [failure.index for failure in decision.failures] == failed


def test_groups_that_fail_otherwise_leave_the_targets() -> None:
    placement = {**BY_GROUPS, "spreadConstraints": [spread("cluster", 2, 2)]}
    decision = schedule(
        binding(placement, replicas=1), Snapshot.of([cluster("cluster1"), cluster("cluster2")])
    )
    assert decision.targets is None
    assert [failure.message for failure in decision.failures] == [str(decision.error)] * 2


def test_overflow_takes_what_the_first_tier_cannot() -> None:
    tiers = [{"affinityName": "burst", "clusterNames": ["member2"]}]
    groups = [{"affinityName": "main", "clusterNames": ["member3"], "overflowAffinities": tiers}]
    asked = binding(placed_by(DYNAMIC, clusterAffinities=groups), replicas=5, request={"cpu": "1"})
    assert targets_of(schedule(asked, Snapshot.of(THREE))) == {"member3": 2, "member2": 3}


def test_empty_workloads_may_be_propagated() -> None:
    asked = binding(placed_by(static(("member1", 1))), replicas=2)
    decision = schedule(asked, Snapshot.of(THREE), settings=Settings(empty_workload_propagation=True))
    assert targets_of(decision) == {"member1": 2, "member2": 0, "member3": 0}


def test_components_go_to_the_cluster_with_room_for_a_set() -> None:
    components = [
        {"name": "job", "replicas": 1, "replicaRequirements": {"resourceRequest": {"cpu": "4"}}},
        {"name": "task", "replicas": 1, "replicaRequirements": {"resourceRequest": {"cpu": "4"}}},
    ]
    placement = placed_by(AGGREGATED, spreadConstraints=[spread("cluster", 1, 1)])
    asked = binding(placement, components=components)
    decision = schedule(
        asked, Snapshot.of(THREE), settings=Settings(gates=Gates(multiple_pod_templates=True))
    )
    assert decision.targets is not None
    assert [(target.name, target.components) for target in decision.targets] == [
        ("member2", (("job", 1), ("task", 1)))
    ]


class Says:
    """An estimator with one answer for everybody; None: it cannot be asked."""

    def __init__(self, answer: int | None) -> None:
        self.name = "test"
        self.answer = answer

    def max_replicas(self, request: Request, clusters: Any, snapshot: Snapshot) -> list[int]:
        if self.answer is None:
            raise EstimatorUnavailable
        return [self.answer] * len(clusters)

    max_sets = max_replicas


@pytest.mark.parametrize(
    ("answers", "replicas", "expected"),
    [
        pytest.param([7, 3], 5, 3, id="least-of-all"),
        pytest.param([7, -1], 5, 7, id="who-cannot-tell-is-left-out"),
        pytest.param([None, 7], 5, 7, id="who-fails-is-left-out"),
        pytest.param([-1, None], 5, 5, id="nobody-knows-means-as-many-as-asked-for"),
        pytest.param([3], 0, 2147483647, id="without-replicas-nobody-is-asked"),
    ],
)
def test_estimators_are_combined(answers: list[int | None], replicas: int, expected: int) -> None:
    members = [facts(cluster("m"))]
    estimators = [Says(answer) for answer in answers]
    asked = request_for({}, replicas=replicas)
    assert free_replicas(asked, members, Snapshot.of([]), estimators) == [expected]


def test_each_phase_is_observed() -> None:
    seen: list[Step] = []
    schedule(binding({}), Snapshot.of(THREE), observe=seen.append)
    assert seen == list(Step)


PLACEMENTS = st.sampled_from(
    [
        placed_by(DUPLICATED),
        placed_by(EQUAL_WEIGHTS),
        placed_by(static(("member1", 3), ("member2", 1))),
        placed_by(AGGREGATED),
        placed_by(DYNAMIC),
        placed_by(AGGREGATED, spreadConstraints=[spread("cluster", 1, 2)]),
    ]
)
BY_REGION = placed_by(DUPLICATED, spreadConstraints=[spread("region", 1, 2), spread("cluster", 2, 3)])
MEMBERS = [
    graded("member1", 8, 3, region="east"),
    graded("member2", 16, 4, region="west"),
    graded("member3", 4, 2, region="west"),
    graded("member4", 8, 3, taints=[{"key": "gpu", "effect": "NoSchedule"}]),
]


@settings(deadline=None)
@given(
    order=st.permutations(MEMBERS),
    placement=st.one_of(PLACEMENTS, st.just(BY_REGION)),
    replicas=st.integers(0, 16),
    targets=st.dictionaries(st.sampled_from(["member1", "member2", "member4"]), st.integers(1, 6)),
)
def test_the_order_of_clusters_does_not_matter(
    order: list[Cluster], placement: Any, replicas: int, targets: dict[str, int]
) -> None:
    asked = binding(placement, replicas=replicas, request={"cpu": "1"}, targets=targets)
    assert str(schedule(asked, Snapshot.of(order))) == str(schedule(asked, Snapshot.of(MEMBERS)))


@settings(deadline=None)
@given(placement=PLACEMENTS, replicas=st.integers(0, 14), request_=st.sampled_from([None, {"cpu": "1"}]))
def test_a_second_decision_changes_nothing(
    placement: Any, replicas: int, request_: dict[str, str] | None
) -> None:
    first = after_pass(binding(placement, replicas=replicas, request=request_))
    assert after_pass(first) == first


@settings(deadline=None)
@given(replicas=st.integers(0, 14))
def test_regions_settle_after_a_few_decisions(replicas: int) -> None:
    """What a region holds counts as its room, so a first choice may make a smaller one possible."""
    made = binding(BY_REGION, replicas=replicas, request={"cpu": "1"})
    for _ in range(3):
        made = after_pass(made)
    assert after_pass(made) == made


def after_pass(before: ResourceBinding) -> ResourceBinding:
    return applied(before, schedule(before, Snapshot.of(MEMBERS)))


def applied(before: ResourceBinding, decision: Decision) -> ResourceBinding:
    """before as the API server keeps it once the decision is written."""
    assert before.spec.placement is not None
    patch = spec_patch(before, compile_placement(before.spec.placement), decision)
    encoded = before.to_json()
    encoded["metadata"].setdefault("annotations", {}).update(patch.get("metadata", {}).get("annotations", {}))
    if "spec" in patch:
        encoded["spec"]["clusters"] = patch["spec"]["clusters"] or []
    return ResourceBinding.from_json(encoded)
