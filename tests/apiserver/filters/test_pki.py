"""Certificates and keys of a control plane: made once, kept, renewed in time."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from apiserver.filters.authentication.pki import PkiError, ensure_pki
from karmada.runtime.clock import ManualClock

NOW = datetime(2026, 5, 1, tzinfo=UTC)
HOSTS = ["localhost", "127.0.0.1"]


def names(pem: bytes) -> list[str]:
    certificate = x509.load_pem_x509_certificate(pem)
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return [str(name.value) for name in extension.value]


def test_the_files_are_for_their_owner_only(tmp_path: Path) -> None:
    ensure_pki(tmp_path / "pki", hosts=HOSTS)
    files = list((tmp_path / "pki").iterdir())
    assert {path.name for path in files} >= {"ca.crt", "ca.key", "apiserver.crt", "sa.key", "sa.pub"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_everything_is_kept_at_a_restart(tmp_path: Path) -> None:
    assert ensure_pki(tmp_path, hosts=HOSTS) == ensure_pki(tmp_path, hosts=HOSTS)


def test_a_new_host_renews_the_serving_certificate_only(tmp_path: Path) -> None:
    before = ensure_pki(tmp_path, hosts=HOSTS)
    assert names(before.serving.certificate) == HOSTS
    after = ensure_pki(tmp_path, hosts=[*HOSTS, "10.0.0.1"])
    assert names(after.serving.certificate) == [*HOSTS, "10.0.0.1"]
    assert (after.authority, after.admin, after.service_account_key) == (
        before.authority,
        before.admin,
        before.service_account_key,
    )


def test_certificates_are_renewed_before_they_end(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    before = ensure_pki(tmp_path, hosts=HOSTS, clock=clock)
    clock.advance(timedelta(days=334).total_seconds())
    assert ensure_pki(tmp_path, hosts=HOSTS, clock=clock).admin == before.admin
    clock.advance(timedelta(days=2).total_seconds())
    after = ensure_pki(tmp_path, hosts=HOSTS, clock=clock)
    assert after.admin != before.admin
    assert after.authority == before.authority


def test_the_administrator_is_a_master(tmp_path: Path) -> None:
    pki = ensure_pki(tmp_path, hosts=HOSTS)
    subject = x509.load_pem_x509_certificate(pki.admin.certificate).subject.rfc4514_string()
    assert subject == "CN=system:admin,O=system:masters"


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        pytest.param(
            lambda folder: (folder / "ca.key").unlink(), "ca.crt has no matching key", id="key-missing"
        ),
        pytest.param(
            lambda folder: (folder / "ca.crt").write_bytes(b"nonsense"),
            "holds a broken key or certificate",
            id="broken-file",
        ),
    ],
)
def test_a_damaged_authority_is_reported_and_not_replaced(tmp_path: Path, spoil: object, text: str) -> None:
    ensure_pki(tmp_path, hosts=HOSTS)
    assert callable(spoil)
    spoil(tmp_path)
    with pytest.raises(PkiError, match=text):
        ensure_pki(tmp_path, hosts=HOSTS)


def test_a_directory_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PkiError, match=r"certificate directory .* is not usable"):
        ensure_pki(tmp_path / "file" / "pki", hosts=HOSTS)
