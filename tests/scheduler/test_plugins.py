"""What each filter says about one cluster, and in which order they are asked."""

from typing import Any

import pytest
from typing_extensions import override

from karmada.api.groups.cluster import Cluster
from scheduler.framework import Gates, NoClusterFit, Request, enabled_names
from scheduler.plugins import build_framework
from scheduler.snapshot import Peer, Peers, Snapshot
from tests.scheduler.build import cluster, request_for, spread

NO_GPU = {"key": "gpu", "value": "a1", "effect": "NoSchedule"}
CORDON = {"key": "cluster.karmada.io/unschedulable", "effect": "NoSchedule"}


class Group(Peers):
    """Peers that are all of one group."""

    def __init__(self, *peers: Peer) -> None:
        self.peers = peers

    @override
    def affinity(self, group: str) -> tuple[Peer, ...]:
        return self.peers if group == "app=web" else ()

    @override
    def anti_affinity(self, group: str) -> tuple[Peer, ...]:
        return self.affinity(group)


def reason_for(member: Cluster, request: Request, *, peers: Peers | None = None) -> str:
    """Why member is refused, "" when it is not."""
    snapshot = Snapshot.of([member], peers=peers)
    found = build_framework(request.gates).feasible(request, snapshot)
    return found.rejections[0][1].reason if found.rejections else ""


@pytest.mark.parametrize(
    ("member", "placement", "fields", "reason"),
    [
        pytest.param(cluster("m1"), {}, {}, "", id="all-well"),
        pytest.param(cluster("m1", apis=()), {}, {}, "cluster(s) did not have the API resource", id="no-api"),
        pytest.param(cluster("m1", apis=()), {}, {"targets": {"m1": 1}}, "", id="no-api-but-target"),
        pytest.param(
            cluster("m1", taints=[NO_GPU]),
            {},
            {},
            "cluster(s) had untolerated taint {gpu=a1:NoSchedule}",
            id="taint",
        ),
        pytest.param(
            cluster("m1", taints=[CORDON]),
            {},
            {},
            "cluster(s) had untolerated taint {cluster.karmada.io/unschedulable:NoSchedule}",
            id="taint-without-value",
        ),
        pytest.param(cluster("m1", taints=[NO_GPU]), {}, {"targets": {"m1": 1}}, "", id="taint-but-target"),
        pytest.param(
            cluster("m1", taints=[{**NO_GPU, "effect": "PreferNoSchedule"}]), {}, {}, "", id="mild-taint"
        ),
        pytest.param(
            cluster("m1"),
            {"clusterAffinity": {"clusterNames": ["m2"]}},
            {"targets": {"m1": 1}},
            "cluster(s) did not match the placement cluster affinity constraint",
            id="affinity-even-for-targets",
        ),
        pytest.param(
            cluster("m1"),
            {"spreadConstraints": [spread("cluster", 1, 1), spread("region", 1, 1)]},
            {},
            "cluster(s) did not have region property",
            id="no-region",
        ),
        pytest.param(
            cluster("m1", region="r"),
            {"spreadConstraints": [spread("provider", 1, 1)]},
            {},
            "cluster(s) did not have provider property",
            id="no-provider",
        ),
        pytest.param(
            cluster("m1"),
            {"spreadConstraints": [spread("zone", 1, 1)]},
            {},
            "cluster(s) did not have zones property",
            id="no-zones",
        ),
        pytest.param(
            cluster("m1"),
            {},
            {"gracefulEvictionTasks": [{"fromCluster": "m1", "reason": "x", "producer": "y"}]},
            "cluster(s) is in the process of eviction",
            id="being-left",
        ),
    ],
)
def test_a_cluster_is_refused_for(member: Cluster, placement: Any, fields: Any, reason: str) -> None:
    assert reason_for(member, request_for(placement, **fields)) == reason


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        pytest.param({"key": "gpu", "operator": "Exists"}, True, id="exists"),
        pytest.param({"operator": "Exists"}, True, id="everything"),
        pytest.param({"key": "gpu", "operator": "Equal", "value": "a1"}, True, id="equal"),
        pytest.param({"key": "gpu", "value": "a1"}, True, id="equal-by-default"),
        pytest.param({"key": "gpu", "value": "b2"}, False, id="other-value"),
        pytest.param({"key": "cpu", "operator": "Exists"}, False, id="other-key"),
        pytest.param({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False, id="other-effect"),
        pytest.param({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, True, id="this-effect"),
        pytest.param(
            {"key": "gpu", "operator": "Gt", "value": "a1"}, False, id="operator-that-never-matches"
        ),
    ],
)
def test_a_toleration_tolerates(toleration: dict[str, str], tolerated: bool) -> None:
    request = request_for({"clusterTolerations": [toleration]})
    assert (reason_for(cluster("m1", taints=[NO_GPU]), request) == "") is tolerated


GROUPS = {
    "clusterAffinities": [
        {
            "affinityName": "main",
            "clusterNames": ["m1"],
            "overflowAffinities": [{"affinityName": "burst", "clusterNames": ["m2"]}],
        }
    ]
}


@pytest.mark.parametrize(
    ("name", "group", "replicas", "fits"),
    [
        pytest.param("m1", "main", 0, True, id="own-cluster"),
        pytest.param("m2", "main", 1, True, id="overflow-for-a-workload"),
        pytest.param("m2", "main", 0, False, id="no-overflow-without-replicas"),
        pytest.param("m3", "main", 1, False, id="stranger"),
        pytest.param("m3", "other", 1, True, id="unknown-group-filters-nothing"),
    ],
)
def test_the_group_under_trial_decides(name: str, group: str, replicas: int, fits: bool) -> None:
    request = request_for(GROUPS, group=group, replicas=replicas)
    assert (reason_for(cluster(name), request) == "") is fits


AFFINE = {"workloadAffinityGroups": {"affinityGroup": "app=web"}}
REPELLED = {"workloadAffinityGroups": {"antiAffinityGroup": "app=web"}}


@pytest.mark.parametrize(
    ("fields", "peer", "reason"),
    [
        pytest.param(AFFINE, Peer("default", "other", frozenset(["m1"])), "", id="with-its-peer"),
        pytest.param(
            AFFINE,
            Peer("default", "other", frozenset(["m2"])),
            "ResourceBinding with the same affinity group does not target this cluster",
            id="peer-is-elsewhere",
        ),
        pytest.param(AFFINE, Peer("default", "other", frozenset()), "", id="peer-is-nowhere-yet"),
        pytest.param(AFFINE, Peer("else", "other", frozenset(["m2"])), "", id="peer-of-another-namespace"),
        pytest.param(AFFINE, Peer("default", "web-deployment", frozenset(["m2"])), "", id="itself"),
        pytest.param(
            REPELLED,
            Peer("default", "other", frozenset(["m1"])),
            "cluster already has workload with the same anti-affinity group",
            id="peer-is-here",
        ),
        pytest.param(REPELLED, Peer("default", "other", frozenset(["m2"])), "", id="peer-is-apart"),
        pytest.param(
            {**REPELLED, "targets": {"m1": 1}},
            Peer("default", "other", frozenset(["m1"])),
            "",
            id="who-is-here-may-stay",
        ),
    ],
)
def test_workload_groups(fields: Any, peer: Peer, reason: str) -> None:
    request = request_for({}, gates=Gates(workload_affinity=True), **fields)
    assert reason_for(cluster("m1"), request, peers=Group(peer)) == reason


def test_a_deleting_cluster_is_neither_feasible_nor_refused() -> None:
    snapshot = Snapshot.of([cluster("m1", deleting=True)])
    found = build_framework(Gates()).feasible(request_for({}), snapshot)
    assert (found.clusters, found.rejections) == ((), ())
    with pytest.raises(NoClusterFit, match=r"^0/1 clusters are available: no cluster exists\.$"):
        found.require()


def test_refusals_are_counted_by_reason() -> None:
    members = [cluster("m1", taints=[NO_GPU]), cluster("m2"), cluster("m3"), cluster("m4", deleting=True)]
    request = request_for({"clusterAffinity": {"clusterNames": ["m1"]}})
    with pytest.raises(NoClusterFit) as caught:
        build_framework(Gates()).feasible(request, Snapshot.of(members)).require()
    assert str(caught.value) == (
        "0/4 clusters are available: 1 cluster(s) had untolerated taint {gpu=a1:NoSchedule}, "
        "2 cluster(s) did not match the placement cluster affinity constraint."
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param(("*",), "A B C", id="all"),
        pytest.param(("-B", "*"), "A C", id="all-but-one-wherever-the-star-is"),
        pytest.param(("C", "A"), "A C", id="some-in-fixed-order"),
        pytest.param(("*", "Z"), "A B C", id="unknown-is-ignored"),
        pytest.param(("A", "-A"), "", id="taken-back"),
    ],
)
def test_plugins_are_enabled(wanted: tuple[str, ...], expected: str) -> None:
    assert enabled_names("ABC", wanted) == expected.split()


def test_workload_affinity_plugins_need_their_gate() -> None:
    assert "WorkloadAffinity" not in [plugin.name for plugin in build_framework(Gates()).filters]
    with_gate = build_framework(Gates(workload_affinity=True))
    assert [plugin.name for plugin in with_gate.filters] == [
        "APIEnablement",
        "TaintToleration",
        "ClusterAffinity",
        "SpreadConstraint",
        "ClusterEviction",
        "WorkloadAntiAffinity",
        "WorkloadAffinity",
    ]


def test_present_targets_score_higher() -> None:
    snapshot = Snapshot.of([cluster("m1"), cluster("m2")])
    request = request_for({}, targets={"m2": 1})
    assert build_framework(Gates()).score(request, snapshot.clusters) == [0, 100]


def test_verdicts_are_shared_between_bindings_with_equal_placement() -> None:
    snapshot = Snapshot.of([cluster("m1"), cluster("m2", taints=[NO_GPU])])
    framework = build_framework(Gates())
    first = framework.feasible(request_for({}), snapshot)
    remembered = dict(snapshot.shared)
    there = framework.feasible(request_for({}, targets={"m2": 1}), snapshot)
    assert [found.name for found in first.clusters] == ["m1"]
    assert [found.name for found in there.clusters] == ["m1", "m2"]
    assert snapshot.shared == remembered
