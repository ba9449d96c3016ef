"""Who gets in and what they see, over TLS, on a real server."""

import base64
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from apiserver.app.auditing import AuditOptions
from apiserver.filters.authentication.pki import issue_client_certificate
from karmada.api.codec import loads_yaml
from tests.apiserver.serving import Plane, config_map, deployment, running_plane

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture
async def plane() -> AsyncIterator[Plane]:
    async with running_plane() as running:
        yield running


class Someone:
    """A client that is not the administrator."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        async with self.session.get(path, headers=headers) as answer:
            return answer.status, await answer.read()


def someone(plane: Plane, context: ssl.SSLContext | None = None) -> aiohttp.ClientSession:
    trusted = context or ssl.create_default_context(
        cadata=plane.server.security.pki.authority.certificate.decode()
    )
    return aiohttp.ClientSession(plane.server.url, connector=aiohttp.TCPConnector(ssl=trusted))


async def test_without_a_credential_only_health_and_version_answer(plane: Plane) -> None:
    async with someone(plane) as session:
        stranger = Someone(session)
        assert await stranger.get("/healthz") == (200, b"ok")
        assert (await stranger.get("/version"))[0] == 200
        status, body = await stranger.get("/api/v1/namespaces")
        assert status == 401
        assert orjson.loads(body)["message"] == "Unauthorized"
        assert (await stranger.get("/api/v1/namespaces", Authorization="Bearer wrong"))[0] == 401
        status, body = await stranger.get("/api/v1/namespaces/kube-public/configmaps/cluster-info")
        assert status == 200
        kubeconfig = loads_yaml(orjson.loads(body)["data"]["kubeconfig"])
        cluster = kubeconfig["clusters"][0]["cluster"]
        assert cluster["server"] == f"https://127.0.0.1:{plane.server.port}"
        ca = plane.server.security.pki.authority.certificate
        assert base64.b64decode(cluster["certificate-authority-data"]) == ca


async def test_a_user_with_a_certificate_has_what_roles_give(plane: Plane, tmp_path: Path) -> None:
    pki = plane.server.security.pki
    certificate, key = issue_client_certificate(pki, "alice", ["devs"])
    (tmp_path / "alice.pem").write_bytes(certificate + key)
    context = ssl.create_default_context(cadata=pki.authority.certificate.decode())
    context.load_cert_chain(tmp_path / "alice.pem")
    async with someone(plane, context) as session:
        alice = Someone(session)
        status, body = await alice.get("/api/v1/namespaces/default/configmaps")
        assert status == 403
        assert orjson.loads(body)["message"] == (
            'configmaps is forbidden: User "alice" cannot list resource "configmaps" in API group "" '
            'in the namespace "default"'
        )
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "devs"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "Group", "name": "devs"}],
        }
        path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
        assert (await plane.post(path, binding)).status == 201
        assert (await alice.get("/api/v1/namespaces/default/configmaps"))[0] == 200
        assert (await alice.get("/api/v1/namespaces/default/secrets"))[0] == 403
        assert (await alice.get("/api/v1/namespaces/kube-system/configmaps"))[0] == 403


async def test_a_token_made_for_an_account_lets_it_in(plane: Plane) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    assert (await plane.post(accounts, account)).status == 201
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    made = await plane.post(f"{accounts}/robot/token", request)
    assert made.status == 201
    token = made.object["status"]["token"]
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    answer = await plane.post("/apis/authentication.k8s.io/v1/tokenreviews", review)
    assert answer.object["status"]["user"]["username"] == "system:serviceaccount:default:robot"
    async with someone(plane) as session:
        robot = Someone(session)
        headers = {"Authorization": f"Bearer {token}"}
        assert (await robot.get("/api", **headers))[0] == 200
        assert (await robot.get("/api/v1/secrets", **headers))[0] == 403
        assert (await plane.delete(f"{accounts}/robot")).status == 200
        assert (await robot.get("/api", **headers))[0] == 401


async def test_an_administrator_may_act_as_somebody_else(plane: Plane) -> None:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = await plane.post(
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        review,
        Impersonate_User="bob",
        Impersonate_Group="ops",
    )
    assert answer.status == 201
    assert answer.object["status"]["userInfo"] == {
        "username": "bob",
        "groups": ["ops", "system:authenticated"],
    }


@pytest.mark.parametrize(
    ("resource", "spec", "allowed"),
    [
        pytest.param("selfsubjectaccessreviews", {}, True, id="administrator"),
        pytest.param("subjectaccessreviews", {"user": "bob"}, False, id="somebody"),
    ],
)
async def test_access_is_reviewed(plane: Plane, resource: str, spec: dict[str, Any], allowed: bool) -> None:
    asked = {"verb": "get", "resource": "secrets", "namespace": "default"}
    kind = {"selfsubjectaccessreviews": "SelfSubjectAccessReview"}.get(resource, "SubjectAccessReview")
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": kind,
        "spec": {**spec, "resourceAttributes": asked},
    }
    answer = await plane.post(f"/apis/authorization.k8s.io/v1/{resource}", body)
    assert (answer.status, answer.object["status"]["allowed"]) == (201, allowed)


async def test_a_role_cannot_be_given_by_who_does_not_have_it(plane: Plane) -> None:
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
    writing = {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["create"]}
    roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"
    role: dict[str, Any] = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role"}
    first = {**role, "metadata": {"name": "writer"}, "rules": [rule, writing]}
    assert (await plane.post(roles, first)).status == 201
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "writer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "writer"},
        "subjects": [{"kind": "User", "name": "bob"}],
    }
    assert (await plane.post(roles.replace("roles", "rolebindings"), binding)).status == 201
    held = {**role, "metadata": {"name": "held"}, "rules": [rule]}
    assert (await plane.post(roles, held, Impersonate_User="bob")).status == 201
    secrets = {**rule, "resources": ["secrets"]}
    refused = await plane.post(
        roles, {**role, "metadata": {"name": "more"}, "rules": [secrets]}, Impersonate_User="bob"
    )
    assert refused.status == 403
    assert "is attempting to grant RBAC permissions not currently held" in refused.message


async def test_kubectl_get_sees_a_table(plane: Plane) -> None:
    await plane.post("/apis/apps/v1/namespaces/default/deployments", deployment("web"))
    answer = await plane.get(
        "/apis/apps/v1/namespaces/default/deployments", Accept=f"{TABLE},application/json"
    )
    assert answer.headers["Content-Type"] == "application/json"
    table = answer.object
    names = [column["name"] for column in table["columnDefinitions"]]
    row = dict(zip(names, table["rows"][0]["cells"], strict=True))
    assert {name: row[name] for name in ("Name", "Ready", "Up-to-date", "Images", "Selector")} == {
        "Name": "web",
        "Ready": "0/2",
        "Up-to-date": 0,
        "Images": "nginx",
        "Selector": "app=web",
    }
    assert row["Age"].endswith("s")


async def test_a_watch_sees_tables_too(plane: Plane) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    await plane.post(path, config_map("a", {"k": "v"}))
    answer = await plane.get(f"{path}?watch=1&timeoutSeconds=1", Accept=TABLE)
    first = answer.lines[0]
    assert (first["type"], first["object"]["kind"]) == ("ADDED", "Table")
    assert first["object"]["rows"][0]["cells"][:2] == ["a", 1]


async def test_discovery_is_sent_once(plane: Plane) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    first = await plane.get("/apis", Accept=accept)
    assert first.headers["Content-Type"].startswith("application/json;g=apidiscovery.k8s.io;v=v2")
    groups = {item["metadata"]["name"] for item in first.object["items"]}
    assert {"apps", "policy.karmada.io", "work.karmada.io"} <= groups
    again = await plane.get("/apis", Accept=accept, If_None_Match=first.headers["Etag"])
    assert (again.status, again.body) == (304, b"")


async def test_every_answer_carries_an_audit_id(plane: Plane) -> None:
    answer = await plane.get("/api/v1/namespaces", Audit_ID="my-id")
    assert answer.headers["Audit-Id"] == "my-id"
    assert answer.headers["Cache-Control"] == "no-cache, private"


async def test_requests_are_recorded_when_asked_for(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    async with running_plane(audit=AuditOptions(log_path=str(log))) as plane:
        await plane.post("/api/v1/namespaces/default/configmaps", config_map("audited"))
    events = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    created = [
        event
        for event in events
        if event["verb"] == "create" and event["objectRef"]["resource"] == "configmaps"
    ]
    assert [event["responseStatus"]["code"] for event in created] == [201]
    assert created[0]["user"]["username"] == "system:admin"


async def test_metrics_count_requests(plane: Plane) -> None:
    await plane.get("/api/v1/namespaces")
    text = (await plane.get("/metrics")).body.decode()
    wanted = (
        'apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="namespaces"'
    )
    assert wanted in text


async def test_keys_and_issuer_are_published(plane: Plane) -> None:
    found = (await plane.get("/.well-known/openid-configuration")).object
    assert found["id_token_signing_alg_values_supported"] == ["ES256"]
    keys = await plane.get("/openid/v1/jwks")
    assert keys.headers["Content-Type"] == "application/jwk-set+json"
    assert keys.object["keys"][0]["kty"] == "EC"


async def test_custom_resources_are_discovered_and_shown_by_their_columns(plane: Plane) -> None:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
    }
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.example.io"},
        "spec": {
            "group": "example.io",
            "names": {"plural": "foos", "kind": "Foo"},
            "scope": "Namespaced",
            "versions": [version],
        },
    }
    assert (await plane.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)).status == 201
    await plane.eventually("/apis/example.io/v1", lambda reply: reply.status == 200)
    found = (await plane.get("/apis/example.io/v1")).object["resources"][0]
    assert found["verbs"] == [
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "create",
        "update",
        "watch",
    ]
    foo = {"apiVersion": "example.io/v1", "kind": "Foo", "metadata": {"name": "a"}, "spec": {"size": 3}}
    path = "/apis/example.io/v1/namespaces/default/foos"
    assert (await plane.post(path, foo)).status == 201
    table = (await plane.get(path, Accept=TABLE)).object
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Size"]
    assert table["rows"][0]["cells"] == ["a", 3]
