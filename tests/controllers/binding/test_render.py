"""What a binding makes of its template in each target cluster."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.binding.override import Applied, Overridden
from controllers.binding.render import (
    CLUSTER,
    NAMESPACED,
    MissingShare,
    completions_by_cluster,
    conflict_resolution,
    is_suspended,
    is_workload,
    preserved_labels,
    purged_clusters,
    rendered_work,
    webster,
    with_completions,
)
from controllers.targets import kept_clusters, target_clusters
from karmada.api.groups.work import ResourceBinding, ResourceBindingSpec
from karmada.api.objects import Object

RB_ID = "33333333-0000-4000-8000-000000000000"


def spec_of(**spec: Any) -> ResourceBindingSpec:
    """A binding's spec in wire names."""
    return ResourceBindingSpec.from_json(spec)


def config(**metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "shop", "uid": "u", "generation": 0, **metadata},
        "data": {"colour": "teal"},
    }


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({}, [], id="none"),
        pytest.param(
            {"clusters": [{"name": "b", "replicas": 2}, {"name": "a"}]}, [("b", 2), ("a", 0)], id="own"
        ),
        pytest.param(
            {
                "clusters": [{"name": "a", "replicas": 1}],
                "requiredBy": [
                    {"name": "x", "clusters": [{"name": "c"}, {"name": "a", "replicas": 9}]},
                    {"name": "y", "clusters": [{"name": "b"}, {"name": "c", "replicas": 9}]},
                ],
            },
            [("a", 1), ("c", 0), ("b", 0)],
            id="then-those-of-dependents-first-mention-counts",
        ),
    ],
)
def test_targets_are_own_clusters_then_those_of_dependents(
    spec: Object, expected: list[tuple[str, int]]
) -> None:
    assert [(cluster.name, cluster.replicas) for cluster in target_clusters(spec_of(**spec))] == expected


def test_works_in_gracefully_evicted_clusters_stay_and_purged_ones_go() -> None:
    spec = spec_of(
        clusters=[{"name": "a"}],
        gracefulEvictionTasks=[
            {"fromCluster": "b", "purgeMode": "Gracefully"},
            {"fromCluster": "c"},
            {"fromCluster": "d", "purgeMode": "Directly"},
            {"fromCluster": "e", "purgeMode": "Never"},
        ],
    )
    assert kept_clusters(spec) == {"a", "b", "c", "e"}
    assert purged_clusters(spec) == {"d"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, False),
        ({"replicas": 1}, True),
        ({"replicaRequirements": {}}, True),
        ({"components": [{"name": "a"}]}, True),
    ],
    ids=["nothing", "replicas", "requirements", "components"],
)
def test_a_workload_has_replicas_requirements_or_components(spec: Object, expected: bool) -> None:
    assert is_workload(spec_of(**spec)) is expected


def job(completions: int | None, kind: str = "Job") -> Object:
    spec: Object = {"parallelism": 4}
    if completions is not None:
        spec["completions"] = completions
    return {"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": "sum", "uid": ""}, "spec": spec}


def divided(kind: str = "Divided", **spec: Any) -> ResourceBindingSpec:
    clusters = [{"name": "member1", "replicas": 2}, {"name": "member2", "replicas": 2}]
    placement = {"replicaScheduling": {"replicaSchedulingType": kind}}
    return spec_of(**{"replicas": 4, "clusters": clusters, "placement": placement, **spec})


@pytest.mark.parametrize(
    ("spec", "template", "expected"),
    [
        pytest.param(divided(), job(8), {"member1": 4, "member2": 4}, id="divided-job"),
        pytest.param(divided(), job(9), {"member1": 5, "member2": 4}, id="the-odd-one-to-the-first"),
        pytest.param(divided(), job(None), None, id="no-completions"),
        pytest.param(divided("Duplicated"), job(8), None, id="duplicated"),
        pytest.param(divided(placement={}), job(8), None, id="no-strategy"),
        pytest.param(divided(replicas=0), job(8), None, id="no-replicas"),
        pytest.param(divided(), job(8, "CronJob"), None, id="another-kind"),
        pytest.param(divided(clusters=[{"name": "member1"}]), job(8), None, id="no-votes"),
    ],
)
def test_completions_of_a_divided_job_are_shared(
    spec: ResourceBindingSpec, template: Object, expected: dict[str, int] | None
) -> None:
    assert completions_by_cluster(spec, template, target_clusters(spec)) == expected


@pytest.mark.parametrize(
    ("seats", "votes", "uid", "expected"),
    [
        pytest.param(3, {"a": 1, "b": 1}, "", {"a": 2, "b": 1}, id="tie-by-name"),
        pytest.param(3, {"a": 1, "b": 1}, "even", {"a": 2, "b": 1}, id="tie-with-even-hash-ascends"),
        pytest.param(3, {"a": 1, "b": 1}, "odd", {"a": 1, "b": 2}, id="tie-with-odd-hash-descends"),
        pytest.param(8, {"a": 3, "b": 1, "c": 1}, "", {"a": 4, "b": 2, "c": 2}, id="weights"),
        pytest.param(2, {"a": 0, "b": 5}, "", {"a": 0, "b": 2}, id="no-votes-no-seats"),
        pytest.param(0, {"a": 1}, "", {"a": 0}, id="no-seats"),
        pytest.param(5, {"a": 0}, "", {}, id="nobody-voted"),
        pytest.param(2**31, {"a": 1, "b": 1}, "", {"a": 2**30, "b": 2**30}, id="very-many-seats"),
    ],
)
def test_seats_go_to_the_highest_quotient(
    seats: int, votes: dict[str, int], uid: str, expected: dict[str, int]
) -> None:
    assert webster(seats, votes, uid={"even": "ab", "odd": "aa"}.get(uid, uid)) == expected


@given(
    seats=st.integers(0, 300),
    votes=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50), min_size=1).filter(
        lambda v: any(v.values())
    ),
)
def test_seats_are_what_giving_one_after_the_other_gives(seats: int, votes: dict[str, int]) -> None:
    won = dict.fromkeys(votes, 0)
    for _ in range(seats):
        best = min(votes, key=lambda name: (-votes[name] / (2 * won[name] + 1), won[name], name))
        won[best] += 1
    assert webster(seats, votes, uid="") == won


def test_a_share_replaces_completions_that_are_there() -> None:
    assert with_completions(job(8), {"m": 3}, "m")["spec"]["completions"] == 3
    assert with_completions(job(None), {"m": 3}, "m") == job(None)
    with pytest.raises(MissingShare):
        with_completions(job(8), {}, "m")


@pytest.mark.parametrize(
    ("suspension", "expected"),
    [
        (None, False),
        ({"dispatching": True}, True),
        ({"dispatching": False}, False),
        ({"scheduling": True}, False),
        ({"dispatchingOnClusters": {"clusterNames": ["member1"]}}, True),
        ({"dispatchingOnClusters": {"clusterNames": ["member2"]}}, False),
    ],
)
def test_dispatching_is_suspended_everywhere_or_in_named_clusters(
    suspension: Object | None, expected: bool
) -> None:
    assert is_suspended(spec_of(suspension=suspension), "member1") is expected


@pytest.mark.parametrize(
    ("asked", "policy", "expected"),
    [
        ("", "Abort", "abort"),
        ("", "Overwrite", "overwrite"),
        ("overwrite", "Abort", "overwrite"),
        ("abort", "Overwrite", "abort"),
        ("Overwrite", "Abort", "abort"),
        ("force", "Overwrite", "overwrite"),
    ],
)
def test_the_users_conflict_resolution_wins_if_it_is_one(asked: str, policy: str, expected: str) -> None:
    manifest = config(annotations={"work.karmada.io/conflict-resolution": asked} if asked else {})
    assert conflict_resolution(spec_of(conflictResolution=policy), manifest) == expected


@pytest.mark.parametrize(
    ("clusters", "tasks", "expected"),
    [
        pytest.param(["b"], [("a", "Directly", ["a"])], {"state": "5"}, id="one-replacement"),
        pytest.param(["b"], [("a", "Gracefully", ["a"])], {}, id="graceful"),
        pytest.param(["a"], [("a", "Directly", ["a"])], {}, id="back-where-it-was"),
        pytest.param(["b", "c"], [("a", "Directly", ["a"])], {}, id="two-targets"),
        pytest.param(
            ["b"], [("a", "Directly", ["a"]), ("c", "Gracefully", [])], {}, id="only-the-last-task-counts"
        ),
        pytest.param(["b"], [], {}, id="no-task"),
    ],
)
def test_state_moves_to_the_one_replacement(
    clusters: list[str], tasks: list[tuple[str, str, list[str]]], expected: dict[str, str]
) -> None:
    spec = spec_of(
        clusters=[{"name": name} for name in clusters],
        gracefulEvictionTasks=[
            {
                "fromCluster": name,
                "purgeMode": mode,
                "clustersBeforeFailover": before,
                "preservedLabelState": {"state": "5"},
            }
            for name, mode, before in tasks
        ],
    )
    assert preserved_labels(spec, target_clusters(spec)) == expected


def binding(**spec: Any) -> ResourceBinding:
    return ResourceBinding.from_json(
        {
            "metadata": {
                "name": "c-configmap",
                "namespace": "shop",
                "labels": {"resourcebinding.karmada.io/permanent-id": RB_ID},
            },
            "spec": spec,
        }
    )


def test_a_work_carries_the_binding_and_the_manifest_its_origin() -> None:
    # The name is one that Karmada gave to such a Work.
    template = config(
        namespace="sc-policy-handover", generation=2, labels={"team": "shop"}, annotations={"note": "x"}
    )
    work = rendered_work(
        NAMESPACED, binding(conflictResolution="Abort"), template, Overridden(template), cluster="member1"
    )
    assert (work.namespace, work.name) == ("karmada-es-member1", "c-7b67bc46f")
    assert work.labels == {"resourcebinding.karmada.io/permanent-id": RB_ID}
    assert work.annotations == {
        "resourcebinding.karmada.io/namespace": "shop",
        "resourcebinding.karmada.io/name": "c-configmap",
        "work.karmada.io/conflict-resolution": "abort",
    }
    assert (work.suspend_dispatching, work.preserve_resources_on_deletion) == (False, False)
    assert work.manifest["metadata"]["labels"] == {
        "team": "shop",
        "resourcebinding.karmada.io/permanent-id": RB_ID,
    }
    assert work.manifest["metadata"]["annotations"] == {
        "note": "x",
        "resourcebinding.karmada.io/namespace": "shop",
        "resourcebinding.karmada.io/name": "c-configmap",
        "resourcetemplate.karmada.io/generation": "2",
    }
    assert "labels" not in config()["metadata"]


def test_a_template_without_generation_sends_none() -> None:
    work = rendered_work(NAMESPACED, binding(), config(), Overridden(config()), cluster="member1")
    assert "resourcetemplate.karmada.io/generation" not in work.manifest["metadata"]["annotations"]


def test_applied_overrides_are_recorded_on_the_work() -> None:
    changed = Overridden(
        config(),
        (Applied("cluster override policy(a)", "a", {"plaintext": []}),),
        (Applied("override policy(shop/b)", "b", {}),),
    )
    annotations = rendered_work(NAMESPACED, binding(), config(), changed, cluster="m").annotations
    assert annotations["policy.karmada.io/applied-cluster-overrides"] == (
        '[{"policyName":"a","overriders":{"plaintext":[]}}]'
    )
    assert annotations["policy.karmada.io/applied-overrides"] == '[{"policyName":"b","overriders":{}}]'


def test_a_cluster_binding_has_no_namespace_to_record() -> None:
    bound = ResourceBinding.from_json(
        {
            "metadata": {"name": "r", "labels": {"clusterresourcebinding.karmada.io/permanent-id": RB_ID}},
            "spec": {"preserveResourcesOnDeletion": True, "suspension": {"dispatching": True}},
        }
    )
    role = {"apiVersion": "v1", "kind": "ClusterRole", "metadata": {"name": "r"}}
    work = rendered_work(CLUSTER, bound, role, Overridden(role), cluster="m", injected_labels={"state": "5"})
    assert work.annotations == {
        "clusterresourcebinding.karmada.io/name": "r",
        "work.karmada.io/conflict-resolution": "abort",
    }
    assert work.manifest["metadata"]["labels"] == {
        "clusterresourcebinding.karmada.io/permanent-id": RB_ID,
        "state": "5",
    }
    assert (work.suspend_dispatching, work.preserve_resources_on_deletion) == (True, True)
