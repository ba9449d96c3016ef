"""A snapshot knows what did not change."""

from karmada.api.groups.cluster import Cluster
from scheduler.snapshot import Snapshot
from tests.scheduler.build import cluster


def test_clusters_are_ordered_by_name_whatever_the_list() -> None:
    snapshot = Snapshot.of([cluster("b"), cluster("a"), cluster("c")])
    assert [found.name for found in snapshot.clusters] == ["a", "b", "c"]


def test_only_repelling_taints_are_kept() -> None:
    effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]
    member = cluster("a", taints=[{"key": "k", "effect": effect} for effect in effects])
    (facts,) = Snapshot.of([member]).clusters
    assert [taint.effect for taint in facts.traits.taints] == ["NoSchedule", "NoExecute"]


def after(first: list[Cluster], second: list[Cluster]) -> tuple[Snapshot, Snapshot]:
    """Two snapshots, the first of which remembers something."""
    old = Snapshot.of(first)
    old.remember("answer", 42)
    return old, Snapshot.of(second, previous=old)


def test_an_untouched_cluster_keeps_its_facts() -> None:
    a, b = cluster("a"), cluster("b")
    old, new = after([a, b], [b, a])
    assert new.clusters[0] is old.clusters[0]
    assert new.shared == {"answer": 42}


def test_new_figures_keep_what_is_known_about_traits() -> None:
    old, new = after([cluster("a", cpu=1)], [cluster("a", cpu=2)])
    assert new.clusters[0] is not old.clusters[0]
    assert new.clusters[0].traits is old.clusters[0].traits
    assert new.shared == {"answer": 42}


def test_new_traits_forget_shared_answers() -> None:
    _, new = after([cluster("a")], [cluster("a", region="r")])
    assert new.shared == {}


def test_another_set_of_clusters_forgets_shared_answers() -> None:
    _, new = after([cluster("a")], [cluster("a"), cluster("b")])
    assert new.shared == {}
