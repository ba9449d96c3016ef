"""The unschedulable taint comes and goes, and nothing else does."""

from karmada.api.groups.cluster import Cluster
from karmada.cli.cordoning import with_cordon, without_cordon

CORDON = {"key": "cluster.karmada.io/unschedulable", "effect": "NoSchedule"}
EVICTING = {"key": "cluster.karmada.io/unschedulable", "effect": "NoExecute"}
OTHER = {"key": "maintenance", "value": "yes", "effect": "NoSchedule"}


def cluster(*taints: dict[str, str]) -> Cluster:
    spec = {"syncMode": "Push", "taints": list(taints), "region": "eu"}
    return Cluster.from_json({"metadata": {"name": "member1"}, "spec": spec})


def test_cordon_adds_one_taint_behind_the_others() -> None:
    assert with_cordon(cluster(OTHER)) == cluster(OTHER, CORDON)


def test_cordon_leaves_a_cordoned_cluster_as_it_is() -> None:
    assert with_cordon(cluster(CORDON, OTHER)) == cluster(CORDON, OTHER)


def test_the_same_key_with_another_effect_is_no_cordon() -> None:
    assert with_cordon(cluster(EVICTING)) == cluster(EVICTING, CORDON)
    assert without_cordon(cluster(EVICTING)) == cluster(EVICTING)


def test_uncordon_takes_only_that_taint() -> None:
    assert without_cordon(cluster(OTHER, CORDON, EVICTING)) == cluster(OTHER, EVICTING)


def test_uncordon_leaves_an_open_cluster_as_it_is() -> None:
    assert without_cordon(cluster()) == cluster()
