"""Which certificate requests are those of agents."""

import base64
from typing import Any

import pytest

from controllers.certificates.requests import AGENT, SELF, Recognizer, Unreadable, is_decided, recognizers
from karmada.api.objects import Object
from tests.controllers.kube.certificates import request_pem, signing_request

USAGES = ["digital signature", "key encipherment", "client auth"]
FAR = "system:karmada:agent:far"


def of_agent(common_name: str = FAR, *organizations: str, names: tuple[str, ...] = (), **spec: Any) -> Object:
    pem = request_pem(common_name, *(organizations or ("system:karmada:agents",)), names=names)
    return signing_request(pem, **{"usages": USAGES, "username": "system:bootstrap:abcdef", **spec})


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(of_agent(), (AGENT,), id="by-a-token"),
        pytest.param(of_agent(username=FAR), (SELF, AGENT), id="its-own-again"),
        pytest.param(of_agent(username="system:karmada:agent:near"), (AGENT,), id="by-another-agent"),
        pytest.param(of_agent(usages=["client auth", "digital signature"]), (AGENT,), id="no-encipherment"),
        pytest.param(of_agent(usages=["client auth"]), (), id="a-usage-is-missing"),
        pytest.param(of_agent(usages=[*USAGES, "server auth"]), (), id="a-usage-too-many"),
        pytest.param(of_agent(signerName="kubernetes.io/kubelet-serving"), (), id="another-signer"),
        pytest.param(of_agent("system:karmada:controller-manager"), (), id="no-agent"),
        pytest.param(of_agent(FAR, "system:masters"), (), id="another-group"),
        pytest.param(of_agent(FAR, "system:karmada:agents", "system:masters"), (), id="a-group-too-many"),
        pytest.param(of_agent(names=("far.example",)), (), id="a-server-name"),
        pytest.param(of_agent(names=("10.0.0.1",)), (), id="an-address"),
        pytest.param(of_agent(names=("a@example.org",)), (), id="an-email"),
    ],
)
def test_a_request_is_recognized(request_: Object, expected: tuple[Recognizer, ...]) -> None:
    assert tuple(recognizers(request_)) == expected


@pytest.mark.parametrize("text", ["", "%%%", base64.b64encode(b"no request").decode()])
def test_what_is_no_request_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Unreadable):
        recognizers(of_agent(request=text))


@pytest.mark.parametrize(
    ("status", "decided"),
    [
        pytest.param({}, False, id="nothing-yet"),
        pytest.param({"conditions": [{"type": "Approved"}]}, True, id="approved"),
        pytest.param({"conditions": [{"type": "Denied"}]}, True, id="denied"),
        pytest.param({"conditions": [{"type": "Other"}]}, False, id="something-else"),
        pytest.param({"certificate": "Yw=="}, True, id="issued"),
    ],
)
def test_a_decision_is_made_once(status: Object, decided: bool) -> None:
    assert is_decided({"status": status}) is decided
