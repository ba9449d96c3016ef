"""karmada.client.tls: certificates from bytes, checked against a real TLS server."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from karmada.api.groups.kubernetes import CONFIG_MAPS
from karmada.client.client import Client, Unreachable
from karmada.client.kubeconfig import Access, KubeconfigError
from karmada.client.tls import ssl_context
from tests.karmada.client.certificates import Authority
from tests.karmada.client.played import played_server

AUTHORITY = Authority()
CLIENT = AUTHORITY.issue("ann")


async def names_seen(access_of: Any, directory: Path) -> list[Any]:
    """The client certificates' names a TLS server sees when asked through this access."""
    names: list[Any] = []

    async def look(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        certificate = request.transport.get_extra_info("peercert")
        names.append(dict(part[0] for part in certificate["subject"])["commonName"] if certificate else None)
        return web.json_response({"items": []})

    pair = AUTHORITY.issue("server", hosts=("plane.test",), address="127.0.0.1")
    async with played_server(AUTHORITY.server_context(pair, directory)) as server:
        server.faults.append(look)
        async with Client(access_of(server.access)) as client:
            await client.list(CONFIG_MAPS)
    return names


async def test_a_client_certificate_from_bytes_is_shown_to_the_server(tmp_path: Path) -> None:
    def access(base: Access) -> Access:
        return replace(
            base,
            ca_data=AUTHORITY.certificate,
            client_certificate=CLIENT.certificate,
            client_key=CLIENT.key,
        )

    assert await names_seen(access, tmp_path) == ["ann"]


async def test_a_bundle_of_authorities_is_accepted(tmp_path: Path) -> None:
    bundle = Authority("another").certificate + AUTHORITY.certificate
    assert await names_seen(lambda base: replace(base, ca_data=bundle), tmp_path) == [None]


async def test_an_unknown_authority_is_refused_unless_insecure(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="TLS"):
        await names_seen(lambda base: replace(base, ca_data=Authority("another").certificate), tmp_path)
    assert await names_seen(lambda base: replace(base, insecure=True), tmp_path) == [None]


async def test_the_expected_server_name_can_differ_from_the_host(tmp_path: Path) -> None:
    def access(name: str) -> Any:
        return lambda base: replace(base, ca_data=AUTHORITY.certificate, tls_server_name=name)

    assert await names_seen(access("plane.test"), tmp_path) == [None]
    with pytest.raises(Unreachable, match="TLS"):
        await names_seen(access("other.test"), tmp_path)


def test_the_private_key_does_not_stay_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert ssl_context(
        Access(server="https://x", client_certificate=CLIENT.certificate, client_key=CLIENT.key)
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"ca_data": b"not pem"}, "the certificate authority is not PEM", id="bad-ca"),
        pytest.param(
            {"client_certificate": CLIENT.certificate, "client_key": b"garbage"},
            "client certificate and key cannot be used",
            id="bad-key",
        ),
        pytest.param(
            {"client_certificate": CLIENT.certificate, "client_key": AUTHORITY.issue("bob").key},
            "client certificate and key cannot be used",
            id="key-of-another",
        ),
    ],
)
def test_unusable_certificates_are_one_clear_error(fields: dict[str, bytes], message: str) -> None:
    with pytest.raises(KubeconfigError, match=message):
        ssl_context(replace(Access(server="https://x"), **fields))  # type: ignore[arg-type]


def test_plain_http_needs_no_context() -> None:
    assert ssl_context(Access(server="http://x")) is None
