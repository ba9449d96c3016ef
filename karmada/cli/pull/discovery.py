"""Find a control plane one does not trust yet: its CA, proved by a bootstrap token and a pinned hash.

In: an address, a token. Out: the CA. cluster-info is read without trust first; the token's signature says it
was not changed, the hash that the CA is the expected one; then it is read again over verified TLS and must be
the same. Nothing secret is sent before the CA is known.
"""

import hashlib
import hmac
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from controllers.kube.bootstrap_signer import CLUSTER_INFO, KUBECONFIG, SIGNATURE_PREFIX, detached_signature
from karmada.api.bootstrap_tokens import TOKEN, BootstrapToken
from karmada.api.errors import ApiError, UserError
from karmada.api.groups.kubernetes import CONFIG_MAPS
from karmada.client.client import Client
from karmada.client.kubeconfig import Access, access_from
from karmada.client.kubeconfig_file import KubeconfigError, parse_kubeconfig
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
FIRST_RETRY_SECONDS: Final = 0.1
HASH_PREFIX: Final = "sha256:"


class DiscoveryError(UserError):
    """The control plane is not, or cannot be proved to be, the one that was meant."""


@dataclass(frozen=True, slots=True)
class Pins:
    """Hashes of CAs that are believed; unsafe: any CA that the token vouches for is."""

    hashes: frozenset[str]
    unsafe: bool = False

    @classmethod
    def parse(cls, texts: Sequence[str], *, unsafe: bool) -> "Pins":
        """Raises DiscoveryError."""
        if not texts and not unsafe:
            raise DiscoveryError(
                "need to verify CACertHashes, or set --discovery-token-unsafe-skip-ca-verification=true"
            )
        for text in texts:
            digest = text.removeprefix(HASH_PREFIX)
            if not text.startswith(HASH_PREFIX) or len(digest) != 64 or not _is_hex(digest):
                raise DiscoveryError(f"invalid hash {text}, expected sha256: and 64 hexadecimal digits")
        return cls(frozenset(text.lower() for text in texts), unsafe)


def parse_token(text: str) -> BootstrapToken:
    """Raises DiscoveryError."""
    match = TOKEN.fullmatch(text)
    if match is None:
        raise DiscoveryError(
            f"the bootstrap token {text[:6]}... was not of the form [a-z0-9]{{6}}.[a-z0-9]{{16}}"
            if text
            else "token is required"
        )
    return BootstrapToken(match[1], match[2], frozenset(), None, ())


async def discover(
    server: str, token: BootstrapToken, pins: Pins, *, wait_seconds: float, clock: Clock = SYSTEM_CLOCK
) -> bytes:
    """The CA of the control plane at server (a URL), PEM. Tries again until wait_seconds have passed: the
    token may be signed with a moment later. Raises DiscoveryError.
    """
    deadline = clock.monotonic() + wait_seconds
    pause = FIRST_RETRY_SECONDS
    while True:
        try:
            return await _discover_once(server, token, pins)
        except (ApiError, DiscoveryError, KubeconfigError) as error:
            log.debug("discovery failed", extra={"error": str(error)})
            if clock.monotonic() + pause > deadline:
                raise DiscoveryError(f"couldn't validate the identity of the API Server: {error}") from error
        await clock.sleep(pause)
        pause = min(pause * 2, RETRY_SECONDS)


async def _discover_once(server: str, token: BootstrapToken, pins: Pins) -> bytes:
    insecure = await _cluster_info(Access(server, insecure=True))
    kubeconfig = signed_kubeconfig(insecure, token)
    ca = ca_of(kubeconfig)
    if not pins.unsafe:
        require_pinned(ca, pins.hashes)
    secure = await _cluster_info(Access(server, ca_data=ca))
    if signed_kubeconfig(secure, token) != kubeconfig:
        raise DiscoveryError("the second kubeconfig from the server is not the one it gave before")
    return ca


async def _cluster_info(access: Access) -> dict[str, str]:
    async with Client(access, user_agent="karmadactl") as client:
        found = await client.get(CONFIG_MAPS, CLUSTER_INFO)
    data: dict[str, str] = found.get("data") or {}
    return data


def signed_kubeconfig(data: dict[str, str], token: BootstrapToken) -> str:
    """The kubeconfig of cluster-info, as far as the token vouches for it. Raises DiscoveryError."""
    text = data.get(KUBECONFIG, "")
    if not text:
        raise DiscoveryError(f"there is no {KUBECONFIG} key in the cluster-info ConfigMap")
    signature = data.get(f"{SIGNATURE_PREFIX}{token.id}", "")
    if not signature:
        raise DiscoveryError(
            f'token id "{token.id}" is invalid for this cluster or it has expired: '
            'use "karmadactl token create" on the control plane to create a new valid token'
        )
    header = signature.partition(".")[0]
    if not hmac.compare_digest(signature.encode(), detached_signature(text, token).encode()):
        log.debug("signature differs", extra={"header": header})
        raise DiscoveryError("failed to verify JWS signature of received cluster info object, can't trust it")
    return text


def ca_of(kubeconfig: str) -> bytes:
    """The only cluster's CA. Raises DiscoveryError, KubeconfigError."""
    config = parse_kubeconfig(kubeconfig, origin="the kubeconfig of cluster-info")
    clusters = config.get("clusters") or []
    if len(clusters) != 1:
        raise DiscoveryError(f"the kubeconfig of cluster-info has {len(clusters)} clusters instead of one")
    context = {"name": "it", "context": {"cluster": str(clusters[0].get("name") or "")}}
    ca = access_from({**config, "contexts": [context], "users": []}, context="it").ca_data
    if not ca:
        raise DiscoveryError("the kubeconfig of cluster-info has no certificate authority")
    return ca


def require_pinned(ca: bytes, hashes: frozenset[str]) -> None:
    """Raises DiscoveryError unless a certificate of the CA bundle has one of the hashes."""
    try:
        found = [hash_of(certificate) for certificate in x509.load_pem_x509_certificates(ca)]
    except ValueError as error:
        raise DiscoveryError("the certificate authority in cluster-info is not PEM") from error
    if not hashes & set(found):
        raise DiscoveryError(
            f"cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "
            f'"{":".join(found)}" are pinned'
        )


def hash_of(certificate: x509.Certificate) -> str:
    """`sha256:<hex>` of its public key, as `token create --print-register-command` prints it."""
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return HASH_PREFIX + hashlib.sha256(spki).hexdigest()


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in text)
