"""Users that others vouch for: OpenID issuers and webhooks, also slow, lying and silent ones."""

import asyncio
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from apiserver.app.outside_trust import OutsideOptions
from apiserver.filters.authentication.oidc_settings import OidcOptions
from karmada.api.codec import dump_yaml
from karmada.api.objects import Object
from karmada.client.kubeconfig_file import new_kubeconfig, with_context, write_kubeconfig
from karmada.runtime.observe import StartError
from tests.apiserver.filters.test_key_sets import ec_entry, rsa_entry, signed
from tests.apiserver.process.remote import Remote, remote_server
from tests.apiserver.serving import Plane, running_plane

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


async def who(plane: Plane, token: str) -> Object | int:
    """The user a token makes its bearer, or the status of the refusal."""
    url = f"{plane.server.url}{WHO}"
    ca = plane.server.security.pki.authority.certificate.decode()
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=ca))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post(url, json=REVIEW, headers={"Authorization": f"Bearer {token}"}) as answer,
    ):
        body = orjson.loads(await answer.read())
        return body["status"]["userInfo"] if answer.status == 201 else answer.status


class Issuer:
    """An OpenID provider whose keys can be changed."""

    def __init__(self) -> None:
        self.url = ""
        self.keys = [rsa_entry()]

    async def __call__(self, request: web.Request) -> web.Response:
        if request.path == "/.well-known/openid-configuration":
            return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})
        return web.json_response({"keys": self.keys})

    def claims(self, **changed: Any) -> Object:
        now = int(time.time())  # noqa: TID251 - the server's real clock
        return {
            "iss": self.url,
            "aud": "karmada",
            "sub": "bob",
            "groups": ["ops"],
            "exp": now + 600,
            "nbf": now - 5,
            **changed,
        }


def flags(remote: Remote, folder: Path, **fields: Any) -> OutsideOptions:
    ca = folder / "issuer-ca.crt"
    ca.write_bytes(remote.ca)
    oidc = OidcOptions(
        remote.url,
        "karmada",
        username_prefix="o:",
        groups_claim="groups",
        groups_prefix="g:",
        ca_file=str(ca),
        signing_algorithms=("RS256", "ES256"),
        **fields,
    )
    return OutsideOptions(oidc=oidc)


async def test_a_token_of_the_issuer_makes_its_user(tmp_path: Path) -> None:
    issuer = Issuer()
    async with remote_server(tmp_path / "issuer", issuer) as remote:
        issuer.url = remote.url
        async with running_plane(outside=flags(remote, tmp_path)) as plane:
            found = await who(plane, signed("RS256", claims=issuer.claims()))
            assert found == {"username": "o:bob", "groups": ["g:ops", "system:authenticated"]}
            for changed in (
                {"aud": "others"},
                {"exp": 1},
                {"nbf": 4_000_000_000},
                {"sub": ""},
                {"groups": [1]},
                {"iss": "https://elsewhere"},
            ):
                assert await who(plane, signed("RS256", claims=issuer.claims(**changed))) == 401
            forged = signed("ES256", claims=issuer.claims())
            assert await who(plane, forged) == 401


async def test_keys_rotate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apiserver.filters.authentication.oidc.REFETCH_SECONDS", 0.0)
    issuer = Issuer()
    async with remote_server(tmp_path / "issuer", issuer) as remote:
        issuer.url = remote.url
        async with running_plane(outside=flags(remote, tmp_path)) as plane:
            old = signed("RS256", key_id="rsa", claims=issuer.claims())
            assert isinstance(await who(plane, old), dict)
            issuer.keys = [ec_entry("P-256")]
            new = signed("ES256", key_id="P-256", claims=issuer.claims())
            assert isinstance(await who(plane, new), dict)
            assert await who(plane, old) == 401


async def test_unknown_keys_are_not_asked_for_again_and_again(tmp_path: Path) -> None:
    issuer = Issuer()
    async with remote_server(tmp_path / "issuer", issuer) as remote:
        issuer.url = remote.url
        async with running_plane(outside=flags(remote, tmp_path)) as plane:
            tokens = [signed("RS256", key_id=f"k{number}", claims=issuer.claims()) for number in range(10)]
            assert await asyncio.gather(*(who(plane, token) for token in tokens)) == [401] * 10
            assert len(remote.requests) == 2


async def test_a_file_names_several_issuers(tmp_path: Path) -> None:
    first, second = Issuer(), Issuer()
    async with (
        remote_server(tmp_path / "a", first) as one,
        remote_server(tmp_path / "b", second) as two,
    ):
        first.url, second.url = one.url, two.url

        def entry(remote: Remote, prefix: str) -> Object:
            return {
                "issuer": {
                    "url": remote.url,
                    "audiences": ["karmada", "other"],
                    "audienceMatchPolicy": "MatchAny",
                    "certificateAuthority": remote.ca.decode(),
                },
                "claimMappings": {"username": {"claim": "sub", "prefix": prefix}, "uid": {"claim": "sub"}},
                "claimValidationRules": [{"claim": "hd", "requiredValue": "acme"}],
            }

        document = {
            "apiVersion": "apiserver.config.k8s.io/v1beta1",
            "kind": "AuthenticationConfiguration",
            "jwt": [entry(one, "one:"), entry(two, "two:")],
        }
        file = tmp_path / "authentication.yaml"
        file.write_text(dump_yaml(document))
        async with running_plane(outside=OutsideOptions(authentication_config=str(file))) as plane:
            for issuer, name in ((first, "one:bob"), (second, "two:bob")):
                found = await who(plane, signed("RS256", claims=issuer.claims(hd="acme")))
                assert isinstance(found, dict)
                assert (found["username"], found["uid"]) == (name, "bob")
            assert await who(plane, signed("RS256", claims=first.claims(hd="evil"))) == 401


def kubeconfig(remote: Remote, folder: Path, path: str = "") -> str:
    file = folder / "webhook.config"
    config = with_context(
        new_kubeconfig(),
        context="w",
        cluster="w",
        user="w",
        server=remote.url + path,
        ca_data=remote.ca,
        token="mine",
    )
    write_kubeconfig(file, config)
    return str(file)


def reviewer(decide: Callable[[Object], Object]) -> Any:
    async def answer(request: web.Request) -> web.Response:
        review: Any = await request.json()
        return web.json_response({**review, "status": decide(review["spec"])})

    return answer


async def test_a_webhook_is_asked_about_tokens_once(tmp_path: Path) -> None:
    def decide(spec: Object) -> Object:
        if spec["token"] != "good":
            return {"authenticated": False}
        user = {"username": "carol", "uid": "9", "groups": ["ops"], "extra": {"Scope": ["a"]}}
        return {"authenticated": True, "user": user}

    async with remote_server(tmp_path / "hook", reviewer(decide)) as remote:
        outside = OutsideOptions(token_webhook_file=kubeconfig(remote, tmp_path, "/review"))
        async with running_plane(outside=outside) as plane:
            found = await asyncio.gather(*(who(plane, "good") for _ in range(5)))
            assert (
                found
                == [
                    {
                        "username": "carol",
                        "uid": "9",
                        "groups": ["ops", "system:authenticated"],
                        "extra": {"scope": ["a"]},
                    }
                ]
                * 5
            )
            assert await who(plane, "bad") == 401
            assert await who(plane, "bad") == 401
            assert [request.path for request in remote.requests] == ["/review", "/review"]
            assert remote.requests[0].headers["Authorization"] == "Bearer mine"


async def test_a_webhook_that_hangs_costs_its_askers_their_time_and_nobody_else_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apiserver.filters.authentication.webhook.TIMEOUT_SECONDS", 0.3)

    async def hang(request: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        return web.Response()

    async with remote_server(tmp_path / "hook", hang) as remote:
        outside = OutsideOptions(token_webhook_file=kubeconfig(remote, tmp_path))
        async with running_plane(outside=outside) as plane, asyncio.TaskGroup() as group:
            strangers = [group.create_task(who(plane, f"t{number}")) for number in range(20)]
            await asyncio.sleep(0)
            assert (await plane.get("/api/v1/namespaces")).status == 200
            assert await asyncio.gather(*strangers) == [401] * 20


async def test_a_webhook_is_asked_about_rights(tmp_path: Path) -> None:
    def decide(spec: Object) -> Object:
        attributes = spec.get("resourceAttributes") or {}
        if attributes.get("resource") == "secrets":
            return {"allowed": False, "denied": True, "reason": "never"}
        return {"allowed": attributes.get("resource") == "pods"}

    async with remote_server(tmp_path / "hook", reviewer(decide)) as remote:
        outside = OutsideOptions(access_webhook_file=kubeconfig(remote, tmp_path))
        async with running_plane(outside=outside, authorization=("Webhook", "RBAC")) as plane:
            alice = {"Impersonate_User": "alice"}
            assert (await plane.get("/api/v1/pods", **alice)).status == 200
            refused = await plane.get("/api/v1/nodes", **alice)
            assert refused.status == 403
            denied = await plane.get("/api/v1/secrets", **alice)
            assert denied.message.endswith("at the cluster scope: never")
            count = len(remote.requests)
            assert (await plane.get("/api/v1/pods", **alice)).status == 200
            assert len(remote.requests) == count
            review = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {"user": "alice", "resourceAttributes": {"verb": "get", "resource": "secrets"}},
            }
            path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
            status = (await plane.post(path, review)).object["status"]
            assert status == {"allowed": False, "denied": True, "reason": "never"}
            assert (await plane.get("/api/v1/secrets")).status == 200  # administrators are not asked about


async def test_an_api_server_in_front_is_asked_about_both(tmp_path: Path) -> None:
    """One of ours stands in front of another; test_real_aggregation.py has the stock one there."""
    async with running_plane(token_auth_file=str(tokens(tmp_path))) as front:
        file = tmp_path / "front.config"
        pki = front.server.security.pki
        config = with_context(
            new_kubeconfig(),
            context="f",
            cluster="f",
            user="f",
            server=front.server.url,
            ca_data=pki.authority.certificate,
            client_certificate=pki.admin.certificate,
            client_key=pki.admin.key,
        )
        write_kubeconfig(file, config)
        outside = OutsideOptions(authentication_kubeconfig=str(file), authorization_kubeconfig=str(file))
        async with running_plane(outside=outside) as behind:
            found = await who(behind, "tok")
            assert isinstance(found, dict)
            assert found["username"] == "dave"
            assert await who(behind, "other") == 401
            asked = {"Impersonate_User": "dave"}
            assert (await behind.get("/api/v1/nodes", **asked)).status == 403
            group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "erin"}
            binding = {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "erin"},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": "cluster-admin",
                },
                "subjects": [group],
            }
            path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
            assert (await front.post(path, binding)).status == 201
            assert (await behind.get("/api/v1/nodes", Impersonate_User="erin")).status == 200


def tokens(folder: Path) -> Path:
    file = folder / "tokens.csv"
    file.write_text('tok,dave,1,"devs"\n')
    return file


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"authorization": ("Nobody",)}, "Nobody is not a mode", id="mode"),
        pytest.param({"authorization": ("Webhook",)}, "needs --authorization-webhook-config-file", id="file"),
        pytest.param({"authorization": ()}, "at least one mode", id="none"),
        pytest.param(
            {"outside": OutsideOptions(authentication_config="/nowhere")}, "cannot be read", id="no-config"
        ),
        pytest.param(
            {"outside": OutsideOptions(oidc=OidcOptions("https://a"))}, "--oidc-client-id", id="oidc"
        ),
        pytest.param(
            {"outside": OutsideOptions(authentication_kubeconfig="/nowhere")},
            "--authentication-kubeconfig",
            id="kubeconfig",
        ),
    ],
)
async def test_settings_that_cannot_work_end_the_start(options: Any, message: str) -> None:
    with pytest.raises(StartError, match=message):
        async with running_plane(**options):
            pass
