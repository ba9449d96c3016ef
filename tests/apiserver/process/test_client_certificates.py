"""A client certificate nobody here issued: an answer, not a broken connection."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import aiohttp
import orjson
import pytest

from apiserver.app.client_certificates import take_any_client_certificate
from apiserver.filters.authentication.pki import ensure_pki, issue_client_certificate
from tests.apiserver.serving import Plane, running_plane


async def status_of(plane: Plane, pem: bytes, folder: Path, path: str, **headers: str) -> tuple[int, bytes]:
    file = folder / "client.pem"
    file.write_bytes(pem)
    context = ssl.create_default_context(cadata=plane.server.security.pki.authority.certificate.decode())
    context.load_cert_chain(file)
    connector = aiohttp.TCPConnector(ssl=context)
    async with (
        aiohttp.ClientSession(plane.server.url, connector=connector) as session,
        session.get(path, headers=headers) as answer,
    ):
        return answer.status, await answer.read()


def certificate_of(pki_folder: Path, lifetime: timedelta = timedelta(hours=1)) -> bytes:
    pki = ensure_pki(pki_folder, hosts=["localhost"])
    certificate, key = issue_client_certificate(pki, "system:admin", ["system:masters"], lifetime=lifetime)
    return certificate + key


@pytest.mark.parametrize("path", ["/api/v1/namespaces", "/healthz"])
async def test_a_foreign_certificate_is_unauthorized(path: str, tmp_path: Path) -> None:
    async with running_plane() as plane:
        status, body = await status_of(plane, certificate_of(tmp_path / "pki"), tmp_path, path)
        found = orjson.loads(body)
        assert (status, found["kind"], found["reason"]) == (401, "Status", "Unauthorized")


async def test_an_expired_certificate_is_unauthorized(tmp_path: Path) -> None:
    async with running_plane(certificate_directory=str(tmp_path / "pki")) as plane:
        expired = certificate_of(tmp_path / "pki", lifetime=timedelta(seconds=-1))
        assert (await status_of(plane, expired, tmp_path, "/api/v1/namespaces"))[0] == 401


async def test_a_token_beside_a_foreign_certificate_counts(tmp_path: Path) -> None:
    (tmp_path / "tokens.csv").write_text('good,alice,1,"system:masters"\n')
    async with running_plane(token_auth_file=str(tmp_path / "tokens.csv")) as plane:
        foreign = certificate_of(tmp_path / "pki")
        path = "/api/v1/namespaces"
        assert (await status_of(plane, foreign, tmp_path, path, Authorization="Bearer good"))[0] == 200
        assert (await status_of(plane, foreign, tmp_path, path, Authorization="Bearer bad"))[0] == 401


async def test_the_context_goes_on_asking_for_certificates() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert take_any_client_certificate(context)
    assert context.verify_mode == ssl.CERT_OPTIONAL


async def test_many_foreign_certificates_at_once(tmp_path: Path) -> None:
    async with running_plane() as plane:
        pem = certificate_of(tmp_path / "pki")
        answers = await asyncio.gather(
            *(status_of(plane, pem, tmp_path, "/api/v1/namespaces") for _ in range(20))
        )
        assert {status for status, _ in answers} == {401}
        assert (await plane.get("/api/v1/namespaces")).status == 200
