"""What the stock signers sign, and what they refuse."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from controllers.kube.certificate_issuing import (
    CLIENT,
    KUBELET_CLIENT,
    KUBELET_SERVING,
    LEGACY_UNKNOWN,
    Authority,
    Refused,
    Wanted,
    issued,
)
from tests.controllers.kube.certificates import NOW, authority, request_pem

YEAR = timedelta(days=365)
AGENT = request_pem("system:karmada:agent:m1", "system:karmada:agents")
NODE = ("system:node:n1", "system:nodes")


def sign(wanted: Wanted, by: Authority | None = None) -> x509.Certificate:
    return x509.load_pem_x509_certificate(issued(wanted, by or authority(), now=NOW, longest=YEAR))


@pytest.mark.parametrize("with_rsa", [False, True], ids=["elliptic", "rsa"])
def test_a_certificate_says_what_was_asked_and_who_signed(with_rsa: bool) -> None:
    by = authority(with_rsa=with_rsa)
    made = sign(Wanted(CLIENT, AGENT, ["digital signature", "key encipherment", "client auth"]), by)
    made.verify_directly_issued_by(by.certificate)
    assert made.subject == x509.load_pem_x509_csr(AGENT).subject
    assert made.not_valid_before_utc < NOW
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (True, True, False)
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(
    ("lifetime", "ca_life", "expected"),
    [
        pytest.param(None, 3650, YEAR, id="the-signers-own"),
        pytest.param(timedelta(hours=2), 3650, timedelta(hours=2), id="shorter-as-asked"),
        pytest.param(10 * YEAR, 3650, YEAR, id="no-longer-than-the-signer-gives"),
        pytest.param(timedelta(seconds=1), 3650, timedelta(minutes=10), id="at-least-ten-minutes"),
        pytest.param(None, 7, timedelta(days=7), id="no-longer-than-the-authority-lives"),
    ],
)
def test_how_long_it_lives(lifetime: timedelta | None, ca_life: int, expected: timedelta) -> None:
    by = authority(end=NOW + timedelta(days=ca_life))
    assert sign(Wanted(CLIENT, AGENT, ["client auth"], lifetime), by).not_valid_after_utc == NOW + expected


@pytest.mark.parametrize(
    ("signer", "pem", "usages"),
    [
        pytest.param(CLIENT, request_pem("anybody", names=["a.b"]), ["client auth"], id="client"),
        pytest.param(
            KUBELET_CLIENT, request_pem(*NODE), ["digital signature", "client auth"], id="kubelet-client"
        ),
        pytest.param(
            KUBELET_SERVING,
            request_pem(*NODE, names=["n1", "10.0.0.1"]),
            ["digital signature", "key encipherment", "server auth"],
            id="kubelet-serving",
        ),
        pytest.param(
            LEGACY_UNKNOWN, request_pem("x"), ["code signing", "s/mime", "email protection"], id="legacy"
        ),
    ],
)
def test_signed(signer: str, pem: bytes, usages: list[str]) -> None:
    sign(Wanted(signer, pem, usages)).verify_directly_issued_by(authority().certificate)


@pytest.mark.parametrize(
    ("signer", "pem", "usages", "message"),
    [
        pytest.param(CLIENT, AGENT, ["server auth"], "usages did not match", id="client-that-serves"),
        pytest.param(CLIENT, AGENT, ["client auth", "x"], 'unrecognized usage "x"', id="unknown-usage"),
        pytest.param(CLIENT, b"nothing", ["client auth"], "unable to parse csr", id="no-request"),
        pytest.param(CLIENT, AGENT[:-200], ["client auth"], "unable to parse csr", id="cut-off"),
        pytest.param(
            KUBELET_CLIENT,
            request_pem("system:node:n1", "system:masters"),
            ["digital signature", "client auth"],
            "organization is not system:nodes",
            id="node-of-another-group",
        ),
        pytest.param(
            KUBELET_CLIENT,
            request_pem("admin", "system:nodes"),
            ["digital signature", "client auth"],
            "common name does not begin with",
            id="no-node",
        ),
        pytest.param(
            KUBELET_CLIENT,
            request_pem(*NODE, names=["n1"]),
            ["digital signature", "client auth"],
            "names are not allowed",
            id="kubelet-client-with-names",
        ),
        pytest.param(
            KUBELET_SERVING,
            request_pem(*NODE),
            ["digital signature", "server auth"],
            "alternative name required",
            id="kubelet-serving-without-names",
        ),
        pytest.param(
            KUBELET_SERVING,
            request_pem(*NODE, names=["n1", "a@b.c"]),
            ["digital signature", "server auth"],
            "only DNS and IP",
            id="kubelet-serving-mail",
        ),
        pytest.param("example.com/other", AGENT, ["client auth"], "is not a signer", id="not-ours"),
    ],
)
def test_refused(signer: str, pem: bytes, usages: list[str], message: str) -> None:
    with pytest.raises(Refused, match=message):
        sign(Wanted(signer, pem, usages))


def test_an_authority_that_has_expired_signs_nothing() -> None:
    with pytest.raises(Refused, match="expired"):
        sign(Wanted(CLIENT, AGENT, ["client auth"]), authority(end=NOW - timedelta(days=1)))


def test_an_authority_is_a_certificate_with_its_own_key() -> None:
    def pem(one: Authority) -> tuple[bytes, bytes]:
        key = one.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return one.certificate.public_bytes(serialization.Encoding.PEM), key

    certificate, key = pem(authority())
    assert Authority.load(certificate, key).certificate == authority().certificate
    with pytest.raises(ValueError, match="does not belong"):
        Authority.load(certificate, pem(authority(with_rsa=True))[1])
    with pytest.raises(ValueError, match=r"\w"):
        Authority.load(certificate, b"nothing")
