"""cluster-info carries a signature of every token that may sign it, and of no other."""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

from controllers.kube.bootstrap_signer import CLUSTER_INFO, detached_signature, signed
from karmada.api.bootstrap_tokens import SIGNING, BootstrapToken
from karmada.api.groups.kubernetes import CONFIG_MAPS, SECRETS
from karmada.api.objects import Object
from karmada.runtime.clock import ManualClock, rfc3339
from tests.controllers.cluster.live import Plane, eventually
from tests.controllers.kube.stock import stock_plane

TOKEN = BootstrapToken("abcdef", "0123456789abcdef", frozenset({SIGNING}), None, ())


def bootstrap_secret(token_id: str, **data: str) -> Object:
    whole = {"token-id": token_id, "token-secret": "0123456789abcdef", SIGNING: "true", **data}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in whole.items()}
    metadata = {"name": f"bootstrap-token-{token_id}", "namespace": "kube-system"}
    return {"metadata": metadata, "type": "bootstrap.kubernetes.io/token", "data": encoded}


async def cluster_info(plane: Plane) -> dict[str, str]:
    return dict((await plane.client.get(CONFIG_MAPS, CLUSTER_INFO))["data"])


async def until_signed_by(plane: Plane, *tokens: str) -> dict[str, str]:
    wanted = {f"jws-kubeconfig-{token}" for token in tokens}

    async def look() -> dict[str, str] | None:
        data = await cluster_info(plane)
        return data if {key for key in data if key.startswith("jws-")} == wanted else None

    return await eventually(look, f"signed by {tokens}")


async def ensure_cluster_info(plane: Plane) -> None:
    data: Any = {"kubeconfig": "clusters: []\n"}
    metadata = {"name": "cluster-info", "namespace": "kube-public"}
    found = await plane.client.list(CONFIG_MAPS, namespace="kube-public")
    if all(item["metadata"]["name"] != "cluster-info" for item in found.items):
        await plane.create(CONFIG_MAPS, {"metadata": metadata, "data": data})


def test_the_signature_is_a_jws_without_its_payload() -> None:
    header, nothing, signature = detached_signature("content", TOKEN).split(".")
    assert nothing == ""
    assert base64.urlsafe_b64decode(header + "==") == b'{"alg":"HS256","kid":"abcdef"}'
    payload = base64.urlsafe_b64encode(b"content").rstrip(b"=").decode()
    expected = hmac.new(b"0123456789abcdef", f"{header}.{payload}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "==") == expected


def test_stale_signatures_go_and_the_rest_stays() -> None:
    data = {"kubeconfig": "x", "jws-kubeconfig-ffffff": "old", "other": "y"}
    assert signed(data, ()) == {"kubeconfig": "x", "other": "y"}
    assert signed(data, [TOKEN]).keys() == {"kubeconfig", "other", "jws-kubeconfig-abcdef"}
    assert signed({"other": "y"}, [TOKEN]) == {"other": "y"}


async def test_tokens_come_and_go() -> None:
    async with stock_plane() as plane:
        await ensure_cluster_info(plane)
        await plane.create(SECRETS, bootstrap_secret("abcdef"))
        await plane.create(SECRETS, bootstrap_secret("aaaaaa", **{SIGNING: "false"}))
        await plane.create(SECRETS, bootstrap_secret("bbbbbb", expiration="2000-01-01T00:00:00Z"))
        data = await until_signed_by(plane, "abcdef")
        assert data["jws-kubeconfig-abcdef"] == detached_signature(data["kubeconfig"], TOKEN)
        await plane.gone(SECRETS, "kube-system", "bootstrap-token-bbbbbb")
        change = {"data": {"kubeconfig": "clusters: [{}]\n"}}
        await plane.client.patch(CONFIG_MAPS, CLUSTER_INFO, change)

        async def signed_anew() -> bool:
            data = await cluster_info(plane)
            return data.get("jws-kubeconfig-abcdef") == detached_signature(data["kubeconfig"], TOKEN)

        await eventually(signed_anew, "the new content is signed")
        await plane.client.delete(SECRETS, SECRETS.key("kube-system", "bootstrap-token-abcdef"))
        await until_signed_by(plane)


async def test_a_token_signs_until_it_ends() -> None:
    clock = ManualClock()
    async with stock_plane(clock=clock) as plane:
        await ensure_cluster_info(plane)
        end = rfc3339(clock.now() + timedelta(hours=1))
        await plane.create(SECRETS, bootstrap_secret("abcdef", expiration=end))
        await until_signed_by(plane, "abcdef")
        clock.advance(3600)
        await plane.gone(SECRETS, "kube-system", "bootstrap-token-abcdef")
        await until_signed_by(plane)
