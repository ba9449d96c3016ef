"""A member lets its impersonator act as those, and only those, who may use its proxy."""

from typing import Any

import pytest

from controllers.unified_auth import (
    Reach,
    impersonator_binding,
    impersonator_role,
    reach_of,
    role_of,
    subjects_for,
)
from karmada.api.groups.cluster import CLUSTERS, LocalSecretReference
from karmada.api.groups.kubernetes import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, EVENTS
from karmada.api.groups.work import WORKS
from karmada.api.names import work_name
from karmada.api.objects import Object
from tests.controllers.cluster.live import Plane, control_plane, eventually, manager

EVERYWHERE = Reach(all=True)


def rule(group: str, resource: str, *names: str) -> Object:
    named: Object = {"resourceNames": list(names)} if names else {}
    return {"apiGroups": [group], "resources": [resource], "verbs": ["*"], **named}


PROXY = ("cluster.karmada.io", "clusters/proxy")


@pytest.mark.parametrize(
    ("rules", "reach"),
    [
        pytest.param([rule(*PROXY, "one", "two")], Reach(names=frozenset({"one", "two"})), id="by-name"),
        pytest.param([rule(*PROXY)], EVERYWHERE, id="without-names-all"),
        pytest.param([rule(*PROXY, "one"), rule(*PROXY)], EVERYWHERE, id="the-widest-rule-counts"),
        pytest.param([rule("search.karmada.io", "proxying/proxy", "x")], EVERYWHERE, id="search-reaches-all"),
        pytest.param([rule("*", "*")], EVERYWHERE, id="wildcards"),
        pytest.param(
            [rule("cluster.karmada.io", "*", "one")], Reach(names=frozenset({"one"})), id="any-resource"
        ),
        pytest.param([rule("cluster.karmada.io", "clusters")], Reach(), id="the-clusters-themselves-do-not"),
        pytest.param([rule("", "clusters/proxy")], Reach(), id="another-group"),
        pytest.param([{"nonResourceURLs": ["*"], "verbs": ["*"]}], Reach(), id="urls"),
        pytest.param(None, Reach(), id="no-rules"),
    ],
)
def test_rules_open_proxies(rules: list[Object] | None, reach: Reach) -> None:
    assert reach_of({"rules": rules}) == reach


def binding(role: str, *subjects: tuple[str, str], kind: str = "ClusterRole") -> Object:
    return {
        "roleRef": {"kind": kind, "name": role},
        "subjects": [{"kind": subject, "name": name, "namespace": "ns"} for subject, name in subjects],
    }


def test_the_subjects_of_every_binding_to_such_a_role_may_be_impersonated() -> None:
    reaches = {"all": EVERYWHERE, "one": Reach(names=frozenset({"one"}))}
    bindings = [
        binding("all", ("User", "root"), ("Group", "admins")),
        binding("one", ("User", "ann"), ("ServiceAccount", "robot"), ("ServiceAccount", "android")),
        binding("one", ("User", "ann")),
        binding("other", ("User", "eve")),
        binding("all", ("Device", "fridge"), kind="ClusterRole"),
        binding("all", ("User", "mallory"), kind="Role"),
    ]
    rules = subjects_for("one", reaches, bindings).rules
    assert [(item["resources"], item["resourceNames"]) for item in rules] == [
        (["users"], ["ann", "root"]),
        (["serviceaccounts"], ["android", "robot"]),
        (["groups"], ["admins"]),
    ]
    assert all(item["verbs"] == ["impersonate"] and item["apiGroups"] == [""] for item in rules)
    assert [item["resourceNames"] for item in subjects_for("two", reaches, bindings).rules] == [
        ["root"],
        ["admins"],
    ]


def test_nobody_gives_no_rules() -> None:
    assert impersonator_role(subjects_for("one", {}, []))["rules"] == []


def test_a_binding_to_something_else_has_no_role() -> None:
    assert role_of(binding("r", kind="Role")) == ""
    assert role_of({}) == ""


def test_the_account_is_in_the_namespace_of_the_secret() -> None:
    made = impersonator_binding(LocalSecretReference(namespace="elsewhere", name="s"))
    assert made["subjects"] == [
        {"kind": "ServiceAccount", "name": "karmada-impersonator", "namespace": "elsewhere"}
    ]
    assert made["roleRef"]["name"] == made["metadata"]["name"] == "karmada-impersonator"
    assert made["metadata"]["labels"] == {"karmada.io/system": "true"}


async def join_unreachable(plane: Plane, name: str, **spec: Any) -> None:
    """A cluster nobody can look into: Works for it are written all the same."""
    await plane.create(CLUSTERS, {"metadata": {"name": name}, "spec": {"syncMode": "Pull", **spec}})


async def users(plane: Plane, cluster: str) -> list[str]:
    key = WORKS.key(f"karmada-es-{cluster}", work_name("ClusterRole", "karmada-impersonator", ""))
    manifest = (await plane.client.get(WORKS, key)).spec.workload.manifests[0]
    return [
        name
        for item in manifest.get("rules") or ()
        if item["resources"] == ["users"]
        for name in item["resourceNames"]
    ]


async def grant(plane: Plane, user: str, *clusters: str) -> None:
    role = {"metadata": {"name": f"proxy-{user}"}, "rules": [{**rule(*PROXY, *clusters), "verbs": ["get"]}]}
    await plane.create(CLUSTER_ROLES, role)
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": f"proxy-{user}"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    made = {"metadata": {"name": f"proxy-{user}"}, "roleRef": reference, "subjects": [subject]}
    await plane.create(CLUSTER_ROLE_BINDINGS, made)


SECRET = {"impersonatorSecretRef": {"namespace": "karmada-cluster", "name": "s"}}


async def test_rights_that_are_given_and_taken_reach_the_works_of_the_clusters_they_name() -> None:
    async with control_plane() as plane, manager(plane, "cluster", "unifiedAuth"):
        for name in ("one", "two"):
            await join_unreachable(plane, name, **SECRET)
        await grant(plane, "ann", "one")

        async def has(cluster: str, user: str) -> bool:
            return user in await users(plane, cluster)

        await eventually(lambda: has("one", "ann"), "ann may use the proxy of one")
        await eventually(lambda: users(plane, "two"), "two has its Work")
        assert not await has("two", "ann")
        await plane.client.delete(CLUSTER_ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS.key("", "proxy-ann"))

        async def taken() -> bool:
            return not await has("one", "ann")

        await eventually(taken, "ann may not any more")

        async def told() -> bool:
            events = (await plane.client.list(EVENTS)).items
            return any(event["reason"] == "SyncImpersonationConfigSucceed" for event in events)

        await eventually(told, "an event is written")


async def test_a_cluster_without_an_impersonator_gets_no_works() -> None:
    async with control_plane() as plane, manager(plane, "cluster", "unifiedAuth"):
        await join_unreachable(plane, "plain")
        await join_unreachable(plane, "other", **SECRET)
        await eventually(lambda: users(plane, "other"), "the other has its Work")
        assert (await plane.client.list(WORKS, namespace="karmada-es-plain")).items == []


async def test_works_belong_to_the_cluster() -> None:
    async with control_plane() as plane, manager(plane, "cluster", "unifiedAuth"):
        await join_unreachable(plane, "one", **SECRET)
        await eventually(lambda: users(plane, "one"), "one has its Work")
        cluster = await plane.cluster("one")
        for work in (await plane.client.list(WORKS, namespace="karmada-es-one")).items:
            (owner,) = work.metadata.owner_references
            assert (owner.kind, owner.uid) == ("Cluster", cluster.metadata.uid)
            assert work.metadata.finalizers == ["karmada.io/execution-controller"]
