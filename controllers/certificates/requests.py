"""What a certificate request of an agent looks like. Pure.

In: a CertificateSigningRequest. Out: under which right it may be approved, None if it is none of ours.
approving.py asks whether whoever sent it has that right.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from karmada.api.objects import Object
from karmada.api.wellknown import AGENT_USER_PREFIX, AGENTS_GROUP

SIGNER: Final = "kubernetes.io/kube-apiserver-client"
USAGES: Final = frozenset({"digital signature", "client auth"})
OPTIONAL_USAGES: Final = frozenset({"key encipherment"})


class Unreadable(Exception):
    """The request is not PKCS#10."""


@dataclass(frozen=True, slots=True)
class Recognizer:
    """subresource: what its sender must be allowed to create; message: what the approval says."""

    subresource: str
    message: str


SELF: Final = Recognizer(
    "selfclusteragent", "Auto approving self karmada agent certificate after SubjectAccessReview."
)
AGENT: Final = Recognizer(
    "clusteragent", "Auto approving karmada agent certificate after SubjectAccessReview."
)


def recognizers(request: Object) -> Sequence[Recognizer]:
    """Those under which it could be approved, in order. Raises Unreadable."""
    spec = request.get("spec") or {}
    name = _agent_name(spec)
    if name is None:
        return ()
    return (SELF, AGENT) if spec.get("username") == name else (AGENT,)


def is_decided(request: Object) -> bool:
    """Issued, approved or denied already."""
    status = request.get("status") or {}
    decided = {item.get("type") for item in status.get("conditions") or ()} & {"Approved", "Denied"}
    return bool(status.get("certificate") or decided)


def _agent_name(spec: Object) -> str | None:
    """The agent's user name if this is a request for its certificate."""
    if spec.get("signerName") != SIGNER:
        return None
    usages = set(spec.get("usages") or ())
    if not USAGES <= usages <= USAGES | OPTIONAL_USAGES:
        return None
    request = _read(spec.get("request") or "")
    organizations = [str(item.value) for item in _values(request, NameOID.ORGANIZATION_NAME)]
    names = [str(item.value) for item in _values(request, NameOID.COMMON_NAME)]
    if organizations != [AGENTS_GROUP] or len(names) != 1 or not names[0].startswith(AGENT_USER_PREFIX):
        return None
    return None if _has_alternative_names(request) else names[0]


def _values(
    request: x509.CertificateSigningRequest, oid: x509.ObjectIdentifier
) -> list[x509.NameAttribute[str | bytes]]:
    return list(request.subject.get_attributes_for_oid(oid))


def _has_alternative_names(request: x509.CertificateSigningRequest) -> bool:
    try:
        extension = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    except ValueError as error:
        raise Unreadable(str(error)) from error
    return len(extension.value) > 0


def _read(encoded: str) -> x509.CertificateSigningRequest:
    try:
        return x509.load_pem_x509_csr(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as error:
        raise Unreadable(f"unable to parse csr: {error}") from error
