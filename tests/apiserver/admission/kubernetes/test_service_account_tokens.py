"""Secrets that hold the token of a ServiceAccount."""

import base64
from typing import Any

import orjson
import pytest

from apiserver.admission.kubernetes.service_account_tokens import ServiceAccountTokenSecrets
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import context_of

NAME = "kubernetes.io/service-account.name"
UID = "kubernetes.io/service-account.uid"
ACCOUNT: Object = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "robot", "namespace": "shop", "uid": "u1"},
}


class Signer:
    """Writes the claims down instead of signing them."""

    def sign(self, claims: dict[str, Any]) -> str:
        return orjson.dumps(claims).decode()


def secret(kind: str = "kubernetes.io/service-account-token", **annotations: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "robot-token", "namespace": "shop", "annotations": annotations},
        "type": kind,
    }


async def mutated(given: Object, *existing: Object, old: Object | None = None) -> Object | None:
    plugin = ServiceAccountTokenSecrets(Signer(), ca=b"certificate")
    return await plugin.mutate(given, context_of(given, existing=existing, old=old))


def decoded(text: str) -> str:
    return base64.b64decode(text).decode()


async def test_a_token_secret_is_filled_when_it_is_made() -> None:
    made = await mutated(secret(**{NAME: "robot"}), ACCOUNT)
    assert made is not None
    assert made["metadata"]["annotations"] == {NAME: "robot", UID: "u1"}
    assert decoded(made["data"]["ca.crt"]) == "certificate"
    assert decoded(made["data"]["namespace"]) == "shop"
    assert orjson.loads(decoded(made["data"]["token"])) == {
        "iss": "kubernetes/serviceaccount",
        "sub": "system:serviceaccount:shop:robot",
        "kubernetes/serviceaccount/namespace": "shop",
        "kubernetes/serviceaccount/secret.name": "robot-token",
        "kubernetes/serviceaccount/service-account.name": "robot",
        "kubernetes/serviceaccount/service-account.uid": "u1",
    }


@pytest.mark.parametrize(
    ("given", "existing"),
    [
        pytest.param(secret(**{NAME: "robot"}), [], id="no-account"),
        pytest.param(secret(**{NAME: "robot", UID: "u0"}), [ACCOUNT], id="an-earlier-account"),
        pytest.param(secret("Opaque", **{NAME: "robot"}), [ACCOUNT], id="another-type"),
        pytest.param(secret(), [ACCOUNT], id="nobody-named"),
        pytest.param(
            {**secret(**{NAME: "robot"}), "data": {"token": "eA=="}}, [ACCOUNT], id="there-is-a-token"
        ),
    ],
)
async def test_other_secrets_are_left_alone(given: Object, existing: list[Object]) -> None:
    before = private_copy(given)
    assert await mutated(given, *existing) is None
    assert given == before


async def test_an_update_fills_what_the_account_came_too_late_for() -> None:
    given = secret(**{NAME: "robot"})
    made = await mutated(private_copy(given), ACCOUNT, old=given)
    assert made is not None
    assert made["data"]["token"]
