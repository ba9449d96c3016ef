"""Clusters of a hypothetical world."""

import argparse

import pytest

from karmada.cli.scope import CommandError
from karmada.cli.simulation.clusters import add_cluster_flags, changed_clusters
from tests.scheduler.build import cluster

TWO = [cluster("m1", cpu=4, region="eu"), cluster("m2", cpu=8)]


def flags(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_cluster_flags(parser)
    return parser.parse_args(words)


def test_without_wishes_the_world_stays() -> None:
    assert changed_clusters(TWO, flags()) == (TWO, [])


def test_clusters_are_lost_tainted_and_cordoned() -> None:
    found, words = changed_clusters(
        TWO, flags("--lose=m2", "--taint=m1=gpu=a1:NoExecute", "--cordon", "m1", "--untaint=m1=gpu")
    )
    (left,) = found
    assert [taint.key for taint in left.spec.taints] == ["cluster.karmada.io/unschedulable"]
    assert words == ["m1 is cordoned", "m1 is tainted gpu=a1:NoExecute", "m1 has no taint gpu", "m2 is lost"]


def test_a_cluster_is_added_empty_and_of_the_same_size() -> None:
    full = cluster(
        "m1", summary={"allocatable": {"cpu": "4"}, "allocated": {"cpu": "3"}}, labels={"ring": "a"}
    )
    found, words = changed_clusters([full], flags("--add=m9=m1"))
    added = found[-1]
    assert (added.metadata.name, added.metadata.labels) == ("m9", {"ring": "a"})
    assert added.status.resource_summary is not None
    assert (added.status.resource_summary.allocatable, added.status.resource_summary.allocated) == (
        {"cpu": "4"},
        {},
    )
    assert added.status.api_enablements == full.status.api_enablements
    assert words == ["m9 is added, of the size of m1"]


def test_a_cluster_of_a_file_keeps_what_it_reports() -> None:
    written = cluster("m1", cpu=None, apis=(), region="us")
    found, _ = changed_clusters(TWO, flags(), [written])
    changed = next(each for each in found if each.metadata.name == "m1")
    assert (changed.spec.region, changed.status) == ("us", TWO[0].status)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        pytest.param("--lose=m9", "there is no such cluster", id="lost-stranger"),
        pytest.param("--cordon=m9", "there is no such cluster", id="cordoned-stranger"),
        pytest.param("--add=m1=m2", "m1 is there already", id="added-twice"),
        pytest.param("--add=m3", "expected NAME=LIKE", id="like-what"),
        pytest.param("--taint=m1", "expected CLUSTER=KEY", id="no-taint"),
        pytest.param("--taint=m1=gpu:Never", "one of NoSchedule", id="no-effect"),
    ],
)
def test_a_wish_that_cannot_be_meant(word: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        changed_clusters(TWO, flags(word))
