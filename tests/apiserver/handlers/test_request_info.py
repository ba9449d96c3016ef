"""Paths and methods to RequestInfo."""

from typing import Any

import pytest

from apiserver.request_info import Query, RequestInfo

PODS = "/api/v1/namespaces/n/pods"
POD: dict[str, Any] = {"version": "v1", "resource": "pods"}


@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        pytest.param("GET", "/api/v1/pods", {}, {**POD, "verb": "list"}, id="list-everywhere"),
        pytest.param("GET", "/api/v1/pods/", {}, {**POD, "verb": "list"}, id="trailing-slash"),
        pytest.param(
            "GET",
            "/api/v1/namespaces/n/pods",
            {"watch": ["true"]},
            {**POD, "verb": "watch", "namespace": "n"},
            id="watch",
        ),
        pytest.param(
            "GET",
            "/api/v1/namespaces/n/pods",
            {"watch": ["0"]},
            {**POD, "verb": "list", "namespace": "n"},
            id="no-watch",
        ),
        pytest.param(
            "GET",
            "/api/v1/watch/namespaces/n/pods/p",
            {},
            {**POD, "verb": "watch", "namespace": "n", "name": "p"},
            id="old-watch",
        ),
        pytest.param(
            "GET",
            "/api/v1/namespaces/n/pods/p",
            {"watch": ["1"]},
            {**POD, "verb": "get", "namespace": "n", "name": "p"},
            id="item-with-watch",
        ),
        pytest.param(
            "POST",
            "/api/v1/namespaces/n/pods/p/eviction",
            {},
            {**POD, "verb": "create", "namespace": "n", "name": "p", "subresource": "eviction"},
            id="subresource",
        ),
        pytest.param(
            "DELETE",
            "/api/v1/namespaces/n/pods",
            {},
            {**POD, "verb": "deletecollection", "namespace": "n"},
            id="collection",
        ),
        pytest.param(
            "GET",
            "/api/v1/namespaces/n",
            {},
            {"version": "v1", "verb": "get", "resource": "namespaces", "namespace": "n", "name": "n"},
            id="namespace",
        ),
        pytest.param(
            "PUT",
            "/api/v1/namespaces/n/finalize",
            {},
            {
                "version": "v1",
                "verb": "update",
                "resource": "namespaces",
                "namespace": "n",
                "name": "n",
                "subresource": "finalize",
            },
            id="finalize",
        ),
        pytest.param(
            "PATCH",
            "/apis/apps/v1/namespaces/n/deployments/d/scale",
            {},
            {
                "group": "apps",
                "version": "v1",
                "verb": "patch",
                "resource": "deployments",
                "namespace": "n",
                "name": "d",
                "subresource": "scale",
            },
            id="group",
        ),
        pytest.param(
            "GET",
            "/api/v1/pods",
            {"fieldSelector": ["spec.nodeName=x,metadata.name=p"]},
            {**POD, "verb": "list", "name": "p", "field_selector": "spec.nodeName=x,metadata.name=p"},
            id="name-by-selector",
        ),
        pytest.param(
            "GET",
            "/apis/cluster.karmada.io/v1alpha1/clusters/m1/proxy/api/v1/pods/",
            {},
            {
                "group": "cluster.karmada.io",
                "version": "v1alpha1",
                "verb": "get",
                "resource": "clusters",
                "name": "m1",
                "subresource": "proxy",
                "rest": "/api/v1/pods/",
            },
            id="proxied-path",
        ),
    ],
)
def test_a_path_says_what_it_is_about(
    method: str, path: str, query: dict[str, list[str]], expected: Any
) -> None:
    assert RequestInfo.parse(method, path, Query(query)) == RequestInfo(
        path=path, is_resource=True, **expected
    )


@pytest.mark.parametrize(
    "path",
    ["/", "/version", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "//api/v1/pods", "/api/v1//pods", ""],
)
def test_other_paths_are_no_resources(path: str) -> None:
    info = RequestInfo.parse("GET", path, Query())
    assert (info.is_resource, info.verb) == (False, "get")
