"""The server around the resources: who gets in, documents, health, metrics."""

import aiohttp

from tests.apiserver.serving import Plane, config_map

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


async def test_nobody_gets_in_without_a_credential(plane: Plane) -> None:
    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(plane.server.url, connector=connector) as stranger:
        async with stranger.get(CONFIG_MAPS) as answer:
            assert answer.status == 401
            assert (await answer.json())["message"] == "Unauthorized"
        async with stranger.get("/version") as answer:
            assert answer.status == 200
        async with stranger.get(CONFIG_MAPS, headers={"Authorization": "Bearer nonsense"}) as answer:
            assert answer.status == 401


async def test_a_service_account_may_do_what_its_role_says(plane: Plane) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader"}}
    await plane.post("/api/v1/namespaces/default/serviceaccounts", account)
    token = await plane.post("/api/v1/namespaces/default/serviceaccounts/reader/token", {"spec": {}})
    bearer = {"Authorization": f"Bearer {token.object['status']['token']}"}
    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(plane.server.url, connector=connector, headers=bearer) as reader:
        async with reader.get(CONFIG_MAPS) as answer:
            assert answer.status == 403
            assert (await answer.json())["message"] == (
                'configmaps is forbidden: User "system:serviceaccount:default:reader" cannot list resource '
                '"configmaps" in API group "" in the namespace "default"'
            )
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "reader"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": "default"}],
        }
        path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
        assert (await plane.post(path, binding)).status == 201
        async with reader.get(CONFIG_MAPS) as answer:
            assert answer.status == 200
        async with reader.post(CONFIG_MAPS, json=config_map("a")) as answer:
            assert answer.status == 403
        async with reader.patch(
            f"{CONFIG_MAPS}/a?fieldManager=x",
            json=config_map("a"),
            headers={"content-type": "application/apply-patch+yaml"},
        ) as answer:
            assert answer.status == 403


async def test_openapi_documents_are_kept_by_their_hash(plane: Plane) -> None:
    index = (await plane.get("/openapi/v3")).object["paths"]
    url = index["apis/apps/v1"]["serverRelativeURL"]
    document = await plane.get(url)
    assert (document.status, document.headers["Cache-Control"]) == (200, "public, immutable")
    assert "io.k8s.api.apps.v1.Deployment" in document.object["components"]["schemas"]
    known = await plane.get("/openapi/v3/apis/apps/v1", if_none_match=document.headers["ETag"])
    assert (known.status, known.body) == (304, b"")
    stale = await plane.get("/openapi/v3/apis/apps/v1?hash=OLD")
    assert stale.status == 200  # the client followed the redirect to the right hash
    assert (await plane.get("/openapi/v3/apis/nothing/v1")).status == 404
    assert (await plane.get("/openapi/v2", accept="text/plain")).status == 406


async def test_metrics_count_requests_and_objects(plane: Plane) -> None:
    await plane.post(CONFIG_MAPS, config_map("a"))
    text = (await plane.get("/metrics")).body.decode()
    assert 'apiserver_request_total{code="201"' in text
    assert 'apiserver_resource_objects{group="",resource="configmaps"} 3.0' in text


async def test_every_answer_says_which_request_it_was(plane: Plane) -> None:
    reply = await plane.get(CONFIG_MAPS, audit_id="mine")
    assert (reply.headers["Audit-Id"], reply.headers["Cache-Control"]) == ("mine", "no-cache, private")


async def test_a_plain_member_serves_kubernetes_only() -> None:
    from tests.apiserver.serving import running_plane

    async with running_plane(karmada=False) as member:
        groups = [group["name"] for group in (await member.get("/apis")).object["groups"]]
        assert "apps" in groups
        assert not [name for name in groups if "karmada" in name]
        assert "karmada-system" not in (await member.get("/api/v1/namespaces")).names
