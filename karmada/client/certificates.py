"""A client certificate from the control plane: a key, a request for it, and the wait until it is issued.

In: who the certificate is for. Out: key and certificate as PEM. The private key never leaves this machine:
the control plane sees a CertificateSigningRequest, which its controllers approve and sign. `karmadactl
register` and the agent's rotation ask so.
"""

import base64
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from karmada.api.conditions import find_condition
from karmada.api.errors import UserError
from karmada.api.groups.kubernetes import CERTIFICATE_SIGNING_REQUESTS
from karmada.api.groups.meta import Condition
from karmada.api.objects import Object, name_of
from karmada.client.client import Client
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

CLIENT_SIGNER: Final = "kubernetes.io/kube-apiserver-client"
CLIENT_USAGES: Final = ("digital signature", "key encipherment", "client auth")
ISSUE_SECONDS: Final = 300.0
FIRST_PAUSE_SECONDS: Final = 0.02
LONGEST_PAUSE_SECONDS: Final = 0.2
_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"


class NotIssued(UserError):
    """The control plane did not give the certificate; the message says why."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """PEM; repr shows no key."""

    certificate: bytes
    key: bytes = field(repr=False)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def subject_of(common_name: str, organizations: Sequence[str]) -> x509.Name:
    """The user and groups that the certificate stands for."""
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name) for name in organizations]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def random_suffix() -> str:
    """Five characters that make a name unique."""
    return "".join(random.choices(_LETTERS, k=5))


def signing_request(
    name: str, key: ec.EllipticCurvePrivateKey, subject: x509.Name, *, seconds: int | None
) -> Object:
    """seconds: how long the certificate should be good for; the control plane may give less."""
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    pem = request.public_bytes(serialization.Encoding.PEM)
    spec: Object = {
        "request": base64.b64encode(pem).decode(),
        "signerName": CLIENT_SIGNER,
        "usages": list(CLIENT_USAGES),
    }
    if seconds is not None:
        spec["expirationSeconds"] = seconds
    resource = CERTIFICATE_SIGNING_REQUESTS
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": name},
        "spec": spec,
    }


async def request_certificate(
    client: Client,
    name: str,
    subject: x509.Name,
    *,
    seconds: int | None = None,
    wait_seconds: float = ISSUE_SECONDS,
    clock: Clock = SYSTEM_CLOCK,
) -> ClientCertificate:
    """Ask and wait. Raises NotIssued, and ApiError when the request is refused outright."""
    key = new_key()
    request = signing_request(name, key, subject, seconds=seconds)
    await client.create(CERTIFICATE_SIGNING_REQUESTS, request)
    certificate = await _issued(client, name_of(request), wait_seconds=wait_seconds, clock=clock)
    return ClientCertificate(certificate, key_pem(key))


async def _issued(client: Client, name: str, *, wait_seconds: float, clock: Clock) -> bytes:
    resource = CERTIFICATE_SIGNING_REQUESTS
    deadline = clock.monotonic() + wait_seconds
    pause = FIRST_PAUSE_SECONDS
    while True:
        found = await client.get(resource, resource.key("", name))
        status = found.get("status") or {}
        if status.get("certificate"):
            return base64.b64decode(status["certificate"])
        conditions = [Condition.from_json(item) for item in status.get("conditions") or ()]
        for type_ in ("Denied", "Failed"):
            if (refused := find_condition(conditions, type_)) is not None:
                raise NotIssued(f"certificate request {name} was {type_.lower()}: {refused.message}")
        if clock.monotonic() > deadline:
            approved = "approved, not signed" if find_condition(conditions, "Approved") else "not approved"
            raise NotIssued(f"certificate request {name} is {approved} after {wait_seconds:.0f} s")
        await clock.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When a chain of certificates is good: all of them have to be."""

    certificate: x509.Certificate
    total: timedelta
    remaining: timedelta


def lifetime_of(pem: bytes, *, clock: Clock) -> Lifetime:
    """Of a PEM chain. Raises ValueError when there is no certificate in it."""
    chain = x509.load_pem_x509_certificates(pem)
    begins = max(certificate.not_valid_before_utc for certificate in chain)
    ends = min(certificate.not_valid_after_utc for certificate in chain)
    return Lifetime(chain[0], ends - begins, ends - clock.now())
