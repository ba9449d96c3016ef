"""ResourceBinding and ClusterResourceBinding: ids and dependencies."""

from typing import Any

import pytest

from apiserver.admission.context import Rules
from apiserver.admission.karmada.bindings import CLUSTER_RULES, NAMESPACED_RULES, is_dependency_list
from karmada.api.errors import Forbidden
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import admitted, refused

NAMESPACED_ID = "resourcebinding.karmada.io/permanent-id"
CLUSTER_ID = "clusterresourcebinding.karmada.io/permanent-id"
DEPENDENCIES = "resourcebinding.karmada.io/dependencies"


def binding(kind: str = "ResourceBinding", **metadata: Any) -> Object:
    place = {"namespace": "shop"} if kind == "ResourceBinding" else {}
    return {
        "apiVersion": "work.karmada.io/v1alpha2",
        "kind": kind,
        "metadata": {"name": "web-deployment", **place, **metadata},
        "spec": {"resource": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    }


BOTH = [
    pytest.param("ResourceBinding", NAMESPACED_RULES, NAMESPACED_ID, id="namespaced"),
    pytest.param("ClusterResourceBinding", CLUSTER_RULES, CLUSTER_ID, id="cluster"),
]


@pytest.mark.parametrize(("kind", "rules", "label"), BOTH)
def test_a_new_binding_gets_an_id_unless_it_brings_one(kind: str, rules: Rules, label: str) -> None:
    assert admitted(rules, binding(kind))["metadata"]["labels"][label]
    brought = admitted(rules, binding(kind, labels={label: "from-a-backup"}))
    assert brought["metadata"]["labels"] == {label: "from-a-backup"}


def test_an_update_is_left_alone() -> None:
    old = binding()
    assert admitted(NAMESPACED_RULES, private_copy(old), old=old) == old


def test_what_says_nothing_is_not_written() -> None:
    given = binding()
    given["spec"] |= {"propagateDeps": False, "clusters": [], "preserveResourcesOnDeletion": False}
    spec = admitted(NAMESPACED_RULES, given)["spec"]
    assert spec.keys() == {"resource", "preserveResourcesOnDeletion"}


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        pytest.param("[]", True, id="none"),
        pytest.param('[{"apiVersion":"v1","kind":"Secret","name":"s"}]', True, id="one"),
        pytest.param("null", True, id="null"),
        pytest.param("{}", False, id="an-object"),
        pytest.param("[3]", False, id="numbers"),
        pytest.param('[{"name":3}]', False, id="name-is-a-number"),
        pytest.param("[", False, id="cut-off"),
    ],
)
def test_dependencies_are_a_list_of_references(text: str, *, readable: bool) -> None:
    assert is_dependency_list(text) is readable


async def test_unreadable_dependencies_are_refused() -> None:
    await refused(NAMESPACED_RULES, binding())
    with pytest.raises(
        Forbidden, match=r'admission webhook "resourcebinding\.karmada\.io" denied the request'
    ):
        await refused(NAMESPACED_RULES, binding(annotations={DEPENDENCIES: "["}))
