"""What is propagated at all."""

import pytest

from controllers.detector.resources import SkippedApis, SkippedObjects, propagatable
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.client.mapper import DiscoveredResource

VERBS = ("create", "delete", "get", "list", "watch")


@pytest.mark.parametrize(
    ("flag", "gvk", "skipped"),
    [
        ("", ("apps", "v1", "Deployment"), False),
        ("", ("policy.karmada.io", "v1alpha1", "PropagationPolicy"), True),
        ("", ("work.karmada.io", "v1alpha2", "ResourceBinding"), True),
        ("", ("multicluster.x-k8s.io", "v1alpha1", "ServiceExport"), False),
        ("", ("", "v1", "Event"), True),
        ("", ("", "v1", "Secret"), False),
        ("", ("events.k8s.io", "v1", "Event"), True),
        ("", ("coordination.k8s.io", "v1", "Lease"), True),
        ("", ("coordination.k8s.io", "v1beta1", "Lease"), False),
        ("apps", ("apps", "v1", "Deployment"), True),
        ("apps/v1beta1", ("apps", "v1", "Deployment"), False),
        ("apps/v1/Deployment,StatefulSet;v1/Secret", ("apps", "v1", "StatefulSet"), True),
        ("apps/v1/Deployment,StatefulSet;v1/Secret", ("", "v1", "Secret"), True),
        ("apps/v1/Deployment,StatefulSet;v1/Secret", ("apps", "v1", "DaemonSet"), False),
    ],
)
def test_some_apis_are_never_propagated(flag: str, gvk: tuple[str, str, str], skipped: bool) -> None:
    assert SkippedApis.parse(flag).covers(GroupVersionKind(*gvk)) is skipped


def test_a_flag_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="a/b/c/d"):
        SkippedApis.parse("a/b/c/d")


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "skipped"),
    [
        ("ConfigMap", "shop", "c", False),
        ("ConfigMap", "karmada-system", "c", True),
        ("ConfigMap", "karmada-cluster", "c", True),
        ("Work", "karmada-es-member1", "w", True),
        ("ConfigMap", "kube-system", "c", True),
        ("ConfigMap", "my-kube-system", "c", False),
        ("ConfigMap", "kube", "c", False),
        ("Namespace", "", "kube-system", False),
    ],
)
def test_some_namespaces_are_never_propagated(kind: str, namespace: str, name: str, skipped: bool) -> None:
    assert SkippedObjects(["kube-.*"]).covers(kind, namespace, name) is skipped


def test_the_authentication_config_stays_even_when_its_namespace_is_propagated() -> None:
    skipped = SkippedObjects([])
    assert skipped.covers("ConfigMap", "kube-system", "extension-apiserver-authentication")
    assert not skipped.covers("Secret", "kube-system", "extension-apiserver-authentication")


def discovered(
    group: str, version: str, plural: str, *, preferred: bool = True, verbs: tuple[str, ...] = VERBS
) -> DiscoveredResource:
    gvr = GroupVersionResource(group, version, plural)
    return DiscoveredResource(gvr, plural.title()[:-1], "", namespaced=True, verbs=verbs, preferred=preferred)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param([discovered("apps", "v1", "deployments")], ["apps/v1"], id="served"),
        pytest.param(
            [
                discovered("apps", "v2", "deployments", preferred=False),
                discovered("apps", "v1", "deployments"),
            ],
            ["apps/v1"],
            id="preferred-version",
        ),
        pytest.param(
            [
                discovered("apps", "v1", "deployments"),
                discovered("apps", "v2", "deployments", preferred=False),
            ],
            ["apps/v1"],
            id="preferred-version-first",
        ),
        pytest.param(
            [discovered("apps", "v2", "deployments", preferred=False)],
            ["apps/v2"],
            id="only-in-another-version",
        ),
        pytest.param([discovered("", "v1", "bindings", verbs=("create",))], [], id="not-watchable"),
        pytest.param([discovered("work.karmada.io", "v1alpha1", "works")], [], id="skipped"),
    ],
)
def test_every_resource_is_watched_in_one_version(
    found: list[DiscoveredResource], expected: list[str]
) -> None:
    chosen = propagatable(found, SkippedApis.parse(""))
    assert [gvr.api_version for gvr in chosen] == expected
