"""A cluster that comes gets its place; one that leaves takes everything along, in order."""

from pathlib import Path

import pytest

from controllers.cluster.lifecycle import marked, without_finalizer
from karmada.api.errors import NotFound
from karmada.api.groups.cluster import CLUSTERS, Cluster
from karmada.api.groups.kubernetes import CONFIG_MAPS, EVENTS, NAMESPACES
from karmada.api.groups.work import CLUSTER_RESOURCE_BINDINGS, RESOURCE_BINDINGS, WORKS
from karmada.api.objects import Object, labels_of
from karmada.api.wellknown import CLUSTER_FINALIZER, EXECUTION_FINALIZER
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

NOW = "2026-01-01T00:00:00Z"
READY = [{"type": "Ready", "status": "True", "reason": "Any", "message": ""}]


def cluster(**fields: object) -> Cluster:
    return Cluster.from_json({"metadata": {"name": "m"}, "spec": {"syncMode": "Push"}, **fields})


def test_a_new_cluster_is_marked_in_one_step() -> None:
    after = marked(cluster(), now=NOW)
    assert after.metadata.finalizers == [CLUSTER_FINALIZER]
    assert [(taint.key, taint.time_added) for taint in after.spec.taints] == [
        ("cluster.karmada.io/not-ready", NOW)
    ]


def test_a_cluster_that_is_marked_is_not_touched() -> None:
    before = cluster(status={"conditions": READY}, metadata={"name": "m", "finalizers": [CLUSTER_FINALIZER]})
    assert marked(before, now=NOW) is before


def test_the_last_taint_leaves_no_empty_list_behind() -> None:
    taint = {"key": "cluster.karmada.io/not-ready", "effect": "NoSchedule"}
    before = cluster(status={"conditions": READY}, spec={"syncMode": "Push", "taints": [taint]})
    assert "taints" not in CLUSTERS.encode(marked(before, now=NOW))["spec"]


def test_only_our_finalizer_is_taken_off() -> None:
    before = cluster(metadata={"name": "m", "finalizers": ["other/one", CLUSTER_FINALIZER]})
    after = without_finalizer(before)
    assert after.metadata.finalizers == ["other/one"]
    assert without_finalizer(after) is after


async def has_come(plane: Plane, name: str) -> bool:
    found = await plane.cluster(name)
    return bool(found.spec.taints) and CLUSTER_FINALIZER in found.metadata.finalizers


async def reasons(plane: Plane) -> dict[str, str]:
    events = (await plane.client.list(EVENTS)).items
    return {event["reason"]: event["message"] for event in events}


async def test_a_cluster_that_comes_gets_its_namespace_its_finalizer_and_a_taint() -> None:
    async with control_plane() as plane, manager(plane, "cluster"):
        await pull_cluster(plane, "m")
        await eventually(lambda: has_come(plane, "m"), "the cluster is marked")
        namespace = await plane.client.get(NAMESPACES, NAMESPACES.key("", "karmada-es-m"))
        assert labels_of(namespace)["karmada.io/system"] == "true"

        async def told() -> bool:
            return (await reasons(plane)).items() >= {
                "CreateExecutionSpaceSucceed": "Created execution space(karmada-es-m) for cluster(m).",
                "TaintClusterSucceed": "Taint cluster succeed: cluster now has "
                "taints([{Key:cluster.karmada.io/not-ready,Effect:NoSchedule}]).",
            }.items()

        await eventually(told, "events are written")


async def test_an_execution_namespace_that_somebody_deletes_comes_back() -> None:
    async with control_plane() as plane, manager(plane, "cluster"):
        await pull_cluster(plane, "m")
        key = NAMESPACES.key("", "karmada-es-m")
        first = await eventually(lambda: plane.client.get(NAMESPACES, key), "the namespace is there")
        await plane.client.delete(NAMESPACES, key)

        async def is_new() -> bool:
            return bool(
                (await plane.client.get(NAMESPACES, key))["metadata"]["uid"] != first["metadata"]["uid"]
            )

        await eventually(is_new, "the namespace is there again")


def work(name: str, *manifests: Object) -> Object:
    return {
        "metadata": {"name": name, "namespace": "karmada-es-m", "finalizers": [EXECUTION_FINALIZER]},
        "spec": {"workload": {"manifests": list(manifests)}},
    }


async def test_a_silent_pull_cluster_leaves_without_its_agent() -> None:
    async with control_plane() as plane, manager(plane, "cluster"):
        await pull_cluster(plane, "m")
        await eventually(lambda: has_come(plane, "m"), "the cluster is marked")
        await plane.create(WORKS, work("w"))
        await plane.client.delete(CLUSTERS, CLUSTERS.key("", "m"))
        await plane.gone(CLUSTERS, "", "m")
        await plane.gone(NAMESPACES, "", "karmada-es-m")


async def test_a_leaving_cluster_waits_for_its_works() -> None:
    async with control_plane() as plane, manager(plane, "cluster"):
        await plane.create(CLUSTERS, {"metadata": {"name": "m"}, "spec": {"syncMode": "Push"}})
        await eventually(lambda: has_come(plane, "m"), "the cluster is marked")
        await plane.create(WORKS, work("w"))
        await plane.client.delete(CLUSTERS, CLUSTERS.key("", "m"))

        async def leaves() -> bool:
            found = await plane.client.get(untyped(WORKS), WORKS.key("karmada-es-m", "w"))
            return "deletionTimestamp" in found["metadata"]

        await eventually(leaves, "the Work is asked to go")
        assert CLUSTER_FINALIZER in (await plane.cluster("m")).metadata.finalizers
        released = {"metadata": {"finalizers": None}}
        await plane.client.patch(untyped(WORKS), WORKS.key("karmada-es-m", "w"), released)
        await plane.gone(CLUSTERS, "", "m")


BINDING: Object = {
    "metadata": {"name": "web-deployment", "namespace": "default"},
    "spec": {
        "resource": {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "default", "name": "web"},
        "clusters": [{"name": "m"}, {"name": "other"}],
    },
}


@pytest.mark.parametrize(
    "resource", [RESOURCE_BINDINGS, CLUSTER_RESOURCE_BINDINGS], ids=lambda each: each.kind
)
async def test_a_leaving_cluster_waits_until_no_binding_names_it(resource: object) -> None:
    assert resource in (RESOURCE_BINDINGS, CLUSTER_RESOURCE_BINDINGS)
    scope = RESOURCE_BINDINGS if resource is RESOURCE_BINDINGS else CLUSTER_RESOURCE_BINDINGS
    async with control_plane() as plane, manager(plane, "cluster"):
        await pull_cluster(plane, "m")
        await eventually(lambda: has_come(plane, "m"), "the cluster is marked")
        metadata = {"name": "web-deployment"} | ({"namespace": "default"} if scope.namespaced else {})
        await plane.create(scope, {**BINDING, "metadata": metadata})
        await plane.client.delete(CLUSTERS, CLUSTERS.key("", "m"))
        await plane.gone(NAMESPACES, "", "karmada-es-m")
        assert CLUSTER_FINALIZER in (await plane.cluster("m")).metadata.finalizers
        patch = {"spec": {"clusters": [{"name": "other"}]}}
        await plane.client.patch(scope, scope.key("default", "web-deployment"), patch)
        await plane.gone(CLUSTERS, "", "m")


async def test_unjoining_takes_the_objects_out_of_the_member_first(tmp_path: Path) -> None:
    metadata = {"name": "c", "namespace": "default", "labels": {"karmada.io/managed": "true"}}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    async with (
        control_plane() as plane,
        member(tmp_path, "m") as m,
        manager(plane, "cluster", "clusterStatus", "execution"),
    ):
        await join(plane, m)
        await plane.until_ready("m")
        await plane.create(WORKS, work("w", config_map))
        key = CONFIG_MAPS.key("default", "c")
        await eventually(lambda: m.client.get(CONFIG_MAPS, key), "the object is in the member")
        await plane.client.delete(CLUSTERS, CLUSTERS.key("", "m"))
        await plane.gone(CLUSTERS, "", "m")
        with pytest.raises(NotFound):
            await m.client.get(CONFIG_MAPS, key)
