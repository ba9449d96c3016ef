"""Names that other components, ours and the original's, must find again."""

import pytest

from karmada.api import names
from karmada.api.gvk import GroupVersionKind


@pytest.mark.parametrize(
    ("kind", "name", "namespace", "expected"),
    [
        pytest.param("Deployment", "nginx", "default", "nginx-687f7fb96f", id="namespaced"),
        pytest.param("Service", "nginx", "default", "nginx-64b7849b5", id="kind-is-part-of-the-hash"),
        pytest.param("Namespace", "test", "", "test-69fd499b4c", id="cluster-scoped"),
        pytest.param(
            "ClusterRole", "karmada-impersonator", "", "karmada-impersonator-7cbb6bd5c9", id="cluster-role"
        ),
        pytest.param(
            "ClusterRoleBinding", "karmada-impersonator", "", "karmada-impersonator-84f8c8f8c6", id="binding"
        ),
        pytest.param("ClusterRole", "system:foo", "", "system.foo-5f7d88f69", id="colons-become-dots"),
    ],
)
def test_a_work_is_named_after_its_manifest(kind: str, name: str, namespace: str, expected: str) -> None:
    assert names.work_name(kind, name, namespace) == expected


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        pytest.param("Deployment", "nginx", "nginx-deployment", id="plain"),
        pytest.param(
            "ClusterRole",
            "system:controller:tom",
            "system.controller.tom-clusterrole",
            id="colons-become-dots",
        ),
    ],
)
def test_a_binding_is_named_after_its_template(kind: str, name: str, expected: str) -> None:
    assert names.binding_name(kind, name) == expected


@pytest.mark.parametrize(
    ("namespace", "name", "expected"),
    [
        pytest.param("default", "nginx-deployment", "5bdc5c4dcf", id="namespaced"),
        pytest.param("", "foo-clusterrole", "846f98bd4d", id="cluster-scoped"),
    ],
)
def test_a_binding_reference_is_hashed(namespace: str, name: str, expected: str) -> None:
    assert names.binding_reference_key(namespace, name) == expected


@pytest.mark.parametrize(
    ("name", "gvk", "expected"),
    [
        pytest.param("nginx", GroupVersionKind("apps", "v1", "Deployment"), "nginx-6d7f8d5f5b", id="group"),
        pytest.param("web", GroupVersionKind("", "v1", "Pod"), "web-847459f8b6", id="core-group"),
    ],
)
def test_a_promoted_policy_is_named_after_the_object(name: str, gvk: GroupVersionKind, expected: str) -> None:
    assert names.policy_name("default", name, gvk) == expected


def test_an_execution_namespace_leads_back_to_its_cluster() -> None:
    assert names.cluster_of_execution_namespace(names.execution_namespace("member1")) == "member1"


def test_any_other_namespace_has_no_cluster() -> None:
    with pytest.raises(ValueError, match="not prefixed with karmada-es-"):
        names.cluster_of_execution_namespace("default")


@pytest.mark.parametrize(
    ("namespace", "reserved"),
    [
        ("karmada-system", True),
        ("karmada-cluster", True),
        ("karmada-es-member1", True),
        ("default", False),
        ("kube-system", False),
        ("karmada", False),
    ],
)
def test_karmadas_own_namespaces_are_reserved(namespace: str, *, reserved: bool) -> None:
    assert names.is_reserved_namespace(namespace) is reserved


def test_names_derived_from_clusters_and_services() -> None:
    assert names.impersonation_secret_name("m") == "m-impersonator"
    assert names.imported_endpoint_slice_name("m", "s") == "imported-m-s"
    assert names.dispatched_endpoint_slice_name("m", "s") == "m-s"
    assert names.derived_service_name("web") == "derived-web"
    assert names.role_name(names.service_account_name("m")) == "karmada-controller-manager:karmada-m"
    assert (
        names.estimator_service_name(names.DEFAULT_ESTIMATOR_PREFIX, "m") == "karmada-scheduler-estimator-m"
    )
    assert names.agent_user("m") == "system:karmada:agent:m"
