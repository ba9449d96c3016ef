"""CertificateSigningRequest: who asks, and what makes sense."""

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apiserver.admission.kubernetes.certificates import RULES, read_request
from apiserver.request_info import UserInfo
from karmada.api.errors import Forbidden
from karmada.api.objects import Object, private_copy
from tests.apiserver.admission.contexts import NOW, admitted, judged, refused

SIGNER = "kubernetes.io/kube-apiserver-client"


def request_for(group: str) -> str:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, group),
            x509.NameAttribute(NameOID.COMMON_NAME, "agent"),
        ]
    )
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode()


GOOD = request_for("system:karmada:agents")


def signing_request(**fields: Any) -> Object:
    spec = {"request": GOOD, "signerName": SIGNER, "usages": ["client auth"], **fields}
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "agent"},
        "spec": private_copy(spec),
    }


def test_who_asks_is_who_the_server_saw() -> None:
    user = UserInfo("alice", ("devs",), uid="u1", extra={"scope": ("a",)})
    spec = admitted(RULES, signing_request(username="root", groups=["system:masters"]), user=user)["spec"]
    assert (spec["username"], spec["uid"], spec["groups"], spec["extra"]) == (
        "alice",
        "u1",
        ["devs"],
        {"scope": ["a"]},
    )


def test_an_update_changes_nothing_of_what_was_asked() -> None:
    old = admitted(RULES, signing_request())
    new = admitted(RULES, signing_request(usages=["any"]), old=old)
    assert new["spec"] == old["spec"]


BROKEN = [
    pytest.param({"usages": []}, ["spec.usages: Required value"], id="for-nothing"),
    pytest.param(
        {"signerName": "x"},
        [
            'spec.signerName: Invalid value: "x": must be a fully qualified domain and path of the form '
            "'example.com/signer-name'"
        ],
        id="which-signer",
    ),
    pytest.param(
        {"expirationSeconds": 5},
        [
            "spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 "
            "minutes)"
        ],
        id="for-a-moment",
    ),
    pytest.param(
        {"request": "eA=="},
        ['spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST'],
        id="no-request",
    ),
]


@pytest.mark.parametrize(("fields", "expected"), BROKEN)
def test_broken_rules_are_found(fields: Object, expected: list[str]) -> None:
    assert judged(RULES, signing_request(**fields)) == expected


def test_a_broken_request_says_what_is_wrong() -> None:
    cut = base64.b64encode(base64.b64decode(GOOD)[:100]).decode()
    parsed, problem = read_request(cut)
    assert parsed is None
    assert problem


async def test_nobody_becomes_an_administrator_this_way() -> None:
    await refused(RULES, signing_request())
    text = f"use of {SIGNER} signer with system:masters group is not allowed"
    with pytest.raises(Forbidden, match=text):
        await refused(RULES, signing_request(request=request_for("system:masters")))


def decided(*conditions: tuple[str, str], certificate: str = "") -> Object:
    status: Object = {"conditions": [{"type": kind, "status": value} for kind, value in conditions]}
    if certificate:
        status["certificate"] = certificate
    return {**signing_request(), "status": status}


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        pytest.param(decided(("Approved", "True")), [], id="approved"),
        pytest.param(
            decided(("Approved", "True"), ("Denied", "True")), ["status.conditions"], id="both-ways"
        ),
        pytest.param(
            decided(("Approved", "True"), ("Approved", "True")), ["status.conditions[1].type"], id="twice"
        ),
        pytest.param(decided(("Denied", "False")), ["status.conditions[0].status"], id="not-denied"),
    ],
)
def test_a_decision_is_clear(given: Object, fields: list[str]) -> None:
    found = judged(RULES, given, old=signing_request(), subresource="approval")
    assert [text.partition(": ")[0] for text in found] == fields


APPROVED, NOTHING = decided(("Approved", "True")), decided()


@pytest.mark.parametrize(
    ("old", "new", "subresource", "message"),
    [
        pytest.param(
            APPROVED, NOTHING, "approval", "updates may not remove a condition of type", id="taken-back"
        ),
        pytest.param(
            NOTHING, APPROVED, "status", "updates may not add a condition of type", id="by-who-signs"
        ),
        pytest.param(
            decided(certificate="YQ=="),
            decided(certificate="Yg=="),
            "status",
            "updates may not modify existing certificate content",
            id="issued-twice",
        ),
        pytest.param(
            NOTHING, decided(certificate="YQ=="), "status", "must contain at least one", id="no-certificate"
        ),
    ],
)
def test_what_was_decided_stays(old: Object, new: Object, subresource: str, message: str) -> None:
    (found,) = judged(RULES, new, old=old, subresource=subresource)
    assert message in found


def test_the_server_says_when_a_condition_was_written() -> None:
    (condition,) = admitted(RULES, decided(("Approved", "True")), old=signing_request())["status"][
        "conditions"
    ]
    assert (condition["lastUpdateTime"], condition["lastTransitionTime"]) == (NOW, NOW)
