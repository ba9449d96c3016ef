"""A server of somebody else's, for tests: TLS, one handler, and what it was asked."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from apiserver.filters.authentication.pki import Pki, ensure_pki

Answerer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Remote:
    """A running one. pki is its own; requests are those it got, oldest first."""

    url: str
    pki: Pki
    requests: list[web.Request] = field(default_factory=list)

    @property
    def ca(self) -> bytes:
        return self.pki.authority.certificate

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@asynccontextmanager
async def remote_server(folder: Path, answer: Answerer, *, client_ca: bytes = b"") -> AsyncIterator[Remote]:
    """client_ca: clients must have a certificate of it."""
    pki = ensure_pki(folder, hosts=["localhost", "127.0.0.1", "extension.shop.svc"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.serving.certificate_path, pki.serving.key_path)
    if client_ca:
        context.load_verify_locations(cadata=client_ca.decode())
        context.verify_mode = ssl.CERT_REQUIRED
    remote = Remote("", pki)

    async def handle(request: web.Request) -> web.StreamResponse:
        remote.requests.append(request)
        await request.read()
        return await answer(request)

    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        remote.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        yield remote
    finally:
        await runner.cleanup()
