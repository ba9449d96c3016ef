"""The catalogue of what is served, and the fact tables behind it."""

import pytest

from karmada.api.facts import type_facts, type_name
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.karmada_kinds import operator_resources
from karmada.api.scheme import (
    CUSTOM_VERBS,
    ServedResource,
    all_resources,
    builtin_resources,
    karmada_resources,
    resources_by_kind,
)


def served(group: str, version: str, plural: str) -> ServedResource:
    return all_resources()[GroupVersionResource(group, version, plural)]


def test_every_ga_resource_is_there_once() -> None:
    assert len(builtin_resources()) == 68
    assert sum(len(resource.subresources) for resource in builtin_resources()) == 45
    assert len({resource.gvr for resource in (*builtin_resources(), *karmada_resources())}) == len(
        all_resources()
    )


@pytest.mark.parametrize("resource", builtin_resources(), ids=lambda resource: str(resource.gvr))
def test_a_built_in_resource_has_a_type_and_a_table(resource: ServedResource) -> None:
    assert resource.schema in type_facts()
    assert type_name(*resource.gvk) == resource.schema
    assert list(resource.verbs) == sorted(resource.verbs)
    assert bool(resource.columns) == ("list" in resource.verbs)
    assert bool(resource.list_kind) == ("list" in resource.verbs)
    if "list" in resource.verbs:
        assert type_name(resource.gvr.group, resource.gvr.version, resource.list_kind) is not None


@pytest.mark.parametrize(
    "resource", [*karmada_resources(), *operator_resources()], ids=lambda item: str(item.gvr)
)
def test_a_karmada_resource_is_complete(resource: ServedResource) -> None:
    assert resource.model is not None
    assert resource.columns[0].name == "Name"
    assert resource.singular == resource.kind.lower()
    assert resource.list_kind == f"{resource.kind}List"
    assert all(column.json_path or column.cell for column in resource.columns)
    if resource.custom:
        assert resource.verbs == CUSTOM_VERBS
        assert all(column.json_path for column in resource.columns)
        assert resource.generation


@pytest.mark.parametrize(
    ("group", "version", "plural", "short", "namespaced", "status"),
    [
        ("cluster.karmada.io", "v1alpha1", "clusters", (), False, True),
        ("policy.karmada.io", "v1alpha1", "propagationpolicies", ("pp",), True, False),
        ("policy.karmada.io", "v1alpha1", "clusteroverridepolicies", ("cop",), False, False),
        ("policy.karmada.io", "v1alpha1", "federatedresourcequotas", (), True, True),
        ("work.karmada.io", "v1alpha1", "works", ("wk",), True, True),
        ("work.karmada.io", "v1alpha2", "clusterresourcebindings", ("crb",), False, True),
        ("config.karmada.io", "v1alpha1", "resourceinterpretercustomizations", ("ric",), False, False),
        ("apps.karmada.io", "v1alpha1", "workloadrebalancers", (), False, True),
        ("autoscaling.karmada.io", "v1alpha1", "cronfederatedhpas", ("cronfhpa",), True, True),
        ("networking.karmada.io", "v1alpha1", "multiclusteringresses", ("mci",), True, True),
        ("remedy.karmada.io", "v1alpha1", "remedies", (), False, False),
        ("search.karmada.io", "v1alpha1", "resourceregistries", (), False, True),
        ("multicluster.x-k8s.io", "v1alpha1", "serviceimports", ("svcim",), True, True),
    ],
)
def test_karmada_resources_are_named_as_users_know_them(
    group: str, version: str, plural: str, short: tuple[str, ...], *, namespaced: bool, status: bool
) -> None:
    resource = served(group, version, plural)
    assert resource.short_names == short
    assert resource.namespaced is namespaced
    assert (resource.subresource("status") is not None) is status


def test_older_bindings_are_stored_as_newer_ones() -> None:
    older = served("work.karmada.io", "v1alpha1", "resourcebindings")
    assert older.storage_version == GroupVersionResource("work.karmada.io", "v1alpha2", "resourcebindings")
    assert [column.name for column in older.columns] == ["Name", "Age"]


def test_a_cluster_is_typed_storage_with_a_proxy() -> None:
    clusters = served("cluster.karmada.io", "v1alpha1", "clusters")
    assert (clusters.custom, clusters.unconditional_update, clusters.create_on_update) == (False, True, False)
    proxy = clusters.subresource("proxy")
    assert proxy is not None
    assert proxy.gvk.kind == "ClusterProxyOptions"
    assert [column.name for column in clusters.columns if column.priority == 0] == [
        "Name",
        "Version",
        "Mode",
        "Ready",
        "Age",
    ]


def test_subresources_name_the_kind_of_their_body() -> None:
    scale = served("apps", "v1", "deployments").subresource("scale")
    assert scale is not None
    assert scale.gvk == GroupVersionKind("autoscaling", "v1", "Scale")
    assert served("apps", "v1", "deployments").subresource("nope") is None


def test_a_kind_leads_to_its_resource() -> None:
    assert resources_by_kind()[GroupVersionKind("apps", "v1", "Deployment")].gvr.resource == "deployments"


@pytest.mark.parametrize(
    ("group", "version", "kind", "found"),
    [
        ("rbac.authorization.k8s.io", "v1", "RoleList", "io.k8s.api.rbac.v1.RoleList"),
        ("batch", "v1", "DeleteOptions", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"),
        ("", "v1", "Status", "io.k8s.apimachinery.pkg.apis.meta.v1.Status"),
        ("example.com", "v1", "Foo", None),
    ],
)
def test_a_kind_leads_to_its_type(group: str, version: str, kind: str, found: str | None) -> None:
    assert type_name(group, version, kind) == found
