"""Client certificates: common name is the user, organizations are the groups.

In: the peer certificate, of which TLS has proved that the peer holds its key, no more. Out: the user. Who
issued it is checked here, once per certificate.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from typing_extensions import override

from apiserver.filters.authentication import Authenticator, authenticated
from apiserver.request_info import Request, UserInfo
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

CREDENTIAL_ID_EXTRA = "authentication.kubernetes.io/credential-id"
UID_ATTRIBUTE = x509.ObjectIdentifier("1.3.6.1.4.1.57683.2")
CERTIFICATES_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Identity:
    """What a certificate says, and how long it may say so."""

    user: UserInfo
    not_before: datetime
    not_after: datetime


class CertificateAuthenticator(Authenticator):
    """x509 client certificates issued by one of the client CAs (PEM, may hold several)."""

    def __init__(self, client_ca: bytes, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.authorities = x509.load_pem_x509_certificates(client_ca)
        self.clock = clock
        self._known: dict[bytes, Identity | None] = {}

    @override
    async def authenticate(self, request: Request) -> UserInfo | None:
        der = request.peer_certificate
        if der is None:
            return None
        if der not in self._known:
            if len(self._known) >= CERTIFICATES_REMEMBERED:
                self._known.clear()
            self._known[der] = identity_of(der, self.authorities)
        identity = self._known[der]
        # A connection can outlive its certificate.
        if identity is None or not identity.not_before <= self.clock.now() <= identity.not_after:
            return None
        return identity.user


def identity_of(der: bytes, authorities: Sequence[x509.Certificate]) -> Identity | None:
    """The user a client certificate names; None when no authority issued it for client authentication.

    der is whatever a client sent: TLS has only made sure that it holds the key.
    """
    try:
        return _identity(x509.load_der_x509_certificate(der), der, authorities)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension):
        return None


def _identity(
    certificate: x509.Certificate, der: bytes, authorities: Sequence[x509.Certificate]
) -> Identity | None:
    if not issued_by_any(certificate, authorities) or not for_client_authentication(certificate):
        return None
    name = _subject_values(certificate, NameOID.COMMON_NAME)
    if not name or not name[0]:
        return None
    user = UserInfo(
        name[0],
        tuple(_subject_values(certificate, NameOID.ORGANIZATION_NAME)),
        uid=next(iter(_subject_values(certificate, UID_ATTRIBUTE)), ""),
        extra={CREDENTIAL_ID_EXTRA: ("X509SHA256=" + hashlib.sha256(der).hexdigest(),)},
    )
    return Identity(authenticated(user), certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def issued_by_any(certificate: x509.Certificate, authorities: Sequence[x509.Certificate]) -> bool:
    return any(_issued_by(certificate, authority) for authority in authorities)


def for_client_authentication(certificate: x509.Certificate) -> bool:
    """True also for a certificate that does not limit its usage."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage


def common_name(certificate: x509.Certificate) -> str:
    return next(iter(_subject_values(certificate, NameOID.COMMON_NAME)), "")


def _issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _subject_values(certificate: x509.Certificate, attribute: x509.ObjectIdentifier) -> list[str]:
    values = (item.value for item in certificate.subject.get_attributes_for_oid(attribute))
    return [value if isinstance(value, str) else value.decode() for value in values]
