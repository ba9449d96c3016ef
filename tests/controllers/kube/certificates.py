"""Certificate requests and an authority to sign them, for tests."""

import base64
import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from controllers.kube.certificate_issuing import CLIENT, Authority
from controllers.kube.certificate_signing import SigningOptions
from karmada.api.objects import Object

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def name(common_name: str, *organizations: str) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def request_pem(common_name: str, *organizations: str, names: Sequence[str] = ()) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(name(common_name, *organizations))
    if names:
        listed = x509.SubjectAlternativeName([_general_name(each) for each in names])
        builder = builder.add_extension(listed, critical=False)
    request = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def _general_name(text: str) -> x509.GeneralName:
    if "@" in text:
        return x509.RFC822Name(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


@cache
def authority(*, with_rsa: bool = False, end: datetime = NOW + timedelta(days=3650)) -> Authority:
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = ec.generate_private_key(ec.SECP256R1())
    if with_rsa:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name("test-ca"))
        .issuer_name(name("test-ca"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def signing_files(folder: Path) -> SigningOptions:
    """The authority's files, as flags name them."""
    made = authority(end=NOW + timedelta(days=36500))
    pem, key = folder / "ca.crt", folder / "ca.key"
    pem.write_bytes(made.certificate.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        made.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return SigningOptions(str(pem), str(key))


def signing_request(pem: bytes, *, request_name: str = "agent", **spec: Any) -> Object:
    whole = {"request": base64.b64encode(pem).decode(), "signerName": CLIENT, "usages": ["client auth"]}
    return {"metadata": {"name": request_name}, "spec": {**whole, **spec}}
