"""Rules of metadata."""

from typing import Any

import pytest

from apiserver.resources import metadata as meta
from karmada.api.objects import Object

OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "1"}


def errors(
    metadata: Object, *, namespaced: bool = True, typed: bool = True, resource: str = "configmaps"
) -> list[str]:
    given: Object = {"name": "a", **({"namespace": "ns"} if namespaced else {}), **metadata}
    found = meta.metadata_errors(given, rule=meta.name_rule("", resource), namespaced=namespaced, typed=typed)
    return [f"{error.field}: {error.message}" for error in found]


@pytest.mark.parametrize(
    ("metadata", "start"),
    [
        pytest.param(
            {"name": "A"}, 'metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain must', id="name"
        ),
        pytest.param(
            {"name": ""}, "metadata.name: Required value: name or generateName is required", id="no-name"
        ),
        pytest.param({"namespace": ""}, "metadata.namespace: Required value", id="no-namespace"),
        pytest.param(
            {"labels": {"a b": "c"}}, 'metadata.labels: Invalid value: "a b": name part must', id="label-key"
        ),
        pytest.param(
            {"labels": {"a": "-"}},
            'metadata.labels: Invalid value: "-": a valid label must',
            id="label-value",
        ),
        pytest.param(
            {"annotations": {"a b": ""}}, 'metadata.annotations: Invalid value: "a b": ', id="annotation-key"
        ),
        pytest.param(
            {"annotations": {"a": "x" * meta.MAX_ANNOTATION_BYTES}},
            "metadata.annotations: Too long: may not be more than 262144 bytes",
            id="annotations-too-long",
        ),
        pytest.param(
            {"finalizers": ["mine"]},
            'metadata.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is '
            "it fully",
            id="finalizer-without-domain",
        ),
        pytest.param(
            {"finalizers": ["orphan", "foregroundDeletion"]},
            'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and '
            "foregroundDeletion "
            "cannot be both set",
            id="both-propagations",
        ),
        pytest.param(
            {"ownerReferences": [{**OWNER, "uid": ""}]},
            'metadata.ownerReferences.uid: Invalid value: "": uid must not be empty',
            id="owner-without-uid",
        ),
        pytest.param(
            {"ownerReferences": [{**OWNER, "controller": True}, {**OWNER, "name": "q", "controller": True}]},
            "metadata.ownerReferences: Invalid value: ",
            id="two-controllers",
        ),
    ],
)
def test_broken_metadata_is_explained(metadata: Object, start: str) -> None:
    (found,) = errors(metadata)
    assert found.startswith(start)


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({}, id="plain"),
        pytest.param({"name": "a-12345", "generateName": "a-"}, id="generated"),
        pytest.param(
            {"labels": {"x.io/a": "b", "c": ""}, "annotations": {"X.io/A": "any\ntext"}}, id="marks"
        ),
        pytest.param({"finalizers": ["x.io/a", "orphan"], "ownerReferences": [OWNER]}, id="owned"),
    ],
)
def test_good_metadata_passes(metadata: Object) -> None:
    assert errors(metadata) == []


def test_custom_kinds_may_have_finalizers_without_a_domain() -> None:
    assert errors({"finalizers": ["mine"]}, typed=False) == []


@pytest.mark.parametrize(
    ("group", "resource", "name", "good"),
    [
        pytest.param("rbac.authorization.k8s.io", "clusterroles", "system:node", True, id="role"),
        pytest.param("rbac.authorization.k8s.io", "clusterroles", "a/b", False, id="role-with-slash"),
        pytest.param("", "namespaces", "a.b", False, id="namespace-with-dot"),
        pytest.param("", "configmaps", "a.b", True, id="config-map-with-dot"),
        pytest.param("cluster.karmada.io", "clusters", "a" * 49, False, id="long-cluster"),
    ],
)
def test_each_kind_has_its_rule_for_names(group: str, resource: str, name: str, good: bool) -> None:
    assert (not meta.name_rule(group, resource)(name)) is good


def test_repeated_owners_are_dropped_and_named() -> None:
    metadata: dict[str, Any] = {"ownerReferences": [OWNER, dict(OWNER), {**OWNER, "uid": "2"}]}
    assert meta.dedup_owners(metadata) == ["1"]
    assert [owner["uid"] for owner in metadata["ownerReferences"]] == ["1", "2"]


def test_an_update_keeps_what_only_the_server_sets() -> None:
    old = {"uid": "1", "creationTimestamp": "t", "name": "a"}
    new = {"uid": "2", "creationTimestamp": "u", "name": "a", "deletionTimestamp": "v", "selfLink": "x"}
    meta.carry_over(new, old)
    assert new == old
