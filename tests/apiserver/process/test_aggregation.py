"""Another server behind this one: its API is served as if it were ours, and told apart when it is gone."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from apiserver.handlers.aggregation.proxy import remote_headers
from apiserver.request_info import UserInfo
from karmada.api.objects import Object
from tests.apiserver.process.remote import Remote, remote_server
from tests.apiserver.serving import Plane, running_plane

GROUP = "shop.example.com"
PATH = f"/apis/{GROUP}/v1"
NAME = f"v1.{GROUP}"
REGISTRATIONS = "/apis/apiregistration.k8s.io/v1/apiservices"
ORDERS: Object = {
    "name": "orders",
    "singularName": "order",
    "namespaced": True,
    "kind": "Order",
    "verbs": ["get", "list", "watch", "create"],
    "shortNames": ["ord"],
}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


async def extension(request: web.Request) -> web.StreamResponse:
    """An API of one kind that shows who it thinks asks."""
    if request.path == PATH:
        listed = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/v1"}
        return web.json_response({**listed, "resources": [ORDERS]})
    if request.path == "/openapi/v3":
        url = f"/openapi/v3{PATH}?hash=ABC"
        return web.json_response({"paths": {PATH.removeprefix("/"): {"serverRelativeURL": url}}})
    if request.headers.get("Upgrade") == "echo":
        return await echo(request)
    if request.query.get("watch"):
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for number in range(3):
            await response.write(orjson.dumps({"type": "ADDED", "number": number}) + b"\n")
        await response.write_eof()
        return response
    headers = {
        name.lower(): request.headers.getall(name)
        for name in request.headers
        if name.lower().startswith(("x-remote", "impersonate", "authorization"))
    }
    body = (await request.read()).decode()
    return web.json_response({"path": request.raw_path, "headers": headers, "body": body}, status=202)


async def echo(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=101, headers={"Connection": "Upgrade", "Upgrade": "echo"})
    await response.prepare(request)
    transport = request.transport
    assert transport is not None
    transport.write(b"hello\n")
    await asyncio.sleep(0.05)
    transport.close()
    return response


@asynccontextmanager
async def planes(folder: Path) -> AsyncIterator[tuple[Plane, Remote]]:
    async with running_plane(certificate_directory=str(folder / "pki")) as plane:
        ca = plane.server.security.pki.front_proxy_authority.certificate
        async with remote_server(folder / "extension", extension, client_ca=ca) as remote:
            assert (await plane.post("/api/v1/namespaces", named("Namespace", "shop"))).status == 201
            yield plane, remote


def named(kind: str, name: str) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}


async def register(plane: Plane, remote: Remote, *, external: bool = True) -> None:
    spec: Object = {"type": "ExternalName", "externalName": "127.0.0.1"}
    if not external:
        spec = {"ports": [{"name": "https", "port": remote.port}]}
    service = {**named("Service", "extension"), "spec": spec}
    assert (await plane.post("/api/v1/namespaces/shop/services", service)).status == 201
    registration = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": NAME},
        "spec": {
            "group": GROUP,
            "version": "v1",
            "groupPriorityMinimum": 1000,
            "versionPriority": 15,
            "service": {"namespace": "shop", "name": "extension", "port": remote.port},
            "caBundle": base64.b64encode(remote.ca).decode(),
        },
    }
    reply = await plane.post(REGISTRATIONS, registration)
    assert reply.status == 201, reply.body


def condition_of(reply: Any) -> tuple[str, str]:
    conditions = (reply.object.get("status") or {}).get("conditions") or [{}]
    return conditions[0].get("status", ""), conditions[0].get("reason", "")


async def until(plane: Plane, status: str, reason: str) -> Any:
    path = f"{REGISTRATIONS}/{NAME}"
    return await plane.eventually(path, lambda reply: condition_of(reply) == (status, reason))


async def test_requests_reach_the_other_server_as_their_user(tmp_path: Path) -> None:
    async with planes(tmp_path) as (plane, remote):
        await register(plane, remote)
        await until(plane, "True", "Passed")
        path = f"{PATH}/namespaces/a/orders?x=1%202"
        reply = await plane.call("POST", path, {"a": 1}, X_Remote_User="forged", Authorization="Basic eDp5")
        assert reply.status == 202
        seen = reply.object
        assert (seen["path"], seen["body"]) == (path, '{"a":1}')
        assert seen["headers"]["x-remote-user"] == ["system:admin"]
        assert seen["headers"]["x-remote-group"] == ["system:masters", "system:authenticated"]
        assert "authorization" not in seen["headers"]
        assert "x-remote-extra-authentication.kubernetes.io%2fcredential-id" in seen["headers"]
        assert reply.headers["Audit-Id"]


async def test_what_the_other_server_has_is_discovered(tmp_path: Path) -> None:
    async with planes(tmp_path) as (plane, remote):
        await register(plane, remote)
        await until(plane, "True", "Passed")
        groups = (await plane.get("/apis")).object["groups"]
        assert GROUP in [group["name"] for group in groups]
        items = (await plane.get("/apis", Accept=AGGREGATED)).object["items"]
        (item,) = [item for item in items if item["metadata"]["name"] == GROUP]
        assert item["versions"][0]["resources"][0]["resource"] == "orders"
        assert item["versions"][0]["freshness"] == "Current"
        assert (await plane.get(PATH)).object["resources"] == [ORDERS]
        assert (await plane.get(f"/apis/{GROUP}")).object["preferredVersion"]["version"] == "v1"
        index = (await plane.get("/openapi/v3")).object["paths"]
        assert index[PATH.removeprefix("/")]["serverRelativeURL"] == f"/openapi/v3{PATH}?hash=ABC"


async def test_streams_and_upgrades_pass_through(tmp_path: Path) -> None:
    async with planes(tmp_path) as (plane, remote):
        await register(plane, remote)
        await until(plane, "True", "Passed")
        reply = await plane.get(f"{PATH}/orders?watch=true")
        assert [line["number"] for line in reply.lines] == [0, 1, 2]
        context = plane.session.connector._ssl  # type: ignore[union-attr]
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", plane.server.port, ssl=context, server_hostname="localhost"
        )
        head = f"GET {PATH}/namespaces/a/orders/b/tail HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
        writer.write(head.encode() + b"Upgrade: echo\r\n\r\n")
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert answer.endswith(b"hello\n")


async def test_authorization_happens_here(tmp_path: Path) -> None:
    async with planes(tmp_path) as (plane, remote):
        await register(plane, remote)
        await until(plane, "True", "Passed")
        asked = len(remote.requests)
        reply = await plane.get(f"{PATH}/namespaces/a/orders", Impersonate_User="alice")
        assert reply.status == 403
        assert len(remote.requests) == asked


async def test_a_server_that_goes_is_told_apart_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apiserver.handlers.aggregation.availability.LOOK_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr("apiserver.handlers.aggregation.availability.LOOK_SOON_SECONDS", 0.05)
    async with running_plane() as plane:
        assert (await plane.post("/api/v1/namespaces", named("Namespace", "shop"))).status == 201
        async with remote_server(tmp_path / "extension", extension) as remote:
            await register(plane, remote)
            passed = await until(plane, "True", "Passed")
            version = passed.object["metadata"]["resourceVersion"]
            looked = len(remote.requests)
            while len(remote.requests) < looked + 5:  # noqa: ASYNC110 - looks nobody tells about
                await asyncio.sleep(0.01)
            quiet = await plane.get(f"{REGISTRATIONS}/{NAME}")
            assert quiet.object["metadata"]["resourceVersion"] == version
        await until(plane, "False", "FailedDiscoveryCheck")
        reply = await plane.get(f"{PATH}/orders")
        assert (reply.status, reply.body) == (503, b"service unavailable\n")
        items = (await plane.get("/apis", Accept=AGGREGATED)).object["items"]
        (item,) = [item for item in items if item["metadata"]["name"] == GROUP]
        assert item["versions"][0]["freshness"] == "Stale"
        assert (await plane.get("/api/v1/namespaces")).status == 200
        assert (await plane.delete("/api/v1/namespaces/shop/services/extension")).status == 200
        await until(plane, "False", "ServiceNotFound")
        assert (await plane.delete(f"{REGISTRATIONS}/{NAME}")).status == 200
        await plane.eventually(
            "/apis", lambda reply: GROUP not in [one["name"] for one in reply.object["groups"]]
        )


async def test_a_foreign_authority_is_not_believed(tmp_path: Path) -> None:
    async with planes(tmp_path) as (plane, remote), remote_server(tmp_path / "other", extension) as other:
        await register(plane, Remote(remote.url, other.pki))
        found = await until(plane, "False", "FailedDiscoveryCheck")
        assert "certificate" in found.object["status"]["conditions"][0]["message"].lower()
        assert (await plane.get(f"{PATH}/orders")).status == 503


async def test_own_groups_are_registered_and_follow_custom_kinds() -> None:
    async with running_plane() as plane:
        reply = await plane.eventually(
            f"{REGISTRATIONS}/v1.apps", lambda reply: reply.status == 200 and condition_of(reply)[0] == "True"
        )
        assert condition_of(reply) == ("True", "Local")
        names = (await plane.get(REGISTRATIONS)).names
        assert {"v1.", "v1alpha1.policy.karmada.io", "v1.rbac.authorization.k8s.io"} <= set(names)
        crd = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "toys.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "toys", "kind": "Toy"},
                "versions": [
                    {
                        "name": "v1",
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": {"type": "object"}},
                    }
                ],
            },
        }
        crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        assert (await plane.post(crds, crd)).status == 201
        await plane.eventually(f"{REGISTRATIONS}/v1.example.com", lambda reply: reply.status == 200)
        await plane.delete(f"{crds}/toys.example.com")
        await plane.eventually(f"{REGISTRATIONS}/v1.example.com", lambda reply: reply.status == 404)
        await plane.delete(f"{REGISTRATIONS}/v1.apps")
        await plane.eventually(f"{REGISTRATIONS}/v1.apps", lambda reply: reply.status == 200)


def test_extra_keys_fit_into_a_header_name() -> None:
    user = UserInfo("bob", ("a", "b"), uid="7", extra={"x/y%": ("1", "2")})
    assert list(remote_headers(user)) == [
        ("X-Remote-User", "bob"),
        ("X-Remote-Uid", "7"),
        ("X-Remote-Group", "a"),
        ("X-Remote-Group", "b"),
        ("X-Remote-Extra-x%2Fy%25", "1"),
        ("X-Remote-Extra-x%2Fy%25", "2"),
    ]
