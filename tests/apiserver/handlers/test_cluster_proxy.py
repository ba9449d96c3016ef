"""clusters/{name}/proxy to a real member server, and through an upgraded connection."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.apiserver.serving import Plane, config_map, running_plane

CLUSTERS = "/apis/cluster.karmada.io/v1alpha1/clusters"
SECRETS = "/api/v1/namespaces/karmada-cluster/secrets"


def secret(name: str, **data: bytes) -> Any:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}


def cluster(name: str, endpoint: str, *, trusted: bool = True) -> Any:
    reference = {"namespace": "karmada-cluster", "name": name}
    spec: dict[str, Any] = {
        "syncMode": "Push",
        "apiEndpoint": endpoint,
        "impersonatorSecretRef": {**reference, "name": f"{name}-impersonator"},
    }
    if trusted:
        spec["secretRef"] = reference
    return {
        "apiVersion": "cluster.karmada.io/v1alpha1",
        "kind": "Cluster",
        "metadata": {"name": name},
        "spec": spec,
    }


async def member_token(member: Plane) -> bytes:
    """A token in the member that may impersonate anybody."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "impersonator"}}
    await member.post("/api/v1/namespaces/default/serviceaccounts", account)
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "impersonator"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "impersonator", "namespace": "default"}],
    }
    await member.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    reply = await member.post("/api/v1/namespaces/default/serviceaccounts/impersonator/token", {"spec": {}})
    assert reply.status == 201, reply.body
    return str(reply.object["status"]["token"]).encode()


async def join(plane: Plane, name: str, member: Plane) -> None:
    token = await member_token(member)
    ca = member.server.security.pki.authority.certificate
    await plane.post(SECRETS, secret(name, token=token, caBundle=ca))
    await plane.post(SECRETS, secret(f"{name}-impersonator", token=token))
    reply = await plane.post(CLUSTERS, cluster(name, member.server.url))
    assert reply.status == 201, reply.body


@pytest.fixture
async def member() -> AsyncIterator[Plane]:
    async with running_plane(karmada=False) as running:
        yield running


async def test_a_member_is_read_written_and_watched_through_the_control_plane(
    plane: Plane, member: Plane
) -> None:
    await join(plane, "m1", member)
    through = f"{CLUSTERS}/m1/proxy/api/v1/namespaces/default/configmaps"
    assert (await plane.post(through, config_map("a", {"k": "v"}))).status == 201
    assert (await plane.get(f"{through}/a")).object["data"] == {"k": "v"}
    assert (await member.get("/api/v1/namespaces/default/configmaps/a")).status == 200
    watched = await plane.get(f"{through}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Da")
    assert [line["object"]["metadata"]["name"] for line in watched.lines] == ["a"]
    assert (await plane.delete(f"{through}/a")).status == 200
    assert (await plane.get(f"{through}/a")).message == 'configmaps "a" not found'


async def test_the_member_sees_the_user_who_asks(plane: Plane, member: Plane) -> None:
    await join(plane, "m1", member)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    reply = await plane.post(f"{CLUSTERS}/m1/proxy/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert reply.status == 201, reply.body
    user = reply.object["status"]["userInfo"]
    assert (user["username"], "system:masters" in user["groups"]) == ("system:admin", True)


async def test_all_members_are_asked_at_once(plane: Plane, member: Plane) -> None:
    async with running_plane(karmada=False) as other:
        await join(plane, "m1", member)
        await join(plane, "m2", other)
        path = "/api/v1/namespaces/default/configmaps"
        await member.post(path, config_map("only-here"))
        await member.post(path, config_map("both"))
        await other.post(path, config_map("both"))
        listed = await plane.get(f"{CLUSTERS}/*/proxy{path}")
        assert sorted(listed.names) == ["both", "both", "only-here"]
        assert (await plane.get(f"{CLUSTERS}/*/proxy{path}/only-here")).status == 200
        both = await plane.get(f"{CLUSTERS}/*/proxy{path}/both")
        assert (both.status, both.body) == (
            409,
            b"conflict resource, exist in more than one cluster: [m1 m2]\n",
        )
        assert (await plane.get(f"{CLUSTERS}/*/proxy{path}/absent")).status == 404


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        pytest.param("absent", 404, 'clusters.cluster.karmada.io "absent" not found', id="no-cluster"),
        pytest.param(
            "m1",
            500,
            "Internal error occurred: failed to get secret karmada-cluster/m1-impersonator",
            id="no-secret",
        ),
    ],
)
async def test_a_member_that_cannot_be_reached_is_explained(
    plane: Plane, name: str, status: int, text: str
) -> None:
    await plane.post(CLUSTERS, cluster("m1", "https://127.0.0.1:1"))
    reply = await plane.get(f"{CLUSTERS}/{name}/proxy/version")
    assert reply.status == status
    assert reply.message.startswith(text)


async def test_a_member_that_is_down_answers_503(plane: Plane) -> None:
    await plane.post(SECRETS, secret("m1-impersonator", token=b"t"))
    await plane.post(CLUSTERS, cluster("m1", "https://127.0.0.1:1", trusted=False))
    reply = await plane.get(f"{CLUSTERS}/m1/proxy/version")
    assert (reply.status, reply.object["reason"]) == (503, "ServiceUnavailable")
    assert reply.message.startswith("error trying to reach service: ")


@asynccontextmanager
async def upgrading_server(seen: list[bytes]) -> AsyncIterator[str]:
    """Upgrades every connection, then says back what it hears, in capitals."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n")
        while data := await reader.read(1000):
            writer.write(data.upper())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_upgraded_connections_are_carried_byte_for_byte(plane: Plane) -> None:
    seen: list[bytes] = []
    async with upgrading_server(seen) as endpoint:
        await plane.post(SECRETS, secret("m1-impersonator", token=b"t0ken"))
        await plane.post(CLUSTERS, cluster("m1", endpoint, trusted=False))
        context = plane.session.connector._ssl  # type: ignore[union-attr]
        reader, writer = await asyncio.open_connection("127.0.0.1", plane.server.port, ssl=context)
        writer.write(
            f"POST {CLUSTERS}/m1/proxy/api/v1/namespaces/default/pods/p/exec?command=ls&stdin=true "
            "HTTP/1.1\r\n"
            "Host: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n".encode()
        )
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 Switching Protocols")
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"HELLO"
            writer.close()
        lines = seen[0].decode().split("\r\n")
        assert lines[0] == "POST /api/v1/namespaces/default/pods/p/exec?command=ls&stdin=true HTTP/1.1"
        assert "Authorization: Bearer t0ken" in lines
        assert "Impersonate-User: system:admin" in lines
        assert "Upgrade: SPDY/3.1" in lines
