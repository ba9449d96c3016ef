"""Namespaces of users exist in every member; Karmada's own stay at home."""

from pathlib import Path

import pytest

from controllers.namespace_sync import matches_otherwise, opts_out, selected_namespaces
from karmada.api.errors import NotFound
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.kubernetes import NAMESPACES
from karmada.api.groups.policy import CLUSTER_OVERRIDE_POLICIES, OverridePolicy
from karmada.api.groups.work import WORKS
from karmada.api.names import work_name
from karmada.api.objects import Object, labels_of
from tests.controllers.cluster.live import (
    Plane,
    control_plane,
    eventually,
    join,
    manager,
    member,
    pull_cluster,
    untyped,
)


def policy(*selectors: Object) -> OverridePolicy:
    return OverridePolicy.from_json({"spec": {"resourceSelectors": list(selectors)}})


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace"}


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        pytest.param([{**NAMESPACE, "name": "a"}, {**NAMESPACE, "name": "b"}], frozenset("ab"), id="by-name"),
        pytest.param([{"apiVersion": "v1", "kind": "ConfigMap"}], frozenset(), id="other-kinds"),
        pytest.param([{**NAMESPACE, "name": "a"}, NAMESPACE], None, id="without-a-name-any"),
        pytest.param([], None, id="without-selectors-any"),
    ],
)
def test_a_policy_means_the_namespaces_it_selects(
    selectors: list[Object], expected: frozenset[str] | None
) -> None:
    assert selected_namespaces(policy(*selectors)) == expected


@pytest.mark.parametrize(
    ("value", "out"),
    [("true", True), ("TRUE", True), ("True", True), ("false", False), ("", False), ("yes", False)],
)
def test_a_label_opts_out(value: str, out: bool) -> None:
    labels = {"namespace.karmada.io/skip-auto-propagation": value}
    assert opts_out({"metadata": {"labels": labels}}) is out


@pytest.mark.parametrize(
    ("after", "differs"),
    [
        pytest.param({"metadata": {"labels": {"a": "b"}}}, True, id="labels"),
        pytest.param({"spec": {"region": "north"}}, True, id="region"),
        pytest.param({"spec": {"zones": ["z"]}}, True, id="zones"),
        pytest.param({"status": {"kubernetesVersion": "v1"}}, False, id="status"),
    ],
)
def test_clusters_differ_in_what_policies_look_at(after: Object, differs: bool) -> None:
    assert matches_otherwise(Cluster(), Cluster.from_json(after)) is differs


async def namespaces_for(plane: Plane, cluster: str) -> set[str]:
    """The namespaces there are Works for."""
    works = (await plane.client.list(WORKS, namespace=f"karmada-es-{cluster}")).items
    return {work.spec.workload.manifests[0]["metadata"]["name"] for work in works}


async def until(plane: Plane, cluster: str, expected: set[str]) -> None:
    async def look() -> bool:
        return await namespaces_for(plane, cluster) == expected

    await eventually(look, f"{cluster} has {expected}, found {await namespaces_for(plane, cluster)}")


async def test_every_namespace_of_a_user_goes_to_every_cluster_ready_or_not() -> None:
    async with control_plane() as plane, manager(plane, "cluster", "namespace"):
        await pull_cluster(plane, "one")
        await plane.namespace("before")
        await plane.namespace("stays-home", **{"namespace.karmada.io/skip-auto-propagation": "true"})
        await plane.namespace("kube-mine")
        await pull_cluster(plane, "two")
        await plane.namespace("after")
        for cluster in ("one", "two"):
            await until(plane, cluster, {"before", "after"})


async def test_a_work_is_owned_by_its_namespace_and_goes_with_it(tmp_path: Path) -> None:
    async with (
        control_plane() as plane,
        member(tmp_path, "m") as m,
        manager(plane, "cluster", "clusterStatus", "namespace", "execution"),
    ):
        await join(plane, m)
        created = await plane.namespace("demo", team="a")
        key = NAMESPACES.key("", "demo")
        arrived = await eventually(lambda: m.client.get(NAMESPACES, key), "the namespace is in the member")
        assert labels_of(arrived)["team"] == "a"
        name = work_name("Namespace", "demo", "")
        work = await plane.client.get(WORKS, WORKS.key("karmada-es-m", name))
        (owner,) = work.metadata.owner_references
        assert (owner.kind, owner.name, owner.uid) == ("Namespace", "demo", created["metadata"]["uid"])
        assert work.metadata.finalizers == ["karmada.io/execution-controller"]
        await plane.client.patch(NAMESPACES, key, {"metadata": {"labels": {"team": "b"}}})

        async def relabelled() -> bool:
            return labels_of(await m.client.get(NAMESPACES, key))["team"] == "b"

        await eventually(relabelled, "the label follows")
        await plane.client.delete(NAMESPACES, key)
        await plane.gone(WORKS, "karmada-es-m", name)

        async def leaves() -> bool:
            try:
                return "deletionTimestamp" in (await m.client.get(NAMESPACES, key))["metadata"]
            except NotFound:
                return True

        await eventually(leaves, "the namespace leaves the member")


async def test_cluster_override_policies_change_what_a_member_gets() -> None:
    async with control_plane() as plane, manager(plane, "cluster", "namespace"):
        for cluster in ("one", "two"):
            await pull_cluster(plane, cluster)
        await plane.namespace("demo")
        for cluster in ("one", "two"):
            await until(plane, cluster, {"demo"})
        rule = {
            "targetCluster": {"clusterNames": ["one"]},
            "overriders": {"labelsOverrider": [{"operator": "add", "value": {"place": "one"}}]},
        }
        spec = {"resourceSelectors": [{**NAMESPACE, "name": "demo"}], "overrideRules": [rule]}
        await plane.create(CLUSTER_OVERRIDE_POLICIES, {"metadata": {"name": "place"}, "spec": spec})

        async def changed() -> Object | None:
            key = WORKS.key("karmada-es-one", work_name("Namespace", "demo", ""))
            work = await plane.client.get(untyped(WORKS), key)
            labels = work["spec"]["workload"]["manifests"][0]["metadata"]["labels"]
            return work if labels.get("place") == "one" else None

        work = await eventually(changed, "the policy is applied")
        assert work is not None
        assert "place" in work["metadata"]["annotations"]["policy.karmada.io/applied-cluster-overrides"]
        other = await plane.client.get(
            untyped(WORKS), WORKS.key("karmada-es-two", work_name("Namespace", "demo", ""))
        )
        assert "place" not in labels_of(other["spec"]["workload"]["manifests"][0])


async def test_a_leaving_cluster_gets_no_works_any_more() -> None:
    async with control_plane() as plane, manager(plane, "cluster", "namespace"):
        await pull_cluster(plane, "one")
        await plane.namespace("demo")
        await until(plane, "one", {"demo"})
        await plane.client.delete(CLUSTERS, CLUSTERS.key("", "one"))
        await plane.namespace("later")
        await plane.gone(CLUSTERS, "", "one")
        await plane.gone(NAMESPACES, "", "karmada-es-one")
