"""Kubelets' requests: whose are approved by themselves."""

import pytest

from controllers.kube.certificate_approval import is_undecided, recognized
from controllers.kube.certificate_issuing import KUBELET_CLIENT
from karmada.api.groups.kubernetes import CERTIFICATE_SIGNING_REQUESTS as REQUESTS
from karmada.api.objects import Object
from tests.controllers.cluster.live import eventually
from tests.controllers.kube.certificates import request_pem, signing_request
from tests.controllers.kube.stock import stock_plane

USAGES = ["digital signature", "client auth"]
NODE = request_pem("system:node:n1", "system:nodes")


def kubelet(pem: bytes = NODE, *, username: str = "system:bootstrap:abcdef") -> Object:
    return signing_request(pem, signerName=KUBELET_CLIENT, usages=USAGES, username=username)


@pytest.mark.parametrize(
    ("request_", "rights"),
    [
        pytest.param(kubelet(), ["nodeclient"], id="first-certificate"),
        pytest.param(kubelet(username="system:node:n1"), ["selfnodeclient", "nodeclient"], id="renewal"),
        pytest.param(kubelet(request_pem("bob", "devs")), [], id="no-node"),
        pytest.param(kubelet(b"nothing"), [], id="no-request"),
    ],
)
def test_which_right_would_do(request_: Object, rights: list[str]) -> None:
    assert [right.subresource for right in recognized(request_)] == rights


def test_what_was_decided_is_left_alone() -> None:
    assert is_undecided(kubelet())
    assert not is_undecided({**kubelet(), "status": {"conditions": [{"type": "Denied"}]}})
    assert not is_undecided(signing_request(NODE))


async def test_who_holds_the_right_is_approved() -> None:
    async with stock_plane() as plane:  # the administrator, who sends it, may do anything
        await plane.create(REQUESTS, kubelet())
        key = REQUESTS.key("", "agent")

        async def condition() -> Object | None:
            found = await plane.client.get(REQUESTS, key)
            conditions: list[Object] = (found.get("status") or {}).get("conditions") or []
            return conditions[0] if conditions else None

        approved = await eventually(condition, "it is approved")
        assert (approved["type"], approved["reason"]) == ("Approved", "AutoApproved")
        assert approved["message"].startswith("Auto approving kubelet client certificate")
