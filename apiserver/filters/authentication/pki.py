"""The control plane's own certificates and keys, made at first start and kept in one directory.

In: a directory and the names the server is reached by. Out: Pki, everything in PEM. Safe to run at every
start: what is there and still good is kept, so clients made earlier stay valid; a certificate is renewed
when its end is near, the serving one also when a name is missing. Private keys are readable by their owner
only.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from apiserver.filters.authentication.issuing import (
    LEAF_LIFETIME,
    Authority,
    alternative_names,
    certificate_pem,
    general_name,
    is_issued_by,
    key_pem,
    self_signed_authority,
    sign_client,
    sign_server,
)
from karmada.runtime.clock import SYSTEM_CLOCK, Clock

RENEW_WITHIN: Final = timedelta(days=30)
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
    return certificate_pem(certificate), key_pem(key)


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

        wanted = {general_name(host) for host in hosts}
        return Pki(
            directory=self.folder,
            authority=authority,
            serving=self._ensure_leaf(
                "apiserver",
                ca,
                lambda key: sign_server(ca, key, hosts, now=self.now),
                lambda certificate: wanted <= alternative_names(certificate),
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
        return self._write(file, certificate_pem(made.certificate), key_pem(made.key))

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
            if fresh and suits(certificate) and is_issued_by(certificate, authority):
                return found
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(file, certificate_pem(sign(key.public_key())), key_pem(key))

    def _ensure_key(self, file: str) -> bytes:
        path = self.folder / f"{file}.key"
        if path.exists():
            return path.read_bytes()
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key_pem(key)
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
