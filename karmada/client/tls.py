"""TLS from bytes: the SSLContext of an Access, built once.

In: PEM bytes for the CA, client certificate and key. Out: an ssl.SSLContext for transport.py. The
standard library loads client certificates from files only, so they go through a private file that is
deleted at once.
"""

import ssl
import tempfile
from pathlib import Path

from karmada.client.kubeconfig import Access, KubeconfigError


def ssl_context(access: Access) -> ssl.SSLContext | None:
    """None for plain http. Raises KubeconfigError if a certificate or key cannot be used."""
    if not access.server.startswith("https://"):
        return None
    try:
        cadata = access.ca_data.decode("ascii") if access.ca_data and not access.insecure else None
        context = ssl.create_default_context(cadata=cadata)
    except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
        raise KubeconfigError(f"{access.server}: the certificate authority is not PEM: {error}") from error
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.client_certificate and access.client_key:
        try:
            load_certificate(context, access.client_certificate, access.client_key)
        except ssl.SSLError as error:
            raise KubeconfigError(
                f"{access.server}: client certificate and key cannot be used: {error}"
            ) from error
    return context


def load_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="karmada-") as directory:  # mode 0700
        path = Path(directory) / "client.pem"
        path.touch(mode=0o600)
        path.write_bytes(certificate.rstrip() + b"\n" + key.rstrip() + b"\n")
        # A key that asks for a passphrase must not stop a server at a prompt.
        context.load_cert_chain(path, password=lambda: b"")
