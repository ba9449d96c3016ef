"""A token Secret holds a token that works, for as long as the Secret and its account exist."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from controllers.kube.token_secrets import filled, is_filled, is_meant, is_token_secret
from karmada.api.errors import Unauthorized
from karmada.api.groups.kubernetes import SECRETS, SERVICE_ACCOUNTS
from karmada.api.objects import Object, annotations_of
from karmada.client.client import Client
from tests.controllers.cluster.live import Plane, eventually
from tests.controllers.kube.stock import stock_plane

NAME, UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
TOKEN_TYPE = "kubernetes.io/service-account-token"
ACCOUNT: Object = {"metadata": {"name": "robot", "namespace": "default", "uid": "u1"}}


def secret(*, account: str = "robot", **annotations: str) -> Object:
    named = {NAME: account, **annotations}
    metadata: Object = {"name": "s", "namespace": "default", "uid": "s1", "annotations": named}
    return {"metadata": metadata, "type": TOKEN_TYPE}


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(secret(), True, id="type-and-account"),
        pytest.param(secret(account=""), False, id="no-account"),
        pytest.param({**secret(), "type": "Opaque"}, False, id="another-type"),
    ],
)
def test_what_a_token_secret_is(obj: Object, expected: bool) -> None:
    assert is_token_secret(obj) is expected


def test_a_later_account_of_that_name_is_not_meant() -> None:
    assert is_meant(ACCOUNT, secret())
    assert is_meant(ACCOUNT, secret(**{UID: "u1"}))
    assert not is_meant(ACCOUNT, secret(**{UID: "u0"}))


def test_a_filled_secret_is_complete_until_something_is_taken_out() -> None:
    done = filled(secret(), ACCOUNT, root_ca="PEM", token="dG9rZW4=")
    assert is_filled(done, ACCOUNT, root_ca="PEM")
    assert not is_filled(done, ACCOUNT, root_ca="OTHER")
    assert not is_filled({**done, "data": {**done["data"], "token": ""}}, ACCOUNT, root_ca="PEM")
    assert base64.b64decode(done["data"]["namespace"]) == b"default"


async def make(plane: Plane, resource: Any, obj: Object) -> Object:
    metadata = {name: value for name, value in obj["metadata"].items() if name != "uid"}
    return await plane.create(resource, {**obj, "metadata": metadata})


async def token_in(plane: Plane) -> str:
    found = await plane.client.get(SECRETS, SECRETS.key("default", "s"))
    return base64.b64decode((found.get("data") or {}).get("token", "")).decode()


async def use(plane: Plane, token: str) -> str:
    """Who the token makes its bearer. Raises Unauthorized."""
    access = replace(plane.access, client_certificate=None, client_key=None, token=token)
    review = b'{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'
    async with Client(access) as client:
        answer = await client.request(
            "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=review
        )
    return str(answer.json()["status"]["userInfo"]["username"])


async def test_the_token_works_until_the_secret_goes() -> None:
    async with stock_plane() as plane:
        account = await make(plane, SERVICE_ACCOUNTS, ACCOUNT)
        await make(plane, SECRETS, secret())
        token = await eventually(lambda: token_in(plane), "the Secret is filled")
        assert token is not None
        assert await use(plane, token) == "system:serviceaccount:default:robot"
        found = await plane.client.get(SECRETS, SECRETS.key("default", "s"))
        assert annotations_of(found)[UID] == account["metadata"]["uid"]
        assert base64.b64decode(found["data"]["ca.crt"]) == plane.access.ca_data
        await plane.client.delete(SECRETS, SECRETS.key("default", "s"))

        async def refused() -> bool:
            try:
                await use(plane, token)
            except Unauthorized:
                return True
            return False

        await eventually(refused, "the token ends")


async def test_a_secret_that_lost_its_token_gets_another() -> None:
    async with stock_plane() as plane:
        await make(plane, SERVICE_ACCOUNTS, ACCOUNT)
        await make(plane, SECRETS, secret())
        await eventually(lambda: token_in(plane), "the Secret is filled")
        await plane.client.patch(SECRETS, SECRETS.key("default", "s"), {"data": {"token": None}})
        await eventually(lambda: token_in(plane), "the Secret is filled again")


async def test_secrets_go_with_their_account() -> None:
    async with stock_plane() as plane:
        await make(plane, SERVICE_ACCOUNTS, ACCOUNT)
        await make(plane, SECRETS, secret())
        await eventually(lambda: token_in(plane), "the Secret is filled")
        await plane.client.delete(SERVICE_ACCOUNTS, SERVICE_ACCOUNTS.key("default", "robot"))
        await plane.gone(SECRETS, "default", "s")


async def test_a_secret_for_an_account_that_is_not_there_goes() -> None:
    async with stock_plane() as plane:
        await make(plane, SECRETS, secret(account="nobody"))
        await plane.gone(SECRETS, "default", "s")
