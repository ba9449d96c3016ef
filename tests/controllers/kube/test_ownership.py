"""The graph of owners and dependents, as events change it."""

import pytest

from controllers.kube.garbage_collector import collectable
from controllers.kube.ownership import Node, OwnershipGraph, plain, ties_alone
from karmada.api.groups.kubernetes import CONFIG_MAPS
from karmada.api.groups.work import Work
from karmada.api.gvk import GroupVersionResource, ObjectKey
from karmada.api.objects import Object
from karmada.client.mapper import DiscoveredResource

VERBS = ("delete", "get", "list", "watch")


def node(uid: str, *owners: str, deleting: bool = False, finalizers: tuple[str, ...] = ()) -> Node:
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": owner, "blockOwnerDeletion": True}
        for owner in owners
    ]
    metadata: Object = {"name": uid, "namespace": "n", "uid": uid, "ownerReferences": references}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    return Node.of(CONFIG_MAPS.key("n", uid), {"metadata": metadata})


def uids(nodes: list[Node]) -> set[str]:
    return {each.uid for each in nodes}


def test_dependents_are_known_before_their_owner() -> None:
    graph = OwnershipGraph()
    graph.put(node("child", "parent"))
    assert uids(graph.dependents("parent")) == {"child"}
    graph.put(node("parent"))
    assert uids(graph.dependents("parent")) == {"child"}


def test_a_node_that_changes_its_owner_leaves_the_old_one() -> None:
    graph = OwnershipGraph()
    graph.put(node("child", "one", "two"))
    before = graph.put(node("child", "two", "three"))
    assert before is not None
    assert [owner.uid for owner in before.owners] == ["one", "two"]
    assert {owner: uids(graph.dependents(owner)) for owner in ("one", "two", "three")} == {
        "one": set(),
        "two": {"child"},
        "three": {"child"},
    }


def test_a_node_that_goes_leaves_its_own_dependents_behind() -> None:
    graph = OwnershipGraph()
    for each in (node("grand"), node("parent", "grand"), node("child", "parent")):
        graph.put(each)
    assert graph.remove("parent") is not None
    assert graph.remove("parent") is None
    assert graph.dependents("grand") == []
    assert uids(graph.dependents("parent")) == {"child"}


@pytest.mark.parametrize(
    ("deleting", "finalizers", "waits", "orphans"),
    [
        pytest.param(True, ("foregroundDeletion",), True, False, id="foreground"),
        pytest.param(True, ("orphan",), False, True, id="orphan"),
        pytest.param(False, ("foregroundDeletion", "orphan"), False, False, id="not-on-its-way-out"),
        pytest.param(True, ("mine",), False, False, id="somebody-else's-finalizer"),
    ],
)
def test_finalizers_say_how_an_owner_goes(
    deleting: bool, finalizers: tuple[str, ...], waits: bool, orphans: bool
) -> None:
    found = node("a", deleting=deleting, finalizers=finalizers)
    assert (found.waits_for_dependents, found.orphans_dependents) == (waits, orphans)


def served(
    group: str, version: str, name: str, *, preferred: bool, verbs: tuple[str, ...] = VERBS
) -> DiscoveredResource:
    gvr = GroupVersionResource(group, version, name)
    return DiscoveredResource(gvr, name.title(), "", namespaced=True, verbs=verbs, preferred=preferred)


def test_each_kind_is_collected_in_one_version_the_preferred_one_if_it_can_be() -> None:
    found = [
        served("g", "v1beta1", "both", preferred=False),
        served("g", "v1", "both", preferred=True),
        served("g", "v1beta1", "old", preferred=False),
        served("g", "v1", "fixed", preferred=True, verbs=("get", "list")),
        served("", "v1", "events", preferred=True),
        served("events.k8s.io", "v1", "events", preferred=True),
    ]
    assert {(item.gvr.version, item.gvr.resource) for item in collectable(found)} == {
        ("v1", "both"),
        ("v1beta1", "old"),
    }


def test_ties_are_what_the_graph_reads_and_no_more() -> None:
    metadata = {"name": "a", "uid": "1", "finalizers": ["orphan"], "labels": {"big": "x" * 60}}
    obj = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"k": "dg=="}}
    ties = ties_alone(obj)
    assert ties["metadata"] == {"name": "a", "uid": "1", "finalizers": ["orphan"]}
    key = ObjectKey(GroupVersionResource("", "v1", "secrets"), "", "a")
    assert Node.of(key, ties) == Node.of(key, obj)


def test_a_model_has_the_same_ties_as_its_plain_form() -> None:
    owner = {"apiVersion": "v1", "kind": "Secret", "name": "o", "uid": "2", "blockOwnerDeletion": True}
    obj = {"metadata": {"name": "a", "namespace": "n", "uid": "1", "ownerReferences": [owner]}}
    key = ObjectKey(GroupVersionResource("work.karmada.io", "v1alpha1", "works"), "n", "a")
    assert Node.of(key, plain(Work.from_json(obj))) == Node.of(key, obj)
