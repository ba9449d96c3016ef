"""What the stock signers sign: a certificate request in, a certificate out, or why not. Pure.

In: a request in PEM, its signer, usages and wanted lifetime; an Authority; the time. Out: a certificate in
PEM. certificate_signing.py reads and writes the objects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT: Final = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT: Final = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING: Final = "kubernetes.io/kubelet-serving"
LEGACY_UNKNOWN: Final = "kubernetes.io/legacy-unknown"
SIGNERS: Final = frozenset({CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY_UNKNOWN})

NODES_GROUP: Final = "system:nodes"
NODE_PREFIX: Final = "system:node:"
BACKDATED: Final = timedelta(minutes=5)
"""For clocks that are a little behind."""
SHORTEST: Final = timedelta(minutes=10)

_EXTENDED: Final = {
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "s/mime": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec end system": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec tunnel": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec user": x509.ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft sgc": x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape sgc": x509.ObjectIdentifier("2.16.840.1.113730.4.1"),
}
_BASIC: Final = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "data encipherment": "data_encipherment",
    "key agreement": "key_agreement",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
_CLIENT_USAGES: Final = frozenset({"digital signature", "key encipherment", "client auth"})


class Refused(Exception):
    """The signer does not sign this; the message says why, fit for the request's Failed condition."""


@dataclass(frozen=True, slots=True)
class Authority:
    """What signs: a CA certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @classmethod
    def load(cls, certificate: bytes, key: bytes) -> "Authority":
        """From PEM. Raises ValueError when the two are no CA and its key."""
        try:
            loaded = serialization.load_pem_private_key(key, password=None)
        except (TypeError, UnsupportedAlgorithm) as error:
            raise ValueError(f"the key cannot be read: {error}") from error
        if not isinstance(loaded, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise ValueError("the key must be an elliptic curve or RSA key")
        authority = x509.load_pem_x509_certificate(certificate)
        if authority.public_key() != loaded.public_key():
            raise ValueError("the key does not belong to the certificate")
        return cls(authority, loaded)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a CertificateSigningRequest asks for. lifetime None leaves it to the signer."""

    signer: str
    request: bytes
    usages: Sequence[str]
    lifetime: timedelta | None = None


def issued(wanted: Wanted, authority: Authority, *, now: datetime, longest: timedelta) -> bytes:
    """The certificate in PEM: subject and alternative names of the request, nothing else of it.

    Raises Refused.
    """
    request = read_request(wanted.request)
    if trouble := broken_rule(wanted.signer, request, wanted.usages):
        raise Refused(trouble)
    lifetime = max(min(wanted.lifetime or longest, longest), SHORTEST)
    end = min(now + lifetime, authority.certificate.not_valid_after_utc)
    if end <= now:
        raise Refused("the signer's own certificate has expired")
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(authority.certificate.subject)
        .public_key(_public_key(request))
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = _with_usages(builder.add_extension(issuer_key, critical=False), wanted.usages)
    if names := alternative_names(request):
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def read_request(pem: bytes) -> x509.CertificateSigningRequest:
    """Raises Refused when it is no request, or not signed with its own key."""
    try:
        request = x509.load_pem_x509_csr(pem)
        genuine = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise Refused(f"unable to parse csr: {error}") from error
    if not genuine:
        raise Refused("unable to parse csr: its signature is not of its own key")
    return request


def broken_rule(signer: str, request: x509.CertificateSigningRequest, usages: Sequence[str]) -> str:
    """What the signer's rules say against it; "" when nothing."""
    unknown = [usage for usage in usages if usage not in _EXTENDED and usage not in _BASIC]
    if unknown:
        return f'unrecognized usage "{unknown[0]}"'
    given = {"digital signature" if usage == "signing" else usage for usage in usages}
    match signer:
        case "kubernetes.io/kube-apiserver-client":
            return _unfit_usages(given, required={"client auth"}, allowed=_CLIENT_USAGES)
        case "kubernetes.io/kube-apiserver-client-kubelet":
            if alternative_names(request):
                return "subject alternative names are not allowed"
            return _unfit_node(request) or _unfit_usages(
                given, required={"digital signature", "client auth"}, allowed=_CLIENT_USAGES
            )
        case "kubernetes.io/kubelet-serving":
            return _unfit_serving(request, given)
        case "kubernetes.io/legacy-unknown":
            return ""
    return f"{signer} is not a signer of this control plane"


def alternative_names(request: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    try:
        return list(request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []
    except ValueError as error:
        raise Refused(f"unable to parse csr: {error}") from error


def common_name(request: x509.CertificateSigningRequest) -> str:
    return next(iter(_values(request, NameOID.COMMON_NAME)), "")


def _unfit_serving(request: x509.CertificateSigningRequest, usages: set[str]) -> str:
    names = alternative_names(request)
    if not any(isinstance(name, x509.DNSName | x509.IPAddress) for name in names):
        return "DNS or IP subject alternative name required"
    if any(not isinstance(name, x509.DNSName | x509.IPAddress) for name in names):
        return "only DNS and IP subject alternative names are allowed"
    return _unfit_node(request) or _unfit_usages(
        usages,
        required={"digital signature", "server auth"},
        allowed={"digital signature", "key encipherment", "server auth"},
    )


def _unfit_node(request: x509.CertificateSigningRequest) -> str:
    if _values(request, NameOID.ORGANIZATION_NAME) != [NODES_GROUP]:
        return f"subject organization is not {NODES_GROUP}"
    if not common_name(request).startswith(NODE_PREFIX):
        return f"subject common name does not begin with {NODE_PREFIX}"
    return ""


def _unfit_usages(usages: set[str], *, required: set[str], allowed: frozenset[str] | set[str]) -> str:
    return "" if required <= usages <= allowed else "usages did not match"


def _public_key(request: x509.CertificateSigningRequest) -> CertificatePublicKeyTypes:
    try:
        return request.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refused(f"unable to parse csr: {error}") from error


def _with_usages(builder: x509.CertificateBuilder, usages: Sequence[str]) -> x509.CertificateBuilder:
    basic = dict.fromkeys(_BASIC.values(), False) | {
        _BASIC[usage]: True for usage in usages if usage in _BASIC
    }
    if not basic["key_agreement"]:  # the two mean nothing without it, and cannot be written
        basic["encipher_only"] = basic["decipher_only"] = False
    if any(basic.values()):
        builder = builder.add_extension(x509.KeyUsage(**basic), critical=True)
    extended = list(dict.fromkeys(_EXTENDED[usage] for usage in usages if usage in _EXTENDED))
    return builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False) if extended else builder


def _values(request: x509.CertificateSigningRequest, attribute: x509.ObjectIdentifier) -> list[str]:
    values = (item.value for item in request.subject.get_attributes_for_oid(attribute))
    return [value if isinstance(value, str) else value.decode(errors="replace") for value in values]
