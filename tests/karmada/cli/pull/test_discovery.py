"""A control plane is believed when the token and the pinned hash vouch for it, and not otherwise."""

from dataclasses import replace
from datetime import timedelta

import pytest

from apiserver.filters.authentication.issuing import certificate_pem, self_signed_authority
from controllers.kube.bootstrap_signer import detached_signature
from karmada.api.bootstrap_tokens import BootstrapToken
from karmada.cli.pull.discovery import (
    DiscoveryError,
    Pins,
    ca_of,
    hash_of,
    parse_token,
    require_pinned,
    signed_kubeconfig,
)
from karmada.client.kubeconfig_file import kubeconfig_text, new_kubeconfig, with_server
from karmada.runtime.clock import SYSTEM_CLOCK

TOKEN = parse_token("abcdef.0123456789abcdef")
AUTHORITY = self_signed_authority("ca", now=SYSTEM_CLOCK.now() - timedelta(days=1))
OTHER = self_signed_authority("ca", now=SYSTEM_CLOCK.now() - timedelta(days=1))
CA = certificate_pem(AUTHORITY.certificate)
KUBECONFIG = kubeconfig_text(with_server(new_kubeconfig(), "", server="https://plane:5443", ca_data=CA))


def cluster_info(text: str = KUBECONFIG, token: BootstrapToken = TOKEN) -> dict[str, str]:
    return {"kubeconfig": text, f"jws-kubeconfig-{token.id}": detached_signature(text, token)}


def test_what_the_token_signed_is_believed() -> None:
    assert signed_kubeconfig(cluster_info(), TOKEN) == KUBECONFIG
    assert ca_of(KUBECONFIG).strip() == CA.strip()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param({}, "no kubeconfig key", id="empty"),
        pytest.param({"kubeconfig": KUBECONFIG}, '"abcdef" is invalid for this cluster', id="not-signed"),
        pytest.param(
            {**cluster_info(), "kubeconfig": KUBECONFIG.replace("plane", "thief")},
            "failed to verify JWS signature",
            id="changed-after-it-was-signed",
        ),
        pytest.param(
            cluster_info(token=replace(TOKEN, secret="f" * 16)), "failed to verify JWS", id="another-secret"
        ),
        pytest.param(
            {"kubeconfig": KUBECONFIG, "jws-kubeconfig-abcdef": "e30.e30.e30"},
            "failed to verify JWS",
            id="a-signature-of-something-else",
        ),
    ],
)
def test_anything_else_is_not(data: dict[str, str], message: str) -> None:
    with pytest.raises(DiscoveryError, match=message):
        signed_kubeconfig(data, TOKEN)


def test_a_pinned_ca_is_believed_alone_or_in_a_bundle() -> None:
    pins = Pins.parse([hash_of(AUTHORITY.certificate)], unsafe=False)
    require_pinned(CA, pins.hashes)
    require_pinned(certificate_pem(OTHER.certificate) + CA, pins.hashes)
    with pytest.raises(DiscoveryError, match=r"none of the public keys .* are pinned"):
        require_pinned(certificate_pem(OTHER.certificate), pins.hashes)


@pytest.mark.parametrize(
    ("texts", "unsafe", "message"),
    [
        pytest.param([], False, "discovery-token-unsafe-skip-ca-verification", id="none"),
        pytest.param(["sha256:12"], False, "invalid hash sha256:12", id="too-short"),
        pytest.param(["md5:" + "0" * 64], False, "invalid hash md5", id="another-kind"),
        pytest.param(["sha256:" + "g" * 64], False, "invalid hash", id="no-digits"),
    ],
)
def test_pins_are_given_and_make_sense(texts: list[str], unsafe: bool, message: str) -> None:
    with pytest.raises(DiscoveryError, match=message):
        Pins.parse(texts, unsafe=unsafe)


@pytest.mark.parametrize(
    "text", ["", "abc", "ABCDEF.0123456789abcdef", "abcdef.0123456789abcde", "abcdef.0123456789abcdef\n"]
)
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(DiscoveryError) as error:
        parse_token(text)
    assert "0123456789" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "clusters: []",
        "clusters: [{name: a}, {name: b}]",
        "clusters: [{name: a, cluster: {server: 'https://x'}}]",
        "a: [",
        "[]",
    ],
)
def test_a_kubeconfig_without_one_ca_is_refused(text: str) -> None:
    with pytest.raises(Exception, match=r"cluster-info|certificate authority"):
        ca_of(text)
