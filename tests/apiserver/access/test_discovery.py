"""The discovery documents and how they are asked for."""

from typing import Any

import orjson
import pytest

from apiserver.handlers.discovery import (
    AGGREGATED_TYPE,
    Discovery,
    RemoteVersion,
    documents_of,
    storage_version_hash,
)
from apiserver.handlers.ordering import version_rank
from apiserver.request_info import Response
from apiserver.resources.definition import Resources
from karmada.api.errors import MethodNotAllowed, NotAcceptable, NotFound
from karmada.api.gvk import GroupVersionResource
from karmada.api.scheme import all_resources
from tests.apiserver.filters import request
from tests.apiserver.negotiate import definition, everything

BETA_TYPE = AGGREGATED_TYPE.replace("v=v2", "v=v2beta1")
KUBECTL = f"{AGGREGATED_TYPE},{BETA_TYPE},application/json"
METRICS = RemoteVersion(
    "metrics.k8s.io",
    "v1beta1",
    100,
    100,
    ({"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get"]},),
)


@pytest.fixture(scope="module")
def discovery() -> Discovery:
    return Discovery(everything())


async def get(discovery: Discovery, path: str, accept: str = "", **headers: str) -> Response:
    return await discovery.handle(
        request(path=path, headers={"Accept": accept, "Host": "host:5443", **headers})
    )


async def body(discovery: Discovery, path: str, accept: str = "") -> Any:
    answer = await get(discovery, path, accept)
    assert answer.status == 200
    return orjson.loads(answer.body)


async def test_the_core_group_names_its_version_and_address(discovery: Discovery) -> None:
    assert await body(discovery, "/api") == {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "host:5443"}],
    }


async def test_groups_come_in_the_order_clients_prefer(discovery: Discovery) -> None:
    found = await body(discovery, "/apis")
    assert (found["kind"], found["apiVersion"]) == ("APIGroupList", "v1")
    names = [group["name"] for group in found["groups"]]
    assert names[:4] == ["apiregistration.k8s.io", "apps", "events.k8s.io", "authentication.k8s.io"]
    assert names.index("flowcontrol.apiserver.k8s.io") < names.index("cluster.karmada.io")
    assert names.index("cluster.karmada.io") < names.index("policy.karmada.io")
    autoscaling = next(group for group in found["groups"] if group["name"] == "autoscaling")
    assert [version["version"] for version in autoscaling["versions"]] == ["v2", "v1"]
    assert autoscaling["preferredVersion"]["groupVersion"] == "autoscaling/v2"


async def test_one_group(discovery: Discovery) -> None:
    found = await body(discovery, "/apis/apps/")
    assert found == {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": "apps",
        "versions": [{"groupVersion": "apps/v1", "version": "v1"}],
        "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"},
    }


async def test_resources_of_a_version(discovery: Discovery) -> None:
    found = await body(discovery, "/apis/apps/v1")
    assert (found["kind"], found["apiVersion"], found["groupVersion"]) == ("APIResourceList", "v1", "apps/v1")
    by_name = {entry["name"]: entry for entry in found["resources"]}
    assert by_name["deployments"]["singularName"] == "deployment"
    assert by_name["deployments"]["shortNames"] == ["deploy"]
    assert by_name["deployments"]["categories"] == ["all"]
    assert by_name["deployments/scale"] == {
        "name": "deployments/scale",
        "singularName": "",
        "namespaced": True,
        "group": "autoscaling",
        "version": "v1",
        "kind": "Scale",
        "verbs": ["get", "patch", "update"],
    }
    assert "group" not in by_name["deployments/status"]
    names = list(by_name)
    assert names.index("deployments") < names.index("deployments/scale") < names.index("deployments/status")


async def test_the_core_version_has_no_api_version(discovery: Discovery) -> None:
    found = await body(discovery, "/api/v1")
    assert "apiVersion" not in found
    assert found["groupVersion"] == "v1"
    assert "storageVersionHash" not in next(one for one in found["resources"] if one["name"] == "bindings")


def test_storage_versions_are_told_by_a_hash() -> None:
    served = all_resources()[GroupVersionResource("apps", "v1", "deployments")]
    assert storage_version_hash(served) == "8aSe+NMegvE="


async def test_aggregated_discovery_nests_subresources(discovery: Discovery) -> None:
    answer = await get(discovery, "/apis", KUBECTL)
    assert answer.content_type == AGGREGATED_TYPE
    assert answer.headers["Vary"] == "Accept"
    assert answer.headers["Cache-Control"] == "public"
    found = orjson.loads(answer.body)
    assert (found["kind"], found["apiVersion"]) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io/v2")
    apps = next(item for item in found["items"] if item["metadata"]["name"] == "apps")
    version = apps["versions"][0]
    assert (version["version"], version["freshness"]) == ("v1", "Current")
    deployments = next(one for one in version["resources"] if one["resource"] == "deployments")
    assert deployments["responseKind"] == {"group": "", "version": "", "kind": "Deployment"}
    assert (deployments["scope"], deployments["singularResource"]) == ("Namespaced", "deployment")
    assert deployments["subresources"] == [
        {
            "subresource": "scale",
            "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
            "verbs": ["get", "patch", "update"],
        },
        {
            "subresource": "status",
            "responseKind": {"group": "", "version": "", "kind": "Deployment"},
            "verbs": ["get", "patch", "update"],
        },
    ]


async def test_the_core_group_is_one_nameless_item(discovery: Discovery) -> None:
    found = await body(discovery, "/api", KUBECTL)
    assert [item["metadata"] for item in found["items"]] == [{}]


async def test_a_document_the_client_has_is_not_sent_again(discovery: Discovery) -> None:
    first = await get(discovery, "/apis", KUBECTL)
    etag = first.headers["ETag"]
    assert len(etag) == 130
    again = await get(discovery, "/apis", KUBECTL, **{"If-None-Match": etag})
    assert (again.status, again.body) == (304, b"")
    assert (await get(discovery, "/apis", KUBECTL, **{"If-None-Match": '"other"'})).status == 200


async def test_a_change_of_the_resources_changes_the_documents() -> None:
    resources = Resources()
    discovery = Discovery(resources)
    resources.replace(remove=[], add=[definition("apps", "v1", "deployments")])
    before = (await get(discovery, "/apis", KUBECTL)).headers["ETag"]
    policies = definition("policy.karmada.io", "v1alpha1", "propagationpolicies")
    resources.replace(remove=[], add=[policies])
    assert [group["name"] for group in (await body(discovery, "/apis"))["groups"]] == [
        "apps",
        "policy.karmada.io",
    ]
    assert (await get(discovery, "/apis", KUBECTL)).headers["ETag"] != before
    resources.replace(remove=[policies], add=[])
    assert (await get(discovery, "/apis", KUBECTL)).headers["ETag"] == before


def test_what_other_servers_serve_is_merged() -> None:
    documents = documents_of([], [METRICS, RemoteVersion("gone.io", "v1", 100, 100, stale=True)])
    assert [group["name"] for group in documents.legacy["/apis"]["groups"]] == ["gone.io", "metrics.k8s.io"]
    items = orjson.loads(documents.aggregated["/apis"].body)["items"]
    assert items[0]["versions"] == [{"version": "v1", "freshness": "Stale"}]
    assert items[1]["versions"][0]["resources"][0]["responseKind"]["kind"] == "PodMetrics"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        pytest.param("application/json, */*", "application/json", id="old-client"),
        pytest.param("application/yaml", "application/yaml", id="yaml"),
        pytest.param(
            "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf", id="protobuf-only"
        ),
        pytest.param(f"{AGGREGATED_TYPE};profile=nopeer", AGGREGATED_TYPE, id="nopeer"),
        pytest.param(
            f"{BETA_TYPE},application/json",
            "application/json",
            id="beta-form-is-skipped",
        ),
    ],
)
async def test_the_form_of_the_group_list(discovery: Discovery, accept: str, content_type: str) -> None:
    assert (await get(discovery, "/apis", accept)).content_type == content_type


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        pytest.param(
            "/apis",
            BETA_TYPE,
            id="beta-alone",
        ),
        pytest.param("/apis/apps/v1", AGGREGATED_TYPE, id="aggregated-form-of-one-version"),
        pytest.param("/apis", "text/html", id="html"),
    ],
)
async def test_not_acceptable(discovery: Discovery, path: str, accept: str) -> None:
    with pytest.raises(NotAcceptable):
        await get(discovery, path, accept)


async def test_what_is_not_served(discovery: Discovery) -> None:
    unknown_group = await get(discovery, "/apis/nope.io")
    assert (unknown_group.status, unknown_group.body) == (404, b"404 page not found\n")
    for path in ("/apis/apps/v9", "/api/v2"):
        with pytest.raises(NotFound) as refused:
            await get(discovery, path)
        assert refused.value.to_status()["details"] == {}
    with pytest.raises(MethodNotAllowed):
        await discovery.handle(request("POST", "/apis"))


def test_versions_rank_stable_first() -> None:
    versions = ["v1alpha1", "v2", "foo", "v1beta2", "v1", "v1beta1", "v10", "v2alpha1"]
    assert sorted(versions, key=version_rank) == [
        "v10",
        "v2",
        "v1",
        "v1beta2",
        "v1beta1",
        "v2alpha1",
        "v1alpha1",
        "foo",
    ]
