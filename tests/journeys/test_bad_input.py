"""Whatever a user sends that makes no sense gets one clear Status, and nothing changes.

The table goes over HTTP, as any client would send it; the rest is typed with kubectl.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from karmada.api.errors import ApiError
from karmada.cli.local.layout import free_ports
from karmada.client.client import Client
from karmada.client.kubeconfig import load_kubeconfig
from tests.support.kubectl import VERSIONS, kubectl_path
from tests.support.local import LocalPlane
from tests.support.tools import default_cache

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

NAMESPACE = "bad"
MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
POLICIES = f"/apis/policy.karmada.io/v1alpha1/namespaces/{NAMESPACE}/propagationpolicies"
CLUSTERS = "/apis/cluster.karmada.io/v1alpha1/clusters"
KINDS = (MAPS, DEPLOYMENTS, POLICIES, CLUSTERS)
JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlane]:
    """One member, and one object of each kind that must stay as it is."""
    with LocalPlane(tmp_path_factory.mktemp("plane"), port=free_ports(1)[0], members=1, nodes=0) as started:
        started.kubectl("create", "namespace", NAMESPACE)
        started.kubectl("-n", NAMESPACE, "create", "configmap", "stays", "--from-literal=colour=teal")
        yield started


def obj(kind: str, api_version: str = "v1", name: str = "x", **fields: Any) -> bytes:
    return json.dumps(
        {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}
    ).encode()


def deployment(**spec: Any) -> bytes:
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    whole = {"selector": {"matchLabels": {"a": "b"}}, "template": pod, **spec}
    return obj("Deployment", "apps/v1", spec=whole)


def policy(**spec: Any) -> bytes:
    selectors = [{"apiVersion": "v1", "kind": "ConfigMap"}]
    whole = {"resourceSelectors": selectors, "placement": {}, **spec}
    return obj("PropagationPolicy", "policy.karmada.io/v1alpha1", spec=whole)


def cluster(name: str = "x", **spec: Any) -> bytes:
    return obj("Cluster", "cluster.karmada.io/v1alpha1", name, spec=spec)


STRICT = "?fieldValidation=Strict"
CASES = [
    # What cannot be read.
    pytest.param("POST", MAPS, JSON, b"{", 400, "BadRequest", id="half-a-json"),
    pytest.param("POST", MAPS, JSON, b"", 400, "BadRequest", id="no-body"),
    pytest.param("POST", MAPS, JSON, b"[]", 400, "BadRequest", id="a-list"),
    pytest.param("POST", MAPS, JSON, b'{"a":' * 20_000, 400, "BadRequest", id="deeper-than-anyone-needs"),
    pytest.param("POST", MAPS, JSON, b"\xff\xfe{}", 400, "BadRequest", id="not-utf-8"),
    pytest.param("POST", MAPS, YAML, b"a: [", 400, "BadRequest", id="half-a-yaml"),
    pytest.param("POST", MAPS, YAML, b"a: &a [*a]", 400, "BadRequest", id="yaml-that-contains-itself"),
    pytest.param("POST", MAPS, PROTOBUF, b"k8s\x00\x0a\xff", 400, "BadRequest", id="half-a-protobuf"),
    pytest.param("POST", MAPS, PROTOBUF, b"teal", 400, "BadRequest", id="no-protobuf"),
    pytest.param(
        "POST", MAPS, "text/css", b"{}", 415, "UnsupportedMediaType", id="a-media-type-nobody-reads"
    ),
    # What is not what it says.
    pytest.param(
        "POST", MAPS, JSON, b"{}", 422, "Invalid", id="kind-and-version-come-from-the-path-but-no-name"
    ),
    pytest.param("POST", MAPS, JSON, obj("Secret"), 400, "BadRequest", id="another-kind"),
    pytest.param("POST", MAPS, JSON, obj("ConfigMap", "v2"), 400, "BadRequest", id="another-version"),
    pytest.param(
        "POST",
        "/api/v1/namespaces/bad/widgets",
        JSON,
        obj("Widget"),
        404,
        "NotFound",
        id="a-kind-nobody-serves",
    ),
    pytest.param(
        "POST", "/apis/teal/v1/x", JSON, obj("X", "teal/v1"), 404, "NotFound", id="a-group-nobody-serves"
    ),
    pytest.param(
        "POST",
        MAPS,
        JSON,
        b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"other"}}',
        400,
        "BadRequest",
        id="another-namespace-than-the-path",
    ),
    pytest.param(
        "POST",
        MAPS.replace("bad", "nowhere"),
        JSON,
        obj("ConfigMap"),
        404,
        "NotFound",
        id="a-namespace-that-is-not-there",
    ),
    # What does not fit its schema.
    pytest.param(
        "POST", MAPS + STRICT, JSON, obj("ConfigMap", colour=1), 400, "BadRequest", id="an-unknown-field"
    ),
    pytest.param(
        "POST",
        POLICIES + STRICT,
        JSON,
        policy(colour=1),
        400,
        "BadRequest",
        id="an-unknown-field-of-a-policy",
    ),
    pytest.param(
        "POST",
        MAPS + STRICT,
        JSON,
        b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","name":"x"}}',
        400,
        "BadRequest",
        id="a-field-twice",
    ),
    pytest.param("POST", MAPS, JSON, obj("ConfigMap", data=[1]), 400, "BadRequest", id="a-list-for-a-map"),
    pytest.param(
        "POST", DEPLOYMENTS, JSON, deployment(replicas="two"), 400, "BadRequest", id="a-word-for-a-number"
    ),
    pytest.param(
        "POST", DEPLOYMENTS, JSON, deployment(replicas=-1), 422, "Invalid", id="fewer-than-no-replicas"
    ),
    pytest.param(
        "POST",
        DEPLOYMENTS,
        JSON,
        deployment(selector={"matchLabels": {"c": "d"}}),
        422,
        "Invalid",
        id="a-selector-that-does-not-match",
    ),
    pytest.param(
        "POST", POLICIES, JSON, policy(resourceSelectors=[]), 422, "Invalid", id="a-policy-about-nothing"
    ),
    pytest.param(
        "POST",
        POLICIES,
        JSON,
        policy(conflictResolution="Fight"),
        422,
        "Invalid",
        id="a-word-that-is-not-in-the-enum",
    ),
    pytest.param("POST", CLUSTERS, JSON, cluster(), 422, "Invalid", id="a-cluster-without-a-mode"),
    pytest.param(
        "POST",
        CLUSTERS,
        JSON,
        cluster("x" * 49, syncMode="Push"),
        422,
        "Invalid",
        id="a-cluster-with-a-long-name",
    ),
    pytest.param(
        "POST",
        CLUSTERS,
        JSON,
        cluster(syncMode="Push", apiEndpoint="teal"),
        422,
        "Invalid",
        id="an-endpoint-that-is-no-url",
    ),
    # Names.
    pytest.param("POST", MAPS, JSON, obj("ConfigMap", name="X_y"), 422, "Invalid", id="an-invalid-name"),
    pytest.param("POST", MAPS, JSON, obj("ConfigMap", name="a" * 254), 422, "Invalid", id="a-name-too-long"),
    pytest.param("POST", MAPS, JSON, obj("ConfigMap", name=""), 422, "Invalid", id="no-name"),
    pytest.param(
        "POST", MAPS, JSON, obj("ConfigMap", name="../stays"), 422, "Invalid", id="a-path-for-a-name"
    ),
    pytest.param(
        "POST", MAPS, JSON, obj("ConfigMap", name="stays"), 409, "AlreadyExists", id="a-name-that-is-taken"
    ),
    # Changes.
    pytest.param(
        "PUT",
        f"{MAPS}/stays",
        JSON,
        obj("ConfigMap", name="other"),
        400,
        "BadRequest",
        id="another-name-than-the-path",
    ),
    pytest.param(
        "PUT",
        f"{MAPS}/stays",
        JSON,
        b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"stays","resourceVersion":"1"}}',
        409,
        "Conflict",
        id="an-old-version",
    ),
    pytest.param(
        "PUT",
        f"{MAPS}/missing",
        JSON,
        obj("ConfigMap", name="missing"),
        404,
        "NotFound",
        id="nothing-to-replace",
    ),
    pytest.param("PATCH", f"{MAPS}/stays", MERGE, b"[", 400, "BadRequest", id="half-a-patch"),
    pytest.param(
        "PATCH",
        f"{MAPS}/stays",
        JSON_PATCH,
        b'[{"op":"teal"}]',
        422,
        "Invalid",
        id="an-operation-nobody-knows",
    ),
    pytest.param(
        "PATCH",
        f"{MAPS}/stays",
        JSON_PATCH,
        b'[{"op":"test","path":"/data/colour","value":"red"}]',
        422,
        "Invalid",
        id="a-test-that-fails",
    ),
    pytest.param("PATCH", f"{MAPS}/stays", JSON, b"{}", 415, "UnsupportedMediaType", id="a-patch-of-no-kind"),
    pytest.param("PATCH", f"{MAPS}/stays", APPLY, b"{}", 422, "Invalid", id="apply-by-nobody"),
    pytest.param("PATCH", f"{MAPS}/missing", MERGE, b"{}", 404, "NotFound", id="nothing-to-patch"),
    pytest.param("DELETE", f"{MAPS}/missing", JSON, None, 404, "NotFound", id="nothing-to-delete"),
    pytest.param(
        "DELETE", f"{MAPS}/stays", JSON, b'{"preconditions":{"uid":"x"}}', 409, "Conflict", id="another-uid"
    ),
    # Questions.
    pytest.param(
        "GET", f"{MAPS}?labelSelector=a%3D(", JSON, None, 400, "BadRequest", id="a-selector-that-is-none"
    ),
    pytest.param(
        "GET",
        f"{MAPS}?fieldSelector=data.colour%3Dteal",
        JSON,
        None,
        400,
        "BadRequest",
        id="a-field-nobody-selects-by",
    ),
    pytest.param("GET", f"{MAPS}?continue=teal", JSON, None, 400, "BadRequest", id="a-page-that-is-none"),
    pytest.param("GET", f"{MAPS}?limit=many", JSON, None, 400, "BadRequest", id="a-limit-that-is-no-number"),
    pytest.param("GET", "/teal", JSON, None, 404, "NotFound", id="a-path-nobody-serves"),
]


async def everything(client: Client) -> dict[str, Any]:
    return {path: json.loads((await client.request("GET", path)).body)["items"] for path in KINDS}


def specs(found: dict[str, Any]) -> dict[str, Any]:
    """Without what controllers write on their own: the status of clusters."""
    return {
        path: [{**item, "status": None, "metadata": item["metadata"]["uid"]} for item in items]
        for path, items in found.items()
    }


@pytest.mark.parametrize(("method", "path", "content_type", "body", "code", "reason"), CASES)
async def test_a_bad_request_gets_a_status_and_changes_nothing(
    plane: LocalPlane, method: str, path: str, content_type: str, body: bytes | None, code: int, reason: str
) -> None:
    async with Client(load_kubeconfig(plane.karmada_config)) as client:
        before = await everything(client)
        plain, _, query = path.partition("?")
        with pytest.raises(ApiError) as refused:
            await client.request(
                method,
                plain,
                query=dict(part.split("=", 1) for part in query.replace("%3D", "=").split("&"))
                if query
                else None,
                body=body,
                content_type=content_type,
            )
        assert (refused.value.status_code, refused.value.reason) == (code, reason), refused.value.message
        assert refused.value.message
        assert specs(await everything(client)) == specs(before)


@pytest.mark.parametrize("version", VERSIONS)
def test_kubectl_shows_what_is_wrong_with_a_file(plane: LocalPlane, tmp_path: Path, version: str) -> None:
    program = kubectl_path(version, default_cache())
    if not program.exists():
        pytest.skip(f"no kubectl {version} in the cache: `make tools` fetches it")
    file = tmp_path / "policy.yaml"
    file.write_bytes(policy(placment={}))
    with pytest.raises(RuntimeError, match=r'unknown field "spec\.placment"'):
        plane.kubectl("-n", NAMESPACE, "create", "-f", str(file), program=program)
    file.write_bytes(obj("PropagationPolice", "policy.karmada.io/v1alpha1"))
    with pytest.raises(RuntimeError, match='no matches for kind "PropagationPolice"'):
        plane.kubectl("-n", NAMESPACE, "create", "-f", str(file), program=program)
    file.write_text("kind: [")
    with pytest.raises(RuntimeError, match="yaml"):
        plane.kubectl("-n", NAMESPACE, "create", "-f", str(file), program=program)
    file.write_bytes(deployment(replicas="two"))
    with pytest.raises(RuntimeError, match=r"replicas|int32|quantity|BadRequest"):
        plane.kubectl("-n", NAMESPACE, "create", "-f", str(file), "--validate=false", program=program)
    assert (
        plane.kubectl("-n", NAMESPACE, "get", "deploy,propagationpolicies", "-o", "name", program=program)
        == ""
    )
