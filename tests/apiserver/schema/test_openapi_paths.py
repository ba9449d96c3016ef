"""Paths and operations of a served resource."""

from dataclasses import dataclass

from apiserver.schema.openapi_paths import builtin_type, paths_of, render
from karmada.api.gvk import GroupVersionKind, GroupVersionResource
from karmada.api.scheme import ServedResource, all_resources


@dataclass
class Described:
    served: ServedResource


def name_of(gvk: GroupVersionKind) -> str:
    return builtin_type(gvk) or "string"


def test_a_namespaced_resource_has_its_five_places() -> None:
    served = all_resources()[GroupVersionResource("", "v1", "configmaps")]
    assert list(paths_of(Described(served), name_of)) == [
        "/api/v1/configmaps",
        "/api/v1/namespaces/{namespace}/configmaps",
        "/api/v1/namespaces/{namespace}/configmaps/{name}",
        "/api/v1/watch/configmaps",
        "/api/v1/watch/namespaces/{namespace}/configmaps",
        "/api/v1/watch/namespaces/{namespace}/configmaps/{name}",
    ]


def test_subresources_carry_the_kind_of_their_body() -> None:
    served = all_resources()[GroupVersionResource("apps", "v1", "deployments")]
    paths = paths_of(Described(served), name_of)
    scale = render(paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"], 3)
    assert scale["get"]["x-kubernetes-group-version-kind"] == {
        "group": "autoscaling",
        "kind": "Scale",
        "version": "v1",
    }
    assert set(scale) == {"get", "patch", "put", "parameters"}


def test_a_review_can_only_be_created() -> None:
    served = all_resources()[GroupVersionResource("authorization.k8s.io", "v1", "subjectaccessreviews")]
    paths = paths_of(Described(served), name_of)
    assert {path: [operation.action for operation in item.operations] for path, item in paths.items()} == {
        "/apis/authorization.k8s.io/v1/subjectaccessreviews": ["post"]
    }


def test_streams_are_connected_to() -> None:
    served = all_resources()[GroupVersionResource("", "v1", "pods")]
    exec_path = paths_of(Described(served), name_of)["/api/v1/namespaces/{namespace}/pods/{name}/exec"]
    assert {operation.operation_id for operation in exec_path.operations} == {
        "connectCoreV1GetNamespacedPodExec",
        "connectCoreV1PostNamespacedPodExec",
    }
