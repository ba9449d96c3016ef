"""The control plane's own certificates and keys, made at first start and kept in one directory.

In: a directory and the names the server is reached by. Out: Pki, everything in PEM. Safe to run at every
start: what is there and still good is kept, so clients made earlier stay valid; a certificate is renewed
when its end is near, the serving one also when a name is missing. Private keys are readable by their owner
only.
"""

import ipaddress
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from karmada.runtime.clock import SYSTEM_CLOCK, Clock

AUTHORITY_LIFETIME: Final = timedelta(days=3650)
LEAF_LIFETIME: Final = timedelta(days=365)
RENEW_WITHIN: Final = timedelta(days=30)
CLOCK_SKEW: Final = timedelta(minutes=5)
MASTERS: Final = "system:masters"

ADMIN: Final = "system:admin"
CONTROLLER_MANAGER: Final = "system:karmada:controller-manager"
SCHEDULER: Final = "system:karmada:scheduler"


class PkiError(Exception):
    """The directory cannot be read or written, or holds something that is no key or certificate."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate with its key, in PEM, and the files that hold them."""

    certificate: bytes
    key: bytes
    certificate_path: Path
    key_path: Path


@dataclass(frozen=True, slots=True)
class Pki:
    """What a control plane proves who it is with. authority signs clients and the serving certificate."""

    directory: Path
    authority: Credential
    serving: Credential
    admin: Credential
    controller_manager: Credential
    scheduler: Credential
    front_proxy_authority: Credential
    front_proxy_client: Credential
    service_account_key: bytes
    """PEM of the private key that signs service account tokens."""


def ensure_pki(directory: str | Path, *, hosts: Sequence[str], clock: Clock = SYSTEM_CLOCK) -> Pki:
    """The PKI in directory, made or completed as needed. hosts are the DNS names and addresses of the server.

    Blocking (some file reads, a millisecond per key made). Raises PkiError with a message fit for the user.
    """
    folder = Path(directory)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _Workshop(folder, now=clock.now()).everything(hosts)
    except OSError as error:
        raise PkiError(
            f"certificate directory {folder} is not usable: {error.strerror or error} ({error.filename})"
        ) from error
    except ValueError as error:
        raise PkiError(
            f"certificate directory {folder} holds a broken key or certificate: {error}"
        ) from error


def issue_client_certificate(
    pki: Pki,
    name: str,
    groups: Sequence[str] = (),
    *,
    clock: Clock = SYSTEM_CLOCK,
    lifetime: timedelta = LEAF_LIFETIME,
) -> tuple[bytes, bytes]:
    """(certificate, key) in PEM for user name in groups; nothing is written to disk."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = sign_client(
        _authority(pki.authority), key.public_key(), name, groups, now=clock.now(), lifetime=lifetime
    )
    return _certificate_pem(certificate), _key_pem(key)


@dataclass(frozen=True, slots=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def sign_client(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    name: str,
    groups: Sequence[str],
    *,
    now: datetime,
    lifetime: timedelta = LEAF_LIFETIME,
) -> x509.Certificate:
    builder = _leaf(authority, public_key, _subject(name, groups), now=now, lifetime=lifetime)
    return _sign(builder.add_extension(_usage(ExtendedKeyUsageOID.CLIENT_AUTH), critical=False), authority)


def sign_server(
    authority: Authority, public_key: ec.EllipticCurvePublicKey, hosts: Sequence[str], *, now: datetime
) -> x509.Certificate:
    subject = _subject("karmada-apiserver", ())
    builder = _leaf(authority, public_key, subject, now=now, lifetime=LEAF_LIFETIME)
    builder = builder.add_extension(_usage(ExtendedKeyUsageOID.SERVER_AUTH), critical=False)
    names = x509.SubjectAlternativeName([_general_name(host) for host in dict.fromkeys(hosts)])
    return _sign(builder.add_extension(names, critical=False), authority)


def self_signed_authority(name: str, *, now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(name, ())
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, key_encipherment=False,
        content_commitment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        _certificate(subject, subject, key.public_key(), now=now, lifetime=AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


class _Workshop:
    """Reads or makes each file of one directory."""

    def __init__(self, folder: Path, *, now: datetime) -> None:
        self.folder = folder
        self.now = now

    def everything(self, hosts: Sequence[str]) -> Pki:
        authority = self._ensure_authority("ca", "karmada")
        front_proxy = self._ensure_authority("front-proxy-ca", "front-proxy-ca")
        ca, proxy_ca = _authority(authority), _authority(front_proxy)

        def client(file: str, name: str, *groups: str, signer: Authority = ca) -> Credential:
            return self._ensure_leaf(
                file, signer, lambda key: sign_client(signer, key, name, groups, now=self.now), lambda _: True
            )

        wanted = {_general_name(host) for host in hosts}
        return Pki(
            directory=self.folder,
            authority=authority,
            serving=self._ensure_leaf(
                "apiserver",
                ca,
                lambda key: sign_server(ca, key, hosts, now=self.now),
                lambda certificate: wanted <= _alternative_names(certificate),
            ),
            admin=client("admin", ADMIN, MASTERS),
            controller_manager=client("controller-manager", CONTROLLER_MANAGER),
            scheduler=client("scheduler", SCHEDULER),
            front_proxy_authority=front_proxy,
            front_proxy_client=client("front-proxy-client", "front-proxy-client", signer=proxy_ca),
            service_account_key=self._ensure_key("sa"),
        )

    def _ensure_authority(self, file: str, name: str) -> Credential:
        if (found := self._read(file)) is not None:
            return found
        for path in self._paths(file):
            if path.exists():  # a new authority would make every certificate of the old one worthless
                raise PkiError(
                    f"{path} has no matching key or certificate beside it; put it back or remove {path}"
                )
        made = self_signed_authority(name, now=self.now)
        return self._write(file, _certificate_pem(made.certificate), _key_pem(made.key))

    def _ensure_leaf(
        self,
        file: str,
        authority: Authority,
        sign: Callable[[ec.EllipticCurvePublicKey], x509.Certificate],
        suits: Callable[[x509.Certificate], bool],
    ) -> Credential:
        if (found := self._read(file)) is not None:
            certificate = x509.load_pem_x509_certificate(found.certificate)
            fresh = certificate.not_valid_after_utc - self.now > RENEW_WITHIN
            if fresh and suits(certificate) and _is_issued_by(certificate, authority):
                return found
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(file, _certificate_pem(sign(key.public_key())), _key_pem(key))

    def _ensure_key(self, file: str) -> bytes:
        path = self.folder / f"{file}.key"
        if path.exists():
            return path.read_bytes()
        key = ec.generate_private_key(ec.SECP256R1())
        pem = _key_pem(key)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        write_private(self.folder / f"{file}.pub", public)
        write_private(path, pem)
        return pem

    def _paths(self, file: str) -> tuple[Path, Path]:
        return self.folder / f"{file}.crt", self.folder / f"{file}.key"

    def _read(self, file: str) -> Credential | None:
        """None unless both files are there and belong together."""
        certificate_path, key_path = self._paths(file)
        if not (certificate_path.exists() and key_path.exists()):
            return None
        certificate, key = certificate_path.read_bytes(), key_path.read_bytes()
        public = serialization.load_pem_private_key(key, password=None).public_key()
        if x509.load_pem_x509_certificate(certificate).public_key() != public:
            return None
        return Credential(certificate, key, certificate_path, key_path)

    def _write(self, file: str, certificate: bytes, key: bytes) -> Credential:
        certificate_path, key_path = self._paths(file)
        write_private(key_path, key)
        write_private(certificate_path, certificate)
        return Credential(certificate, key, certificate_path, key_path)


def write_private(path: Path, data: bytes) -> None:
    """Write all of data or nothing, mode 0600 (as mkstemp makes files), durable when this returns."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _authority(credential: Credential) -> Authority:
    key = serialization.load_pem_private_key(credential.key, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise PkiError(f"{credential.key_path} must hold an elliptic curve key")
    return Authority(x509.load_pem_x509_certificate(credential.certificate), key)


def _is_issued_by(certificate: x509.Certificate, authority: Authority) -> bool:
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    *,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + lifetime)
    )


def _leaf(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    subject: x509.Name,
    *,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=True, key_encipherment=True, key_cert_sign=False, crl_sign=False,
        content_commitment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return (
        _certificate(subject, authority.certificate.subject, public_key, now=now, lifetime=lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(issuer_key, critical=False)
    )


def _sign(builder: x509.CertificateBuilder, authority: Authority) -> x509.Certificate:
    return builder.sign(authority.key, hashes.SHA256())


def _usage(purpose: x509.ObjectIdentifier) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([purpose])


def _subject(name: str, groups: Sequence[str]) -> x509.Name:
    organizations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organizations, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _alternative_names(certificate: x509.Certificate) -> set[x509.GeneralName]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return set(extension.value)


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
